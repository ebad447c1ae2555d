"""Send a job to the provider at most once, whatever dies in the middle.

The intent (`submitting`) is committed before the POST. Whoever finds an earlier intent
only looks into the account's request history, and never sends again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.errors import (
    ForbiddenError,
    InsufficientCreditsError,
    ModelRetiredError,
    NeverStartedError,
    PermanentError,
    ProviderError,
    RateLimitedError,
    SpendLimitError,
    TransientError,
    UnauthorizedError,
    UnknownModelError,
)
from bot.job import FailureReason, Job, JobState
from bot.jobs.budget import RequestBudget
from bot.jobs.ports import Cards, HistoryRow, JobStore, Provider, Standing

log = logging.getLogger(__name__)

# Without the reset header a full window is waited.
_DEFAULT_PAUSE_S = 60.0
_FIRST_RETRY_S = 2.0
_MAX_RETRY_S = 60.0
# A job that could not even be sent for this long is given up; its credits come back.
GIVE_UP_AFTER = timedelta(minutes=30)
# The history may lag behind the submit; the last look is after about two minutes.
LOOK_AFTER_S = (0.0, 3.0, 10.0, 30.0, 75.0)
# The provider's clock and ours.
_CLOCK_SKEW = timedelta(minutes=2)
_MAX_HISTORY_PAGES = 20
_PAGE_ROWS = 100

_REASONS: tuple[tuple[type[ProviderError], FailureReason], ...] = (
    (UnauthorizedError, FailureReason.HOST_KEY),
    (InsufficientCreditsError, FailureReason.HOST_CREDITS),
    (SpendLimitError, FailureReason.HOST_CREDITS),
    (ForbiddenError, FailureReason.HOST_MODEL),
    (UnknownModelError, FailureReason.HOST_MODEL),
    (ModelRetiredError, FailureReason.HOST_MODEL),
    (PermanentError, FailureReason.INVALID),
)


def failure_of(error: ProviderError) -> FailureReason:
    """Return why a job failed whose submit the provider refused for good."""
    return next((r for kind, r in _REASONS if isinstance(error, kind)), FailureReason.PROVIDER_DOWN)


def is_ours(row: HistoryRow, job: Job) -> bool:
    """Tell whether a history row is this job's submit: the same inputs, not older than it."""
    if job.submitting_at is None:
        return False
    if row.created_at is not None and row.created_at < job.submitting_at - _CLOCK_SKEW:
        return False
    return all(row.request_body.get(name) == value for name, value in job.parameters.items())


class Submitter:
    """The first step of a job."""

    def __init__(
        self,
        *,
        store: JobStore,
        provider: Provider,
        cards: Cards,
        budget: RequestBudget,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        speed: float = 1.0,
    ) -> None:
        self._store = store
        self._provider = provider
        self._cards = cards
        self._budget = budget
        self._now = now
        self._sleep = sleep
        self._speed = speed

    async def __call__(self, job: Job) -> Job:
        """Bring a queued job to `running` (or an end); harmless for a job further on."""
        retry_s = _FIRST_RETRY_S
        while job.state is JobState.QUEUED:
            await self._budget.acquire("submit")
            job = await self._store.transition(job.id, JobState.SUBMITTING, now=self._now())
            self._cards.show(job, Standing())
            job, wait_s = await self._post(job, retry_s)
            if job.state is JobState.QUEUED:
                self._cards.show(job, Standing(hint="The video service is busy; waiting for it."))
                await self._sleep(wait_s)
                retry_s = min(retry_s * 2, _MAX_RETRY_S)
        if job.state in (JobState.SUBMITTING, JobState.UNCERTAIN):
            return await self._reconcile(job)
        return job

    async def _post(self, job: Job, retry_s: float) -> tuple[Job, float]:
        """POST once. Return the job and, when it is `queued` again, how long to wait."""
        try:
            accepted = await self._provider.submit(job.model, dict(job.parameters))
        except (RateLimitedError, NeverStartedError) as error:
            return await self._not_started(job, error, retry_s)
        except PermanentError as error:
            return await self._fail(job, failure_of(error), error), 0.0
        except TransientError as error:
            # 5xx, a time-out, a cut connection: the provider may have taken it.
            log.warning("submit of job %s is uncertain: %s", job.id, error)
            return await self._move(job, JobState.UNCERTAIN, error_detail=str(error)), 0.0
        running = await self._move(
            job,
            JobState.RUNNING,
            request_id=accepted.request_id,
            status_url=accepted.status_url,
            response_url=accepted.response_url,
        )
        return running, 0.0

    async def _not_started(
        self, job: Job, error: RateLimitedError | NeverStartedError, retry_s: float
    ) -> tuple[Job, float]:
        """Nothing was sent: back into the queue, or give up after a long time."""
        limited = isinstance(error, RateLimitedError)
        if self._now() - job.created_at > GIVE_UP_AFTER:
            reason = FailureReason.RATE_LIMITED if limited else FailureReason.PROVIDER_DOWN
            return await self._fail(job, reason, error), 0.0
        log.warning("job %s was not taken, waiting: %s", job.id, error)
        if isinstance(error, RateLimitedError):
            self._budget.pause(self._pause_s(error))
            retry_s = 0.0
        return await self._move(job, JobState.QUEUED), retry_s

    def _pause_s(self, error: RateLimitedError) -> float:
        if error.reset_at is None:
            return _DEFAULT_PAUSE_S
        return max(0.0, (error.reset_at - self._now()).total_seconds())

    async def _reconcile(self, job: Job) -> Job:
        """Find out from the request history whether the submit arrived. Never sends."""
        if job.state is JobState.SUBMITTING:
            job = await self._move(job, JobState.UNCERTAIN)
        self._cards.show(job, Standing())
        for look_after_s in LOOK_AFTER_S:
            await self._sleep(look_after_s / self._speed)
            try:
                row = await self._find(job)
            except ProviderError as error:
                log.warning("history look-up for job %s: %s", job.id, error)
                continue
            if row is not None:
                status_url, response_url = self._provider.request_urls(row.request_id)
                return await self._move(
                    job,
                    JobState.RUNNING,
                    request_id=row.request_id,
                    status_url=status_url,
                    response_url=response_url,
                )
        return await self._fail(job, FailureReason.NOT_FOUND, None)

    async def _find(self, job: Job) -> HistoryRow | None:
        sent_at = job.submitting_at or job.created_at
        since = (sent_at - _CLOCK_SKEW).astimezone(UTC).date()
        for page in range(1, _MAX_HISTORY_PAGES + 1):
            await self._budget.acquire("submit")
            answer = await self._provider.history(
                model=job.model, since=since, page=page, per_page=_PAGE_ROWS
            )
            ours = [row for row in answer.rows if is_ours(row, job)]
            taken = await self._store.known_request_ids(row.request_id for row in ours)
            for row in ours:
                if row.request_id not in taken:
                    return row
            if len(answer.rows) < _PAGE_ROWS:
                return None
        return None

    async def _move(self, job: Job, to: JobState, **fields: Any) -> Job:
        moved = await self._store.transition(job.id, to, now=self._now(), **fields)
        log.info("job %s: %s", job.id, to.value)
        return moved

    async def _fail(self, job: Job, reason: FailureReason, error: ProviderError | None) -> Job:
        fields: Mapping[str, Any] = {"failure": reason}
        if error is not None:
            fields = {**fields, "error_detail": str(error)}
        return await self._move(job, JobState.FAILED, **fields)
