"""The database locked, full or read-only: nothing half done, nothing sent twice, all goes on."""

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from bot.discord_ui.cards import status_card
from bot.errors import StorageTroubleError
from bot.i18n import number_text
from bot.job import FailureReason, Job, JobState
from bot.jobs.perseverance import (
    MOST_ERRORS,
    PROVIDER_MAY_WORK,
    is_trouble,
    retry_after_s,
    worn_out,
)
from bot.jobs.step_runner import FORGOTTEN, StepRunner
from bot.storage import JobStore
from tests.face_kit import texts
from tests.job_steps_kit import (
    BODY,
    RELEASED,
    RESERVED_ONLY,
    SETTLED,
    T2V,
    World,
    running_world,
)
from tests.storage_kit import PATHS, accepted, walked_to
from tests.storage_trouble_kit import Disk, store_on

pytest_plugins = ("tests.job_steps_fixtures",)

LONG_PROMPT = {**BODY, "prompt": "a fox " * 2000}  # some pages of its own

Trouble = Callable[[Disk], None]


@pytest.fixture
def disk(file: Path) -> Disk:
    """The disk under the database's file."""
    return Disk(file)


@pytest.fixture
async def shaky(disk: Disk) -> AsyncIterator[JobStore]:
    """A store on that disk."""
    async with store_on(disk) as store:
        yield store


@pytest.fixture
async def shaky_world(shaky: JobStore, downloads: Path) -> AsyncIterator[World]:
    """A job's steps on that store."""
    async with running_world(shaky, downloads) as world:
        yield world


def runner(world: World) -> StepRunner:
    """Return what runs a job's steps in the engine."""
    return StepRunner(
        store=world.store,
        cards=world.cards,
        now=world.clock.now,
        sleep=world.clock.sleep,
        draw=lambda: 0.5,
    )


def read_only(disk: Disk) -> None:
    """Take the right to write."""
    disk.read_only = True


def recover_at_sleep(world: World, disk: Disk, number: int) -> None:
    """Let the disk be well again while somebody sleeps for the so many-th time."""
    sleeps = 0

    async def on_sleep() -> None:
        nonlocal sleeps
        sleeps += 1
        if sleeps == number:
            disk.make_room()

    world.clock.on_sleep = on_sleep


# -- accepting ------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [Disk.fill, read_only], ids=["full", "read-only"])
async def test_what_cannot_be_written_is_not_accepted(
    shaky: JobStore, disk: Disk, trouble: Trouble
) -> None:
    """No job and no reservation; with room again the same command is accepted, once."""
    trouble(disk)
    with pytest.raises(StorageTroubleError):
        await accepted(shaky, model=T2V, parameters=LONG_PROMPT)

    disk.make_room()
    assert await shaky.unfinished() == []
    job = await accepted(shaky, model=T2V, parameters=LONG_PROMPT)
    assert [entry.kind for entry in await shaky.ledger_of(job.id)] == RESERVED_ONLY
    assert await shaky.check_ledger() == []


async def test_a_file_locked_for_too_long_is_trouble_and_leaves_no_lock(
    shaky: JobStore, disk: Disk
) -> None:
    """Another process writes for longer than the busy timeout; reading goes on meanwhile."""
    job = await accepted(shaky)
    with disk.locked():
        with pytest.raises(StorageTroubleError, match="database is locked"):
            await accepted(shaky, 1)
        assert await shaky.get(job.id) == job

    await accepted(shaky, 1)
    with disk.locked():
        pass  # nobody of ours holds it


async def test_nobody_waits_behind_everybody_else(shaky: JobStore, disk: Disk) -> None:
    """Ten commands meet a locked file: the last one hears of it as soon as the first."""
    disk.busy_ms, shaky._database.patience_s = 400, 0.1
    with disk.locked():
        results = await asyncio.gather(
            *(accepted(shaky, number) for number in range(10)), return_exceptions=True
        )

    words = [str(result) for result in results if isinstance(result, StorageTroubleError)]
    assert len(words) == 10
    assert words.count("others have been waiting to write for long") == 9
    assert (await accepted(shaky)).state is JobState.QUEUED


async def test_a_fault_of_the_program_is_no_trouble(shaky: JobStore, disk: Disk) -> None:
    """A table that is not there comes out as it is: retrying would not help."""
    with sqlite3.connect(disk.path) as connection:
        connection.execute("ALTER TABLE job RENAME TO lost")
    with pytest.raises(OperationalError, match="no such table"):
        await shaky.unfinished()


