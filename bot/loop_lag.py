"""How late the event loop is: for so long a member waits, whatever the bot has to do for them."""

import asyncio
import logging
import math
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.02
# Each a tenth above the one before, from a tenth of a millisecond to a minute: so exact are
# the figures.
BOUNDS_S = tuple(0.0001 * 1.1**step for step in range(141))
# A machine that was asleep tells nothing about the loop; no need to count that for long.
_MOST_MISSED = 3000


class LoopLag:
    """Wakes up again and again, and counts how late; bounded memory.

    A moment of the loop counts as often as it lasts: who looks only when the loop lets it would
    count a second's standstill as one late look of fifty, and not see what it is.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Begin with nothing counted.

        Args:
            clock: Seconds on a clock that never goes back.
            sleep: Waits so many seconds.
        """
        self._clock = clock
        self._sleep = sleep
        self._counts = _zeros()
        self._worst_s = 0.0

    async def watch(self) -> None:
        """Look, until cancelled."""
        while True:
            due_s = self._clock() + LOOK_EVERY_S
            await self._sleep(LOOK_EVERY_S)
            self._count(max(self._clock() - due_s, 0.0))

    def take(self) -> tuple[list[int], float]:
        """Return what was counted since the last time, and begin anew.

        Returns:
            How many looks were late by at most each of `BOUNDS_S` and more than by the one
            before, with those above all at the end; and the latest one's lag in seconds.
        """
        taken = self._counts, self._worst_s
        self._counts, self._worst_s = _zeros(), 0.0
        return taken

    def _count(self, lag_s: float) -> None:
        self._worst_s = max(self._worst_s, lag_s)
        missed = min(math.floor(lag_s / LOOK_EVERY_S), _MOST_MISSED)
        for number in range(missed + 1):
            self._counts[bisect_left(BOUNDS_S, lag_s - number * LOOK_EVERY_S)] += 1


def quantile_s(counts: Sequence[int], part: float) -> float:
    """Return the lag that `part` (0 to 1) of the looks do not exceed, up to a tenth more. Pure."""
    rank = math.ceil(part * sum(counts))
    seen = 0
    for bound_s, count in zip(BOUNDS_S, counts, strict=False):
        seen += count
        if seen >= rank:
            return bound_s
    return math.inf


async def log_lag(
    lag: LoopLag, *, every_s: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Say in the log how late the loop was; with LOG_FORMAT=json all counts as well.

    Args:
        lag: Counts.
        every_s: Seconds from one line to the next.
        sleep: Waits so many seconds.
    """
    while True:
        await sleep(every_s)
        counts, worst_s = lag.take()
        log.info(
            "the event loop is late by %.1f ms at the median, %.1f ms at the 99th percentile, "
            "%.1f ms at most",
            quantile_s(counts, 0.5) * 1000,
            min(quantile_s(counts, 0.99), worst_s) * 1000,
            worst_s * 1000,
            extra={"lag_counts": counts, "lag_worst_s": worst_s},
        )


def _zeros() -> list[int]:
    return [0] * (len(BOUNDS_S) + 1)
