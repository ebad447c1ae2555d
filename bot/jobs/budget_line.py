"""Who waits to send something, and in which order they go."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.pacing import MOST_URGENT, OVERDUE

# A poll that has waited for so long goes before all that have not, however urgent they are, and
# does not always give way to submits.
LONGEST_WAIT_S = 300.0


def _no_turn() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, kw_only=True, slots=True)
class Waiter:
    """Somebody who wants to send something.

    Attributes:
        since_s: When they came.
        urgency: Says how urgent it is now; None: before all others.
        turn: Done when they may go.
    """

    since_s: float
    urgency: Callable[[], float] | None = None
    turn: "asyncio.Future[None]" = field(default_factory=_no_turn)

    def rank(self, now_s: float) -> float:
        """Return how urgent it is: of two the higher goes first."""
        if now_s - self.since_s > LONGEST_WAIT_S:
            return OVERDUE
        if self.urgency is None:
            return MOST_URGENT
        return min(self.urgency(), MOST_URGENT)

    @property
    def may_go(self) -> bool:
        """Whether they were given a turn, even if they were cancelled right after that."""
        return self.turn.done() and not self.turn.cancelled() and self.turn.exception() is None


class Line:
    """Those who wait with requests of one kind, in the order in which they came."""

    def __init__(self) -> None:
        self._waiters: dict[Waiter, None] = {}

    def __len__(self) -> int:
        return len(self._waiters)

    def __iter__(self) -> Iterator[Waiter]:
        return iter([*self._waiters])

    def __contains__(self, waiter: Waiter) -> bool:
        return waiter in self._waiters

    def join(self, waiter: Waiter) -> None:
        """Let somebody wait, for a new turn if they had one."""
        if waiter.turn.done():
            waiter.turn = _no_turn()
        self._waiters[waiter] = None

    def leave(self, waiter: Waiter) -> None:
        """Forget somebody; they may have gone already."""
        self._waiters.pop(waiter, None)

    def let_go(self, waiter: Waiter) -> None:
        """Give somebody a turn."""
        self.leave(waiter)
        if not waiter.turn.done():
            waiter.turn.set_result(None)

    def fail(self, error: Exception) -> None:
        """Raise something where they wait, all of them."""
        for waiter in self:
            self.leave(waiter)
            if not waiter.turn.done():
                waiter.turn.set_exception(error)

    def ranked(self, now_s: float) -> list[tuple[float, Waiter]]:
        """Return them with their ranks, the most urgent first; of equals the one who came first."""
        ranks = [(waiter.rank(now_s), waiter) for waiter in self._waiters]
        ranks.sort(key=lambda ranked: ranked[0], reverse=True)
        return ranks
