"""Send a job to the provider at most once, whatever dies in the middle.

The intent (`submitting`) is committed before the POST. Whoever finds an earlier intent
only looks (`bot.jobs.lost_submits`), and never sends again.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.cancellation import to_the_end
from bot.errors import (
    BrokenContractError,
    NeverStartedError,
    PermanentError,
    ProviderError,
    RateLimitedError,
    RequestTakenError,
    StaleStateError,
    TransientError,
)
from bot.i18n import gettext
from bot.job import FailureReason, Job, JobState
from bot.jobs.breaker import Breaker, out_of_order_words
from bot.jobs.budget import RequestBudget
from bot.jobs.lost_submits import HistorySearch, Reconciler
from bot.jobs.ports import Cards, JobStore, Provider, Standing
from bot.jobs.reasons import reason_of
from bot.jobs.submit_notes import SubmitNotes

log = logging.getLogger(__name__)

_FIRST_RETRY_S = 2.0
_MAX_RETRY_S = 60.0
# A job that is only ever told to wait (429, refused connections) for this long, counted from the
# first try, is given up, and so is a look into a history that does not answer, and a job that
# waits for a service out of order, counted from when it went out of order; the credits come back.
# Outages mostly last for less, and who does not want to wait can cancel at no cost.
GIVE_UP_AFTER = timedelta(hours=2)
# When a thousand jobs are let go at once (a restart), each has two things to write down, and
# all writes stand in one line: measured without this limit, jobs waited there for so long that
# they gave up and began anew. The largest plan's thousand requests a minute need no more.
AT_ONCE = 32


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
        self._sure = sure
        self._notes = SubmitNotes(store, now=now, sleep=sleep, draw=draw)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._search = HistorySearch(store=store, provider=provider, budget=budget, now=now)
        self._reconcile = Reconciler(
            search=self._search,
            notes=self._notes,
            breaker=breaker,
            provider=provider,
            cards=cards,
            budget=budget,
            now=now,
            patience=patience,
            sleep=sleep,
            speed=speed,
        )

    async def __call__(self, job: Job) -> Job:
        """Bring a queued job to `running` (or an end); harmless for a job further on."""
        retry_s, give_up_at = _FIRST_RETRY_S, self._now() + self._patience
        while job.state is JobState.QUEUED:
            if job.dropped_at is not None:
                # Dropped while it was being sent, and then it was not: as good as cancelled.
                return await self._notes.moved(job, JobState.CANCELLED)
            if self._breaker.is_down:
                began = self._now()
                job = await self._wait_for_service(job)
                give_up_at += self._now() - began
                continue
            async with self._room:
                if not await self._may_go():
                    continue
                job = await to_the_end(self._send(job, give_up_at))
            if job.state is JobState.QUEUED:
                self._cards.show(
                    job, Standing(hint=gettext("The video service is busy; waiting for it."))
                )
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
                return await self._notes.failed(job, FailureReason.PROVIDER_DOWN)
            await self._breaker.wait(self._ask_for_nothing)
            job = await self._store.get(job.id) or job
        return job

    async def _ask_for_nothing(self) -> None:
        await self._budget.acquire("poll")
        try:
            await self._provider.balance_usd()
        except RateLimitedError as error:
            self._budget.rate_limited(error.reset_at, now=self._now())
            raise

    async def _send(self, job: Job, give_up_at: datetime) -> Job:
        """Commit the intent, POST, and write down what came of it: one piece."""
        # Not by the notes: nothing is sent yet, so a storage in trouble is the step's to wait for.
        try:
            job = await self._store.transition(job.id, JobState.SUBMITTING, now=self._now())
        except StaleStateError:
            # Cancelled while it waited. Who orders and cancels must not use up the budget.
            self._budget.hand_on()
            raise
        log.info("job %s: %s", job.id, job.state.value)
        self._cards.show(job, Standing())
        if not self._sure():
            log.warning("job %s is not sent: another process may have it", job.id)
            return await self._notes.moved(job, JobState.QUEUED)
        if job.restored_at is None:
            return await self._post(job, give_up_at)
        # It waited for approval in the backup, and may have been approved and sent since.
        try:
            row = await self._search.find(job)
        except ProviderError as error:
            return await self._not_started(job, error, give_up_at)
        if row is None:
            return await self._post(job, give_up_at)
        urls = self._provider.request_urls(row.request_id)
        return await self._notes.running(job, row.request_id, urls)

    async def _post(self, job: Job, give_up_at: datetime) -> Job:
        """POST once. Return the job as `running`, `uncertain`, `failed`, or `queued` again."""
        try:
            accepted = await self._provider.submit(job.model, dict(job.parameters))
        except (RateLimitedError, NeverStartedError) as error:
            return await self._not_started(job, error, give_up_at)
        except BrokenContractError as error:
            # A 2xx that says nothing of use: it may well be running, and cost.
            log.error("submit of job %s got an answer without meaning: %s", job.id, error)  # noqa: TRY400 - the text says it all
            return await self._notes.moved(job, JobState.UNCERTAIN, error_detail=str(error))
        except PermanentError as error:
            return await self._notes.failed(job, reason_of(error), error)
        except TransientError as error:
            # 5xx, a time-out, a cut connection: the provider may have taken it.
            log.warning("submit of job %s is uncertain: %s", job.id, error)
            return await self._notes.moved(job, JobState.UNCERTAIN, error_detail=str(error))
        try:
            urls = (accepted.status_url, accepted.response_url)
            return await self._notes.running(job, accepted.request_id, urls)
        except RequestTakenError as error:
            # A job with an equal body took it for its own lost one: then that one is ours.
            log.warning("job %s: %s", job.id, error)
            return await self._notes.moved(job, JobState.UNCERTAIN, error_detail=str(error))

    async def _not_started(self, job: Job, error: ProviderError, give_up_at: datetime) -> Job:
        """Nothing was sent: back into the queue, or give up after a long time."""
        limited = isinstance(error, RateLimitedError)
        if isinstance(error, RateLimitedError):
            self._budget.rate_limited(error.reset_at, now=self._now())
        if self._now() > give_up_at:
            reason = FailureReason.RATE_LIMITED if limited else FailureReason.PROVIDER_DOWN
            return await self._notes.failed(job, reason, error)
        log.warning("job %s was not taken, waiting: %s", job.id, error)
        return await self._notes.moved(job, JobState.QUEUED)
