"""Small words and shapes that every view shares: escaping, cutting, spans of time, bars."""

import re

from bot.i18n import gettext, number_text

# Discord shows any of these literally after a backslash; mentions it finds before backslashes.
_SPECIAL = re.compile(r"[@\\`*_~|<>#\[\]():-]")
# Control characters, and those that turn the direction of the text around them, so that words
# seem to stand elsewhere.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ZERO_WIDTH_SPACE = "\u200b"
_BAR_CELLS = 12
_MINUTE_S = 60
_TWO_MINUTES_S = 120


def units(text: str) -> int:
    """Return the length as a JavaScript client counts it (UTF-16 units), the larger count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def one_line(text: str) -> str:
    """Return the text without line breaks, control and direction characters."""
    return _UNSEEN.sub("", " ".join(text.split()))


def cut(text: str, limit: int) -> str:
    """Return plain text of at most `limit` UTF-16 units, with an ellipsis where it is cut."""
    if units(text) <= limit:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)]
    return kept.decode("utf-16-le", "ignore").rstrip() + "…"


def excerpt(text: str, limit: int) -> str:
    """Return a member's text so that it neither formats, links nor mentions, on one line.

    It is cut to at most `limit` UTF-16 units, with an ellipsis.
    """
    line = one_line(text)
    whole = _SPECIAL.sub(_escaped, line)
    if units(whole) <= limit:
        return whole
    kept, room = [], limit - 1
    for character in line:  # one by one: no escape is cut in two
        part = _SPECIAL.sub(_escaped, character)
        room -= units(part)
        if room < 0:
            break
        kept.append(part)
    return "".join(kept).rstrip() + "…"


def _escaped(special: re.Match[str]) -> str:
    return "\\@" + _ZERO_WIDTH_SPACE if special[0] == "@" else "\\" + special[0]


def quote(text: str, limit: int) -> str:
    """Return the text as a quoted excerpt."""
    return "> " + excerpt(text, limit - 2)


def moderator_words(actor_id: int | None) -> str:
    """Return who acted; 0 is a moderator whose name was deleted since."""
    return f"<@{actor_id}>" if actor_id else gettext("a moderator")


def about(seconds: float) -> str:
    """Return "about 62 s" or "about 3 min"."""
    return gettext("about {span}").format(span=span_text(seconds))


def span_text(seconds: float) -> str:
    """Return "62 s" or "3 min"."""
    if seconds < _TWO_MINUTES_S:
        return gettext("{n} s").format(n=number_text(max(1, round(seconds))))
    return gettext("{n} min").format(n=number_text(round(seconds / _MINUTE_S)))


def bar(share: float) -> str:
    """Return a text bar, empty to full; `share` is from 0 to 1."""
    full = round(_BAR_CELLS * min(1.0, max(0.0, share)))
    return "▰" * full + "▱" * (_BAR_CELLS - full)


def bar_until_done(share: float) -> str:
    """Return a bar that is never full: what is not done must not look done."""
    return bar(min(share, (_BAR_CELLS - 1) / _BAR_CELLS))
