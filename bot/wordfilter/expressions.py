"""Regular expressions whose cost is bounded by construction: Google's RE2 never backtracks.

At most every instruction of the compiled expression is looked at once for each byte of the
text, so a limit on the instructions is a limit on the time.
"""

from typing import Protocol

import re2  # type: ignore[import-untyped]  # ships no types; used only here

from bot.i18n import N_
from bot.wordfilter.letters import visible

# Bytes of memory for one compiled expression; what needs more is refused.
_MAX_MEMORY = 1 << 20

# How RE2's messages begin, and what a moderator can do about it.
_PROBLEMS = {
    "missing ]": N_("A `[` is never closed with `]`; write `\\[` for the sign itself."),
    "missing )": N_("A `(` is never closed with `)`; write `\\(` for the sign itself."),
    "unexpected )": N_("A `)` is never opened with `(`; write `\\)` for the sign itself."),
    "no argument for repetition": N_("There is nothing to repeat before a `*`, `+`, `?` or `{…}`."),
    "bad repetition operator": N_("Two repetitions follow each other, such as `**`."),
    "invalid repetition size": N_(
        "Repetitions `{…}`, multiplied when nested, may be at most 1,000."
    ),
    "invalid perl operator": N_("Look-ahead and look-behind such as `(?=…)` are not possible."),
    "invalid character class": N_("A range in `[…]` is unknown or the wrong way round (`z-a`)."),
    "trailing \\": N_("It ends with a `\\`; write `\\\\` for the sign itself."),
    "invalid escape": N_("A `\\` stands before something unknown; `\\1` is not possible."),
    "pattern too large": N_("It repeats too much; use smaller numbers in `{…}`."),
}


class ExpressionError(Exception):
    """The expression cannot work; the text says why, to be looked up where it is shown."""


class Hit(Protocol):
    """Where an expression matched."""

    def group(self) -> str:
        """Return the text that matched."""
        ...


class Expression(Protocol):
    """A compiled expression.

    Attributes:
        programsize: How many instructions it has.
    """

    programsize: int

    def search(self, text: str) -> Hit | None:
        """Return the first place where it matches."""
        ...


def compile_expression(pattern: str) -> Expression:
    """Return the compiled expression; upper and lower case are the same to it.

    Raises:
        ExpressionError: It cannot be compiled.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True  # a line break must not be a way around
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        compiled: Expression = re2.compile(visible(pattern), options)
    except re2.error as error:
        raise ExpressionError(_in_words(_text_of(error))) from error
    return compiled


def _text_of(error: Exception) -> str:
    detail = error.args[0] if error.args else ""
    return detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)


def _in_words(detail: str) -> str:
    for start, words in _PROBLEMS.items():
        if detail.startswith(start):
            return words
    return f"It is not a valid regular expression: {detail}."
