"""When a card's picture changes by itself is known beforehand, and is seldom."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord_ui.card_progress import next_change_s, percent_done, place_words, step_percent
from bot.discord_ui.cards import state_text
from bot.job import JobState
from bot.jobs.ports import Standing
from tests.face_kit import job

usual = st.floats(0.05, 20_000)
shares = st.floats(-1, 3)


@given(expected_s=usual, share=shares, between=st.floats(0, 1, exclude_max=True))
def test_nothing_changes_before_it_was_foreseen(
    expected_s: float, share: float, between: float
) -> None:
    """Until the next change the card reads the same, and from then on not."""
    elapsed_s = expected_s * share
    next_s = next_change_s(elapsed_s, expected_s)
    text = _text(elapsed_s, expected_s)

    if next_s is None:
        assert _text(elapsed_s + 1e6 * between, expected_s) == text
    else:
        assert next_s > elapsed_s
        assert _text(elapsed_s + (next_s - elapsed_s) * between * 0.999, expected_s) == text
        assert _text(next_s, expected_s) != text


def _text(elapsed_s: float, expected_s: float) -> str:
    return state_text(job(JobState.RUNNING), Standing(expected_s=expected_s, elapsed_s=elapsed_s))


@given(expected_s=usual)
def test_a_bar_moves_seldom(expected_s: float) -> None:
    """Ten times at most, never within a minute unless it is once; a last time to say it is late."""
    changes_s = [0.0]
    while (next_s := next_change_s(changes_s[-1], expected_s)) is not None:
        changes_s.append(next_s)

    steps_s = [later - sooner for sooner, later in pairwise(changes_s[:-1])]
    assert 1 <= len(steps_s) <= 9
    assert len(steps_s) == 1 or min(steps_s) >= 59.9
    assert percent_done(changes_s[-1], expected_s) is None
    assert percent_done(0.0, expected_s) == 0


@pytest.mark.parametrize(
    ("expected_s", "step"), [(20, 50), (62, 50), (129, 50), (150, 40), (240, 25), (300, 20)]
)
def test_a_short_job_has_few_steps(expected_s: float, step: int) -> None:
    """The shorter, the fewer."""
    assert step_percent(expected_s) == step


def test_without_an_expectation_nothing_moves() -> None:
    """No bar is drawn then."""
    assert next_change_s(10.0, None) is None


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (1, "Next in line."),
        (10, "Number 10 in line."),
        (11, "About number 20 in line."),
        (100, "About number 100 in line."),
        (101, "About number 200 in line."),
        (3000, "About number 3,000 in line."),
    ],
)
def test_places_are_exact_near_the_front_alone(place: int, words: str) -> None:
    """Never better than it is: further back they are rounded up."""
    assert place_words(place) == words


def test_of_five_hundred_waiting_few_cards_change_when_one_moves_up() -> None:
    """The others read the same as before."""
    changed = sum(place_words(place) != place_words(place - 1) for place in range(2, 501))

    assert changed == 9 + 9 + 4
