"""How soon a card may be edited again: pure decisions about what is shown and what is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from bot.job import JobState

_LONGEST_RETRY_S = 60.0
_MOST_DOUBLINGS = 8


class Rank(IntEnum):
    """Whose edit goes first where several wait for one rate limit."""

    END = 0
    STATE = 1
    PROGRESS = 2


@dataclass(frozen=True, kw_only=True)
class Change:
    """How what is wanted differs from what the card shows.

    Attributes:
        state: The new state; None when it is the one that is shown.
        stage: Whether the provider has begun to work on it.
        since_s: When the job came into its state, on the loop's clock.
    """

    state: JobState | None
    stage: bool
    since_s: float


def _passing() -> Mapping[JobState, float]:
    return {JobState.SUBMITTING: 4.0, JobState.FINISHED: 2.0}


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Least times, in seconds.

    Attributes:
        state_s: Between an edit and one that shows a new state: several in a row are one edit.
        passing_s: How long a job has to be in a state that mostly passes at once.
        stage_s: Between an edit and one that shows that the provider has begun.
        progress_s: Between an edit and one that shows the same state.
        progress_share: The same as a share of the time in that state: the longer, the rarer.
        retry_s: After an edit that failed; twice as long after each one more.
    """

    state_s: float = 1.5
    passing_s: Mapping[JobState, float] = field(default_factory=_passing)
    stage_s: float = 4.0
    progress_s: float = 4.0
    progress_share: float = 0.1
    retry_s: float = 4.0

    def faster(self, speed: float) -> "Pace":
        """Return the pace of a world in which all goes so many times as fast (`POLL_SPEED`)."""
        return Pace(
            state_s=self.state_s / speed,
            passing_s={state: wait_s / speed for state, wait_s in self.passing_s.items()},
            stage_s=self.stage_s / speed,
            progress_s=self.progress_s / speed,
            progress_share=self.progress_share,
            retry_s=self.retry_s,
        )

    def earliest_s(
        self, change: Change, *, edited_at_s: float, failures: int, now_s: float
    ) -> float:
        """Return when the card may be edited.

        Args:
            change: What would be shown.
            edited_at_s: When it was edited last; minus infinity for never.
            failures: How many edits have failed since one worked.
            now_s: The loop's clock.
        """
        if failures:
            retry_s: float = self.retry_s * 2.0 ** (min(failures, _MOST_DOUBLINGS) - 1)
            return edited_at_s + min(retry_s, _LONGEST_RETRY_S)
        if change.state is not None:
            lasted_s = change.since_s + self.passing_s.get(change.state, 0.0)
            return max(edited_at_s + self.state_s, lasted_s)
        if change.stage:
            return edited_at_s + self.stage_s
        age_s = now_s - change.since_s
        return edited_at_s + max(self.progress_s, age_s * self.progress_share)
