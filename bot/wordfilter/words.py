"""Words and phrases, found however they are written.

All entries stand in one tree of letters. From each place where a word may begin, every reading
of the characters is followed through the tree at once; what arrives at an entry's end is then
asked whether it is meant so or innocent. The cost hardly grows with the number of entries.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.wordfilter.entries import Entry
from bot.wordfilter.letters import DRAWN, LOOSE, SNUG, TIGHT, Glyph, Kind
from bot.wordfilter.lists import ORDINARY_WORDS
from bot.wordfilter.readings import Reading

# How many characters may be read at most, all gaps and repeats included: some for each letter.
_MAX_PER_LETTER = 4
_MAX_EXTRA = 6
_MAX_SPACED_REPEATS = 2
# Ways to read the same characters that are followed at once; texts of signs have many.
_MAX_STATES = 8
# Shorter words are not looked for letter by letter over spaces, or with signs for letters so.
_SPREADABLE = 3
_SPREADABLE_WITH_SIGNS = 4
_GAPS = (LOOSE, SNUG, TIGHT)  # the widest first
_SEPARATORS = str.maketrans(SNUG + TIGHT, LOOSE * 2)
_DRAWN_FIRST = frozenset(drawn[0] for drawn in DRAWN)


@dataclass(eq=False, slots=True)
class _Node:
    letter: str = ""
    depth: int = 0
    children: dict[str, "_Node"] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


class _State(NamedTuple):
    """One way to read what was seen so far.

    `path` has the characters that were read as letters, with a sign for each gap; `gaps` says
    after how many letters of the entry each gap came.
    """

    node: _Node
    path: str
    gaps: tuple[int, ...]


class WordFinder:
    """Finds any of the entries in a text."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._whole, self._inside = _Node(), _Node()
        for entry in entries:
            _plant(self._inside if entry.opens else self._whole, entry)

    def find(self, reading: Reading) -> tuple[Entry, str] | None:
        """Return the first entry that is found, with the text it was found in."""
        for start, glyph in enumerate(reading.glyphs):
            if not glyph.letters and glyph.plain not in _DRAWN_FIRST:
                continue
            trees = [self._inside, self._whole] if reading.begins[start] else [self._inside]
            for tree in trees:
                for entry, state, end in self._follow(reading, start, tree):
                    if _is_meant(entry, state, reading, start, end):
                        return entry, reading.excerpt(start, end)
        return None

    def _follow(
        self, reading: Reading, start: int, tree: _Node
    ) -> Iterator[tuple[Entry, _State, int]]:
        """Yield each entry that some reading from `start` arrives at, with where it ends."""
        waiting: dict[int, dict[_State, None]] = {start: {_State(tree, "", ()): None}}
        place = start
        while waiting:
            for state in waiting.pop(place, ()):
                for length, read in _steps(reading, place, state):
                    end = place + length
                    others = waiting.get(end, {})
                    if read in others or not _may_go_on(read, end - start, others):
                        continue
                    waiting.setdefault(end, {})[read] = None
                    for entry in read.node.entries:
                        if entry.closes or reading.ends[end]:
                            yield entry, read, end
            place += 1


def _may_go_on(state: _State, length: int, others: dict[_State, None]) -> bool:
    enough = _MAX_PER_LETTER * state.node.depth + _MAX_EXTRA
    return len(others) < _MAX_STATES and length <= enough


def _plant(tree: _Node, entry: Entry) -> None:
    node = tree
    for depth, letter in enumerate(entry.letters, start=1):
        node = node.children.setdefault(letter, _Node(letter, depth))
    node.entries.append(entry)


# -- reading on ------------------------------------------------------------------


def _steps(reading: Reading, place: int, state: _State) -> Iterator[tuple[int, _State]]:
    """Yield how a state may go on at a place: by a letter, a repeated one, a drawing, a gap."""
    if place >= len(reading.glyphs):
        return
    glyph = reading.glyphs[place]
    for letter in glyph.letters:
        child = state.node.children.get(letter)
        if child:
            yield 1, _State(child, state.path + glyph.plain, state.gaps)
    if state.node.letter in glyph.letters and _may_repeat(glyph, state):
        yield 1, _repeated(glyph, state)
    if glyph.plain in _DRAWN_FIRST:
        yield from _drawn(reading.plain, place, state)
    if glyph.gap and state.path:
        yield 1, _after_gap(glyph, state)


