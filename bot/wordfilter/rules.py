"""What a filter is made of: rules, matches and the limits that keep a filter quick."""

from dataclasses import dataclass
from typing import Literal

RuleKind = Literal["word", "phrase", "regex"]

# Per guild. With these, the largest filter looks through the longest prompt in milliseconds.
MAX_RULES = 1000
MAX_EXPRESSIONS = 50
MAX_WORD_LENGTH = 50
MAX_PHRASE_LENGTH = 150
MAX_EXPRESSION_LENGTH = 300
# Instructions of the compiled automaton: what one character of a prompt can cost at most.
MAX_EXPRESSION_SIZE = 1000
MAX_EXPRESSIONS_SIZE = 2000

_EXCERPT_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class FilterRule:
    """One thing a guild does not want in prompts.

    Attributes:
        pattern: As the moderator typed it. A `*` at the start or end of a word or phrase
            also takes longer words: `bad*` takes "badly".
    """

    id: int
    kind: RuleKind
    pattern: str


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a filter found.

    Attributes:
        rule: The guild's own rule, or None when a built-in list matched.
        list_name: The built-in list, or None when an own rule matched.
        excerpt: What was found, masked ("b••"), short and without any formatting: fit to be
            shown anywhere.
    """

    rule: FilterRule | None
    list_name: str | None
    excerpt: str


def masked(found: str) -> str:
    """Return the text with all but its first letter as dots, at most 20 characters long."""
    kept = found.strip()[:_EXCERPT_LENGTH]
    hidden = "".join(" " if c.isspace() else "•" for c in kept[1:])
    first = kept[:1] if kept[:1].isalnum() else "•"
    return first + hidden + ("…" if len(found.strip()) > _EXCERPT_LENGTH else "")
