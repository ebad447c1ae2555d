"""How late the event loop was, in the few steps that a histogram of Prometheus has."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from bot.loop_lag import BOUNDS_S

STEPS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class LagTotals:
    """Adds up what `bot.loop_lag` counts from one look to the next."""

    def __init__(self, take: Callable[[], tuple[Sequence[int], float]]) -> None:
        """Begin at zero.

        Args:
            take: `LoopLag.take`: what was counted since the last time.
        """
        self._take = take
        self._counts = [0] * (len(STEPS_S) + 1)

    def buckets(self) -> list[tuple[str, float]]:
        """Return the upper bound of each bucket, and how many looks are in it or below."""
        counts, _ = self._take()
        for number, count in enumerate(counts):
            # By its upper bound: a lag is never told as less than it was.
            bound_s = BOUNDS_S[number] if number < len(BOUNDS_S) else STEPS_S[-1] + 1
            self._counts[bisect_left(STEPS_S, bound_s)] += count
        found, below = [], 0
        for step, count in zip((*map(str, STEPS_S), "+Inf"), self._counts, strict=True):
            below += count
            found.append((step, float(below)))
        return found
