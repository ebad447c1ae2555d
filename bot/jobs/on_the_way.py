"""What a member may do about a job on its way: cancel it, drop its result, be told of its end."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from bot.errors import NotFoundError, StaleStateError
from bot.i18n import gettext
from bot.job import CANCELLABLE, DROPPABLE, Job, JobState
from bot.jobs.ports import Cards

# A job moves from state to state while its member presses: so many looks are enough.
_MOST_LOOKS = 4


class OnTheWayStore(Protocol):
    """The jobs."""

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None."""
        ...

    async def transition(self, job_id: int, to: JobState, *, now: datetime, **fields: Any) -> Job:
        """Move the job on; StaleStateError when it is in another state."""
        ...

    async def drop(self, job_id: int, *, now: datetime) -> Job:
        """Note that the video is not wanted; StaleStateError when that is of no use any more."""
        ...


class Preferences(Protocol):
    """What members like."""

    async def set_telling(self, user_id: int, tells: bool, *, now: datetime) -> None:
        """Note whether a member wants to be told of ends by direct message."""
        ...


class LiveCards(Cards, Protocol):
    """The cards of jobs under way."""

    def redraw(self, job: Job) -> None:
        """Let the card show what its member wants now. Never raises."""
        ...


class WaitingCards(Protocol):
    """The moderators' cards of jobs that wait for approval."""

    async def show(self, job: Job) -> None:
        """Let the card, if there is one, show what became of the job. Never raises."""
        ...


class OnTheWay:
    """Each is done once, however often it is asked for; all return the job as it stands then."""

    def __init__(
        self,
        *,
        store: OnTheWayStore,
        preferences: Preferences,
        cards: LiveCards,
        approvals: WaitingCards,
        now: Callable[[], datetime],
    ) -> None:
        """Make one.

        Args:
            store: The jobs.
            preferences: Who is told.
            cards: The members' status cards.
            approvals: The moderators' cards of jobs that wait for them.
            now: The time, aware.
        """
        self._store = store
        self._preferences = preferences
        self._cards = cards
        self._approvals = approvals
        self._now = now

    async def cancel(self, job: Job) -> Job:
        """Cancel a job that was not sent yet; its credits come back in the same transaction.

        One that was sent goes on, and is returned as it stands.

        Raises:
            NotFoundError: it was forgotten meanwhile.
        """
        try:
            return await self._store.transition(job.id, JobState.CANCELLED, now=self._now())
        except StaleStateError:
            return await self._now_of(job)

    async def drop(self, job: Job) -> Job:
        """Let a job's video not be posted; of one that was not sent yet that is a cancel.

        One whose video is being posted, or that has ended, is returned as it stands.

        Raises:
            NotFoundError: it was forgotten meanwhile.
        """
        for _ in range(_MOST_LOOKS):
            try:
                if job.state in CANCELLABLE:
                    return await self._store.transition(job.id, JobState.CANCELLED, now=self._now())
                if job.state in DROPPABLE and job.dropped_at is None:
                    return await self._store.drop(job.id, now=self._now())
            except StaleStateError:
                before, job = job, await self._now_of(job)
                if job.state is not before.state:
                    continue
            break
        return job

    async def tell(self, job: Job, tells: bool) -> None:
        """Note whether a job's member wants to be told, of this end and all that follow."""
        await self._preferences.set_telling(job.user_id, tells, now=self._now())

    async def show(self, job: Job) -> None:
        """Let the job's cards show what was done. Never raises for Discord's refusals."""
        if job.terminal:
            await self._cards.finish(job)
            await self._approvals.show(job)
        else:
            self._cards.redraw(job)

    async def _now_of(self, job: Job) -> Job:
        found = await self._store.get(job.id)
        if found is None:
            raise NotFoundError(gettext("This job is gone. Nothing was changed."))
        return found
