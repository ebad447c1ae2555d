"""The durable engine when its own file is in trouble, and when it is stopped and started."""

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.job import Job, JobState
from bot.jobs import engine as engine_module
from bot.jobs.engine import DurableEngine
from bot.jobs.ports import Standing
from bot.jobs.stop_time import CARDS, INTAKE, WORK, StopTime
from bot.jobs.watch import enqueue_or_leave
from bot.storage import JobStore
from tests.discord_kit import until
from tests.engine_kit import launched
from tests.job_steps_kit import SETTLED, Clock, RecordingCards
from tests.storage_kit import GENEROUS, NOW, ZONE, accepted, new_job
from tests.storage_trouble_kit import Disk, watched

pytest_plugins = ("tests.storage_fixtures",)


class Steps:
    """Three steps that do nothing but move the job, and wait for a sign in the middle.

    Attributes:
        go: Lets the provider finish.
        following: How many wait.
        done: How often each step did something.
    """

    def __init__(self, store: JobStore) -> None:
        self.store = store
        self.go = asyncio.Event()
        self.done: Counter[str] = Counter()
        self.following = 0
        self.ended: list[int] = []

    async def submit(self, job: Job) -> Job:
        """Hand it over."""
        if job.state is not JobState.QUEUED:
            return job
        self.done["submit"] += 1
        await self.store.transition(job.id, JobState.SUBMITTING, now=NOW)
        return await self.store.transition(job.id, JobState.RUNNING, now=NOW)

    async def follow(self, job: Job) -> Job:
        """Wait for the sign."""
        if job.state is not JobState.RUNNING:
            return job
        self.following += 1
        await self.go.wait()
        self.done["follow"] += 1
        return await self.store.transition(job.id, JobState.FINISHED, now=NOW)

    async def deliver(self, job: Job) -> Job:
        """Deliver it."""
        if job.state is not JobState.FINISHED:
            return job
        self.done["deliver"] += 1
        return await self.store.transition(job.id, JobState.DELIVERED, now=NOW)

    def on_end(self, job: Job) -> None:
        """Take note."""
        self.ended.append(job.id)


def running_engine(
    steps: Steps, cards: RecordingCards, folder: Path
) -> AbstractAsyncContextManager[DurableEngine]:
    """Run an engine with these steps."""
    return launched(
        steps.store,
        cards,
        folder,
        stop_s=1.0,
        submit=steps.submit,
        follow=steps.follow,
        deliver=steps.deliver,
        on_end=steps.on_end,
    )


async def in_state(store: JobStore, job: Job, state: JobState) -> None:
    """Wait until a job has come to a state."""

    async def reached() -> bool:
        stored = await store.get(job.id)
        return stored is not None and stored.state is state

    await until(reached, 20)


async def test_a_workflow_that_died_with_the_engine_s_own_file_is_taken_up(
    store: JobStore, tmp_path: Path
) -> None:
    """The engine cannot write its own tables; when it can again the job goes on, each step once."""
    steps, disk = Steps(store), Disk(tmp_path / "engine.sqlite3")
    with watched(disk):
        async with running_engine(steps, RecordingCards(), tmp_path) as engine:
            job = await accepted(store)
            await engine.enqueue(job)
            await until(lambda: steps.following == 1)  # what was before is written down
            disk.read_only = True
            steps.go.set()
            await until(lambda: not engine._running)
            await engine.look()
            left = await store.get(job.id)
            disk.make_room()
            await engine.look()  # twice: at the first look it may only be about to begin
            await in_state(store, job, JobState.DELIVERED)
            await until(lambda: steps.ended == [job.id])

    assert left is not None
    assert left.state is JobState.FINISHED
    assert steps.done == {"submit": 1, "follow": 1, "deliver": 1}
    assert [entry.kind for entry in await store.ledger_of(job.id)] == SETTLED


