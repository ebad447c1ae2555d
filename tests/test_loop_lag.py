"""How late the event loop is: what counts, and what the log says of it."""

import asyncio
import json
import logging

import pytest

from bot.logs import JsonFormatter
from bot.loop_lag import BOUNDS_S, LOOK_EVERY_S, LoopLag, log_lag, quantile_s


class Loop:
    """A clock whose sleeps last longer than asked for, each as it is told."""

    def __init__(self, *late_s: float) -> None:
        self.now_s = 0.0
        self._late_s = list(late_s)

    def clock(self) -> float:
        """Return the time."""
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """Let the time pass, with the delay that is due; end when none is left."""
        if not self._late_s:
            raise asyncio.CancelledError
        self.now_s += seconds + self._late_s.pop(0)


async def counted(*late_s: float) -> LoopLag:
    """Return what was counted on a loop that is late like this."""
    loop = Loop(*late_s)
    lag = LoopLag(clock=loop.clock, sleep=loop.sleep)
    with pytest.raises(asyncio.CancelledError):
        await lag.watch()
    return lag


async def test_a_loop_in_time_is_late_by_nothing() -> None:
    """The smallest bound stands for it."""
    counts, worst_s = (await counted(*[0.0] * 100)).take()

    assert sum(counts) == 100
    assert quantile_s(counts, 0.99) == BOUNDS_S[0]
    assert worst_s == 0.0


async def test_a_standstill_counts_as_often_as_it_lasts() -> None:
    """One second of three: a third of all that came meanwhile had to wait, up to a second."""
    counts, worst_s = (await counted(*[0.0] * 100, 1.0)).take()

    assert sum(counts) == 100 + 1 + round(1.0 / LOOK_EVERY_S)
    assert quantile_s(counts, 0.5) == BOUNDS_S[0]
    assert quantile_s(counts, 0.99) == pytest.approx(0.98, rel=0.1)
    assert worst_s == pytest.approx(1.0)


async def test_what_was_taken_is_counted_no_more() -> None:
    """Each line of the log is about its own time."""
    lag = await counted(0.5)
    lag.take()

    assert lag.take() == ([0] * (len(BOUNDS_S) + 1), 0.0)


@pytest.mark.parametrize("late_s", [BOUNDS_S[-1] * 1.01, 86_400.0])
async def test_a_machine_that_was_asleep_costs_no_time_to_count(late_s: float) -> None:
    """What is above every bound has a place of its own, and an hour is not counted through."""
    counts, worst_s = (await counted(late_s)).take()

    assert counts[-1] >= 1
    assert sum(counts) <= 3001
    assert worst_s == pytest.approx(late_s)


async def test_the_log_says_it_in_milliseconds_and_as_json_with_all_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The host reads the line; a program adds the counts of many lines."""
    caplog.set_level(logging.INFO, "bot.loop_lag")
    lag = await counted(*[0.0] * 98, 0.003, 0.01)
    with pytest.raises(asyncio.CancelledError):
        await log_lag(lag, every_s=1.0, sleep=Loop(0.0).sleep)

    (said,) = caplog.messages
    assert said == (
        "the event loop is late by 0.1 ms at the median, 3.1 ms at the 99th percentile, "
        "10.0 ms at most"
    )
    line = json.loads(JsonFormatter().format(caplog.records[0]))
    assert sum(json.loads(line["lag_counts"])) == 100
    assert float(line["lag_worst_s"]) == pytest.approx(0.01)
