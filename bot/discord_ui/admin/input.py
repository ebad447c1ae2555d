"""What moderators type, as values: numbers, lengths of time, time zones. Pure, but for a list."""

import difflib
import re
import zoneinfo
from collections.abc import Collection
from datetime import timedelta
from functools import cache

from bot.discord_ui.words import excerpt
from bot.errors import BadInputError
from bot.i18n import gettext
from bot.words import one_of

_DAY_S = 86_400
_UNITS_S = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
    "d": _DAY_S,
    "day": _DAY_S,
    "w": 7 * _DAY_S,
    "week": 7 * _DAY_S,
    "month": 30 * _DAY_S,
    "y": 365 * _DAY_S,
    "year": 365 * _DAY_S,
}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)[\s,]*(?:and\s+)?", re.ASCII)
_LONGEST_S = 1000 * 365 * _DAY_S
_NUMBER = re.compile(r"[0-9]{1,3}(?:[ .,_'\u2019][0-9]{3})+|[0-9]{1,15}", re.ASCII)
_TYPED_EXCERPT = 60
_SUGGESTED_ZONES = 3


def parse_number(name: str, text: str) -> int | None:
    """Return a whole number, "1,500", "1.500" and "1 500" included; None for an empty text.

    Raises:
        BadInputError: it is none, or negative.
    """
    typed = " ".join(text.split())
    if not typed:
        return None
    if not _NUMBER.fullmatch(typed):
        raise BadInputError(
            gettext(
                "**{name}** must be a whole number of 0 or more, such as 200, not {typed}."
            ).format(name=name, typed=_typed(typed))
        )
    return int(re.sub(r"\D", "", typed))


def parse_duration(text: str) -> timedelta | None:
    """Return a length of time such as "3 d 12 h", "90 minutes" or "2w"; None for an empty text.

    Raises:
        BadInputError: it is none.
    """
    typed = " ".join(text.split()).casefold()
    if not typed:
        return None
    seconds, position = 0.0, 0
    while (part := _PART.match(typed, position)) is not None:
        number, unit = part.groups()
        unit_s = _UNITS_S.get(unit) or _UNITS_S.get(unit.removesuffix("s"))
        if unit_s is None:
            break
        seconds, position = seconds + float(number) * unit_s, part.end()
    if position < len(typed) or not 0 < seconds < _LONGEST_S:
        raise BadInputError(
            gettext(
                "{typed} is no length of time. Write it like `45 min`, `3 d 12 h` or `2 weeks`."
            ).format(typed=_typed(text))
        )
    return timedelta(seconds=seconds)


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones; reads files when called for the first time."""
    return frozenset(zoneinfo.available_timezones())


def parse_zone(text: str, zones: Collection[str]) -> str | None:
    """Return the name of a time zone as it is written; None for an empty text.

    Raises:
        BadInputError: there is none of that name; similar ones are offered.
    """
    typed = text.strip().replace(" ", "_")
    if not typed:
        return None
    by_name = {zone.casefold(): zone for zone in zones}
    found = by_name.get(typed.casefold())
    if found is not None:
        return found
    near = _near(typed.casefold(), by_name)
    words = gettext("There is no time zone {typed}. Write it like `Europe/Berlin` or `UTC`.")
    if near:
        words = gettext("There is no time zone {typed}. Did you mean {zones}?")
    zones_text = one_of([f"`{zone}`" for zone in near])
    raise BadInputError(words.format(typed=_typed(text), zones=zones_text))


def _near(typed: str, by_name: dict[str, str]) -> list[str]:
    """Return zones of that city, else those that are written alike."""
    cities = [zone for name, zone in by_name.items() if typed in name.split("/")]
    if cities:
        return sorted(cities, key=lambda zone: (zone.count("/"), zone))[:_SUGGESTED_ZONES]
    last_parts = {name.rsplit("/", 1)[-1]: zone for name, zone in sorted(by_name.items())}
    known = by_name | last_parts
    alike = difflib.get_close_matches(typed, known, n=_SUGGESTED_ZONES, cutoff=0.75)
    return list(dict.fromkeys(known[name] for name in alike))


def _typed(text: str) -> str:
    return f"“{excerpt(text, _TYPED_EXCERPT)}”"
