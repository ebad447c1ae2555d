"""Which rules a guild may add, said in words that a moderator understands."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.i18n import N_, gettext, number_text
from bot.wordfilter.entries import Entry, entry_of
from bot.wordfilter.expressions import Expression, ExpressionError, compile_expression
from bot.wordfilter.rules import (
    MAX_EXPRESSION_LENGTH,
    MAX_EXPRESSION_SIZE,
    MAX_EXPRESSIONS,
    MAX_EXPRESSIONS_SIZE,
    MAX_PHRASE_LENGTH,
    MAX_RULES,
    MAX_WORD_LENGTH,
    FilterRule,
    RuleKind,
)

MAX_LIST_LENGTH = 60_000
"""Characters of a pasted list; longer ones are refused unread."""

_LENGTHS: dict[RuleKind, int] = {
    "word": MAX_WORD_LENGTH,
    "phrase": MAX_PHRASE_LENGTH,
    "regex": MAX_EXPRESSION_LENGTH,
}
_TOO_LONG: dict[RuleKind, str] = {
    "word": N_("It has {n} characters; a word may have at most {most}."),
    "phrase": N_("It has {n} characters; a phrase may have at most {most}."),
    "regex": N_("It has {n} characters; a regular expression may have at most {most}."),
}
_MIN_LETTERS = 2
_MIN_OPEN_LETTERS = 3
_SHOWN_LENGTH = 30
_MAX_LIST_PROBLEMS = 10
# Harmless prompts without a word in common: what matches all of them matches nearly anything.
_HARMLESS = (
    "A small dog runs along the beach at sunset",
    "slow zoom, neon city, heavy rain, 4k",
    "Two old friends drink coffee & laugh!",
)


def check_pattern(kind: RuleKind, pattern: str) -> str | None:
    """Return why the pattern cannot be a rule, as a sentence for the moderator, or None."""
    limit = _LENGTHS[kind]
    if not pattern.strip():
        return gettext("The rule is empty.")
    if len(pattern) > limit:
        words = gettext(_TOO_LONG[kind])
        return words.format(n=number_text(len(pattern)), most=number_text(limit))
    if kind == "regex":
        return _problem_of_expression(pattern)
    return _problem_of_words(kind, pattern.strip())


def check_room(existing: Sequence[FilterRule], kind: RuleKind, pattern: str) -> str | None:
    """Return why a rule that is fine in itself does not fit beside the existing ones, or None."""
    twin = next((r for r in existing if _key(r.kind, r.pattern) == _key(kind, pattern)), None)
    if twin:
        return gettext("That is already filter rule {number}.").format(number=twin.id)
    if len(existing) >= MAX_RULES:
        words = gettext("There are {n} filter rules already, the most a server may have.")
        return words.format(n=number_text(MAX_RULES))
    if kind != "regex":
        return None
    expressions = [rule for rule in existing if rule.kind == "regex"]
    if len(expressions) >= MAX_EXPRESSIONS:
        return gettext(
            "There are {n} regular expressions already, the most a server may have. "
            "Words and phrases cost less."
        ).format(n=number_text(MAX_EXPRESSIONS))
    size = sum(_size(rule.pattern) for rule in expressions) + _size(pattern)
    if size > MAX_EXPRESSIONS_SIZE:
        return gettext(
            "All regular expressions together would be too large to stay quick. Use smaller "
            "numbers in `{…}`, or remove one first."
        )
    return None


# -- pasted lists ----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PastedList:
    """What a pasted list comes to.

    Attributes:
        patterns: New rules, in order.
        problems: A sentence for each line that is not among them; the first few.
    """

    patterns: tuple[tuple[RuleKind, str], ...]
    problems: tuple[str, ...]


def read_list(text: str, existing: Sequence[FilterRule]) -> PastedList:
    """Read a list with one rule a line: a word, a phrase, or /a regular expression/.

    Empty lines, and those that start with #, are skipped. Neither a long list nor a long line
    costs much: the first is refused unread, the second after a look at its length.
    """
    if len(text) > MAX_LIST_LENGTH:
        too_long = gettext(
            "The list has {n} characters; at most {most} can be added "
            "at once. Switch on a built-in list, or use `*` to take longer words together."
        ).format(n=number_text(len(text)), most=number_text(MAX_LIST_LENGTH))
        return PastedList(patterns=(), problems=(too_long,))
    rules = list(existing)
    seen = {_key(rule.kind, rule.pattern) for rule in existing}
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        kind, pattern = _rule_of(line.strip())
        if not pattern or pattern.startswith("#") or _key(kind, pattern) in seen:
            continue
        seen.add(_key(kind, pattern))
        problem = check_pattern(kind, pattern) or check_room(_rivals(rules, kind), kind, pattern)
        if problem:
            line_words = gettext("Line {number} (`{rule}`): {problem}")
            problems.append(line_words.format(number=number, rule=_shown(pattern), problem=problem))
        else:
            rules.append(FilterRule(id=0, kind=kind, pattern=pattern))
        if len(problems) == _MAX_LIST_PROBLEMS:
            rest = gettext("The rest, from line {number}, was not read.")
            problems.append(rest.format(number=number + 1))
            break
    new = rules[len(existing) :]
    return PastedList(
        patterns=tuple((rule.kind, rule.pattern) for rule in new), problems=tuple(problems)
    )


def _rivals(rules: list[FilterRule], kind: RuleKind) -> list[FilterRule]:
    """Return the rules that count against a new one: only expressions need a look at each."""
    if kind == "regex" or len(rules) >= MAX_RULES:
        return rules
    return []


def _rule_of(line: str) -> tuple[RuleKind, str]:
    if len(line) > 1 and line.startswith("/") and line.endswith("/"):
        return "regex", line[1:-1]
    return ("phrase" if " " in line else "word"), line


def _shown(pattern: str) -> str:
    return pattern.replace("`", "'")[:_SHOWN_LENGTH]


def _key(kind: RuleKind, pattern: str) -> tuple[bool, str]:
    """Return what two equal rules have in common."""
    if kind == "regex":
        return True, pattern
    return False, " ".join(pattern.casefold().split())


# -- words and phrases -----------------------------------------------------------


def _problem_of_words(kind: RuleKind, pattern: str) -> str | None:
    body = pattern.strip("*")
    if kind == "word" and len(body.split()) > 1:
        return gettext("That is more than one word: add it as a phrase.")
    if "*" in body:
        return gettext(
            "A `*` may stand only at the start or the end; inside, use a regular expression."
        )
    return _problem_of_entry(entry_of(pattern))


def _problem_of_entry(entry: Entry) -> str | None:
    if not entry.letters:
        return gettext(
            "It has no letters or digits. Signs and emoji can be filtered by a regular expression."
        )
    flowing = len(entry.letters) == 1 and not entry.letters.isascii()
    if len(entry.letters) < _MIN_LETTERS and not flowing:
        return gettext("A single letter would match nearly every prompt.")
    open_ended = (entry.opens or entry.closes) and entry.letters.isascii()
    if open_ended and len(entry.letters) < _MIN_OPEN_LETTERS:
        return gettext(
            "With a `*`, so few letters would match too many words; write at least three."
        )
    return None


# -- regular expressions ---------------------------------------------------------


def _problem_of_expression(pattern: str) -> str | None:
    try:
        expression = compile_expression(pattern)
    except ExpressionError as error:
        return gettext(str(error))
    if expression.programsize > MAX_EXPRESSION_SIZE:
        return gettext(
            "It is too large to stay quick. Use smaller numbers in `{…}` and fewer classes "
            "such as `\\pL`."
        )
    if _matches_nothing_visible(expression):
        return gettext(
            "It also matches nothing at all, so every prompt would be refused. Something in it "
            "must be required: `+` instead of `*`, no `?` after everything."
        )
    if all(expression.search(prompt) for prompt in _HARMLESS):
        return gettext(
            "It matches nearly every prompt. Make it longer, or name the words you mean."
        )
    return None


def _matches_nothing_visible(expression: Expression) -> bool:
    hits = [expression.search(text) for text in ("", *_HARMLESS)]
    return any(hit is not None and not hit.group() for hit in hits)


def _size(pattern: str) -> int:
    try:
        return compile_expression(pattern).programsize
    except ExpressionError:  # a rule of an older version; it is left out when compiled
        return 0
