"""Runs one step of a job, however often an error that is not the job's own stops it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.errors import LockLostError, StaleStateError
from bot.i18n import N_, gettext, speak
from bot.job import FailureReason, Job, JobState
from bot.jobs.perseverance import is_trouble, retry_after_s, worn_out
from bot.jobs.ports import Cards, JobStore, Standing
from bot.log_context import work_on

log = logging.getLogger(__name__)

Step = Callable[[Job], Awaitable[Job]]

# In place of a state: the job had ended, and its member deleted it before its workflow was over.
FORGOTTEN = "forgotten"
# A step looks anew when somebody else moved its job (a cancel), but not for ever.
_MOST_LOOKS = 7
_LOCK_WAIT_S = 2.0
_STORAGE_HINT = N_(
    "The bot cannot save anything at the moment. Nothing is lost: this goes on by itself as soon "
    "as it can."
)


@dataclass(kw_only=True)
class _Tries:
    """What came of the tries of one step so far.

    Attributes:
        job: As it was at the last look.
        looks: How often somebody else had moved it.
        errors: Faults of the program.
        since: When the first of them came.
        troubles: The storage's troubles.
    """

    job: Job | None = None
    looks: int = 0
    errors: int = 0
    since: datetime | None = None
    troubles: int = 0


class StepRunner:
    """Tries a step again after a locked database, a full disk or a bug."""

    def __init__(
        self,
        *,
        store: JobStore,
        cards: Cards,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Make a runner.

        Args:
            store: The job rows.
            cards: Shows why a job waits.
            now: The time, aware.
            sleep: Waits so many seconds.
            draw: Chance, from 0 to 1.
        """
        self._store = store
        self._cards = cards
        self._now = now
        self._sleep = sleep
        self._draw = draw

    async def run(self, step: Step, job_id: int) -> str:
        """Run a step on the job as it stands now; an unexpected error is not the job's end.

        Returns:
            The state it came to, or `FORGOTTEN`.
        """
        tries = _Tries()
        while True:
            try:
                return await self._once(step, job_id, tries)
            except StaleStateError as error:
                # Somebody else moved it (a cancel); the next look sees where it stands.
                log.info("job %s moved on meanwhile: %s", job_id, error)
                tries.looks += 1
            except LockLostError as error:
                log.warning("job %s: %s", job_id, error)
                await self._sleep(_LOCK_WAIT_S)  # for the lock's next check, or the end
            except Exception as error:  # noqa: BLE001 - logged with its traceback there
                await self._sleep(self._wait_s(error, job_id, tries))

    async def _once(self, step: Step, job_id: int, tries: _Tries) -> str:
        job = tries.job = await self._store.get(job_id)
        if job is None:
            return FORGOTTEN
        work_on(job.id, job.guild_id)
        speak(job.locale)  # what the step says on cards is for the job's member
        if tries.looks >= _MOST_LOOKS:
            return job.state.value
        if tries.since is not None and worn_out(job.state, tries.errors, self._now() - tries.since):
            return await self._give_up(job)
        return (await step(job)).state.value

    def _wait_s(self, error: Exception, job_id: int, tries: _Tries) -> float:
        """Count and log a failed try. Return how long to wait before the next one."""
        if is_trouble(error):
            tries.troubles += 1
            log.warning("job %s waits for the storage: %s", job_id, error)
            self._show_trouble(tries.job)
            return retry_after_s(tries.troubles, trouble=True, draw=self._draw())
        tries.errors += 1
        tries.since = tries.since or self._now()
        log.error("job %s: step stopped", job_id, exc_info=error)
        return retry_after_s(tries.errors, trouble=False, draw=self._draw())

    def _show_trouble(self, job: Job | None) -> None:
        if job is not None and not job.terminal:
            self._cards.show(job, Standing(hint=gettext(_STORAGE_HINT)))

    async def _give_up(self, job: Job) -> str:
        """A step that never works ends the job, with its credits back.

        A video that is made stays to be sent again.
        """
        if job.terminal:
            return job.state.value
        to, failure = JobState.FAILED, FailureReason.INTERNAL
        if job.state is JobState.FINISHED:
            to = JobState.UNDELIVERED if job.dropped_at is None else JobState.DROPPED
        fields = {} if to is JobState.DROPPED else {"failure": failure}
        ended = await self._store.transition(job.id, to, now=self._now(), **fields)
        return ended.state.value
