"""Numbers, times and names as a small picture can show them. Pure."""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import date

_FULL = 100_000
_SCALES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
# From here on a number is rounded up into the next scale.
_NEARLY = 0.9995
_SHORT = 100
_CENTS_BELOW = 10_000
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_UNITS = (("d", _DAY_S, "h", _HOUR_S), ("h", _HOUR_S, "min", _MINUTE_S), ("min", _MINUTE_S, "s", 1))
_MARKS_IN_A_ROW = 2


def compact(number: float) -> str:
    """Return "950", "12,345", "123k", "4.5M"."""
    if number < _FULL:
        return f"{number:,.0f}"
    scale, letter = next(one for one in _SCALES if number >= one[0] * _NEARLY)
    scaled = number / scale
    return f"{scaled:,.0f}{letter}" if scaled >= _SHORT else f"{scaled:.1f}{letter}"


def dollars(usd: float) -> str:
    """Return "$12.34", "$12,345", "$4.5M"."""
    return f"${usd:,.2f}" if usd < _CENTS_BELOW else f"${compact(usd)}"


def lasting(seconds: float) -> str:
    """Return "45 s", "2 min 5 s", "3 h 20 min", "2 d 4 h"."""
    whole = round(seconds)
    for unit, unit_s, part, part_s in _UNITS:
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            return f"{whole // unit_s:,} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def span(first: date, last: date) -> str:
    """Return "5 Jul to 3 Aug 2026", with both years when they differ."""
    if first == last:
        return _with_year(first)
    start = _short(first) if first.year == last.year else _with_year(first)
    return f"{start} to {_with_year(last)}"


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _with_year(day: date) -> str:
    return f"{_short(day)} {day.year}"


def drawable(name: str, otherwise: str, has_glyph: Callable[[str], bool]) -> str:
    """Return what of a name can be drawn; `otherwise` when that would not tell who it is.

    Emoji and scripts without a font go; so do control characters, and marks that are piled up
    to reach into the lines above and below.
    """
    kept = "".join(_kept(unicodedata.normalize("NFC", " ".join(name.split())), has_glyph))
    kept = " ".join(kept.split())
    return kept if any(character.isalnum() for character in kept) else otherwise


def _kept(name: str, has_glyph: Callable[[str], bool]) -> Iterable[str]:
    marks = 0
    for character in name:
        category = unicodedata.category(character)
        marks = marks + 1 if category.startswith("M") else 0
        if marks <= _MARKS_IN_A_ROW and not category.startswith("C") and has_glyph(character):
            yield character


def cut(text: str, fits: Callable[[str], bool]) -> str:
    """Return the text, shortened with an ellipsis until it fits."""
    if fits(text):
        return text
    for length in range(len(text) - 1, 0, -1):
        shorter = text[:length].rstrip() + "…"
        if fits(shorter):
            return shorter
    return "…"
