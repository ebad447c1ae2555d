"""Taking up: every job that has not ended goes on, at the start and when its workflow has died."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from dbos import DBOS, WorkflowStatus

from bot.job import Job
from bot.jobs.ports import JobStore
from bot.jobs.workflows import ENDED, QUEUE

log = logging.getLogger(__name__)

# Databases take so many values in one statement, and more.
_BATCH_IDS = 500


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
        known = await statuses(job.id for job in jobs)
        taken = [job for job in jobs if await self._take_up(job, known.get(job.id))]
        if jobs:
            log.info("took up %d unfinished jobs", len(taken))
        if len(taken) < len(jobs):
            log.info("%d unfinished jobs were begun by other processes", len(jobs) - len(taken))
        return taken

    async def look(self) -> None:
        """Take up jobs whose workflow died here: its own tables could not be written."""
        others = [one for one in await self._store.unfinished_ids() if not self._runs(one)]
        known = await statuses(others)
        suspects = {one for one in others if self._seems_dead(one, known.get(one))}
        # At the first look it may be about to begin: its task is not there yet.
        for job_id in suspects & self._suspects:
            log.warning("job %s: its workflow had died; it goes on", job_id)
            await self._revive(job_id)
        self._suspects = suspects

    async def _take_up(self, job: Job, status: WorkflowStatus | None) -> bool:
        """Let an unfinished job go on here. Return False when another process has begun it."""
        if status is not None and status.status == "PENDING":
            return status.executor_id == self._executor_id
        if status is not None and status.status not in ENDED:
            return True  # it waits in the queue
        if status is not None:
            now = await self._store.get(job.id)
            if now is None or now.terminal:
                return True  # it ended a moment ago, in another process
            # It ended without ending the job: replaced.
            await DBOS.delete_workflow_async(str(job.id))
        await self._enqueue(job)
        return True

    def _seems_dead(self, job_id: int, status: WorkflowStatus | None) -> bool:
        """Tell whether the job's workflow was begun here and is neither running nor waiting."""
        if self._runs(job_id) or status is None or status.executor_id != self._executor_id:
            return False
        return status.status in ("PENDING", *ENDED)

    async def _revive(self, job_id: int) -> None:
        status = await DBOS.get_workflow_status_async(str(job_id))
        if status is not None and status.status == "PENDING":
            await DBOS.resume_workflow_async(str(job_id), queue_name=QUEUE)
        elif (job := await self._store.get(job_id)) is not None:
            await self._take_up(job, status)


async def statuses(job_ids: Iterable[int]) -> Mapping[int, WorkflowStatus]:
    """Return what the engine knows of jobs, in few questions; unknown ones are left out."""
    found: dict[int, WorkflowStatus] = {}
    ids = [str(job_id) for job_id in job_ids]
    for start in range(0, len(ids), _BATCH_IDS):
        some = await DBOS.list_workflows_async(
            workflow_ids=ids[start : start + _BATCH_IDS], load_input=False, load_output=False
        )
        found |= {int(status.workflow_id): status for status in some}
    return found
