"""A guild's rules and lists, compiled once, and the search through a prompt."""

from collections.abc import Iterable

from bot.wordfilter.entries import Entry, entry_of
from bot.wordfilter.expressions import Expression, ExpressionError, compile_expression
from bot.wordfilter.hidden import HiddenWordFinder
from bot.wordfilter.lists import BUILT_IN_LISTS
from bot.wordfilter.readings import Reading, readings
from bot.wordfilter.rules import FilterRule, Match, masked
from bot.wordfilter.words import WordFinder


class CompiledFilter:
    """Everything that one guild filters. Immutable: safe to share between threads.

    Attributes:
        problems: Rules that cannot work and lists that do not exist, a sentence each. They
            are left out: one bad rule must not let everything pass, nor stop every video.
    """

    def __init__(self, rules: Iterable[FilterRule], lists: Iterable[str]) -> None:
        """Compile; `lists` are names of built-in lists."""
        entries: list[Entry] = []
        problems: list[str] = []
        self._expressions: list[tuple[FilterRule, Expression]] = []
        for rule in rules:
            try:
                if rule.kind == "regex":
                    self._expressions.append((rule, compile_expression(rule.pattern)))
                else:
                    entries.append(_checked(entry_of(rule.pattern, rule=rule)))
            except ExpressionError as error:
                problems.append(f"Filter rule {rule.id} does not work: {error}")
        for name in lists:
            if name in BUILT_IN_LISTS:
                entries += [entry_of(word, list_name=name) for word in BUILT_IN_LISTS[name]]
            else:
                problems.append(f"There is no built-in list “{name}”.")
        self._finders = (WordFinder(entries), HiddenWordFinder(entries))
        self.problems = tuple(problems)

    def find(self, text: str) -> Match | None:
        """Return the first rule that the text breaks, however it is written."""
        for reading in readings(text):
            match = self._find_word(reading) or self._find_expression(reading)
            if match:
                return match
        return None

    def _find_word(self, reading: Reading) -> Match | None:
        for finder in self._finders:
            found = finder.find(reading)
            if found:
                entry, excerpt = found
                return Match(rule=entry.rule, list_name=entry.list_name, excerpt=masked(excerpt))
        return None

    def _find_expression(self, reading: Reading) -> Match | None:
        for rule, expression in self._expressions:
            for text in (reading.visible, reading.as_letters):
                hit = expression.search(text)
                if hit is not None:
                    return Match(rule=rule, list_name=None, excerpt=masked(hit.group()))
        return None


def compile_rules(rules: Iterable[FilterRule], lists: Iterable[str]) -> CompiledFilter:
    """Return the filter of these rules and built-in lists; thousands of rules take a while."""
    return CompiledFilter(rules, sorted(set(lists)))


def _checked(entry: Entry) -> Entry:
    if not entry.letters:
        raise ExpressionError("It has no letters or digits.")
    return entry
