"""What the running task works on goes with it, and no further."""

import asyncio
from pathlib import Path

from bot.job import Job
from bot.log_context import About, about, apart, now_about, work_on
from bot.storage import JobStore
from tests.discord_kit import until
from tests.engine_kit import launched
from tests.job_steps_kit import RecordingCards
from tests.storage_kit import accepted

pytest_plugins = ("tests.storage_fixtures",)


async def _looked() -> About:
    await asyncio.sleep(0)
    return now_about()


async def test_tasks_inherit_what_they_are_about() -> None:
    """Begun for a job, they stay with it, and threads do, too."""
    with about(7, 42):
        task = asyncio.create_task(_looked())
        in_a_thread = await asyncio.to_thread(now_about)

    assert await task == in_a_thread == About(7, 42)
    assert now_about() == About()


async def test_a_task_s_subject_ends_with_it() -> None:
    """Whoever started it goes on with their own."""

    async def job() -> About:
        work_on(7, None)
        return await _looked()

    assert await asyncio.create_task(job()) == About(7, None)
    assert now_about() == About()


async def test_a_task_that_serves_all_is_about_none() -> None:
    """Though a job was the first to need it."""
    with about(7, 42):
        task = asyncio.create_task(_looked(), context=apart())

        assert await task == About()
        assert now_about() == About(7, 42)


async def test_a_job_s_steps_are_about_it(store: JobStore, tmp_path: Path) -> None:
    """Each job's in the engine about its own, with its server, whoever let it in."""
    seen: dict[int, set[About]] = {}

    async def step(job: Job) -> Job:
        seen.setdefault(job.id, set()).add(now_about())
        return job

    jobs = [await accepted(store, number) for number in range(2)]
    ended: list[int] = []
    async with launched(
        store,
        RecordingCards(),
        tmp_path,
        stop_s=1,
        submit=step,
        follow=step,
        deliver=step,
        on_end=lambda job: ended.append(job.id),
    ) as engine:
        with about(1, 2):
            for job in jobs:
                await engine.enqueue(job)
        await until(lambda: len(ended) == len(jobs))

    assert seen == {job.id: {About(job.id, job.guild_id)} for job in jobs}
