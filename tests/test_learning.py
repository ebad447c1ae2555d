"""What the schedule learns from is looked up once for many jobs, and again soon after a sample."""

import asyncio
from collections.abc import Iterator

import pytest

from bot.jobs.learning import Latencies, size_key
from bot.latency import Sample
from bot.storage import JobStore
from tests.job_steps_kit import BODY, T2V, Clock
from tests.storage_kit import NOW, accepted, statements

pytest_plugins = ("tests.storage_fixtures",)


@pytest.fixture
def looked_up() -> Iterator[list[str]]:
    """Collect the questions about samples that reach the database."""
    with statements("SELECT", "latency_sample") as asked:
        yield asked


async def test_jobs_that_begin_at_once_look_it_up_once(
    store: JobStore, looked_up: list[str]
) -> None:
    """A restart begins a thousand at one moment."""
    job, clock = await accepted(store, model=T2V, parameters=BODY), Clock()
    latencies = Latencies(store, now=clock.now, clock=clock.monotonic_s)

    found = await asyncio.gather(*(latencies.of(job) for _ in range(20)))

    assert len(looked_up) == 1
    assert set(found) == {found[0]}


async def test_a_sample_is_believed_soon_and_not_by_each_job(
    store: JobStore, looked_up: list[str]
) -> None:
    """A hundred jobs that end at once are not a hundred look-ups; ten seconds later it counts."""
    job, clock = await accepted(store, model=T2V, parameters=BODY), Clock()
    latencies = Latencies(store, now=clock.now, clock=clock.monotonic_s)
    await clock.sleep(1)
    before = await latencies.of(job)
    for _ in range(10):
        await latencies.note(job, Sample(latency_s=before.usual_s * 2, at=NOW))
    looked_up.clear()
    at_once = await latencies.of(job)
    asked_at_once = len(looked_up)
    await clock.sleep(11)
    later = await latencies.of(job)

    assert (at_once, asked_at_once) == (before, 0)
    assert later.usual_s == pytest.approx(before.usual_s * 2, rel=0.1)


async def test_what_ends_at_once_is_written_down_together(store: JobStore) -> None:
    """Of fifty jobs the first is alone, and all that come while it is written are the next."""
    job, clock = await accepted(store, model=T2V, parameters=BODY), Clock()
    latencies = Latencies(store, now=clock.now, clock=clock.monotonic_s)
    samples = [Sample(latency_s=float(number), at=NOW) for number in range(1, 51)]
    with statements("BEGIN IMMEDIATE") as writes:
        await asyncio.gather(*(latencies.note(job, sample) for sample in samples))
    kept = await store.latencies(job.model, size_key(job))

    assert len(writes) <= 2
    assert sorted(sample.latency_s for sample in kept) == [*map(float, range(1, 51))]


async def test_what_others_learn_is_looked_up_after_minutes(store: JobStore) -> None:
    """Another process has written samples; nothing ends here."""
    job, clock = await accepted(store, model=T2V, parameters=BODY), Clock()
    latencies = Latencies(store, now=clock.now, clock=clock.monotonic_s)
    before = await latencies.of(job)
    for _ in range(10):
        sample = Sample(latency_s=before.usual_s * 2, at=NOW)
        await store.record_latency(job.model, size_key(job), sample)
    await clock.sleep(200)
    not_yet = await latencies.of(job)
    await clock.sleep(200)
    later = await latencies.of(job)

    assert not_yet == before
    assert later.usual_s > before.usual_s * 1.5
