"""Where the requests that went are counted: for all processes, or for one alone."""

from collections.abc import Callable
from typing import Protocol

from bot.pacing import Demand, Page, Turn, decide


class RequestBook(Protocol):
    """Gives processes their turns by the rules of `bot.pacing`; one page for all who share it."""

    @property
    def gather_s(self) -> float:
        """How long a poll that comes soon after a look waits for others to come with it."""
        ...

    async def take(self, demand: Demand, *, per_minute: int) -> Turn:
        """Count what may go now, and say so.

        Raises:
            StorageTroubleError: it cannot be counted just now, so nothing may go.
        """
        ...


class MemoryBook:
    """The book of a process that is alone."""

    gather_s = 0.0

    def __init__(self, *, clock: Callable[[], float], page: Page | None = None) -> None:
        """Make one.

        Args:
            clock: Seconds on a clock that never goes back.
            page: What is known at the start; None for nothing.
        """
        self._clock = clock
        self._page = page or Page()

    async def take(self, demand: Demand, *, per_minute: int) -> Turn:
        """Count what may go now, and say so."""
        self._page, turn = decide(self._page, demand, now_s=self._clock(), per_minute=per_minute)
        return turn
