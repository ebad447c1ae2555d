"""What a host may do to one job by hand, beside a running bot: cancel, release, have it go on.

Nothing here sends anything to the provider. Credits come back only where the job is provably
not there: it was never sent, or the provider's history was asked and does not have it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.errors import BotError, ProviderError
from bot.job import CANCELLABLE, DROPPABLE, RELEASING, SETTLING, Job, JobState
from bot.jobs.ports import HistoryRow
from bot.jobs.reviving import Revival

# A submit is under way for a minute at most, and the history may lag behind it for two: the bot
# itself looks for as long. Before that, what is not in the history may come.
SETTLED_AFTER = timedelta(minutes=10)
# The provider's history goes back for a month.
HISTORY_REACHES = timedelta(days=30)

_MAYBE_SENT = frozenset({JobState.SUBMITTING, JobState.UNCERTAIN})


class NotDoneError(BotError):
    """What the host wants of a job cannot be, or must not; the text says why, and what to do."""


class Jobs(Protocol):
    """The jobs."""

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None."""
        ...

    async def transition(self, job_id: int, to: JobState, *, now: datetime) -> Job:
        """Move the job on; StaleStateError when it is in another state."""
        ...


class UnsentJobs(Protocol):
    """Ends jobs whose submit never arrived."""

    async def end_unsent(self, job_id: int, *, sent_at: datetime, now: datetime) -> Job:
        """End it, with its credits back; StaleStateError when it has moved on."""
        ...


class Records(Protocol):
    """The engine's."""

    async def revive(self, job: Job) -> Revival:
        """See to it that the job has a workflow that has not ended."""
        ...


class History(Protocol):
    """The provider's."""

    async def find(self, job: Job, *, thorough: bool = False) -> HistoryRow | None:
        """Return the request that is the job's; ProviderError when it cannot be read."""
        ...


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of a job, and a sentence about it."""

    job: Job
    words: str


class JobCare:
    """Each is safe to repeat, and beside a running bot."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        unsent: UnsentJobs,
        records: Records,
        history: History,
        now: Callable[[], datetime],
    ) -> None:
        """Make it.

        Args:
            jobs: Moves them under guard.
            unsent: Ends those that never arrived.
            records: Lets the bot have a job again.
            history: Knows which requests arrived.
            now: The time, aware.
        """
        self._jobs = jobs
        self._unsent = unsent
        self._records = records
        self._history = history
        self._now = now

    async def find(self, job_id: int) -> Job:
        """Return a job; NotDoneError when there is none, or none any more."""
        job = await self._jobs.get(job_id)
        if job is None:
            raise NotDoneError(
                f"There is no job {job_id}, or it was forgotten. See: python -m bot jobs list"
            )
        return job

    async def cancel(self, job_id: int) -> Done:
        """Cancel a job that was not sent.

        Raises:
            NotDoneError: it was, or has ended, or there is none.
            StaleStateError: it moved on just now; nothing was changed.
        """
        job = await self.find(job_id)
        if job.state not in CANCELLABLE:
            raise NotDoneError(f"Job {job.id} cannot be cancelled: {_why_not_cancelled(job)}")
        return await self._cancelled(job)

    async def release(self, job_id: int) -> Done:
        """End a job that is provably not at the provider, and give its credits back.

        Raises:
            NotDoneError: it is there, may be, or holds no credits any more; or there is none.
            StaleStateError: it moved on just now; nothing was changed.
        """
        job = await self.find(job_id)
        if job.state in CANCELLABLE:
            return await self._cancelled(job)
        if refusal := why_not_released(job, self._now()):
            raise NotDoneError(f"Job {job.id} is not released: {refusal}")
        try:
            row = await self._history.find(job, thorough=True)
        except ProviderError as error:
            raise NotDoneError(
                f"Job {job.id} is not released: Segmind's history, which alone can tell, does not "
                f"answer ({error}). Try again later."
            ) from error
        if row is not None:
            raise NotDoneError(f"Job {job.id} is not released: {_is_there(job, row.request_id)}")
        sent_at = job.submitting_at or job.created_at
        ended = await self._unsent.end_unsent(job.id, sent_at=sent_at, now=self._now())
        return await self._shown(
            ended,
            f"Job {job.id} never arrived at Segmind: it has failed, and its "
            f"{job.price_credits} credits went back.",
        )

    async def retry(self, job_id: int) -> Done:
        """Let the bot have a job again that has not ended: it goes on where it stands.

        What was never sent is sent, by the bot; what may have been is only looked for.

        Raises:
            NotDoneError: it waits for a moderator, or has ended, or there is none.
        """
        job = await self.find(job_id)
        if job.state is JobState.AWAITING_APPROVAL:
            raise NotDoneError(
                f"Job {job.id} waits for a moderator of its server: nothing holds it up."
            )
        if job.terminal:
            raise NotDoneError(f"Job {job.id} is not tried again: {_why_not_retried(job)}")
        revival = await self._records.revive(job)
        return Done(job=job, words=f"Job {job.id}, {job.state.value}: {_revived(revival, job)}")

    async def _cancelled(self, job: Job) -> Done:
        ended = await self._jobs.transition(job.id, JobState.CANCELLED, now=self._now())
        credits_back = (
            "it held no credits"
            if ended.queued_at is None
            else f"its {job.price_credits} credits went back"
        )
        return await self._shown(ended, f"Job {job.id} is cancelled; {credits_back}.")

    async def _shown(self, job: Job, words: str) -> Done:
        """Let the bot show the end on the card: the workflow of an ended job does just that."""
        try:
            await self._records.revive(job)
        except BotError as error:  # the job has ended all the same
            return Done(job=job, words=f"{words} Its card may stay as it is: {error}")
        return Done(job=job, words=words)


