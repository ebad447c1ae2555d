"""What the doctor says of one part: how it is, in words, and what to do. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.errors import BotError


class State(StrEnum):
    """How a part is; the values are stable, for programs that read `--json`.

    `HINT`: it works, and could be better. `UNKNOWN`: it was not checked, because of another part.
    """

    OK = "ok"
    HINT = "hint"
    WRONG = "wrong"
    UNKNOWN = "unknown"


_MARKS: Mapping[State, str] = {
    State.OK: "ok   ",
    State.HINT: "hint ",
    State.WRONG: "WRONG",
    State.UNKNOWN: "?    ",
}


class NotCheckedError(BotError):
    """A part cannot be looked at; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was found of one part.

    Attributes:
        part: Its stable name.
        words: What was found, as a sentence or the beginning of one.
        remedy: What to do; empty when there is nothing to do.
        figures: What was measured, by names with units.
    """

    part: str
    state: State
    words: str
    remedy: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """Return it as one line of text."""
        text = f"{_MARKS[self.state]} {self.part}: {self.words} {self.remedy}".rstrip()
        # Names of servers and answers of strangers are in it: nothing that moves a cursor.
        return "".join(sign if sign.isprintable() else " " for sign in text)

    def facts(self) -> dict[str, Any]:
        """Return it for JSON; names and their meaning are stable."""
        return {
            "part": self.part,
            "state": self.state.value,
            "words": self.words,
            "remedy": self.remedy,
            "figures": dict(self.figures),
        }


def well(part: str, words: str, **figures: float) -> Diagnosis:
    """Return that a part works."""
    return Diagnosis(part=part, state=State.OK, words=words, figures=figures)


def hint(part: str, words: str, remedy: str, **figures: float) -> Diagnosis:
    """Return that a part works, and what would be better."""
    return _told(part, State.HINT, words, remedy, figures)


def wrong(part: str, words: str, remedy: str, **figures: float) -> Diagnosis:
    """Return that a part does not work, and how to mend it."""
    return _told(part, State.WRONG, words, remedy, figures)


def _told(
    part: str, state: State, words: str, remedy: str, figures: Mapping[str, float]
) -> Diagnosis:
    # The remedy is a sentence of its own, whoever's words those are.
    ended = words if words.endswith((".", "!", "?")) else f"{words}."
    return Diagnosis(part=part, state=state, words=ended, remedy=remedy, figures=figures)


def all_well(diagnoses: Sequence[Diagnosis]) -> bool:
    """Tell whether nothing is wrong; hints are no faults."""
    return all(one.state in {State.OK, State.HINT} for one in diagnoses)
