"""What the poll schedule learns from: kept in the database, looked up once a while."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from bot.catalogue import MODELS, Model
from bot.job import Job
from bot.jobs.ports import JobStore, Result
from bot.jobs.schedule import Answers, unnoticed_s
from bot.latency import Latency, Sample, learn
from bot.pricing import duration_s

_BY_SLUG: dict[str, Model] = {model.slug: model for model in MODELS}
# Other processes learn, too, and the hour goes on.
_FRESH_S = 300.0
# After a sample it is looked up again soon; not for each of a hundred jobs that end at once.
_SOON_S = 10.0
# The provider's clock and ours, and what an answer takes on its way.
_SLACK_S = 2.0


def size_key(job: Job) -> str:
    """Return which jobs of a model take about as long: resolution and length."""
    length_s = duration_s(_BY_SLUG[job.model], job.parameters)
    return f"{job.parameters.get('resolution', '')}/{length_s:g}s"


class Latencies:
    """Knows how long jobs take, from what happened to others like them."""

    def __init__(
        self,
        store: JobStore,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        speed: float = 1.0,
    ) -> None:
        """Make it.

        Args:
            store: Keeps the samples.
            now: The time, aware.
            clock: Seconds on a clock that never goes back.
            speed: How many times as fast as the model pages say the provider is: the sandbox's.
        """
        self._store = store
        self._now = now
        self._clock = clock
        self._speed = speed
        # As many keys as there are models and sizes.
        self._known: dict[tuple[str, str], tuple[float, Latency]] = {}
        self._turn = asyncio.Lock()
        self._unsaved: defaultdict[tuple[str, str], list[Sample]] = defaultdict(list)
        self._saving = asyncio.Lock()

    async def of(self, job: Job) -> Latency:
        """Return what is known of jobs like this one."""
        key = (job.model, size_key(job))
        # One after the other: of a thousand jobs that begin at once the first one looks it up.
        async with self._turn:
            until_s, latency = self._known.get(key, (float("-inf"), None))
            if latency is None or self._clock() > until_s:
                samples = await self._store.latencies(*key)
                typical_s = _BY_SLUG[job.model].typical_s / self._speed
                latency = learn(typical_s, samples, now=self._now())
                self._known[key] = (self._clock() + _FRESH_S, latency)
        return latency

    async def note(self, job: Job, sample: Sample) -> None:
        """Keep how long a job took."""
        key = (job.model, size_key(job))
        self._unsaved[key].append(sample)
        # What hundreds of jobs teach that end at once is written down together: by the first
        # whose turn comes, for all that have come until then.
        async with self._saving:
            if samples := self._unsaved.pop(key, None):
                await self._store.record_latency(*key, *samples)
        if key in self._known:
            until_s, latency = self._known[key]
            self._known[key] = (min(until_s, self._clock() + _SOON_S), latency)


def sample_of(
    result: Result | None,
    latency: Latency,
    answers: Answers,
    at_s: float,
    *,
    at: datetime,
    on_time: bool = True,
) -> Sample | None:
    """Return what a job that has ended teaches; None where its end may have been long before.

    The provider's own figures are the best, where they can be true: the end lies between two
    answers. Without them it is where it is to be expected in between.

    Args:
        result: The result with the provider's figures; None when it came to nothing.
        latency: What was known of jobs like it.
        answers: What the provider had said before.
        at_s: When it said that it has ended, in seconds since it was accepted.
        at: The same as a time, aware.
        on_time: Whether the last answers came when they were due: else only the provider's own
            figures say when it ended.
    """
    failed = result is None
    if result is not None and result.total_s is not None:
        total_s, queue_s = result.total_s, result.queue_s
        if max(answers.asked_s - _SLACK_S, 0) < total_s <= at_s + _SLACK_S:
            believed = queue_s is not None and 0 <= queue_s < total_s
            return Sample(latency_s=total_s, queue_s=queue_s if believed else None, at=at)
    if not on_time:
        return None
    if failed:
        # Failures tend to come early, and what is never looked for is never found: the middle.
        latency_s = (answers.asked_s + at_s) / 2
    else:
        latency_s = at_s - unnoticed_s(latency, answers, at_s)
    return Sample(latency_s=max(latency_s, 0.01), failed=failed, at=at)
