"""One character at a time: what it may be read as, and whether it holds a word together.

Unicode's own data does most of it (compatibility forms, case, marks, names); the rest is the
table in `lookalikes.toml`.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path

_TABLE: Mapping[str, Mapping[str, str]] = tomllib.loads(
    (Path(__file__).parent / "lookalikes.toml").read_text(encoding="utf-8")
)
_TWINS = _TABLE["twins"]
_SIGNS = _TABLE["signs"]
DRAWN = _TABLE["drawn"]

LOOSE, SNUG, TIGHT = " ", ".", "-"
"""How near the parts beside a gap are: "a b", "a.b", "a-b"."""

# Between words of a sentence; anything else without a space around it glues letters together.
_SNUG = frozenset('.,;:!?/&()[]{}"“”„«»…—–、。，！？¡¿')  # noqa: RUF001 - CJK punctuation is meant
_APOSTROPHES = frozenset("'’`´")  # noqa: RUF001 - the curly ones are meant
_STICKY_SIGNS = frozenset("@$€")
_WILD = {"*": "*", "#": "*", "%": "*", "•": "*", "█": "*", "-": "?", "_": "?", ".": "?"}
# Letters, marks and symbols by category, but nothing is seen of them.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]"
)
_LIGATURES = {"æ": "ae", "œ": "oe", "ĳ": "ij"}
_EMOJI_LETTER = re.compile(
    "(?:NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL|REGIONAL INDICATOR SYMBOL) LETTER ([A-Z])"
)
_SMALL_CAPITAL = re.compile("LATIN LETTER SMALL CAPITAL ([A-Z])")
# No spaces between words, or endings glued to them: a word may begin and end anywhere.
_FLOWING = frozenset(
    {"BOPOMOFO", "CJK", "HANGUL", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "KHMER", "LAO"}
    | {"MYANMAR", "THAI", "TIBETAN"}
)
_OVERLAY, _POINTS, _ABOVE_OR_BELOW = 1, range(10, 37), 200


class Kind(Enum):
    """What a character does to a word.

    LETTER: always part of it. STICKY: part of it between letters, else beside it ("bad2").
    SIGN: a letter or a gap, whichever makes a word. GAP and SPACE: never a letter.
    """

    LETTER = auto()
    STICKY = auto()
    SIGN = auto()
    GAP = auto()
    SPACE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyph:
    """A character as it is read.

    Attributes:
        plain: Itself, simplified, one character.
        letters: What it may be read as, the likeliest first.
        script: The alphabet of a letter, Unicode's word for it ("LATIN").
        wild: "*" when it may hide any letter, "?" when it does so only in a longer word.
        gap: How near it leaves the parts beside it.
    """

    plain: str
    kind: Kind
    letters: tuple[str, ...] = ()
    script: str = ""
    wild: str = ""
    gap: str = ""

    @property
    def flowing(self) -> bool:
        """Whether words of this alphabet begin and end without a sign of it."""
        return self.script in _FLOWING


_I_OR_L = Glyph(plain="i", kind=Kind.LETTER, letters=("i", "l"), script="LATIN")


def _reverse(table: Mapping[str, str]) -> dict[str, str]:
    """Return each lookalike with all the Latin letters it resembles."""
    found: dict[str, str] = {}
    for latin, alike in table.items():
        for character in alike:
            found[character] = found.get(character, "") + latin
    return found


_LATIN_OF = _reverse(_TABLE["letters"])


def glyphs(text: str) -> Iterator[tuple[int, Glyph]]:
    """Yield what is seen of a text, each glyph with its place in the text."""
    previous = ""
    for place, character in enumerate(text):
        if character == "I" and previous.islower():  # "sIug": a capital I drawn as an l
            yield place, _I_OR_L
        else:
            for glyph in _glyphs_of(character):
                yield place, glyph
        previous = character


def visible(text: str) -> str:
    """Return the text in compatibility form without what is not seen."""
    composed = unicodedata.normalize("NFKC", text)
    return "".join(c for c in composed if not _is_unseen(c))


@lru_cache(maxsize=8192)
def _glyphs_of(character: str) -> tuple[Glyph, ...]:
    emoji = _EMOJI_LETTER.fullmatch(unicodedata.name(character, ""))
    if emoji:
        letter = emoji[1].lower()
        return (Glyph(plain=letter, kind=Kind.STICKY, letters=(letter,)),)
    simple = _simplified(character)
    if unicodedata.category(character) == "So" and sum(c.isalpha() for c in simple) > 1:
        return (Glyph(plain="•", kind=Kind.GAP, gap=TIGHT),)  # a trade mark sign is no "tm"
    return tuple(_glyph(c) for c in simple)


def _simplified(character: str) -> str:
    """Return the character without case, width, style and marks: none to several."""
    if _is_unseen(character):
        return ""
    if character in _SIGNS:  # some signs have a compatibility form that is less like a letter
        return character
    folded = _unmarked(_unmarked(character).casefold())
    return "".join(_LIGATURES.get(c, c) for c in folded if not _is_unseen(c))


def _unmarked(text: str) -> str:
    # Composed again, so that what other alphabets write as marks stays in its letter.
    parts = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not _is_mark(c)))


def _is_mark(character: str) -> bool:
    """Whether it is drawn on a letter without making it another one."""
    rank = unicodedata.combining(character)
    return (
        unicodedata.category(character) == "Me"
        or rank == _OVERLAY
        or rank in _POINTS
        or rank >= _ABOVE_OR_BELOW
    )


def _is_unseen(character: str) -> bool:
    if _INVISIBLE.match(character) or unicodedata.category(character) in ("Cf", "Cs"):
        return True
    return unicodedata.category(character) == "Cc" and not character.isspace()


def _glyph(character: str) -> Glyph:
    """Return the glyph of a simplified character."""
    if character.isspace():
        return Glyph(plain=" ", kind=Kind.SPACE, gap=LOOSE)
    if unicodedata.category(character) == "Nd":
        digit = str(unicodedata.digit(character))
        letters = (digit, *_SIGNS[digit], *_TWINS.get(digit, ""))
        return Glyph(plain=digit, kind=Kind.STICKY, letters=letters)
    if unicodedata.category(character)[0] in "LM":
        return _letter(character)
    letters = tuple(_SIGNS.get(character, ""))
    if character in _STICKY_SIGNS:
        return Glyph(plain=character, kind=Kind.STICKY, letters=letters)
    return Glyph(
        plain=character,
        kind=Kind.SIGN if letters else Kind.GAP,
        letters=letters,
        wild=_WILD.get(character, ""),
        gap=_gap(character),
    )


def _gap(character: str) -> str:
    if character in _APOSTROPHES:  # "he'll" is two words
        return LOOSE
    return SNUG if character in _SNUG else TIGHT


def _letter(character: str) -> Glyph:
    name = unicodedata.name(character, "")
    script = name.partition(" ")[0]
    small = _SMALL_CAPITAL.fullmatch(name)
    base = small[1].lower() if small else _without_additions(character, name)
    if script == "LATIN" and base.isascii():
        return Glyph(
            plain=base, kind=Kind.LETTER, letters=(base, *_TWINS.get(base, "")), script=script
        )
    alike = _LATIN_OF.get(character) or _LATIN_OF.get(base, "")
    return Glyph(plain=base, kind=Kind.LETTER, letters=(base, *alike), script=script)


def _without_additions(character: str, name: str) -> str:
    """Return o for ø ("o with stroke") and the like."""
    if " WITH " not in name:
        return character
    try:
        base = unicodedata.lookup(name.partition(" WITH ")[0])
    except KeyError:  # not every addition is to a letter that stands alone
        return character
    return base.casefold()
