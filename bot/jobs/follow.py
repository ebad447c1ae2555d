"""Follow a running request to its end: one step, so that repeating it costs only polls."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from bot.catalogue import MODELS, Model
from bot.errors import (
    ContentBlockedError,
    InferenceFailedError,
    ProviderError,
    RateLimitedError,
    UnknownRequestError,
)
from bot.job import FailureReason, Job, JobState
from bot.jobs.budget import RequestBudget
from bot.jobs.ports import Cards, JobStore, Provider, Standing
from bot.jobs.schedule import LatencyModel, learn, next_poll_s
from bot.pricing import duration_s

log = logging.getLogger(__name__)

_DEFAULT_PAUSE_S = 60.0
# How often the card is offered a new picture; the notifier draws only what changed.
_CARD_TICK_S = 4.0
_MAX_ERROR_WAIT_S = 30.0
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
        now: Callable[[], datetime],
        time_limit_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        speed: float = 1.0,
    ) -> None:
        self._store = store
        self._provider = provider
        self._cards = cards
        self._budget = budget
        self._now = now
        self._time_limit_s = time_limit_s
        self._sleep = sleep
        self._speed = speed

    async def __call__(self, job: Job) -> Job:
        """Poll a running job until it has ended; harmless for a job in another state."""
        if job.state is not JobState.RUNNING:
            return job
        latency = await self._latency(job)
        processing, failures = False, 0
        while True:
            self._show(job, latency, processing=processing)
            wait_s = self._wait_s(job, latency, failures)
            await self._sleep_showing(job, latency, wait_s, processing=processing)
            if self._elapsed_s(job) > self._time_limit_s:
                return await self._look_up(job, FailureReason.TOO_SLOW)
            processing, failures, ended = await self._ask(job, processing, failures)
            if ended is not None:
                return ended

    async def _ask(self, job: Job, processing: bool, failures: int) -> tuple[bool, int, Job | None]:
        """Poll once. Return whether it is being worked on, failures in a row, the ended job."""
        await self._budget.acquire("poll")
        try:
            progress = await self._provider.poll(str(job.status_url))
            if progress.status == "COMPLETED":
                return processing, 0, await self._complete(job)
            if progress.status == "FAILED":
                return processing, 0, await self._end_failed(job, progress.error or "no reason")
        except UnknownRequestError:
            if await self._pending(job):
                return processing, failures + 1, None
            return processing, 0, await self._look_up(job, FailureReason.EXPIRED)
        except ProviderError as error:
            self._on_error(job, error)
            return processing, failures + 1, None
        return progress.status == "PROCESSING", 0, None

    async def _complete(self, job: Job) -> Job:
        await self._budget.acquire("poll")
        try:
            result = await self._provider.fetch(str(job.response_url))
        except InferenceFailedError as error:
            return await self._fail(job, _why(error), error.detail)
        return await self._finish(job, result.output_url, result.cost_usd)

    async def _finish(self, job: Job, output_url: str, cost_usd: float | None) -> Job:
        finished = await self._store.transition(
            job.id, JobState.FINISHED, now=self._now(), output_url=output_url, cost_usd=cost_usd
        )
        log.info("job %s: finished after %.1f s", job.id, self._elapsed_s(job))
        await self._store.record_latency(
            job.model, size_key(job), self._elapsed_s(job), now=self._now()
        )
        return finished

    async def _end_failed(self, job: Job, words: str) -> Job:
        """FAILED by the status answer; the result's answer tells a content block apart."""
        try:
            await self._budget.acquire("poll")
            await self._provider.fetch(str(job.response_url))
        except InferenceFailedError as error:
            return await self._fail(job, _why(error), error.detail)
        except ProviderError as error:
            log.warning("job %s failed, its result could not be read: %s", job.id, error)
        return await self._fail(job, FailureReason.INFERENCE, words)

    async def _pending(self, job: Job) -> bool:
        """Tell whether the provider's history still has an unknown request as under way."""
        await self._budget.acquire("poll")
        row = await self._provider.history_row(str(job.request_id))
        return row is not None and row.status not in ("COMPLETED", "FAILED")

    async def _look_up(self, job: Job, reason: FailureReason) -> Job:
        """The request is gone, or takes too long: the history has the last word."""
        await self._budget.acquire("poll")
        row = await self._provider.history_row(str(job.request_id))
        if row is not None and row.output_url and row.status == "COMPLETED":
            return await self._finish(job, row.output_url, row.cost_usd)
        detail = (row.error if row is not None else None) or reason.value
        return await self._fail(job, reason, detail)

    async def _fail(self, job: Job, reason: FailureReason, detail: str) -> Job:
        log.info("job %s: failed (%s)", job.id, reason.value)
        return await self._store.transition(
            job.id, JobState.FAILED, now=self._now(), failure=reason, error_detail=detail
        )

    def _on_error(self, job: Job, error: ProviderError) -> None:
        log.warning("poll of job %s: %s", job.id, error)
        if isinstance(error, RateLimitedError):
            pause_s = _DEFAULT_PAUSE_S
            if error.reset_at is not None:
                pause_s = max(0.0, (error.reset_at - self._now()).total_seconds())
            self._budget.pause(pause_s)

    async def _latency(self, job: Job) -> LatencyModel:
        samples = await self._store.latencies(job.model, size_key(job))
        return learn(_BY_SLUG[job.model].typical_s / self._speed, samples)

    def _wait_s(self, job: Job, latency: LatencyModel, failures: int) -> float:
        gap_s = min(1.0, max(0.2, 1.0 / self._speed))
        wait_s = next_poll_s(self._elapsed_s(job), latency, min_gap_s=gap_s)
        if failures:
            wait_s = max(wait_s, min(2.0**failures, _MAX_ERROR_WAIT_S))
        return wait_s

    def _elapsed_s(self, job: Job) -> float:
        return (self._now() - (job.running_at or job.created_at)).total_seconds()

    async def _sleep_showing(
        self, job: Job, latency: LatencyModel, wait_s: float, *, processing: bool
    ) -> None:
        while wait_s > 0:
            tick_s = min(wait_s, _CARD_TICK_S)
            await self._sleep(tick_s)
            wait_s -= tick_s
            if wait_s > 0:
                self._show(job, latency, processing=processing)

    def _show(self, job: Job, latency: LatencyModel, *, processing: bool) -> None:
        facts: dict[str, Any] = {
            "expected_s": latency.median_s,
            "elapsed_s": self._elapsed_s(job),
            "processing": processing,
        }
        self._cards.show(job, Standing(**facts))


def _why(error: InferenceFailedError) -> FailureReason:
    if isinstance(error, ContentBlockedError):
        return FailureReason.BLOCKED
    return FailureReason.INFERENCE
