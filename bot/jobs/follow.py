"""Follow a running request to its end: one step, so that repeating it costs only polls."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from bot.catalogue import MODELS, Model
from bot.errors import (
    BrokenContractError,
    InferenceFailedError,
    ProviderError,
    RateLimitedError,
    UnknownRequestError,
)
from bot.job import FailureReason, Job, JobState
from bot.jobs.breaker import Breaker, no_answer_words
from bot.jobs.budget import RequestBudget
from bot.jobs.ports import Cards, JobStore, Provider, Standing
from bot.jobs.reasons import reason_of
from bot.jobs.schedule import LatencyModel, learn, next_poll_s
from bot.pricing import duration_s

log = logging.getLogger(__name__)

_MAX_ERROR_WAIT_S = 30.0
# COMPLETED without an output is asked for again so many times: it may be about to appear.
_NO_OUTPUT_TRIES = 4
# Behind this many time limits a job ends even when nobody answers any more: not before a few
# tries, for it may be the bot that was away for so long.
_HARD_LIMIT = 2.0
_LAST_TRIES = 3
# An answer that comes so much after it was due was held up: by a restart, or by a 429.
_LATE_S = 5.0
_BY_SLUG: dict[str, Model] = {model.slug: model for model in MODELS}


def size_key(job: Job) -> str:
    """Return which jobs of a model take about as long: resolution and length."""
    length_s = duration_s(_BY_SLUG[job.model], job.parameters)
    return f"{job.parameters.get('resolution', '')}/{length_s:g}s"


class Follower:
    """The second step of a job."""

    def __init__(
        self,
        *,
        store: JobStore,
        provider: Provider,
        cards: Cards,
        budget: RequestBudget,
        breaker: Breaker,
        now: Callable[[], datetime],
        time_limit_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        speed: float = 1.0,
    ) -> None:
        self._store = store
        self._provider = provider
        self._cards = cards
        self._budget = budget
        self._breaker = breaker
        self._now = now
        self._time_limit_s = time_limit_s
        self._sleep = sleep
        self._draw = draw
        self._speed = speed

    async def __call__(self, job: Job) -> Job:
        """Poll a running job until it has ended; harmless for a job in another state."""
        if job.state is not JobState.RUNNING:
            return job
        job = self._reachable(job)
        latency = await self._latency(job)
        processing, failures = False, 0
        # What was not watched from the start, or not all the time, teaches nothing about the
        # provider: it may have ended while the bot was down or held back.
        watched = self._elapsed_s(job) <= _LATE_S
        while True:
            self._show(job, latency, processing=processing)
            wait_s = self._wait_s(job, latency, failures)
            ask_at_s = self._elapsed_s(job) + wait_s
            await self._sleep(wait_s)
            try:
                ended, processing = await self._ask(job, failures)
            except InferenceFailedError as error:
                return await self._fail(job, reason_of(error), error.detail)
            except ProviderError as error:
                self._on_error(job, error)
                failures += 1
            else:
                failures = 0
                in_time = self._elapsed_s(job) <= ask_at_s + _LATE_S
                if ended is not None:
                    if watched and in_time:
                        await self._remember(ended)
                    return ended
                watched = True

    def _reachable(self, job: Job) -> Job:
        """Return the job with addresses that can be asked: the host's may have changed since."""
        status_url, response_url = self._provider.request_urls(
            str(job.request_id), job.status_url, job.response_url
        )
        return replace(job, status_url=status_url, response_url=response_url)

    async def _ask(self, job: Job, failures: int) -> tuple[Job | None, bool]:
        """Ask once. Return the job if it ended, and whether the provider is working on it.

        Raises:
            ProviderError: no answer to rely on; ask again later.
        """
        waited_s = self._waited_s(job)
        if failures >= _LAST_TRIES and waited_s > self._time_limit_s * _HARD_LIMIT:
            return await self._fail(job, FailureReason.TOO_SLOW, "no answer"), False
        if waited_s > self._time_limit_s:
            return await self._look_up(job, FailureReason.TOO_SLOW), False
        await self._budget.acquire("poll")
        try:
            progress = await self._provider.poll(str(job.status_url))
            if progress.status == "COMPLETED":
                return await self._complete(job, failures), False
        except UnknownRequestError as unknown:
            return await self._look_up(job, FailureReason.EXPIRED, unless_pending=unknown), False
        if progress.status == "FAILED":
            return await self._end_failed(job, progress.error or "no reason"), False
        return None, progress.status == "PROCESSING"

    async def _complete(self, job: Job, failures: int) -> Job:
        await self._budget.acquire("poll")
        try:
            result = await self._provider.fetch(str(job.response_url))
        except BrokenContractError:
            if failures < _NO_OUTPUT_TRIES:
                raise
            return await self._look_up(job, FailureReason.BAD_RESULT)
        return await self._finish(job, result.output_url, result.cost_usd)

    async def _finish(self, job: Job, output_url: str, cost_usd: float | None) -> Job:
        finished = await self._store.transition(
            job.id, JobState.FINISHED, now=self._now(), output_url=output_url, cost_usd=cost_usd
        )
        log.info("job %s: finished after %.1f s", job.id, self._elapsed_s(job))
        self._cards.show(finished, Standing())
        return finished

    async def _remember(self, job: Job) -> None:
        """Keep how long the provider took, if it made the video."""
        if job.state is JobState.FINISHED:
            latency_s = max(self._elapsed_s(job), 0.01)  # the clock may have been set back
            await self._store.record_latency(job.model, size_key(job), latency_s, now=self._now())

    async def _end_failed(self, job: Job, words: str) -> Job:
        """FAILED by the status answer; the result's answer tells a content block apart."""
        await self._budget.acquire("poll")
        try:
            await self._provider.fetch(str(job.response_url))
        except InferenceFailedError as error:
            return await self._fail(job, reason_of(error), error.detail)
        except ProviderError as error:
            log.warning("job %s failed, its result could not be read: %s", job.id, error)
        return await self._fail(job, FailureReason.INFERENCE, words)

    async def _look_up(
        self, job: Job, reason: FailureReason, *, unless_pending: ProviderError | None = None
    ) -> Job:
        """The request is gone, or takes too long: the history has the last word.

        Args:
            job: The job.
            reason: Why it fails when the history cannot help.
            unless_pending: Raised instead when the history has the request as under way.

        Raises:
            ProviderError: the history did not answer either.
        """
        await self._budget.acquire("poll")
        row = await self._provider.history_row(str(job.request_id))
        if row is not None and row.status == "COMPLETED" and row.output_url:
            return await self._finish(job, row.output_url, row.cost_usd)
        if row is not None and row.status == "FAILED":
            return await self._fail(job, FailureReason.INFERENCE, row.error or reason.value)
        if row is not None and row.status != "COMPLETED" and unless_pending is not None:
            raise unless_pending
        return await self._fail(job, reason, reason.value)

    async def _fail(self, job: Job, reason: FailureReason, detail: str) -> Job:
        log.info("job %s: failed (%s)", job.id, reason.value)
        return await self._store.transition(
            job.id, JobState.FAILED, now=self._now(), failure=reason, error_detail=detail
        )

    def _on_error(self, job: Job, error: ProviderError) -> None:
        # An outage is one line of the breaker's, not one for each poll of each job.
        level = logging.DEBUG if self._breaker.is_down else logging.WARNING
        log.log(level, "poll of job %s: %s", job.id, error)
        if isinstance(error, RateLimitedError):
            self._budget.rate_limited(error.reset_at, now=self._now())

    async def _latency(self, job: Job) -> LatencyModel:
        samples = await self._store.latencies(job.model, size_key(job))
        return learn(_BY_SLUG[job.model].typical_s / self._speed, samples)

    def _wait_s(self, job: Job, latency: LatencyModel, failures: int) -> float:
        gap_s = min(1.0, max(0.2, 1.0 / self._speed))
        wait_s = next_poll_s(self._elapsed_s(job), latency, min_gap_s=gap_s)
        if failures:
            backoff_s = min(2.0 ** min(failures, 10), _MAX_ERROR_WAIT_S) / self._speed
            # Many jobs meet one outage: they must not ask again as one.
            wait_s = max(wait_s, backoff_s * (0.5 + self._draw()))
        return wait_s

    def _elapsed_s(self, job: Job) -> float:
        return (self._now() - (job.running_at or job.created_at)).total_seconds()

    def _waited_s(self, job: Job) -> float:
        """Return how long the job has been asked about; a backup may be hours old."""
        began_at = job.running_at or job.created_at
        return (self._now() - max(began_at, job.restored_at or began_at)).total_seconds()

    def _show(self, job: Job, latency: LatencyModel, *, processing: bool) -> None:
        """Tell the card what is known; its bar moves by itself until there is more."""
        standing = Standing(
            expected_s=latency.median_s,
            elapsed_s=self._elapsed_s(job),
            processing=processing,
            hint=None if (since := self._breaker.down_since) is None else no_answer_words(since),
        )
        self._cards.show(job, standing)
