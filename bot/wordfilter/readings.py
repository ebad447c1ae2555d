"""The ways one prompt can be read: as typed, as its markup shows it, as its direction turns it."""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from bot.wordfilter.letters import Glyph, Kind, glyphs, visible

# Both have a bounded middle, so that neither can search long.
_TAG = re.compile(r"<[^<>]{1,300}>")
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^()\s]{0,300}\)")
_TURNED = re.compile("[\u202d\u202e]([^\u202c-\u202e\n]*)[\u202c]?")
# ASCII once more, seen by nobody; language models read it all the same.
_UNSEEN_ASCII = re.compile("[\U000e0020-\U000e007e]+")
_UNSEEN_OFFSET = 0xE0000
_MAX_RUN = 3
_SIGN_REACH = 2
_GAPS = (Kind.GAP, Kind.SPACE, Kind.SIGN)

Placed = tuple[int, Glyph]


def readings(text: str) -> Iterator["Reading"]:
    """Yield the ways to read a text; mostly there is one."""
    typed = unicodedata.normalize("NFC", text)
    ways = [typed]
    shown = _LINK.sub(r"\1", _TAG.sub("", html.unescape(typed)))
    turned = _TURNED.sub(lambda found: found[1][::-1], typed)
    for way in (shown, turned, _UNSEEN_ASCII.sub(_shown_ascii, typed)):
        if way not in ways:
            ways.append(way)
    for way in ways:
        yield Reading(way)


def _shown_ascii(unseen: re.Match[str]) -> str:
    return f" {''.join(chr(ord(one) - _UNSEEN_OFFSET) for one in unseen[0])} "


@dataclass(frozen=True)
class Reading:
    """A text as glyphs, with where words may begin and end."""

    text: str

    @cached_property
    def _placed(self) -> tuple[Placed, ...]:
        return tuple(_without_lonely_signs(list(_with_short_runs(glyphs(self.text)))))

    @cached_property
    def glyphs(self) -> tuple[Glyph, ...]:
        """What is seen, in order; of the same character at most three in a row."""
        return tuple(glyph for _, glyph in self._placed)

    @cached_property
    def plain(self) -> str:
        """The glyphs' own characters, one each."""
        return "".join(glyph.plain for glyph in self.glyphs)

    @cached_property
    def as_letters(self) -> str:
        """The text with each lookalike, digit and sign in a word as its likeliest Latin letter."""
        return "".join(map(_likeliest, self.glyphs))

    @cached_property
    def visible(self) -> str:
        """The text in compatibility form, without what is not seen."""
        return visible(self.text)

    @cached_property
    def begins(self) -> tuple[bool, ...]:
        """For each glyph, and the end: whether a word may begin here."""
        found = [True]
        for before, glyph in pairwise(self.glyphs):
            found.append(_is_border(before, glyph, beyond=found[-1]))
        return (*found, True)

    @cached_property
    def ends(self) -> tuple[bool, ...]:
        """For each glyph, and the end: whether a word may end before it."""
        found = [True]
        for before, glyph in reversed(tuple(pairwise(self.glyphs))):
            found.append(_is_border(glyph, before, beyond=found[-1]))
        found.append(True)
        return tuple(reversed(found))

    @cached_property
    def scripts(self) -> dict[str, int]:
        """How many letters there are of each alphabet."""
        found: dict[str, int] = {}
        for glyph in self.glyphs:
            if glyph.kind is Kind.LETTER:
                found[glyph.script] = found.get(glyph.script, 0) + 1
        return found

    def is_written_in(self, script: str) -> bool:
        """Whether the text is truly in this alphabet, not Latin in disguise.

        Then it has letters that look like no Latin one, and Latin ones are not in the majority.
        """
        if script == "LATIN":
            return True
        own = any(g.script == script and len(g.letters) == 1 for g in self.glyphs)
        return own and self.scripts[script] >= self.scripts.get("LATIN", 0)

    def excerpt(self, start: int, end: int) -> str:
        """Return the text from one glyph to another, the second excluded."""
        return self.text[self._placed[start][0] : self._placed[end - 1][0] + 1]


def _with_short_runs(placed: Iterable[Placed]) -> Iterator[Placed]:
    """Yield the glyphs without the rest of a long row of the same one, which says no more."""
    last, length = None, 0
    for place, glyph in placed:
        length = length + 1 if glyph == last else 1
        last = glyph
        if length <= _MAX_RUN:
            yield place, glyph


def _without_lonely_signs(placed: Sequence[Placed]) -> Iterator[Placed]:
    """Yield the glyphs; signs that stand far from any letter or digit are none themselves."""
    solid = [glyph.kind in (Kind.LETTER, Kind.STICKY) for _, glyph in placed]
    for index, (place, glyph) in enumerate(placed):
        near = solid[max(0, index - _SIGN_REACH) : index + _SIGN_REACH + 1]
        if glyph.kind is Kind.SIGN and not any(near):
            yield place, replace(glyph, kind=Kind.GAP, letters=())
        else:
            yield place, glyph


def _is_border(neighbour: Glyph, glyph: Glyph, *, beyond: bool) -> bool:
    """Whether a word may begin (or end) between two glyphs; `neighbour` is outside of it.

    Digits and the like belong to the word only when a letter stands on their other side.
    """
    if neighbour.kind in _GAPS:
        return True
    if neighbour.kind is Kind.STICKY:
        return beyond
    return neighbour.flowing or glyph.flowing


def _likeliest(glyph: Glyph) -> str:
    # The second of a digit is its letter; other alphabets' second is their Latin lookalike.
    if len(glyph.letters) > 1 and glyph.script != "LATIN":
        return glyph.letters[1]
    if glyph.kind is Kind.SIGN:
        return glyph.plain
    return glyph.letters[0] if glyph.letters else glyph.plain
