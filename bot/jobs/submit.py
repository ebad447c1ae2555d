"""Send a job to the provider at most once, whatever dies in the middle.

The intent (`submitting`) is committed before the POST. Whoever finds an earlier intent
only looks into the account's request history, and never sends again.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.cancellation import to_the_end
from bot.errors import (
    BrokenContractError,
    NeverStartedError,
    NotJsonError,
    PermanentError,
    ProviderError,
    RateLimitedError,
    RequestTakenError,
    TransientError,
)
from bot.job import FailureReason, Job, JobState
from bot.jobs.breaker import Breaker, no_answer_words, out_of_order_words
from bot.jobs.budget import RequestBudget
from bot.jobs.ports import Cards, HistoryRow, JobStore, Provider, Standing
from bot.jobs.reasons import reason_of
from bot.jobs.writing import written

log = logging.getLogger(__name__)

_FIRST_RETRY_S = 2.0
_MAX_RETRY_S = 60.0
# A job that is only ever told to wait (429, refused connections) for this long, counted from the
# first try, is given up, and so is a look into a history that does not answer, and a job that
# waits for a service out of order, counted from when it went out of order; the credits come back.
# Outages mostly last for less, and who does not want to wait can cancel at no cost.
GIVE_UP_AFTER = timedelta(hours=2)
# The history may lag behind the submit; the last look is after about two minutes.
LOOK_AFTER_S = (0.0, 3.0, 10.0, 30.0, 75.0)
# The provider's clock and ours.
_CLOCK_SKEW = timedelta(minutes=2)
# No submit is under way for longer: what the history has from later is another job's.
_SUBMIT_LASTS = timedelta(minutes=5)
_MAX_HISTORY_PAGES = 20
# For a job of a restored backup: everything since it was asked for may lie before it.
_MAX_RESTORED_PAGES = 500
_PAGE_ROWS = 100
# The provider shows no older requests in lists.
_HISTORY_REACHES = timedelta(days=31)


def sent_between(job: Job) -> tuple[datetime, datetime] | None:
    """Return between when and when the job may have been sent; None when it never was."""
    if job.submitting_at is None:
        return None
    earliest, latest = job.submitting_at, job.submitting_at + _SUBMIT_LASTS
    if job.restored_at is not None:
        # By the bot whose memory the backup replaced, at any time after the command.
        earliest, latest = job.created_at, max(latest, job.restored_at + _CLOCK_SKEW)
    return earliest - _CLOCK_SKEW, latest


def is_ours(row: HistoryRow, job: Job) -> bool:
    """Tell whether a history row can be this job's submit: the same inputs, the same time."""
    window = sent_between(job)
    if window is None:
        return False
    if row.created_at is not None and not window[0] <= row.created_at <= window[1]:
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
        breaker: Breaker,
        now: Callable[[], datetime],
        patience: timedelta = GIVE_UP_AFTER,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        speed: float = 1.0,
        sure: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make the step.

        Args:
            store: The jobs.
            provider: Where they are sent.
            cards: Their cards.
            budget: The requests per minute.
            breaker: Knows whether the provider is out of order.
            now: The time, aware.
            patience: How long a job that cannot be sent waits.
            sleep: Waits so many seconds.
            draw: Chance, from 0 to 1.
            speed: How many times faster than Segmind the provider is.
            sure: Whether no other process can have this one's jobs; nothing is sent otherwise.
        """
        self._store = store
        self._provider = provider
        self._cards = cards
        self._budget = budget
        self._breaker = breaker
        self._now = now
        self._patience = patience
        self._sleep = sleep
        self._draw = draw
        self._speed = speed
        self._sure = sure

    async def __call__(self, job: Job) -> Job:
        """Bring a queued job to `running` (or an end); harmless for a job further on."""
        retry_s, give_up_at = _FIRST_RETRY_S, self._now() + self._patience
        while job.state is JobState.QUEUED:
            if self._breaker.is_down:
                began = self._now()
                job = await self._wait_for_service(job)
                give_up_at += self._now() - began
                continue
            if not await self._may_go():
                continue
            job = await to_the_end(self._send(job, give_up_at))
            if job.state is JobState.QUEUED:
                self._cards.show(job, Standing(hint="The video service is busy; waiting for it."))
                await self._sleep(retry_s)
                retry_s = min(retry_s * 2, _MAX_RETRY_S)
        if job.state in (JobState.SUBMITTING, JobState.UNCERTAIN):
            return await self._reconcile(job)
        return job

    async def _may_go(self) -> bool:
        """Wait for the budget; return False when the service went out of order meanwhile."""
        await self._budget.acquire("submit")
        return not self._breaker.is_down

    async def _wait_for_service(self, job: Job) -> Job:
        """Keep the job in the queue while the service is out of order.

        Return it as it is then: cancelled meanwhile, or failed when its patience is over. Time
        in the queue before the outage does not count, nor does the outage before the job.
        """
        since = self._breaker.down_since
        if since is not None:
            self._cards.show(job, Standing(hint=out_of_order_words(since)))
        while (since := self._breaker.down_since) is not None and job.state is JobState.QUEUED:
            if self._now() - max(since, job.queued_at or job.created_at) > self._patience:
                return await self._fail(job, FailureReason.PROVIDER_DOWN, None)
            await self._breaker.wait(self._ask_for_nothing)
            job = await self._store.get(job.id) or job
        return job

    async def _ask_for_nothing(self) -> None:
        await self._budget.acquire("poll")
        await self._provider.balance_usd()

    async def _send(self, job: Job, give_up_at: datetime) -> Job:
        """Commit the intent, POST, and write down what came of it: one piece."""
        # Not `_move`: nothing is sent yet, so a storage in trouble is the step's to wait for.
        job = await self._store.transition(job.id, JobState.SUBMITTING, now=self._now())
        log.info("job %s: %s", job.id, job.state.value)
        self._cards.show(job, Standing())
        if not self._sure():
            log.warning("job %s is not sent: another process may have it", job.id)
            return await self._move(job, JobState.QUEUED)
        if job.restored_at is None:
            return await self._post(job, give_up_at)
        # It waited for approval in the backup, and may have been approved and sent since.
        try:
            row = await self._find(job)
        except ProviderError as error:
            return await self._not_started(job, error, give_up_at)
        if row is None:
            return await self._post(job, give_up_at)
        return await self._run(job, row.request_id, *self._provider.request_urls(row.request_id))

    async def _post(self, job: Job, give_up_at: datetime) -> Job:
        """POST once. Return the job as `running`, `uncertain`, `failed`, or `queued` again."""
        try:
            accepted = await self._provider.submit(job.model, dict(job.parameters))
        except (RateLimitedError, NeverStartedError) as error:
            return await self._not_started(job, error, give_up_at)
        except BrokenContractError as error:
            # A 2xx that says nothing of use: it may well be running, and cost.
            log.error("submit of job %s got an answer without meaning: %s", job.id, error)  # noqa: TRY400 - the text says it all
            return await self._move(job, JobState.UNCERTAIN, error_detail=str(error))
        except PermanentError as error:
            return await self._fail(job, reason_of(error), error)
        except TransientError as error:
            # 5xx, a time-out, a cut connection: the provider may have taken it.
            log.warning("submit of job %s is uncertain: %s", job.id, error)
            return await self._move(job, JobState.UNCERTAIN, error_detail=str(error))
        try:
            return await self._run(
                job, accepted.request_id, accepted.status_url, accepted.response_url
            )
        except RequestTakenError as error:
            # A job with an equal body took it for its own lost one: then that one is ours.
            log.warning("job %s: %s", job.id, error)
            return await self._move(job, JobState.UNCERTAIN, error_detail=str(error))

    async def _not_started(self, job: Job, error: ProviderError, give_up_at: datetime) -> Job:
        """Nothing was sent: back into the queue, or give up after a long time."""
        limited = isinstance(error, RateLimitedError)
        if isinstance(error, RateLimitedError):
            self._budget.rate_limited(error.reset_at, now=self._now())
        if self._now() > give_up_at:
            reason = FailureReason.RATE_LIMITED if limited else FailureReason.PROVIDER_DOWN
            return await self._fail(job, reason, error)
        log.warning("job %s was not taken, waiting: %s", job.id, error)
        return await self._move(job, JobState.QUEUED)

    async def _reconcile(self, job: Job) -> Job:
        """Find out from the request history whether the submit arrived. Never sends."""
        if job.state is JobState.SUBMITTING:
            job = await self._move(job, JobState.UNCERTAIN)
        waits_s, give_up_at, answered = list(LOOK_AFTER_S), self._now() + self._patience, False
        while waits_s:
            since = self._breaker.down_since
            self._cards.show(job, Standing(hint=None if since is None else no_answer_words(since)))
            await self._sleep(waits_s.pop(0) / self._speed)
            try:
                row = await self._find(job)
                answered = True
                if row is not None:
                    urls = self._provider.request_urls(row.request_id)
                    return await self._run(job, row.request_id, *urls)
            except RequestTakenError as error:
                log.warning("job %s: %s", job.id, error)  # somebody was faster; look on
            except ProviderError as error:
                log.warning("history look-up for job %s: %s", job.id, error)
                # A page in place of JSON is no refusal: nobody has looked.
                answered = isinstance(error, PermanentError) and not isinstance(error, NotJsonError)
                if isinstance(error, RateLimitedError):
                    self._budget.rate_limited(error.reset_at, now=self._now())
            if not waits_s and not answered and self._now() < give_up_at:
                # Money may be at stake: the last look must be one that was answered.
                waits_s.append(_MAX_RETRY_S)
        reason = FailureReason.NOT_FOUND if answered else FailureReason.PROVIDER_DOWN
        return await self._fail(job, reason, None)

    async def _run(self, job: Job, request_id: str, status_url: str, response_url: str) -> Job:
        return await self._move(
            job,
            JobState.RUNNING,
            request_id=request_id,
            status_url=status_url,
            response_url=response_url,
        )

    async def _find(self, job: Job) -> HistoryRow | None:
        earliest, _ = sent_between(job) or (job.created_at - _CLOCK_SKEW, None)
        since = max(earliest, self._now() - _HISTORY_REACHES).astimezone(UTC).date()
        pages = _MAX_HISTORY_PAGES if job.restored_at is None else _MAX_RESTORED_PAGES
        for page in range(1, pages + 1):
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
        """Write down what became of the POST, or of the look; nothing else knows it."""
        moved = await written(
            lambda: self._store.transition(job.id, to, now=self._now(), **fields),
            what=f"job {job.id}: {to.value}",
            sleep=self._sleep,
            draw=self._draw,
        )
        log.info("job %s: %s", job.id, to.value)
        return moved

    async def _fail(self, job: Job, reason: FailureReason, error: ProviderError | None) -> Job:
        fields: Mapping[str, Any] = {"failure": reason}
        if error is not None:
            fields = {**fields, "error_detail": str(error)}
        return await self._move(job, JobState.FAILED, **fields)
