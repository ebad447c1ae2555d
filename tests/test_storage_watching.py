"""What the host's watching asks of the database."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import StorageTroubleError
from bot.job import JobState
from bot.storage import JobStore, WatchStore
from bot.watching import Probe
from tests.storage_kit import NOW, walked_to
from tests.storage_trouble_kit import Disk, store_on

pytest_plugins = ("tests.storage_fixtures",)


async def test_jobs_count_by_model_and_state_until_they_end(store: JobStore) -> None:
    """With the time since when the first is in its state."""
    first = await walked_to(store, JobState.QUEUED, 1)
    await walked_to(store, JobState.QUEUED, 2)
    sent = await walked_to(store, JobState.SUBMITTING, 3)
    later = NOW + timedelta(minutes=5)
    await store.transition(sent.id, JobState.RUNNING, now=later, request_id="a-request")
    await walked_to(store, JobState.DELIVERED, 4)

    found = await WatchStore(store._database).jobs()

    assert {(one.state, one.jobs, one.oldest_at) for one in found} == {
        (JobState.QUEUED, 2, first.queued_at),
        (JobState.RUNNING, 1, later),
    }
    assert {one.model for one in found} == {first.model}


async def test_stuck_jobs_are_the_oldest_of_those_that_are_late(store: JobStore) -> None:
    """Each state has its own time; what has ended, and what is in time, is left out."""
    late, later = NOW + timedelta(minutes=5), NOW + timedelta(minutes=6)
    for number, at in enumerate((later, NOW, late, later)):
        sent = await walked_to(store, JobState.SUBMITTING, number)
        await store.transition(sent.id, JobState.RUNNING, now=at, request_id=f"request {number}")
    queued = await walked_to(store, JobState.QUEUED, 4)
    await walked_to(store, JobState.DELIVERED, 5)
    before = {JobState.RUNNING: later, JobState.QUEUED: NOW}
    watch = WatchStore(store._database)
    running = await watch.stuck(before, limit=9)
    first = await watch.stuck(before | {JobState.QUEUED: late}, limit=2)

    assert [(job.state, job.since) for job in running] == [
        (JobState.RUNNING, NOW),
        (JobState.RUNNING, late),
    ]
    assert {job.state for job in first} == {JobState.RUNNING, JobState.QUEUED}
    assert queued.id in {job.id for job in first}
    assert {job.guild_id for job in first} == {queued.guild_id}


async def test_a_stuck_job_of_direct_messages_has_no_server(store: JobStore) -> None:
    """Zero is no server's id."""
    await walked_to(store, JobState.QUEUED, guild_id=None)
    found = await WatchStore(store._database).stuck(
        {JobState.QUEUED: NOW + timedelta(minutes=1)}, limit=9
    )

    assert [job.guild_id for job in found] == [None]


async def test_a_locked_database_is_told_and_so_is_its_end(file: Path) -> None:
    """One that can be read but not written is as good as none."""
    disk = Disk(file)
    async with store_on(disk) as store:
        watch = WatchStore(store._database)
        probe = Probe("database", watch.jobs)
        with disk.locked():
            with pytest.raises(StorageTroubleError):
                await watch.jobs()
            await probe.look()
            words, answer = probe.words, probe.answer
        await probe.look()

        assert (words, answer) == ("StorageTroubleError", None)
        assert (probe.words, probe.answer) == ("", [])


@pytest.mark.parametrize("other", [False, True], ids=["gone", "another in its place"])
async def test_a_file_that_was_moved_is_told_until_it_is_back(
    file: Path, tmp_path: Path, other: bool
) -> None:
    """It works on for who has it open; what is written into it dies with the process."""
    aside = tmp_path / "aside"
    async with store_on(Disk(file)) as store:
        watch = WatchStore(store._database)
        await watch.jobs()
        await asyncio.to_thread(file.rename, aside)
        if other:
            await asyncio.to_thread(file.touch)
        with pytest.raises(StorageTroubleError, match="put it back"):
            await watch.jobs()
        await asyncio.to_thread(aside.replace, file)
        back = await watch.jobs()

    assert back == []
