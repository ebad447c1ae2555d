"""Tells members of the ends of their jobs by direct message: those who want it, once a job."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.job import NEWS, Job
from bot.jobs.errands import Errands
from bot.jobs.ports import CannotPostError, PostLaterError

log = logging.getLogger(__name__)

# An end that is older is no news any more.
_LOOK_BACK = timedelta(hours=1)


class TellingStore(Protocol):
    """Whom to tell of what."""

    async def to_tell(self, *, ended_since: datetime) -> Sequence[int]:
        """Return the jobs that ended since then and whose members are still to be told."""
        ...

    async def begin_telling(self, job_id: int, *, now: datetime) -> Job | None:
        """Note that the member is told; None when they are not to be, or not again."""
        ...


class Messenger(Protocol):
    """Writes direct messages."""

    async def tell(self, job: Job) -> None:
        """Tell a job's member how it ended; CannotPostError, PostLaterError."""
        ...


class Teller:
    """No job waits for it, or is hurt by it.

    That a member is told is written down before anything is sent: a crash in between leaves them
    without the message, not with two. What never was begun, `look` makes up for.
    """

    def __init__(
        self,
        *,
        store: TellingStore,
        messenger: Messenger,
        errands: Errands,
        now: Callable[[], datetime],
    ) -> None:
        """Make one.

        Args:
            store: Whom to tell.
            messenger: Tells them.
            errands: In which they are told.
            now: The time, aware.
        """
        self._store = store
        self._messenger = messenger
        self._errands = errands
        self._now = now

    def ended(self, job: Job) -> None:
        """Tell the member of a job that has ended, soon, if they want it."""
        if job.guild_id is not None and job.state in NEWS:
            self._errands.start(self._tell(job.id))

    async def look(self) -> None:
        """Tell of ends that a stop or a kill kept anybody from telling. For every minute."""
        for job_id in await self._store.to_tell(ended_since=self._now() - _LOOK_BACK):
            try:
                await self._tell(job_id)
            except Exception:  # one job's trouble must not keep the others' members from knowing
                log.exception("job %s: its member could not be told of its end", job_id)

    async def _tell(self, job_id: int) -> None:
        job = await self._store.begin_telling(job_id, now=self._now())
        if job is None:
            return
        try:
            await self._messenger.tell(job)
        except CannotPostError as error:
            log.info("job %s: its member takes no direct messages: %s", job.id, error)
        except PostLaterError as error:
            log.warning("job %s: its member was perhaps not told of its end: %s", job.id, error)
