"""The prompt filter: words, phrases and regular expressions, however they are written.

Pure: text in, `Match` or None out. Rules are compiled once (`compile_rules`); moderators'
input is checked by `check_pattern`, `check_room` and `read_list` before it becomes a rule.
"""

from bot.wordfilter.checks import (
    MAX_LIST_LENGTH,
    PastedList,
    check_pattern,
    check_room,
    read_list,
)
from bot.wordfilter.compiled import CompiledFilter, compile_rules
from bot.wordfilter.lists import BUILT_IN_LISTS
from bot.wordfilter.rules import (
    MAX_EXPRESSIONS,
    MAX_RULES,
    FilterRule,
    Match,
    RuleKind,
)

__all__ = [
    "BUILT_IN_LISTS",
    "MAX_EXPRESSIONS",
    "MAX_LIST_LENGTH",
    "MAX_RULES",
    "CompiledFilter",
    "FilterRule",
    "Match",
    "PastedList",
    "RuleKind",
    "check_pattern",
    "check_room",
    "compile_rules",
    "read_list",
]
