"""Two quick presses are one wish."""

import pytest

from bot.errors import RefusedError
from bot.jobs.repeats import Repeats
from tests.discord_kit import HandClock

PRESS, OTHER = (1, 2, "again"), (1, 3, "again")


@pytest.fixture
def clock() -> HandClock:
    """The time."""
    return HandClock()


def pressed(repeats: Repeats, press: tuple[object, ...], press_id: int) -> None:
    """Press and let it succeed."""
    with repeats.once(press, press_id):
        pass


def test_the_second_press_is_refused_until_some_seconds_have_passed(clock: HandClock) -> None:
    """Then it is a wish of its own."""
    repeats = Repeats(clock, window_s=5)
    pressed(repeats, PRESS, 1)
    with pytest.raises(RefusedError, match="costs nothing"):
        pressed(repeats, PRESS, 2)
    clock.forward(5)
    pressed(repeats, PRESS, 3)


def test_while_the_first_is_on_its_way_the_second_is_refused(clock: HandClock) -> None:
    """However long its files take."""
    repeats = Repeats(clock, window_s=5)
    with repeats.once(PRESS, 1):
        clock.forward(60)
        with pytest.raises(RefusedError):
            pressed(repeats, PRESS, 2)


def test_what_failed_may_be_pressed_again_at_once(clock: HandClock) -> None:
    """Nothing came of it."""
    repeats = Repeats(clock, window_s=5)
    with pytest.raises(ValueError, match="refused"), repeats.once(PRESS, 1):
        raise ValueError("refused")
    pressed(repeats, PRESS, 2)


def test_one_press_that_is_delivered_twice_is_one(clock: HandClock) -> None:
    """Its interaction has one id: the job is the same."""
    repeats = Repeats(clock, window_s=5)
    pressed(repeats, PRESS, 1)
    pressed(repeats, PRESS, 1)


def test_another_video_is_another_press(clock: HandClock) -> None:
    """And so is another member, or another button."""
    repeats = Repeats(clock, window_s=5)
    pressed(repeats, PRESS, 1)
    pressed(repeats, OTHER, 2)