async def test_the_engine_says_which_jobs_it_never_heard_of_and_forgets_what_is_over(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two days no record is left, although there are more than one tidying takes."""
    monkeypatch.setattr(engine_module, "_TIDIED_AT_ONCE", 2)
    steps, cards = Steps(store), RecordingCards()
    steps.go.set()
    jobs = [await accepted(store, number) for number in range(4)]
    async with running_engine(steps, cards, tmp_path) as engine:
        # At the launch all that were there were taken up.
        late = await accepted(store, 4)
        unknown = await engine.unknown([*jobs, late])
        await engine.enqueue(late)
        await until(lambda: len(steps.ended) == 5)
        await engine.tidy()
        kept = await engine.unknown([*jobs, late])
        monkeypatch.setattr(engine, "_now", lambda: datetime.now(UTC) + timedelta(days=2))

        async def all_forgotten() -> bool:
            await engine.tidy()
            return await engine.unknown([*jobs, late]) == [*jobs, late]

        # The last one's end is written down a moment after its last step.
        await until(all_forgotten)

    assert unknown == [late]
    assert kept == []


async def test_an_engine_whose_file_is_locked_keeps_no_member_waiting(
    store: JobStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The job is accepted all the same, and runs once the file is free."""
    steps, disk = Steps(store), Disk(tmp_path / "engine.sqlite3")
    steps.go.set()
    with watched(disk):
        async with running_engine(steps, RecordingCards(), tmp_path) as engine:
            job = await accepted(store)
            with disk.locked():
                await enqueue_or_leave(engine, job, timeout_s=0.1)
                left = await store.get(job.id)
            await in_state(store, job, JobState.DELIVERED)

    assert left == job
    assert "could not be enqueued within 0.1 s; again later" in caplog.text
    assert steps.done == {"submit": 1, "follow": 1, "deliver": 1}


async def test_a_job_that_is_only_beginning_is_not_taken_for_dead(
    store: JobStore, tmp_path: Path
) -> None:
    """Looking again and again at jobs that run changes nothing."""
    steps = Steps(store)
    async with running_engine(steps, RecordingCards(), tmp_path) as engine:
        jobs = [await accepted(store, number) for number in range(3)]
        for job in jobs:
            await engine.enqueue(job)
        for _ in range(5):
            await engine.look()
        steps.go.set()
        for job in jobs:
            await in_state(store, job, JobState.DELIVERED)
            await engine.look()

    assert steps.done == {"submit": 3, "follow": 3, "deliver": 3}


async def test_a_stop_parks_every_job_and_the_next_start_goes_on(
    store: JobStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two at the provider, one in the queue: none fails, none is sent twice, each card is true.

    One that waits for a moderator keeps its card: no process runs it.
    """
    steps, cards = Steps(store), RecordingCards()
    await store.accept(
        new_job(9),
        GENEROUS,
        ZONE,
        now=NOW,
        state=JobState.AWAITING_APPROVAL,
        approval_reasons=["."],
    )
    async with running_engine(steps, RecordingCards(), tmp_path) as engine:
        jobs = [await accepted(store, number) for number in range(3)]
        for job in jobs:
            await engine.enqueue(job)
        await until(lambda: steps.done["submit"] == 2)
        for job in jobs[:2]:
            await in_state(store, job, JobState.RUNNING)
    parked = await engine.parked(queued=True)

    assert {job.id: job.state for job in parked} == {
        jobs[0].id: JobState.RUNNING,
        jobs[1].id: JobState.RUNNING,
        jobs[2].id: JobState.QUEUED,
    }
    steps.go.set()
    async with running_engine(steps, cards, tmp_path):
        for job in jobs:
            await in_state(store, job, JobState.DELIVERED)

    assert steps.done == {"submit": 3, "follow": 3, "deliver": 3}
    # The queue's watch shows the one that waits.
    assert {job.id for job in jobs[:2]} <= {
        job.id for job, standing in cards.shown if standing == Standing()
    }
    assert "Traceback" not in caplog.text
    assert "destroyed" not in caplog.text


def test_the_stages_of_a_stop_share_one_allowance() -> None:
    """What one stage uses up the next ones do not have."""
    clock = Clock()
    stop = StopTime(10.0, clock=clock.monotonic_s)

    before_s = stop.left_s(INTAKE)
    stop.begin()
    clock.at += timedelta(seconds=4)
    stop.begin()  # a second time changes nothing
    assert before_s == pytest.approx(3)
    assert stop.left_s(INTAKE) == 0
    assert stop.left_s(WORK) == pytest.approx(2)
    assert stop.left_s(CARDS) == pytest.approx(4)
