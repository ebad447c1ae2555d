"""Shows ends again that a process which is gone may have covered with an older picture."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.job import Job

# What was on its way to Discord when a process died has arrived by then, or never will.
_ON_ITS_WAY = timedelta(seconds=15)
_LATELY = timedelta(minutes=3)
# Edits share a channel's rate limit with those of jobs under way.
_MOST = 50


class EndedStore(Protocol):
    """The jobs that ended."""

    async def ended_lately(self, *, since: datetime, limit: int) -> Sequence[Job]:
        """Return those that ended since then, the last to end first."""
        ...


class EndedCards(Protocol):
    """The cards of jobs that ended."""

    async def finish_again(self, job: Job) -> None:
        """Show the end on the card, also if it was shown already. Never raises for refusals."""
        ...


class LastLooks:
    """For several processes, which show one job's card one after the other, or side by side.

    Killed between an edit and the look whether the job has ended meanwhile, a process leaves a
    card that tells of a queue although the video is there. So whoever starts (it may have been
    killed) or begins to lead (another was) shows the latest ends once more.
    """

    def __init__(
        self,
        *,
        store: EndedStore,
        cards: EndedCards,
        leads: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        """Make one, at the process's start.

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
        self._led = False
        self._due: datetime | None = now() + _ON_ITS_WAY

    async def look(self) -> None:
        """Show the ends again when it is time to; to be called every few seconds."""
        now, leads = self._now(), self._leads()
        if leads and not self._led:
            self._due = now + _ON_ITS_WAY
        self._led = leads
        if self._due is None or now < self._due:
            return
        ended = await self._store.ended_lately(since=now - _LATELY, limit=_MOST)
        self._due = None
        for job in ended:
            await self._cards.finish_again(job)
