"""The account's requests per minute: one budget for submits and polls; polls give way.

Who wants to send something lines up here. While somebody waits, one task takes turns for all of
them from the book, which several processes may share, and hands them out.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from bot.errors import StorageTroubleError
from bot.jobs.budget_book import MemoryBook, RequestBook
from bot.jobs.budget_line import Line, Waiter
from bot.log_context import apart
from bot.pacing import LEAST_PER_MINUTE, LONGEST_PAUSE_S, Demand, Turn

log = logging.getLogger(__name__)

# The reset time is read off somebody else's clock: never hammer, never be silent for hours. Where
# none is told it is a minute.
_SHORTEST_PAUSE_S, _PAUSE_S = 1.0, 60.0
# When the book could not be used it is tried again after this.
_TROUBLE_WAIT_S = 2.0
# A poll that waited for so long is worth a line in the log, but not each of them.
_LONG_WAIT_S, _TELL_EVERY_S = 30.0, 300.0

RequestKind = Literal["submit", "poll"]


class RequestBudget:
    """Lets at most `per_minute` requests go in any sliding minute.

    Submits go first: polls wait while a submit is waiting, and one request in ten is kept free
    for submits. Polls go at an even pace but for small bursts. See `bot.pacing`.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        book: RequestBook | None = None,
        process: str = "this one",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Begin.

        Args:
            per_minute: At least 2: one of them is the submits' own.
            book: Where requests are counted; None: here, beginning with a full budget.
            process: Tells this process from others that share the book.
            clock: Seconds on a clock that never goes back.
            sleep: Waits so many seconds.
        """
        if per_minute < LEAST_PER_MINUTE:
            raise ValueError(f"a budget of {per_minute} a minute leaves nothing for polls")
        self._per_minute = per_minute
        self._book = book or MemoryBook(clock=clock)
        self._process = process
        self._clock = clock
        self._sleep = sleep
        self._submits, self._polls = Line(), Line()
        self._paused_until_s = float("-inf")
        # Whether the book does not know of the pause yet.
        self._untold = False
        self._taking: asyncio.Task[None] | None = None
        self._nap: asyncio.Future[None] | None = None
        self._news = self._in_trouble = False
        self._looked_at_s = self._told_at_s = float("-inf")

    async def acquire(
        self, kind: RequestKind, *, urgency: Callable[[], float] | None = None
    ) -> None:
        """Wait until one more request may go, and count it.

        Args:
            kind: Submits go before polls.
            urgency: How urgent a poll is when this is called, which must not raise: the most
                urgent goes first. None is before all others. A poll that has waited for five
                minutes is before all others, too.
        """
        line = self._submits if kind == "submit" else self._polls
        waiter = Waiter(since_s=self._clock(), urgency=urgency)
        while True:
            line.join(waiter)
            self._see_to_it(at_once=kind == "submit")
            try:
                await waiter.turn
            except asyncio.CancelledError:
                self._gone(waiter, line)
                raise
            if not self.paused:  # else a 429 was heard after the turn was given
                return

    def hand_on(self) -> None:
        """Give a turn that was given and is not needed to somebody else who waits."""
        line = self._submits if len(self._submits) else self._polls
        if len(line) and not self.paused:
            line.let_go(line.ranked(self._clock())[0][1])

    def rate_limited(self, reset_at: datetime | None, *, now: datetime) -> None:
        """Let nothing go until the window resets: the provider said 429.

        It holds here at once, and for others who share the book from their next look into it.

        Args:
            reset_at: When that is, as the provider says; None waits a minute.
            now: The time, on the clock that `reset_at` is compared with.
        """
        pause_s = _PAUSE_S
        if reset_at is not None:
            pause_s = min(max((reset_at - now).total_seconds(), _SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
        until_s = self._clock() + pause_s
        if until_s > self._paused_until_s:
            self._paused_until_s, self._untold = until_s, True
            self._see_to_it(at_once=True)

    @property
    def paused(self) -> bool:
        """Whether the provider's 429 still holds everything back, as far as is known here."""
        return self._paused_until_s > self._clock()

    @property
    def per_minute(self) -> int:
        """At most so many requests go in a minute, of all processes together."""
        return self._per_minute

    def waiting(self, kind: RequestKind) -> int:
        """Return how many of this process wait for their turn."""
        return len(self._submits if kind == "submit" else self._polls)

    def _see_to_it(self, *, at_once: bool) -> None:
        """Let turns be taken; `at_once` for what cannot wait for the next look."""
        if self._taking is None:
            # It serves all jobs, whichever of them came first.
            self._taking = asyncio.create_task(self._take_turns(), context=apart())
        elif at_once:
            self._news = True
            self._wake()

    def _gone(self, waiter: Waiter, line: Line) -> None:
        """Take out somebody who was cancelled; a turn they had is another's."""
        line.leave(waiter)
        if waiter.may_go:
            self.hand_on()
        if not self._somebody_waits():
            self._wake()

    def _somebody_waits(self) -> bool:
        return bool(len(self._submits) or len(self._polls) or self._untold)

    async def _take_turns(self) -> None:
        """Take turns for all who wait, until nobody does."""
        try:
            while self._somebody_waits():
                await self._gather()
                self._news = False
                wait_s = await self._look()
                if not self._news:
                    await self._wait(wait_s)
        except Exception as error:  # noqa: BLE001 - whatever it is: they would wait for ever
            self._submits.fail(error)
            self._polls.fail(error)
            self._untold = False
        finally:
            self._taking = None

    async def _gather(self) -> None:
        """Let more polls come before the next look, where a look costs something."""
        if not len(self._submits) and not self._untold:
            gather_s = self._book.gather_s
            await self._wait(min(self._looked_at_s + gather_s - self._clock(), gather_s))

    async def _look(self) -> float:
        """Look into the book once, and hand out what it gives. Return when to look again."""
        now_s = self._clock()
        polls = self._polls.ranked(now_s)
        told_until_s = self._paused_until_s if self._untold else now_s
        demand = Demand(
            process=self._process,
            submits=len(self._submits),
            urgencies=[rank for rank, _ in polls],
            pause_s=max(0.0, told_until_s - now_s),
        )
        try:
            turn = await self._book.take(demand, per_minute=self._per_minute)
        except StorageTroubleError as error:
            self._note_trouble(error)
            return _TROUBLE_WAIT_S
        self._note_trouble(None)
        self._untold = self._untold and self._paused_until_s > told_until_s
        self._looked_at_s = self._clock()
        if turn.paused_s:
            self._paused_until_s = max(self._paused_until_s, self._looked_at_s + turn.paused_s)
        self._hand_out(turn, [waiter for _, waiter in polls if waiter in self._polls])
        return turn.wait_s

    def _hand_out(self, turn: Turn, polls: list[Waiter]) -> None:
        for waiter in [*self._submits][: turn.submits]:
            self._submits.let_go(waiter)
        for waiter in polls[: turn.polls]:
            self._polls.let_go(waiter)
            self._tell_if_long(self._looked_at_s - waiter.since_s)

    async def _wait(self, wait_s: float) -> None:
        """Wait, unless somebody comes who cannot."""
        if wait_s <= 0:
            return
        self._nap = asyncio.ensure_future(self._sleep(wait_s))
        try:
            await asyncio.wait({self._nap})
            if not self._nap.cancelled():
                self._nap.result()
        finally:
            self._nap.cancel()
            self._nap = None

    def _wake(self) -> None:
        if self._nap is not None:
            self._nap.cancel()

    # -- the log --------------------------------------------------------------------------

    def _note_trouble(self, error: StorageTroubleError | None) -> None:
        if error is not None and not self._in_trouble:
            log.warning("nothing is sent to the provider: it cannot be counted: %s", error)
        elif error is None and self._in_trouble:
            log.warning("requests to the provider can be counted again")
        self._in_trouble = error is not None

    def _tell_if_long(self, waited_s: float) -> None:
        if waited_s < _LONG_WAIT_S or self._looked_at_s < self._told_at_s + _TELL_EVERY_S:
            return
        if self._paused_until_s > self._looked_at_s - waited_s:
            return  # a 429 held it back, not the budget
        self._told_at_s = self._looked_at_s
        log.warning(
            "a poll waited %.0f s for its turn, and %d wait now: %d requests a minute "
            "(SEGMIND_REQUESTS_PER_MINUTE) are few for the jobs under way",
            waited_s,
            len(self._polls),
            self._per_minute,
        )
