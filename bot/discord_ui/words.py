"""Small words and shapes that every view shares: escaping, cutting, plurals, clocks, bars."""

import re
import unicodedata
from datetime import datetime

# Discord shows any of these literally after a backslash.
_SPECIAL = re.compile(r"[\\`*_~|<>#\[\]():-]")
# These turn the direction of the text around them, so that words seem to stand elsewhere.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ZERO_WIDTH_SPACE = "\u200b"
_BAR_CELLS = 12
_MINUTE_S = 60
_TWO_MINUTES_S = 120


def units(text: str) -> int:
    """Return the length as a JavaScript client counts it (UTF-16 units), the larger count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def one_line(text: str) -> str:
    """Return the text without line breaks, control and direction characters."""
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if unicodedata.category(c) != "Cc" and c not in _BIDI_CONTROLS)


def excerpt(text: str, limit: int) -> str:
    """Return a member's text so that it neither formats, links nor mentions, on one line.

    It is cut to at most `limit` UTF-16 units, with an ellipsis.
    """
    parts = [_escaped(character) for character in one_line(text)]
    if sum(units(part) for part in parts) <= limit:
        return "".join(parts)
    kept, room = [], limit - 1
    for part in parts:
        room -= units(part)
        if room < 0:
            break
        kept.append(part)
    return "".join(kept).rstrip() + "…"


def _escaped(character: str) -> str:
    if character == "@":  # mentions are found by Discord before backslashes are
        return "\\@" + _ZERO_WIDTH_SPACE
    return "\\" + character if _SPECIAL.match(character) else character


def quote(text: str, limit: int) -> str:
    """Return the text as a quoted excerpt."""
    return "> " + excerpt(text, limit - 2)


def count(number: int, one: str) -> str:
    """Return "1 credit", "1,250 credits"."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def credits_text(number: int) -> str:
    """Return a number of credits in words."""
    return count(number, "credit")


def moderator_words(actor_id: int | None) -> str:
    """Return who acted; 0 is a moderator whose name was deleted since."""
    return f"<@{actor_id}>" if actor_id else "a moderator"


def ago(moment: datetime) -> str:
    """Return a clock that Discord keeps ticking: "in 2 minutes", "5 seconds ago"."""
    return f"<t:{int(moment.timestamp())}:R>"


def at(moment: datetime) -> str:
    """Return a date and time that Discord shows in the reader's time zone."""
    return f"<t:{int(moment.timestamp())}:f>"


def about(seconds: float) -> str:
    """Return "about 62 s" or "about 3 min"."""
    if seconds < _TWO_MINUTES_S:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / _MINUTE_S)} min"


def bar(share: float) -> str:
    """Return a text bar, empty to full; `share` is from 0 to 1."""
    full = round(_BAR_CELLS * min(1.0, max(0.0, share)))
    return "▰" * full + "▱" * (_BAR_CELLS - full)


def bar_until_done(share: float) -> str:
    """Return a bar that is never full: what is not done must not look done."""
    return bar(min(share, (_BAR_CELLS - 1) / _BAR_CELLS))