# -- each transition -------------------------------------------------------------------------

STEPS = [(path[-1], path[:-1]) for path in PATHS.values() if path]


@pytest.mark.parametrize(("to", "before"), STEPS, ids=[to.value for to, _ in STEPS])
async def test_a_transition_is_all_or_nothing(
    shaky: JobStore, disk: Disk, to: JobState, before: tuple[JobState, ...]
) -> None:
    """Locked, then read-only: the job and the ledger stay as they were; then it moves, once."""
    start = before[-1] if before else JobState.QUEUED
    job = await walked_to(shaky, start)
    if to is JobState.DROPPED:
        await shaky.drop(job.id, now=job.created_at)
    books = await shaky.ledger_of(job.id)
    with disk.locked(), pytest.raises(StorageTroubleError):
        await shaky.transition(job.id, to, now=job.created_at)
    read_only(disk)
    with pytest.raises(StorageTroubleError):
        await shaky.transition(job.id, to, now=job.created_at)

    stored = await shaky.get(job.id)
    assert stored is not None
    assert stored.state is start
    assert await shaky.ledger_of(job.id) == books
    disk.make_room()
    assert (await shaky.transition(job.id, to, now=job.created_at)).state is to
    assert await shaky.check_ledger() == []


# -- the steps of a job ---------------------------------------------------------------------


async def test_an_accepted_post_is_kept_in_memory_until_it_can_be_written(
    shaky_world: World, disk: Disk
) -> None:
    """The disk fails between the POST and `running`: it goes on, with one POST and no look-up."""
    world = shaky_world
    job = await world.job()

    async def accept_and_break(request: web.Request) -> web.StreamResponse:
        read_only(disk)
        return await world.far_end.accept(request)

    world.far_end.script("submit", accept_and_break)
    recover_at_sleep(world, disk, 20)

    running = await world.submit(job)

    assert running.state is JobState.RUNNING
    assert running.request_id == world.far_end.only.request_id
    assert world.far_end.calls["submit"] == 1
    assert world.far_end.calls["history"] == 0
    assert world.clock.passed_s > 300  # much longer than the patience with a fault of ours
    assert await world.books(job) == RESERVED_ONLY


async def test_killed_while_it_could_not_be_written_it_is_found(
    shaky_world: World, disk: Disk
) -> None:
    """What was in memory is gone: the history has it. One POST."""
    world = shaky_world
    job = await world.job()

    async def killed() -> None:
        raise asyncio.CancelledError  # goes through everything, as a kill does

    async def accept_and_break(request: web.Request) -> web.StreamResponse:
        read_only(disk)
        world.clock.on_sleep = killed
        return await world.far_end.accept(request)

    world.far_end.script("submit", accept_and_break)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(world.submit(job))
    disk.make_room()
    world.clock.on_sleep = None
    left = await world.stored(job)
    running = await world.submit(left)

    assert left.state is JobState.SUBMITTING
    assert (running.state, running.request_id) == (
        JobState.RUNNING,
        world.far_end.only.request_id,
    )
    assert world.far_end.calls["submit"] == 1
    assert await world.books(job) == RESERVED_ONLY


@pytest.mark.parametrize("step", ["submit", "follow", "deliver"])
async def test_every_step_waits_for_the_disk_and_the_video_arrives_once(
    shaky_world: World, disk: Disk, step: str
) -> None:
    """Half an hour without a disk to write to: one POST, one video, and the card says why."""
    world, run = shaky_world, runner(shaky_world)
    job = await world.job()
    for name in ("submit", "follow", "deliver"):
        if name == step:
            read_only(disk)
            recover_at_sleep(world, disk, 60)
        await run.run(getattr(world, name), job.id)

    assert (await world.stored(job)).state is JobState.DELIVERED
    assert world.far_end.calls["submit"] == 1
    assert len(world.channel.posts) == 1
    assert await world.books(job) == SETTLED
    hints = {hint for hint in world.cards.hints if "cannot save" in hint}
    assert len(hints) == 1
    shown = next(picture for picture in world.cards.shown if picture[1].hint in hints)
    assert "Nothing is lost: this goes on by itself" in "\n".join(texts(status_card(*shown)))


