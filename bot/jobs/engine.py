"""The durable engine: DBOS Transact runs one workflow per job and takes it up after a crash.

The job row is the truth; DBOS's own tables are disposable. On start every job that has not
ended is enqueued again under its own id, which is idempotent.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from bot.errors import StaleStateError
from bot.job import FailureReason, Job, JobState
from bot.jobs.executor import is_running
from bot.jobs.ports import Cards, JobStore
from bot.pseudonyms import Pseudonyms

log = logging.getLogger(__name__)

Step = Callable[[Job], Awaitable[Job]]

QUEUE = "jobs"
# Constant, so that jobs in flight survive an upgrade; step order changes go through DBOS.patch.
_APPLICATION_VERSION = "1"
_QUEUE_POLL_S = 0.25
# Steps are coroutines on the bot's loop; threads only serve DBOS's own database calls.
_EXECUTOR_THREADS = 8
_KEEP_WORKFLOWS = timedelta(days=1)
_ENDED_WORKFLOWS = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_RECOVERIES = 1_000_000
# In place of a state: the job had ended, and its member deleted it before its workflow was over.
_FORGOTTEN = "forgotten"
# Container engines kill 10 s after asking.
_STOP_S = 6.0
# Waits between tries of a step that an unexpected error stopped (a locked database, a bug).
_RETRY_AFTER_S = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """How the engine runs.

    Attributes:
        address: SQLAlchemy URL of the engine's own database.
        executor_id: One per process, see `only_executor`.
        lock_folder: Where the processes' locks are.
        concurrency: Jobs at the provider at once.
        concurrency_per_member: Of those, one member's.
    """

    address: str
    executor_id: str
    lock_folder: Path
    concurrency: int
    concurrency_per_member: int


class DurableEngine:
    """Runs jobs. Launch it on the loop that the Discord client runs on."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        store: JobStore,
        cards: Cards,
        submit: Step,
        follow: Step,
        deliver: Step,
        on_end: Callable[[Job], object],
        now: Callable[[], datetime],
        pseudonyms: Pseudonyms,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._pseudonyms = pseudonyms
        self._store = store
        self._cards = cards
        self._steps: tuple[tuple[str, Step], ...] = (
            ("submit", submit),
            ("follow", follow),
            ("deliver", deliver),
        )
        self._on_end = on_end
        self._now = now
        self._sleep = sleep
        self._workflow = self._register_workflow()
        self._running: set[asyncio.Task[Any]] = set()
        self._closing = False

    async def launch(self) -> None:
        """Start DBOS and take up every unfinished job; needs the executor's lock."""
        await asyncio.to_thread(_prepare_sqlite, self._settings.address)
        DBOS(config=self._config())
        DBOS.launch()
        concurrency = self._settings.concurrency
        await DBOS.register_queue_async(
            QUEUE,
            global_concurrency=concurrency,
            partition_concurrency=min(self._settings.concurrency_per_member, concurrency),
            polling_interval_sec=_QUEUE_POLL_S,
            on_conflict="always_update",
        )
        await self._resume()

    async def close(self) -> None:
        """Stop, also after a launch that failed; its workflows go on at the next start."""
        self._closing = True
        # DBOS warns of each task that is cancelled here on purpose.
        logging.getLogger("dbos").setLevel(logging.ERROR)
        await self._stop_workflows()
        # DBOS made its own pool the loop's default; what comes after it needs another.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=0)
        await self._stop_workflows()  # those that the queue started in between

    async def enqueue(self, job: Job) -> None:
        """Let the job run, once; idempotent by its id."""
        # What the engine keeps of a job names nobody.
        whose = self._pseudonyms.of(job.user_id)
        with (
            SetWorkflowID(str(job.id)),
            SetEnqueueOptions(queue_partition_key=f"{job.guild_id or 0}:{whose}"),
        ):
            await DBOS.enqueue_workflow_async(QUEUE, self._workflow, str(job.id))

    async def tidy(self) -> None:
        """Delete the records of workflows that ended more than a day ago."""
        before = (self._now() - _KEEP_WORKFLOWS).isoformat()
        old = await DBOS.list_workflows_async(
            status=_ENDED_WORKFLOWS, end_time=before, limit=1000, load_input=False
        )
        if old:
            await DBOS.delete_workflows_async([status.workflow_id for status in old])

    def _register_workflow(self) -> Callable[[str], Coroutine[Any, Any, str]]:
        # DBOS marks the function it registers, which a bound method does not allow.
        async def job(job_id: str) -> str:
            task = asyncio.current_task()
            if task is not None:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            try:
                return await self._run(job_id)
            except Exception:
                if not self._closing:
                    raise
                # The engine went away between two steps. Recorded as the workflow's error this
                # would be its end, with a card that never shows the job's.
                raise asyncio.CancelledError from None

        return DBOS.workflow(name="job", max_recovery_attempts=_RECOVERIES)(job)

    async def _stop_workflows(self) -> None:
        """Cancel what runs; DBOS records no outcome of a cancelled task, so it stays pending."""
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            # A submit under way is finished first, but not for longer than a stop may last.
            await asyncio.wait(running, timeout=_STOP_S)

    async def _run(self, job_id: str) -> str:
        """The workflow: submit, follow, deliver (which settles), show the end."""
        state = JobState.QUEUED.value
        for name, step in self._steps:
            state = await DBOS.run_step_async({"name": name}, self._persevere, step, int(job_id))
        await DBOS.run_step_async({"name": "finish"}, self._persevere, self._finish, int(job_id))
        return state

    async def _persevere(self, step: Step, job_id: int) -> str:
        """Run a step on the job as it stands now; an unexpected error is not the job's end."""
        for wait_s in (*_RETRY_AFTER_S, None):
            try:
                job = await self._store.get(job_id)
                if job is None:
                    return _FORGOTTEN
                return (await step(job)).state.value
            except StaleStateError as error:
                # Somebody else moved it (a cancel); the next look sees where it stands.
                log.info("job %s moved on meanwhile: %s", job_id, error)
            except Exception:
                log.exception("job %s: step stopped", job_id)
                if wait_s is None:
                    return await self._give_up(job_id)
                await self._sleep(wait_s)
        job = await self._store.get(job_id)
        return _FORGOTTEN if job is None else job.state.value

    async def _give_up(self, job_id: int) -> str:
        """A step that never works ends the job, with its credits back."""
        job = await self._store.get(job_id)
        if job is None or job.terminal:
            return _FORGOTTEN if job is None else job.state.value
        failed = await self._store.transition(
            job_id, JobState.FAILED, now=self._now(), failure=FailureReason.INTERNAL
        )
        return failed.state.value

    async def _finish(self, job: Job) -> Job:
        """The last step: show the end."""
        await self._cards.finish(job)
        self._on_end(job)
        return job

    async def _resume(self) -> None:
        """Take up every unfinished job that no other running process has."""
        jobs = await self._store.unfinished()
        left = [job.id for job in jobs if not await self._take_up(job)]
        if jobs:
            log.info("took up %d unfinished jobs", len(jobs) - len(left))
        if left:
            log.warning("%d unfinished jobs belong to another running process", len(left))

    async def _take_up(self, job: Job) -> bool:
        """Let an unfinished job go on here. Return False when another process has it."""
        workflow_id = str(job.id)
        status = await DBOS.get_workflow_status_async(workflow_id)
        if status is not None and status.status in _ENDED_WORKFLOWS:
            # It ended without ending the job: replaced.
            await DBOS.delete_workflow_async(workflow_id)
        elif status is not None and status.status == "PENDING":
            # DBOS takes up what ran under our own id; the rest was another process's.
            other = status.executor_id or ""
            if other != self._settings.executor_id:
                if await asyncio.to_thread(is_running, other, self._settings.lock_folder):
                    return False
                await DBOS.resume_workflow_async(workflow_id)
            return True
        await self.enqueue(job)
        return True

    def _config(self) -> DBOSConfig:
        return {
            "name": "wan-video-bot",
            "system_database_url": self._settings.address,
            "executor_id": self._settings.executor_id,
            "application_version": _APPLICATION_VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "max_executor_threads": _EXECUTOR_THREADS,
            "log_level": "WARNING",
            "enable_otlp": False,
        }


def _prepare_sqlite(address: str) -> None:
    """Set write-ahead logging before DBOS opens the file: it does not do so itself."""
    prefix = "sqlite:///"
    if not address.startswith(prefix):
        return
    connection = sqlite3.connect(address.removeprefix(prefix))
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
