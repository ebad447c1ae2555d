"""How soon a card may be edited again: decisions, without any card."""

from dataclasses import replace

import pytest

from bot.discord_ui.card_pace import Change, Pace
from bot.job import JobState

PACE = Pace()
SAME = Change(state=None, stage=False, since_s=100.0)


def earliest_s(
    change: Change, *, now_s: float, edited_at_s: float = 110.0, failures: int = 0
) -> float:
    """Return when a card may be edited whose job came into its state at 100 s."""
    return PACE.earliest_s(change, edited_at_s=edited_at_s, failures=failures, now_s=now_s)


@pytest.mark.parametrize(
    ("change", "edited_at_s", "earliest"),
    [
        (replace(SAME, state=JobState.RUNNING), 90.0, 100.0),
        (replace(SAME, state=JobState.RUNNING), 99.9, 101.4),
        (replace(SAME, state=JobState.SUBMITTING), 90.0, 104.0),
        (replace(SAME, state=JobState.FINISHED), float("-inf"), 102.0),
        (replace(SAME, state=JobState.QUEUED), float("-inf"), 100.0),
        (replace(SAME, stage=True), 99.0, 103.0),
        (SAME, 99.0, 103.0),
    ],
)
def test_a_change_waits_for_its_kind(change: Change, edited_at_s: float, earliest: float) -> None:
    """A new state hardly, one that passes until it has not; all else for some seconds."""
    assert earliest_s(change, now_s=100.0, edited_at_s=edited_at_s) == pytest.approx(earliest)


def test_the_longer_it_lasts_the_rarer_it_is_edited() -> None:
    """A tenth of the time that the job has been in its state."""
    assert earliest_s(SAME, now_s=120.0) == 114.0
    assert earliest_s(SAME, now_s=1100.0, edited_at_s=1000.0) == 1100.0


def test_what_failed_is_tried_again_ever_more_rarely() -> None:
    """Whatever it would show; a minute is the most."""
    waits_s = [earliest_s(SAME, now_s=110.0, failures=n) - 110.0 for n in (1, 2, 3, 4, 5, 500)]

    assert waits_s == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_a_faster_world_has_the_same_edits_in_less_time() -> None:
    """All waits are shorter, but not those for Discord's troubles."""
    fast = PACE.faster(10)

    assert fast.passing_s == {JobState.SUBMITTING: 0.4, JobState.FINISHED: 0.2}
    assert (fast.state_s, fast.stage_s, fast.progress_s) == pytest.approx((0.15, 0.4, 0.4))
    assert (fast.progress_share, fast.retry_s) == (PACE.progress_share, PACE.retry_s)
