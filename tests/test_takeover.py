"""Taking over, with the real engine on a real server: whose jobs, when, and how they count."""

import asyncio
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
from dbos import DBOS

from bot.job import Job, JobState
from bot.jobs.engine import DurableEngine, EngineSettings
from bot.jobs.locks import executor_lock
from bot.jobs.reviving import EngineRecords
from bot.jobs.stop_time import StopTime
from bot.jobs.takeover import Takeover
from bot.pseudonyms import Pseudonyms
from bot.storage import Database, JobStore, PostgresLocks
from tests.discord_kit import until
from tests.job_steps_kit import Clock, RecordingCards
from tests.storage_kit import FIRST_ID, NOW, PATHS, accepted

pytest_plugins = ("tests.postgres_fixtures",)


class Steps:
    """A first step that waits to be let go, and takes the job to its end."""

    def __init__(self, store: JobStore) -> None:
        self.store, self.begun, self.go = store, 0, asyncio.Event()

    async def all_of_it(self, job: Job) -> Job:
        """Wait, then deliver, as far as nobody else has."""
        self.begun += 1
        await self.go.wait()
        for state in PATHS[JobState.DELIVERED]:
            job = await self.store.transition(job.id, state, now=NOW)
        return job

    async def nothing(self, job: Job) -> Job:
        """Leave it."""
        return job


@pytest.fixture
async def steps(url: str) -> AsyncIterator[Steps]:
    """The steps of an engine that runs as bot-1, on the database of the jobs."""
    database = Database.open(url)
    steps = Steps(JobStore(database))
    engine = DurableEngine(
        EngineSettings(address=url, executor_id="bot-1", concurrency=4, concurrency_per_member=2),
        store=steps.store,
        cards=RecordingCards(),
        submit=steps.all_of_it,
        follow=steps.nothing,
        deliver=steps.nothing,
        on_end=lambda _job: None,
        now=lambda: NOW,
        pseudonyms=Pseudonyms(),
        stop_time=StopTime(1.0),
    )
    await engine.launch()
    job = await accepted(steps.store)
    await engine.enqueue(job)
    await until(lambda: steps.begun == 1)
    yield steps
    await engine.close()
    DBOS.destroy(destroy_registry=True)
    await database.close()


def begun_elsewhere(url: str) -> None:
    """Say in the engine's tables that bot-9 has begun the job."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE dbos.workflow_status SET executor_id = 'bot-9'")


def whose(url: str) -> list[tuple[object, ...]]:
    """What the engine's tables say: executor, queue, and whether a partition counts."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT executor_id, queue_name, queue_partition_key LIKE '%:%' "
            "FROM dbos.workflow_status"
        ).fetchall()


def begun_by(url: str) -> list[tuple[object, ...]]:
    """Who has begun the job, as the engine's tables say; nobody once it waits in the queue."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'"
        ).fetchall()


def looking(locks: PostgresLocks, clock: Clock, sure: Callable[[], bool]) -> Takeover:
    """A takeover of bot-1, in time that passes by hand."""
    return Takeover(locks, "bot-1", sure=sure, monotonic_s=clock.monotonic_s)


async def test_only_the_jobs_of_a_dead_process_are_taken_over(url: str, steps: Steps) -> None:
    """Not one's own, not a living one's, not before the grace; then once, back in the queue."""
    clock, unsure = Clock(), Clock()
    async with PostgresLocks.open(url) as locks, PostgresLocks.open(url) as others:
        takeover = looking(locks, clock, lambda: True)
        not_sure = looking(others, unsure, lambda: False)

        async def looks(seconds: float) -> None:
            await clock.sleep(seconds)
            await takeover.look()
            await unsure.sleep(seconds)
            await not_sure.look()

        await looks(0)
        await looks(60)
        assert steps.begun == 1  # our own: nobody holds its lock here, and that is no matter

        await asyncio.to_thread(begun_elsewhere, url)
        async with PostgresLocks.open(url) as living:
            assert await living.hold(executor_lock("bot-9"))
            await looks(60)
            await looks(60)
        await looks(0)
        await looks(locks.grace_s / 2)
        async with others.attempt(executor_lock("bot-9")) as back:  # for a moment
            assert back
            await looks(locks.grace_s)
        await looks(0)
        await looks(locks.grace_s - 1)
        await unsure.sleep(60)
        await not_sure.look()
        assert await asyncio.to_thread(begun_by, url) == [("bot-9",)]
        assert steps.begun == 1

        await looks(1)
        await until(lambda: steps.begun == 2)
        await looks(60)
        await looks(60)

    assert await asyncio.to_thread(whose, url) == [("bot-1", "jobs", True)]
    assert steps.begun == 2


async def test_two_that_take_over_at_once_do_it_once(url: str, steps: Steps) -> None:
    """The lock of the dead one lets one of them through; the job ends once."""
    clock = Clock()
    await asyncio.to_thread(begun_elsewhere, url)
    async with PostgresLocks.open(url) as one, PostgresLocks.open(url) as other:
        both = [looking(locks, clock, lambda: True) for locks in (one, other)]
        for seconds in (0, 60):
            await clock.sleep(seconds)
            await asyncio.gather(*(takeover.look() for takeover in both))
        await until(lambda: steps.begun == 2)
        await asyncio.gather(*(takeover.look() for takeover in both))
    assert steps.begun == 2
    steps.go.set()

    async def delivered() -> bool:
        return not await steps.store.unfinished()

    await until(delivered)
    assert await steps.store.check_ledger() == []


async def test_a_job_that_the_engine_lost_is_handed_to_it_from_outside(
    url: str, steps: Steps
) -> None:
    """What another process enqueues is run, once, in the same part of the queue as the others."""
    records = EngineRecords(url, None, Pseudonyms())
    begun = await steps.store.get(FIRST_ID)
    lost = await accepted(steps.store, 1)
    assert begun is not None

    first = await records.revive(lost)
    again = [(await records.revive(lost)).found for _ in range(3)]
    running = await records.revive(begun)
    await until(lambda: steps.begun == 2)
    steps.go.set()
    await until(lambda: _ended(url) == 2)

    assert first.found == "revived"
    assert set(again) <= {"waits", "runs"}
    assert (running.found, running.executor_id) == ("runs", "bot-1")
    assert len(await asyncio.to_thread(_parts, url)) == 1
    assert steps.begun == 2


def _ended(url: str) -> int:
    """How many workflows have succeeded."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT 1 FROM dbos.workflow_status WHERE status = 'SUCCESS'"
        ).rowcount


def _parts(url: str) -> set[tuple[object, ...]]:
    """What the jobs have in common: application, version, class, queue and its part."""
    with psycopg.connect(url) as connection:
        return set(
            connection.execute(
                "SELECT name, application_version, class_name, config_name, queue_name, "
                "queue_partition_key, serialization FROM dbos.workflow_status"
            ).fetchall()
        )
