"""What became of a submit, written down: nothing else knows it."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from bot.errors import ProviderError
from bot.job import FailureReason, Job, JobState
from bot.jobs.ports import JobStore
from bot.jobs.writing import written

log = logging.getLogger(__name__)


class SubmitNotes:
    """Moves jobs on after a POST or a look; storage in trouble is waited out."""

    def __init__(
        self,
        store: JobStore,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        draw: Callable[[], float],
    ) -> None:
        """Make them.

        Args:
            store: The jobs.
            now: The time, aware.
            sleep: Waits so many seconds.
            draw: Chance, from 0 to 1.
        """
        self._store = store
        self._now = now
        self._sleep = sleep
        self._draw = draw

    async def moved(self, job: Job, to: JobState, **fields: Any) -> Job:
        """Write down the state that a job has come to."""
        moved = await written(
            lambda: self._store.transition(job.id, to, now=self._now(), **fields),
            what=f"job {job.id}: {to.value}",
            sleep=self._sleep,
            draw=self._draw,
        )
        log.info("job %s: %s", job.id, to.value)
        return moved

    async def running(self, job: Job, request_id: str, urls: tuple[str, str]) -> Job:
        """Write down the request that a job became, and where to ask for its status and result.

        Raises:
            RequestTakenError: another job has this request.
        """
        status_url, response_url = urls
        return await self.moved(
            job,
            JobState.RUNNING,
            request_id=request_id,
            status_url=status_url,
            response_url=response_url,
        )

    async def failed(
        self, job: Job, reason: FailureReason, error: ProviderError | None = None
    ) -> Job:
        """Write down that a job came to nothing; its credits come back."""
        detail = {} if error is None else {"error_detail": str(error)}
        return await self.moved(job, JobState.FAILED, failure=reason, **detail)
