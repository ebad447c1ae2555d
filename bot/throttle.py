"""How fast one member may go: a steady rate, and some in one go after a rest."""

from collections import OrderedDict
from collections.abc import Callable

DEFAULT_PER_MINUTE = 120
_MINUTE_S = 60.0
# Of a minute's worth: so much may come in one go.
_BURST_SHARE = 1 / 6


class Throttle:
    """Counts what comes from whom; remembers nobody who has rested.

    For each it keeps one number: when their burst would be whole again (the generic cell rate
    algorithm), which costs the same whatever comes.

    Attributes:
        per_minute: How many are let through in a minute.
        burst: How many of them in one go, at least one.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float]) -> None:
        """Begin with everybody rested.

        Args:
            per_minute: How many are let through, at least one.
            clock: Seconds that only grow.
        """
        self.per_minute = per_minute
        self.burst = burst_of(per_minute)
        self._every_s = _MINUTE_S / per_minute
        self._clock = clock
        self._rested_at_s: OrderedDict[int, float] = OrderedDict()

    def lets_through(self, who: int) -> bool:
        """Count one more; False, and nothing counted, when it comes too soon."""
        now_s = self._clock()
        self._forget_rested(now_s)
        rested_at_s = max(self._rested_at_s.get(who, now_s), now_s) + self._every_s
        if rested_at_s - now_s > self.burst * self._every_s:
            return False
        self._rested_at_s[who] = rested_at_s
        self._rested_at_s.move_to_end(who)
        return True

    @property
    def remembered(self) -> int:
        """Whom it remembers: those of the last seconds."""
        return len(self._rested_at_s)

    def _forget_rested(self, now_s: float) -> None:
        """Forget from the front: whoever came last is at the end, and rested soon after."""
        while self._rested_at_s:
            who, rested_at_s = next(iter(self._rested_at_s.items()))
            if rested_at_s > now_s:
                return
            del self._rested_at_s[who]


def burst_of(per_minute: int) -> int:
    """Return how many may come in one go: ten seconds' worth."""
    return max(1, round(per_minute * _BURST_SHARE))
