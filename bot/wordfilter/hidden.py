"""Words some of whose letters are hidden behind signs: "f*ck", "f**k", "f-ck"."""

from collections.abc import Iterable, Iterator

from bot.wordfilter.entries import Entry
from bot.wordfilter.letters import Glyph, Kind
from bot.wordfilter.readings import Reading

# One full stop or dash hides a letter only in words that are not as short as "T-rex".
_LONG_ENOUGH = 4
_MIN_SEEN = 2

Span = tuple[int, int]


class HiddenWordFinder:
    """Finds entries by first letter and length, then compares: a sign may be any letter."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: dict[tuple[str, int], list[Entry]] = {}
        self._longest = 0
        for entry in entries:
            if entry.borders or entry.opens:
                continue
            key = (entry.letters[0], len(entry.letters))
            self._entries.setdefault(key, []).append(entry)
            self._longest = max(self._longest, len(entry.letters))

    def find(self, reading: Reading) -> tuple[Entry, str] | None:
        """Return the first entry that is found, with the text it was found in."""
        for start, end in (*_spans(reading.glyphs, "*"), *_spans(reading.glyphs, "*?")):
            if end - start > self._longest or not (reading.begins[start] and reading.ends[end]):
                continue
            seen = reading.glyphs[start:end]
            for entry in self._candidates(seen):
                if _may_be(entry, seen):
                    return entry, reading.excerpt(start, end)
        return None

    def _candidates(self, seen: tuple[Glyph, ...]) -> Iterator[Entry]:
        for letter in seen[0].letters:
            yield from self._entries.get((letter, len(seen)), ())


def _spans(glyphs: tuple[Glyph, ...], signs: str) -> Iterator[Span]:
    """Yield each run of letters and hiding signs of these kinds, from letter to letter."""
    start, last, hides = None, 0, False
    for place, glyph in enumerate(glyphs):
        if glyph.kind in (Kind.LETTER, Kind.STICKY):
            start, last = (place if start is None else start), place
        elif start is not None and (glyph.letters or (glyph.wild and glyph.wild in signs)):
            hides = hides or bool(glyph.wild)
        else:
            if start is not None and hides:
                yield start, last + 1
            start, hides = None, False
    if start is not None and hides:
        yield start, last + 1


def _may_be(entry: Entry, seen: tuple[Glyph, ...]) -> bool:
    """Whether the letters that are seen are the entry's, and are enough to tell."""
    hidden = "".join(glyph.wild for glyph in seen if not glyph.letters)
    letters = sum(glyph.kind is Kind.LETTER for glyph in seen)
    if not hidden or letters < max(_MIN_SEEN, len(hidden)):
        return False
    if "?" in hidden and (len(hidden) > 1 or len(seen) < _LONG_ENOUGH):
        return False
    return all(
        letter in glyph.letters or not glyph.letters
        for letter, glyph in zip(entry.letters, seen, strict=True)
    )
