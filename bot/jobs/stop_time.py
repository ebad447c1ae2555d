"""How long a stop may last: one allowance for all its stages together."""

import time
from collections.abc import Callable

# Container engines kill 10 s after asking.
DEFAULT_STOP_S = 8.0
# Up to which part of the allowance each stage may go on; what an earlier one leaves is the next
# one's. Commands first, for somebody waits; then what is being sent or posted, which is dear to
# cut off; then the cards; then the last words in the log channels; then answers to the very last
# commands. The rest is for closing.
INTAKE, WORK, CARDS, ERRANDS, ANSWERS = 0.3, 0.6, 0.8, 0.9, 0.96


class StopTime:
    """Begins to run out with `begin`."""

    def __init__(self, timeout_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an allowance.

        Args:
            timeout_s: All of it.
            clock: Seconds on a clock that never goes back.
        """
        self._timeout_s = timeout_s
        self._clock = clock
        self._began_s: float | None = None

    @property
    def began(self) -> bool:
        """Whether the stop is under way."""
        return self._began_s is not None

    def begin(self) -> None:
        """Let it run out from now on; once more changes nothing."""
        if self._began_s is None:
            self._began_s = self._clock()

    def left_s(self, part: float) -> float:
        """Return the seconds until this part of the allowance is used up, never under 0.

        Before `begin` (a start that failed and is taken back) it is the whole part.
        """
        passed_s = 0.0 if self._began_s is None else self._clock() - self._began_s
        return max(self._timeout_s * part - passed_s, 0.0)
