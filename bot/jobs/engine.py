"""The durable engine: DBOS Transact runs one workflow per job and takes it up after a crash.

The job row is the truth; DBOS's own tables are disposable. On start every job that has not
ended is enqueued again under its own id, which is idempotent.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from bot.errors import BotError
from bot.job import Job, JobState
from bot.jobs.engine_file import prepare_sqlite
from bot.jobs.ports import Cards, JobStore, Standing
from bot.jobs.step_runner import Step, StepRunner
from bot.jobs.stop_time import DEFAULT_STOP_S, WORK, StopTime
from bot.jobs.taking_up import TakingUp, statuses
from bot.jobs.workflows import (
    APPLICATION,
    APPLICATION_VERSION,
    ENDED,
    QUEUE,
    WORKFLOW,
    partition,
)
from bot.log_context import work_on
from bot.pseudonyms import Pseudonyms

log = logging.getLogger(__name__)

_QUEUE_POLL_S = 0.25
# Steps are coroutines on the bot's loop; threads only serve DBOS's own database calls.
_EXECUTOR_THREADS = 8
_KEEP_WORKFLOWS = timedelta(days=1)
# So many of their records are deleted in one transaction, for which a job's step has to wait.
_TIDIED_AT_ONCE = 500
_MOST_TIDYINGS = 200
_RECOVERIES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """How the engine runs.

    Attributes:
        address: SQLAlchemy URL of the engine's own database.
        executor_id: One per process, see `bot.jobs.locks`.
        concurrency: Jobs at the provider at once.
        concurrency_per_member: Of those, one member's.
    """

    address: str
    executor_id: str
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
        stop_time: StopTime | None = None,
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
        self._stop_time = stop_time or StopTime(DEFAULT_STOP_S)
        self._runner = StepRunner(store=store, cards=cards, now=now)
        self._workflow = self._register_workflow()
        self._running: dict[asyncio.Task[Any], int] = {}
        self._running_ids: Counter[int] = Counter()
        self._parked: set[int] = set()
        self._taking_up = TakingUp(
            store,
            settings.executor_id,
            enqueue=self.enqueue,
            runs=lambda job_id: job_id in self._running_ids,
        )
        self._closing = False

    async def launch(self) -> None:
        """Start DBOS and take up every unfinished job; needs the executor's lock."""
        await asyncio.to_thread(prepare_sqlite, self._settings.address)
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
        for job in await self._taking_up.begin():
            if job.state is not JobState.QUEUED:
                # Its card may still say that the bot is restarting. The queue watch shows those
                # that wait: another process may begin them, and end them, at any moment.
                self._cards.open(job, Standing())

    def halt(self) -> None:
        """Stop every job where it is, at once, and begin none; to be followed by `close`."""
        self._closing = True
        for task in list(self._running):
            task.cancel()

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

    async def parked(self, *, queued: bool) -> list[Job]:
        """Return, after `close`, the jobs that this process leaves for the next start.

        Args:
            queued: Whether those in the queue, too: not where another process may begin them.
        """
        return [
            job
            for job in await self._store.unfinished()
            if job.id in self._parked or (queued and job.state is JobState.QUEUED)
        ]

    @property
    def jobs_here(self) -> int:
        """How many jobs run in this process."""
        return len(self._running_ids)

    async def answers(self) -> bool:
        """Return True when the engine's own tables have answered; may hang while they are away.

        Raises:
            BotError: it is stopping, so nothing new begins.
        """
        if self._closing:
            raise BotError("the engine is stopping")
        await DBOS.list_workflows_async(limit=1, load_input=False, load_output=False)
        return True

    async def look(self) -> None:
        """Take up jobs whose workflow died here."""
        if not self._closing:
            await self._taking_up.look()

    async def enqueue(self, job: Job) -> None:
        """Let the job run, once; idempotent by its id."""
        with (
            SetWorkflowID(str(job.id)),
            SetEnqueueOptions(queue_partition_key=partition(job, self._pseudonyms)),
        ):
            await DBOS.enqueue_workflow_async(QUEUE, self._workflow, str(job.id))

    async def unknown(self, jobs: Sequence[Job]) -> list[Job]:
        """Return those of the jobs that were never enqueued, or whose records are gone."""
        known = await statuses(job.id for job in jobs)
        return [job for job in jobs if job.id not in known]

    async def tidy(self) -> None:
        """Delete the records of workflows that ended more than a day ago."""
        before = (self._now() - _KEEP_WORKFLOWS).isoformat()
        for _ in range(_MOST_TIDYINGS):
            old = await DBOS.list_workflows_async(
                status=list(ENDED),
                end_time=before,
                limit=_TIDIED_AT_ONCE,
                load_input=False,
                load_output=False,
            )
            if old:
                await DBOS.delete_workflows_async([status.workflow_id for status in old])
            if len(old) < _TIDIED_AT_ONCE:
                return

    def _register_workflow(self) -> Callable[[str], Coroutine[Any, Any, str]]:
        # DBOS marks the function it registers, which a bound method does not allow.
        async def job(job_id: str) -> str:
            if self._closing:
                raise asyncio.CancelledError  # the queue was faster; it stays for the next start
            task = asyncio.current_task()
            if task is not None:
                self._note_running(task, int(job_id))
            work_on(int(job_id), None)  # its server is known once a step has read its row
            try:
                return await self._run(job_id)
            except Exception:  # DBOS has no one error for it; what is no part of a stop goes on
                if not self._closing:
                    raise
                # The engine went away between two steps. Recorded as the workflow's error this
                # would be its end, with a card that never shows the job's.
                raise asyncio.CancelledError from None

        return DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_RECOVERIES)(job)

    def _note_running(self, task: asyncio.Task[Any], job_id: int) -> None:
        self._running[task] = job_id
        # A job whose workflow was resumed may run twice for a moment.
        self._running_ids[job_id] += 1

        def ended(done: asyncio.Task[Any]) -> None:
            self._running.pop(done, None)
            self._running_ids[job_id] -= 1
            if not self._running_ids[job_id]:
                del self._running_ids[job_id]

        task.add_done_callback(ended)

    async def _stop_workflows(self) -> None:
        """Cancel what runs; DBOS records no outcome of a cancelled task, so it stays pending."""
        running = set(self._running)
        self._parked |= set(self._running.values())
        for task in running:
            task.cancel()
        if running:
            # A submit under way is finished first, but not for longer than a stop may last.
            await asyncio.wait(running, timeout=self._stop_time.left_s(WORK))

    async def _run(self, job_id: str) -> str:
        """The workflow: submit, follow, deliver (which settles), show the end."""
        state = JobState.QUEUED.value
        for name, step in self._steps:
            state = await DBOS.run_step_async({"name": name}, self._runner.run, step, int(job_id))
        await DBOS.run_step_async({"name": "finish"}, self._runner.run, self._finish, int(job_id))
        return state

    async def _finish(self, job: Job) -> Job:
        """The last step: show the end."""
        await self._cards.finish(job)
        self._on_end(job)
        return job

    def _config(self) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_url": self._settings.address,
            "executor_id": self._settings.executor_id,
            "application_version": APPLICATION_VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "max_executor_threads": _EXECUTOR_THREADS,
            "log_level": "WARNING",
            "enable_otlp": False,
        }
