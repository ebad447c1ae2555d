"""Follow a running request to its end: one step, so that repeating it costs only polls."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

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
from bot.jobs.learning import Latencies, sample_of
from bot.jobs.ports import Cards, JobStore, Provider, Result, Standing
from bot.jobs.reasons import reason_of
from bot.jobs.schedule import REQUEST_WORTH_S, Answers, next_poll_s, urgency_s
from bot.latency import Latency

log = logging.getLogger(__name__)

_MAX_ERROR_WAIT_S = 30.0
# COMPLETED without an output is asked for again so many times: it may be about to appear.
_NO_OUTPUT_TRIES = 4
# Behind this many time limits a job ends even when nobody answers any more: not before a few
# tries, for it may be the bot that was away for so long.
_HARD_LIMIT = 2.0
_LAST_TRIES = 3
# An answer that comes so much after it was due was held up: by a restart, or by a 429. One that
# comes before it was due tells that the clock was set back.
_LATE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """What one question is asked with.

    Attributes:
        latency: What is known of jobs like this one.
        answers: What the provider has said so far.
        failures: How many questions in a row had no answer.
        due_s: When it was to be asked, in seconds since the request was accepted.
        watched: Whether an answer has been heard in time before, or it has been watched from
            its beginning. What was not, may have ended while the bot was down.
    """

    latency: Latency
    answers: Answers = field(default_factory=Answers)
    failures: int = 0
    due_s: float = 0.0
    watched: bool = False


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
        latencies: Latencies,
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
        self._latencies = latencies
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
        asking = _Asking(
            latency=await self._latencies.of(job), watched=self._elapsed_s(job) <= _LATE_S
        )
        while True:
            self._show(job, asking)
            wait_s = self._wait_s(job, asking)
            asking = replace(asking, due_s=self._elapsed_s(job) + wait_s)
            await self._sleep(wait_s)
            try:
                ended, processing = await self._ask(job, asking)
            except InferenceFailedError as error:
                return await self._fail(job, reason_of(error), error.detail)
            except ProviderError as error:
                self._on_error(job, error)
                asking = replace(asking, failures=asking.failures + 1)
                continue
            if ended is not None:
                return ended
            answers = asking.answers.heard(self._elapsed_s(job), processing=processing)
            asking = replace(asking, answers=answers, failures=0, watched=True)

    def _reachable(self, job: Job) -> Job:
        """Return the job with addresses that can be asked: the host's may have changed since."""
        status_url, response_url = self._provider.request_urls(
            str(job.request_id), job.status_url, job.response_url
        )
        return replace(job, status_url=status_url, response_url=response_url)

    async def _ask(self, job: Job, asking: _Asking) -> tuple[Job | None, bool]:
        """Ask once. Return the job if it ended, and whether the provider is working on it.

        Raises:
            ProviderError: no answer to rely on; ask again later.
        """
        waited_s = self._waited_s(job)
        if asking.failures >= _LAST_TRIES and waited_s > self._time_limit_s * _HARD_LIMIT:
            return await self._fail(job, FailureReason.TOO_SLOW, "no answer"), False
        if waited_s > self._time_limit_s:
            return await self._look_up(job, FailureReason.TOO_SLOW), False
        await self._budget.acquire(
            "poll",
            urgency=lambda: urgency_s(asking.latency, asking.answers, self._elapsed_s(job)),
        )
        try:
            progress = await self._provider.poll(str(job.status_url))
            if progress.status == "COMPLETED":
                return await self._complete(job, asking), False
        except UnknownRequestError as unknown:
            return await self._look_up(job, FailureReason.EXPIRED, unless_pending=unknown), False
        if progress.status == "FAILED":
            await self._learn(job, asking, None, self._elapsed_s(job))
            return await self._end_failed(job, progress.error or "no reason"), False
        return None, progress.status == "PROCESSING"

    async def _complete(self, job: Job, asking: _Asking) -> Job:
        noticed_s = self._elapsed_s(job)
        await self._budget.acquire("poll")
        try:
            result = await self._provider.fetch(str(job.response_url))
        except BrokenContractError:
            if asking.failures < _NO_OUTPUT_TRIES:
                raise
            return await self._look_up(job, FailureReason.BAD_RESULT)
        finished = await self._finish(job, result.output_url, result.cost_usd)
        await self._learn(job, asking, result, noticed_s)
        return finished

    async def _learn(
        self, job: Job, asking: _Asking, result: Result | None, noticed_s: float
    ) -> None:
        """Keep how long the provider took, if that is known."""
        on_time = asking.watched and abs(noticed_s - asking.due_s) <= _LATE_S
        sample = sample_of(
            result, asking.latency, asking.answers, noticed_s, at=self._now(), on_time=on_time
        )
        if sample is not None:
            await self._latencies.note(job, sample)

    async def _finish(self, job: Job, output_url: str, cost_usd: float | None) -> Job:
        finished = await self._store.transition(
            job.id, JobState.FINISHED, now=self._now(), output_url=output_url, cost_usd=cost_usd
        )
        log.info("job %s: finished after %.1f s", job.id, self._elapsed_s(job))
        self._cards.show(finished, Standing())
        return finished

    async def _end_failed(self, job: Job, words: str) -> Job:
        """FAILED by the status answer; the result's answer tells a content block apart."""
        await self._budget.acquire("poll")
        try:
            await self._provider.fetch(str(job.response_url))
        except InferenceFailedError as error:
            return await self._fail(job, reason_of(error), error.detail)
        except ProviderError as error:
            self._on_error(job, error)
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

    def _wait_s(self, job: Job, asking: _Asking) -> float:
        wait_s = next_poll_s(
            self._elapsed_s(job),
            asking.latency,
            asking.answers,
            min_gap_s=min(1.0, max(0.2, 1.0 / self._speed)),
            worth_s=REQUEST_WORTH_S / self._speed,
        )
        if asking.failures:
            backoff_s = min(2.0 ** min(asking.failures, 10), _MAX_ERROR_WAIT_S) / self._speed
            # Many jobs meet one outage: they must not ask again as one.
            wait_s = max(wait_s, backoff_s * (0.5 + self._draw()))
        return wait_s

    def _elapsed_s(self, job: Job) -> float:
        """Return for how long it runs; a clock that was set back must not say "not yet"."""
        return max((self._now() - (job.running_at or job.created_at)).total_seconds(), 0.0)

    def _waited_s(self, job: Job) -> float:
        """Return how long the job has been asked about; a backup may be hours old."""
        began_at = job.running_at or job.created_at
        return (self._now() - max(began_at, job.restored_at or began_at)).total_seconds()

    def _show(self, job: Job, asking: _Asking) -> None:
        """Tell the card what is known; its bar moves by itself until there is more."""
        answers = asking.answers
        asked = answers.queued_s is not None or answers.working_s is not None
        standing = Standing(
            expected_s=asking.latency.usual_s,
            elapsed_s=self._elapsed_s(job),
            processing=answers.working_s is not None if asked else None,
            hint=None if (since := self._breaker.down_since) is None else no_answer_words(since),
        )
        self._cards.show(job, standing)
