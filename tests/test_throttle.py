"""How fast one member may go: some in one go, a steady rate, and nobody for anybody else."""

from hypothesis import given
from hypothesis import strategies as st

from bot.throttle import Throttle, burst_of

WHO, OTHER = 1, 2
MINUTE_S = 60.0
# Rounding of sums of seconds.
_SLACK_S = 1e-6


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def test_ten_seconds_worth_may_come_in_one_go() -> None:
    """A member who does several things at once is not held up; one more is too many."""
    throttle = Throttle(120, clock=Clock())

    assert [throttle.lets_through(WHO) for _ in range(21)] == [True] * 20 + [False]


def test_after_the_burst_they_come_at_the_rate() -> None:
    """Two a second, of 120 a minute; what was refused does not count."""
    clock = Clock()
    throttle = Throttle(120, clock=clock)
    for _ in range(50):
        throttle.lets_through(WHO)
    clock.now_s += 1.0

    assert [throttle.lets_through(WHO) for _ in range(3)] == [True, True, False]


def test_nobody_is_held_up_by_another() -> None:
    """Each has a pace of their own."""
    throttle = Throttle(6, clock=Clock())
    first = [throttle.lets_through(WHO) for _ in range(2)]

    assert first == [True, False]
    assert throttle.lets_through(OTHER)


def test_who_has_rested_is_forgotten() -> None:
    """Of a million members only those of the last seconds take memory."""
    clock = Clock()
    throttle = Throttle(120, clock=clock)
    for who in range(1000):
        throttle.lets_through(who)
        clock.now_s += 0.1

    assert throttle.remembered <= 6


def test_the_slowest_pace_still_lets_one_through() -> None:
    """A sixth of little is not nothing."""
    assert burst_of(1) == 1


@given(
    st.integers(1, 300),
    st.lists(st.tuples(st.integers(0, 3), st.floats(0, 30)), max_size=80),
)
def test_in_no_time_more_than_the_burst_and_the_rate(
    per_minute: int, events: list[tuple[int, float]]
) -> None:
    """Whatever comes when: in any stretch of time at most a burst and what the rate gives."""
    clock = Clock()
    throttle = Throttle(per_minute, clock=clock)
    passed: dict[int, list[float]] = {}
    for who, pause_s in events:
        clock.now_s += pause_s
        if throttle.lets_through(who):
            passed.setdefault(who, []).append(clock.now_s)

    for times in passed.values():
        for begin, since_s in enumerate(times):
            for end in range(begin, len(times)):
                allowed = throttle.burst + (times[end] - since_s + _SLACK_S) * per_minute / MINUTE_S
                assert end - begin + 1 <= allowed + _SLACK_S


@given(st.integers(1, 300), st.lists(st.floats(0, 30), max_size=40))
def test_who_keeps_to_the_rate_is_never_refused(per_minute: int, pauses_s: list[float]) -> None:
    """However long the rests in between are."""
    clock = Clock()
    throttle = Throttle(per_minute, clock=clock)

    for pause_s in pauses_s:
        clock.now_s += MINUTE_S / per_minute + pause_s + _SLACK_S
        assert throttle.lets_through(WHO)
