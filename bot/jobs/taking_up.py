"""Taking up: every job that has not ended goes on, at the start and when its workflow has died."""

import logging
from collections.abc import Awaitable, Callable

from dbos import DBOS

from bot.job import Job
from bot.jobs.ports import JobStore
from bot.jobs.workflows import ENDED, QUEUE

log = logging.getLogger(__name__)


class TakingUp:
    """Compares the job rows, which are the truth, with the engine's records.

    DBOS itself takes up what was begun under our own executor id, `bot.jobs.takeover` what was
    begun by a process that is gone.
    """

    def __init__(
        self,
        store: JobStore,
        executor_id: str,
        *,
        enqueue: Callable[[Job], Awaitable[None]],
        runs: Callable[[int], bool],
    ) -> None:
        """Make it.

        Args:
            store: The job rows.
            executor_id: This process's own.
            enqueue: Lets a job run, once.
            runs: Whether a job's workflow runs in this process.
        """
        self._store = store
        self._executor_id = executor_id
        self._enqueue = enqueue
        self._runs = runs
        self._suspects: set[int] = set()

    async def begin(self) -> list[Job]:
        """Take up every unfinished job that no other process has begun, and return those."""
        jobs = await self._store.unfinished()
        taken = [job for job in jobs if await self._take_up(job)]
        if jobs:
            log.info("took up %d unfinished jobs", len(taken))
        if len(taken) < len(jobs):
            log.info("%d unfinished jobs were begun by other processes", len(jobs) - len(taken))
        return taken

    async def look(self) -> None:
        """Take up jobs whose workflow died here: its own tables could not be written."""
        suspects: set[int] = set()
        for job in await self._store.unfinished():
            if not await self._seems_dead(job):
                continue
            suspects.add(job.id)
            # At the first look it may be about to begin: its task is not there yet.
            if job.id in self._suspects:
                log.warning("job %s: its workflow had died; it goes on", job.id)
                await self._revive(job)
        self._suspects = suspects

    async def _take_up(self, job: Job) -> bool:
        """Let an unfinished job go on here. Return False when another process has begun it."""
        workflow_id = str(job.id)
        status = await DBOS.get_workflow_status_async(workflow_id)
        if status is not None and status.status == "PENDING":
            return status.executor_id == self._executor_id
        if status is not None and status.status in ENDED:
            now = await self._store.get(job.id)
            if now is None or now.terminal:
                return True  # it ended a moment ago, in another process
            # It ended without ending the job: replaced.
            await DBOS.delete_workflow_async(workflow_id)
        await self._enqueue(job)
        return True

    async def _seems_dead(self, job: Job) -> bool:
        """Tell whether the job's workflow was begun here and is neither running nor waiting."""
        if self._runs(job.id):
            return False
        status = await DBOS.get_workflow_status_async(str(job.id))
        if status is None or status.executor_id != self._executor_id:
            return False
        return status.status in ("PENDING", *ENDED)

    async def _revive(self, job: Job) -> None:
        status = await DBOS.get_workflow_status_async(str(job.id))
        if status is not None and status.status == "PENDING":
            await DBOS.resume_workflow_async(str(job.id), queue_name=QUEUE)
        else:
            await self._take_up(job)