def _may_repeat(glyph: Glyph, state: _State) -> bool:
    """Whether it may be the last letter once more: "baaad", and a few times "b a a d"."""
    if glyph.kind is Kind.SIGN:
        return state.path.endswith(glyph.plain)
    if state.node.letter.isdigit():  # 4200 is not 420
        return False
    repeated = len(state.gaps) - len(set(state.gaps))
    return state.path[-1] not in _GAPS or repeated < _MAX_SPACED_REPEATS


def _repeated(glyph: Glyph, state: _State) -> _State:
    if glyph.kind is Kind.SIGN:
        return state
    return _State(state.node, state.path + glyph.plain, state.gaps)


def _drawn(plain: str, place: int, state: _State) -> Iterator[tuple[int, _State]]:
    for drawn, letter in DRAWN.items():
        child = state.node.children.get(letter)
        if child and plain.startswith(drawn, place):
            yield len(drawn), _State(child, state.path + letter, state.gaps)


def _after_gap(glyph: Glyph, state: _State) -> _State:
    """Return the state after a gap; several signs are one gap, as wide as the widest."""
    last = state.path[-1]
    if last not in _GAPS:
        return _State(state.node, state.path + glyph.gap, (*state.gaps, state.node.depth))
    widest = min(last, glyph.gap, key=_GAPS.index)
    return state if widest == last else _State(state.node, state.path[:-1] + widest, state.gaps)


# -- meant or innocent -----------------------------------------------------------


def _is_meant(entry: Entry, state: _State, reading: Reading, start: int, end: int) -> bool:
    """Whether what was read as the entry is that, not something innocent that looks like it."""
    path = state.path
    if not any(c.isalpha() or c == "@" for c in path) and not any(map(str.isdigit, entry.letters)):
        return False  # "455" is a number, "$5" a price
    if _is_of_another_script(entry, reading, start, end) or _cuts_number(reading, start, end):
        return False
    pieces = path.translate(_SEPARATORS).split()
    if len(pieces) == 1:
        as_it_is = path == entry.letters and not entry.borders
        return as_it_is or path not in ORDINARY_WORDS
    if entry.borders.issuperset(state.gaps):
        return True  # a phrase with its own gaps
    return len(entry.letters) >= _SPREADABLE and _is_spread(entry, path, pieces)


def _is_of_another_script(entry: Entry, reading: Reading, start: int, end: int) -> bool:
    """Whether it is another language's word whose letters happen to look the same."""
    glyphs = reading.glyphs[start:end]
    scripts = {glyph.script for glyph in glyphs if glyph.kind is Kind.LETTER}
    if entry.script is None or len(scripts) != 1 or entry.script in scripts:
        return False
    return reading.is_written_in(scripts.pop())


def _cuts_number(reading: Reading, start: int, end: int) -> bool:
    """Whether it begins or ends in the middle of digits: "420" is not in "1420"."""
    neighbours = (reading.plain[start - 1 : start + 1], reading.plain[end - 1 : end + 1])
    return any(len(pair) > 1 and pair.isdigit() for pair in neighbours)


def _is_spread(entry: Entry, path: str, pieces: list[str]) -> bool:
    """Whether the pieces are one word taken apart, not words beside each other."""
    only_letters = all(map(str.isalpha, pieces))
    if all(len(set(piece)) == 1 for piece in pieces):  # "b a d", "b.a.d", "bb aa dd", "b 4 d"
        return only_letters or _are_single_signs(entry, pieces)
    if any(map(str.isdigit, pieces)):
        return False
    if LOOSE not in path and SNUG not in path:  # "b-ad", "b*ad"
        return True
    together = LOOSE not in path
    return only_letters and not all(_is_ordinary(piece, together=together) for piece in pieces)


def _are_single_signs(entry: Entry, pieces: list[str]) -> bool:
    """Whether "w 0 r d", and not "a 5 s" or "@ ss": more than three are needed to tell."""
    if len(entry.letters) >= _SPREADABLE_WITH_SIGNS:
        return True
    return not any(len(piece) > 1 or piece.isdigit() for piece in pieces)


def _is_ordinary(piece: str, *, together: bool) -> bool:
    """Whether a piece is a word; `together`, no space around ("a.ss"), few letters are one."""
    return piece in ORDINARY_WORDS and not (together and len(piece) == 1 and piece not in "aio")