async def test_a_video_posted_but_not_written_down_is_not_posted_again(
    shaky_world: World, disk: Disk
) -> None:
    """The disk fails right after Discord took the message: the next try finds it."""
    world, run = shaky_world, runner(shaky_world)
    job = await world.job()
    await run.run(world.submit, job.id)
    await run.run(world.follow, job.id)

    async def break_disk(_job: Job) -> None:
        read_only(disk)
        recover_at_sleep(world, disk, 10)

    world.channel.on_video = break_disk

    await run.run(world.deliver, job.id)

    assert (await world.stored(job)).state is JobState.DELIVERED
    assert [post.how for post in world.channel.posts] == ["video"]
    assert await world.books(job) == SETTLED


async def test_no_room_for_a_download_is_waited_for(shaky_world: World) -> None:
    """The step stops with the system's "no space" thirty times: one video, not a failed job."""
    world, run = shaky_world, runner(shaky_world)
    job = await world.job()
    await run.run(world.submit, job.id)
    await run.run(world.follow, job.id)
    fetches = 0

    async def no_room(finished: Job) -> Job:
        nonlocal fetches
        fetches += 1
        if fetches <= 30:
            raise OSError(errno.ENOSPC, "No space left on device")
        return await world.deliver(finished)

    await run.run(no_room, job.id)

    assert (await world.stored(job)).state is JobState.DELIVERED
    assert world.clock.passed_s > 1000
    assert len(world.channel.posts) == 1


# -- how long -------------------------------------------------------------------------------


async def failing(_job: Job) -> Job:
    """A step with a fault."""
    raise ValueError("a fault of the program")


@pytest.mark.parametrize(
    ("state", "ends", "hours"),
    [
        (JobState.QUEUED, JobState.FAILED, 0),
        (JobState.SUBMITTING, JobState.FAILED, 2),
        (JobState.RUNNING, JobState.FAILED, 2),
        (JobState.FINISHED, JobState.UNDELIVERED, 0),
    ],
)
async def test_a_fault_that_stays_ends_the_job_when_nothing_is_to_be_lost(
    world: World, state: JobState, ends: JobState, hours: int
) -> None:
    """What the provider may be working on is given time; a video that is made stays."""
    job = await walked_to(world.store, state)

    ended = await runner(world).run(failing, job.id)

    stored = await world.stored(job)
    assert ended == stored.state.value == ends.value
    assert stored.failure is FailureReason.INTERNAL  # nobody's permissions are to blame
    assert hours * 3600 <= world.clock.passed_s < hours * 3600 + 900
    assert await world.books(job) == RELEASED


async def test_a_job_forgotten_meanwhile_is_over(world: World) -> None:
    """Its row is gone: there is nothing to do."""
    assert await runner(world).run(failing, 1) == FORGOTTEN


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (StorageTroubleError("database is locked"), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EROFS, "Read-only file system"), True),
        (FileNotFoundError(errno.ENOENT, "No such file"), False),
        (ValueError("a fault"), False),
    ],
)
def test_what_passes_by_itself(error: Exception, trouble: bool) -> None:
    """The host's disk, and nothing else."""
    assert is_trouble(error) is trouble


@given(st.integers(1, 10_000), st.floats(0, 1), st.booleans())
def test_a_retry_never_waits_for_longer_than_five_minutes(
    tries: int, draw: float, trouble: bool
) -> None:
    """Nor for nothing; a trouble at most a minute."""
    wait_s = retry_after_s(tries, trouble=trouble, draw=draw)

    assert 0.5 <= wait_s <= (60 if trouble else 300)


@given(st.sampled_from(JobState), st.integers(0, 100))
def test_no_job_is_given_up_early(state: JobState, errors: int) -> None:
    """Not before its tries are used up, nor while the provider may be working on it."""
    if worn_out(state, errors, PROVIDER_MAY_WORK):
        assert errors > MOST_ERRORS
        assert state not in {JobState.SUBMITTING, JobState.UNCERTAIN, JobState.RUNNING}


async def test_a_step_speaks_its_member_s_language(shaky_world: World) -> None:
    """What it says on the card is theirs to read; the next member's is another."""
    said = []

    async def step(job: Job) -> Job:
        said.append(number_text(1000))
        return job

    for number, locale in enumerate(("de", "en-US")):
        job = await accepted(shaky_world.store, number, locale=locale)
        await asyncio.create_task(runner(shaky_world).run(step, job.id))

    assert said == ["1.000", "1,000"]
