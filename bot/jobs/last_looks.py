"""Shows ends again that a process which is gone may have covered with an older picture."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.job import Job
from bot.jobs.ports import Cards

# What was on its way to Discord when its process died has arrived, or never will.
_LATELY = timedelta(minutes=3)
# Edits share a channel's rate limit with those of jobs under way.
_MOST = 50


class EndedStore(Protocol):
    """The jobs that ended."""

    async def ended_lately(self, *, since: datetime, limit: int) -> Sequence[Job]:
        """Return those that ended since then, the last to end first."""
        ...


class LastLooks:
    """For several processes: the one that leads shows places in the queue on others' cards.

    Killed between such an edit and its correction, it leaves a card that tells of a queue
    although its job has ended. So whoever leads next shows the latest ends once more.
    """

    def __init__(
        self,
        *,
        store: EndedStore,
        cards: Cards,
        leads: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        """Make one.

        Args:
            store: The jobs.
            cards: Their cards.
            leads: Whether this process leads.
            now: The time, aware.
        """
        self._store = store
        self._cards = cards
        self._leads = leads
        self._now = now
        self._done = False

    async def look(self) -> None:
        """Show the ends again, once each time that this process begins to lead."""
        if not self._leads():
            self._done = False
            return
        if self._done:
            return
        ended = await self._store.ended_lately(since=self._now() - _LATELY, limit=_MOST)
        self._done = True
        for job in ended:
            await self._cards.finish(job)
