"""A word or phrase as it is looked for: its letters, without signs and spaces."""

from dataclasses import dataclass

from bot.wordfilter.letters import Kind
from bot.wordfilter.readings import Reading
from bot.wordfilter.rules import FilterRule


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A word or phrase of a rule or of a built-in list.

    Attributes:
        letters: All of it, without gaps.
        borders: How many letters stand before each of a phrase's own gaps.
        opens: It also matches the end of a longer word ("*word").
        closes: It also matches the beginning of one ("word*").
        script: The alphabet, when it is of one only.
    """

    rule: FilterRule | None
    list_name: str | None
    letters: str
    borders: frozenset[int]
    opens: bool
    closes: bool
    script: str | None


def entry_of(
    pattern: str, *, rule: FilterRule | None = None, list_name: str | None = None
) -> Entry:
    """Return a word's or phrase's entry; `letters` is empty when it has none."""
    text = pattern.strip()
    letters, borders, scripts = "", set(), set()
    for glyph in Reading(text.strip("*")).glyphs:
        if glyph.kind is Kind.LETTER or glyph.plain.isdigit():
            letters += glyph.letters[0]
            scripts |= {glyph.script} - {""}
        elif letters:
            borders.add(len(letters))
    return Entry(
        rule=rule,
        list_name=list_name,
        letters=letters,
        borders=frozenset(borders - {len(letters)}),
        opens=text.startswith("*"),
        closes=text.endswith("*"),
        script=scripts.pop() if len(scripts) == 1 else None,
    )
