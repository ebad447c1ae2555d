"""A video's thumbnail is kept with its delivery, which never waits for it and never fails by it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.history import OfMember, Search
from bot.job import Job, JobState
from bot.jobs.thumbnails import Thumbnails
from bot.storage import HistoryStore
from tests.job_steps_kit import SETTLED, World
from tests.storage_kit import GUILD, MEMBER, NOW

pytest_plugins = ("tests.job_steps_fixtures",)


class Maker:
    """Makes thumbnails as a test says."""

    def __init__(self, make: Callable[[], Awaitable[bytes]]) -> None:
        self._make = make

    async def thumbnail(self, path: Path) -> bytes:
        """Return what the test makes; the file is there."""
        assert await asyncio.to_thread(path.exists)
        return await self._make()


async def delivered(world: World) -> Job:
    """Take a job to its end."""
    finished = await world.follow(await world.submit(await world.job()))
    await world.deliver(finished)
    return await world.stored(finished)


async def thumbnail_in(world: World, job: Job) -> bytes | None:
    """Return what is kept."""
    history = HistoryStore(world.store._database)
    page = await history.page(OfMember(user_id=MEMBER, guild_id=GUILD), Search())
    return page.thumbnails.get(job.id)


def made_by(world: World, make: Callable[[], Awaitable[bytes]], patience_s: float = 0.05) -> None:
    """Let thumbnails be made otherwise."""
    world.deliver._thumbnails = Thumbnails(
        maker=Maker(make), store=world.store, now=lambda: NOW, patience_s=patience_s
    )


async def test_a_delivered_video_has_a_thumbnail(world: World) -> None:
    """From the file that is on its way: it is downloaded once."""
    job = await delivered(world)

    data = await thumbnail_in(world, job)
    assert data is not None
    assert data[8:12] == b"WEBP"
    assert world.far_end.calls["file"] == 1


async def test_an_undelivered_video_has_one_and_sending_it_again_makes_no_other(
    world: World,
) -> None:
    """It is seen in /history, with the button that sends it."""
    world.channel.closed = world.channel.dms_closed = True
    job = await delivered(world)
    first = await thumbnail_in(world, job)
    world.channel.closed = False
    await world.send_again(job, None)

    assert job.state is JobState.UNDELIVERED
    assert first is not None
    assert await thumbnail_in(world, job) == first


async def test_sending_again_makes_the_one_that_is_missing(world: World) -> None:
    """The first try was of a version that made none, say."""

    async def fail() -> bytes:
        raise OSError("no room")

    made_by(world, fail)
    world.channel.closed = world.channel.dms_closed = True
    job = await delivered(world)
    before = await thumbnail_in(world, job)
    world.channel.closed = False
    await world.send_again(job, None)

    assert before is None
    assert await thumbnail_in(world, job) is not None


async def test_a_decoder_that_breaks_costs_only_the_thumbnail(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it raises; the log tells of it."""

    async def fail() -> bytes:
        raise ZeroDivisionError

    made_by(world, fail)
    job = await delivered(world)

    assert job.state is JobState.DELIVERED
    assert await thumbnail_in(world, job) is None
    assert await world.books(job) == SETTLED
    assert f"job {job.id}: no thumbnail" in caplog.text


async def test_a_thumbnail_that_hangs_is_given_up(world: World) -> None:
    """The video is posted first; then there is a little patience, and no task is left."""
    never = asyncio.Event()
    posted_meanwhile: list[bool] = []

    async def hang() -> bytes:
        try:
            await never.wait()
        finally:
            posted_meanwhile.append(bool(world.channel.posts))
        return b""

    made_by(world, hang)
    job = await delivered(world)
    await asyncio.sleep(0)

    assert job.state is JobState.DELIVERED
    assert posted_meanwhile == [True]
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("thumbnail")]