def why_not_released(job: Job, now: datetime) -> str | None:
    """Return why a job holds credits rightly, or may; None when the history can tell. Pure."""
    if job.state in SETTLING:
        return "it has ended, and its credits were settled: the video was made."
    if job.state in RELEASING:
        return f"it has ended ({job.state.value}), and holds no credits."
    if job.state not in _MAYBE_SENT:
        return _is_there(job, job.request_id)
    since = max(filter(None, (job.created_at, job.submitting_at, job.restored_at)))
    if now - since < SETTLED_AFTER:
        return (
            "it may be on its way to Segmind just now. The bot finds out by itself; otherwise try "
            f"again after {since + SETTLED_AFTER:%H:%M} UTC."
        )
    if now - (job.created_at if job.restored_at else since) > HISTORY_REACHES:
        return "it was sent so long ago that Segmind's history does not reach back to it."
    return None


def _is_there(job: Job, request_id: str | None) -> str:
    return (
        f"Segmind has it, and is paid for it (request {request_id}). Let the bot go on with it: "
        f"python -m bot jobs retry {job.id}"
    )


def _why_not_cancelled(job: Job) -> str:
    if job.state in DROPPABLE:
        return (
            f"it was sent to Segmind, or is about to be ({job.state.value}). Its member can have "
            "the result dropped with /jobs."
        )
    return f"it has ended ({job.state.value})."


def _why_not_retried(job: Job) -> str:
    if job.state is JobState.UNDELIVERED:
        return "its video is made, and its member can have it sent again, for free, with /jobs."
    return (
        f"it has ended ({job.state.value}), and is never sent a second time. Its member can make "
        "another with Again."
    )


def _revived(revival: Revival, job: Job) -> str:
    match revival.found:
        case "runs":
            return (
                f"{revival.executor_id} has begun it, and goes on with it, after a kill at its "
                "next start or in another process. Nothing had to be done."
            )
        case "waits":
            return "it waits for its turn in the bot's queue. Nothing had to be done."
        case "no_engine":
            return "no bot has run here yet: its next start takes it up."
        case "revived" if job.state is JobState.QUEUED:
            return "the bot had lost it; it is in the bot's queue again. It was never sent."
        case "revived":
            return (
                "the bot had lost it; it is in the bot's queue again. It is not sent again: the "
                "bot looks where it stands."
            )
