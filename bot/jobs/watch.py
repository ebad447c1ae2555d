"""Keeps the cards of waiting jobs true, and picks up a job whose enqueueing was cut off."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.errors import StorageTroubleError
from bot.i18n import gettext, speaking
from bot.job import Job
from bot.jobs.breaker import Breaker, out_of_order_words
from bot.jobs.budget import RequestBudget
from bot.jobs.ports import Cards, Engine, EngineRecords, JobStore, Standing

log = logging.getLogger(__name__)

_TICK_S = 5.0
# Cards shown before the event loop has its turn.
_BATCH_CARDS = 10
# A card should come within so long; the job itself can wait.
_ENQUEUE_S = 5.0


class QueueWatch:
    """Runs beside the engine for as long as the bot does."""

    def __init__(
        self,
        *,
        store: JobStore,
        cards: Cards,
        engine: EngineRecords,
        budget: RequestBudget,
        leads: Callable[[], bool] = lambda: True,
        breaker: Breaker,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a watch.

        Args:
            store: The jobs.
            cards: Their cards.
            engine: Runs them.
            budget: Says whether the provider has us wait.
            breaker: Says whether it is out of order.
            leads: Whether this process is the one that looks; asked before each look.
            sleep: Waits so many seconds.
        """
        self._store = store
        self._cards = cards
        self._engine = engine
        self._budget = budget
        self._leads = leads
        self._breaker = breaker
        self._sleep = sleep
        # Of those that wait, the jobs that the engine has: no need to ask it again.
        self._known: set[int] = set()

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            await self._sleep_until_leading()
            try:
                await self.look()
            except StorageTroubleError as error:
                log.warning("the queue could not be looked at; again in %s s: %s", _TICK_S, error)
            except Exception:
                log.exception("the queue could not be looked at; again in %s s", _TICK_S)
            await self._sleep(_TICK_S)

    async def _sleep_until_leading(self) -> None:
        while not self._leads():
            await self._sleep(_TICK_S)

    async def look(self) -> None:
        """Show every waiting job its place, and make sure that the engine knows it."""
        waiting = await self._store.queued()
        for place, job in enumerate(waiting, start=1):
            with speaking(job.locale):
                hint = self._hint()
            self._cards.show(job, Standing(place=place, hint=hint))
            if place % _BATCH_CARDS == 0:
                # Each card is drawn in its next turn; of a thousand in one turn the loop would
                # stand still for seconds.
                await asyncio.sleep(0)
        await self._make_known(waiting)

    async def _make_known(self, waiting: Sequence[Job]) -> None:
        strangers = [job for job in waiting if job.id not in self._known]
        unknown = await self._engine.unknown(strangers) if strangers else []
        self._known = {job.id for job in waiting} - {job.id for job in unknown}
        for job in unknown:
            # What holds one back holds them all back, until the next look.
            if not await enqueue_or_leave(self._engine, job):
                break

    def _hint(self) -> str | None:
        if (since := self._breaker.down_since) is not None:
            return out_of_order_words(since)
        if self._budget.paused:
            return gettext("The video service lets us wait; it goes on by itself.")
        return None


async def enqueue_or_leave(engine: Engine, job: Job, *, timeout_s: float = _ENQUEUE_S) -> bool:
    """Enqueue a job that was just let in. Never raises: it is reserved, so it must not look lost.

    What the engine does not take now, the watch enqueues again.

    Args:
        engine: Waits for as long as its own file is locked.
        job: Its member waits for the card.
        timeout_s: How long the member may wait for the engine.

    Returns:
        Whether the engine has it.
    """
    try:
        async with asyncio.timeout(timeout_s):
            await engine.enqueue(job)
    except TimeoutError:
        log.warning("job %s could not be enqueued within %g s; again later", job.id, timeout_s)
    except Exception:
        log.exception("job %s could not be enqueued yet", job.id)
    else:
        return True
    return False
