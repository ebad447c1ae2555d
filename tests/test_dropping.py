"""Drop the result, step by step: nothing is posted, the real cost is learnt, credits settle."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from bot.errors import NotFoundError, StaleStateError
from bot.job import FailureReason, Job, JobState
from bot.jobs.on_the_way import OnTheWay
from bot.storage import PreferenceStore
from tests.job_steps_kit import RELEASED, RESERVED_ONLY, SETTLED, World
from tests.segmind_far_end import COST_USD, after, cut, reply
from tests.storage_kit import NOW

pytest_plugins = ("tests.job_steps_fixtures",)


class NoCards:
    """Cards that nobody looks at."""

    async def show(self, job: Job) -> None:
        """Show nothing."""


def way(world: World) -> OnTheWay:
    """Return what members do about jobs on their way."""
    return OnTheWay(
        store=world.store,
        preferences=PreferenceStore(world.store._database),
        cards=world.cards,
        approvals=NoCards(),
        now=world.clock.now,
    )


async def to_the_end(world: World, job: Job) -> Job:
    """Run the job's steps, each on the job as it stands by then."""
    for step in (world.submit, world.follow, world.deliver):
        try:
            await step(await world.stored(job))
        except StaleStateError:  # the step runner looks anew
            await step(await world.stored(job))
    return await world.stored(job)


async def test_a_dropped_video_is_made_paid_and_not_posted(world: World) -> None:
    """Dropped while it runs: what it cost is known, nothing is fetched, its credits are settled."""
    job = await world.submit(await world.job())
    dropped = await way(world).drop(job)
    ended = await to_the_end(world, job)

    assert (dropped.state, dropped.dropped_at) == (JobState.RUNNING, NOW)
    assert (ended.state, ended.cost_usd) == (JobState.DROPPED, COST_USD)
    assert (world.channel.calls, world.far_end.calls["file"]) == ([], 0)
    assert await world.books(job) == SETTLED


async def test_a_dropped_job_that_fails_costs_nothing(world: World) -> None:
    """The provider's failure gives the credits back as ever."""
    job = await world.submit(await world.job())
    await way(world).drop(job)
    world.far_end.script("status", reply(status="FAILED", error="boom"))
    ended = await to_the_end(world, job)

    assert (ended.state, ended.failure) == (JobState.FAILED, FailureReason.INFERENCE)
    assert await world.books(job) == RELEASED


async def test_dropped_while_it_is_sent(world: World) -> None:
    """The POST goes through: made, paid, not posted."""
    job = await world.job()

    async def press(request: web.Request) -> web.StreamResponse:
        await way(world).drop(await world.stored(job))
        return await world.far_end.accept(request)

    world.far_end.script("submit", press)
    ended = await to_the_end(world, job)

    assert ended.state is JobState.DROPPED
    assert len(world.far_end.records) == 1
    assert await world.books(job) == SETTLED


async def test_dropped_while_it_is_sent_and_then_not_taken(world: World) -> None:
    """Back in the queue it is as good as cancelled: not sent again, and free."""
    job = await world.job()

    async def press(request: web.Request) -> web.StreamResponse:
        await way(world).drop(await world.stored(job))
        return await reply(429, error="Too many requests")(request)

    world.far_end.script("submit", press)
    ended = await to_the_end(world, job)

    assert ended.state is JobState.CANCELLED
    assert world.far_end.calls["submit"] == 1
    assert await world.books(job) == RELEASED


async def test_a_dropped_job_in_the_queue_cannot_be_sent(world: World) -> None:
    """Whoever read it before it was dropped finds it closed."""
    job = await world.job()
    await world.store.transition(job.id, JobState.SUBMITTING, now=NOW)
    await world.store.drop(job.id, now=NOW)
    await world.store.transition(job.id, JobState.QUEUED, now=NOW)
    with pytest.raises(StaleStateError):
        await world.submit(job)

    assert world.far_end.calls["submit"] == 0
    assert (await to_the_end(world, job)).state is JobState.CANCELLED


async def test_dropped_while_it_is_uncertain(world: World) -> None:
    """It is looked for all the same: found, it is followed to its end."""
    job = await world.job()

    async def press(request: web.Request) -> web.StreamResponse:
        dropped.append(await way(world).drop(await world.stored(job)))
        return await world.far_end._history(request)

    dropped: list[Job] = []
    world.far_end.script("submit", after(world.far_end.accept, cut))
    world.far_end.script("history", press)
    ended = await to_the_end(world, job)

    assert [job.state for job in dropped] == [JobState.UNCERTAIN]
    assert ended.state is JobState.DROPPED
    assert len(world.far_end.records) == 1
    assert await world.books(job) == SETTLED


async def test_dropped_while_the_video_is_fetched(world: World) -> None:
    """Until posting begins it can be dropped."""
    job = await world.follow(await world.submit(await world.job()))

    async def press(request: web.Request) -> web.StreamResponse:
        await way(world).drop(await world.stored(job))
        return await world.far_end._file(request)

    world.far_end.script("file", press)
    ended = await to_the_end(world, job)

    assert ended.state is JobState.DROPPED
    assert world.channel.calls == []
    assert await world.books(job) == SETTLED


async def test_once_posting_has_begun_it_is_too_late(world: World) -> None:
    """The press changes nothing, and the video is delivered."""
    job = await world.follow(await world.submit(await world.job()))
    seen: list[Job] = []

    async def press(job: Job) -> None:
        seen.append(await way(world).drop(await world.stored(job)))

    world.channel.on_video = press
    ended = await to_the_end(world, job)

    assert [(job.state, job.dropped_at) for job in seen] == [(JobState.FINISHED, None)]
    assert (ended.state, ended.dropped_at) == (JobState.DELIVERED, None)
    assert len(world.channel.posts) == 1


async def test_what_was_not_sent_is_cancelled(world: World) -> None:
    """A drop that finds it in the queue gives the credits back at once."""
    job = await world.job()
    dropped = await way(world).drop(job)

    assert (dropped.state, dropped.dropped_at) == (JobState.CANCELLED, None)
    assert await world.books(job) == RELEASED


@pytest.mark.parametrize("state", [JobState.DELIVERED, JobState.FAILED, JobState.UNDELIVERED])
async def test_what_has_ended_stays_as_it_is(world: World, state: JobState) -> None:
    """Neither cancel nor drop does anything to it."""
    job = await world.follow(await world.submit(await world.job()))
    ended = await world.store.transition(job.id, state, now=NOW)
    await way(world).drop(job)
    left = await way(world).cancel(job)

    assert (left.state, left.dropped_at) == (ended.state, None)


@pytest.mark.parametrize("press", [OnTheWay.drop, OnTheWay.cancel])
async def test_a_job_that_moves_on_meanwhile_is_looked_at_anew(
    world: World, press: Callable[[OnTheWay, Job], Awaitable[Job]]
) -> None:
    """What was pressed on an old picture of the job finds it where it is now."""
    queued = await world.job()
    await world.submit(queued)
    found = await press(way(world), queued)

    assert found.state is JobState.RUNNING
    assert (found.dropped_at is not None) == (press is OnTheWay.drop)


async def test_two_drops_at_once_are_one(world: World) -> None:
    """Both presses are told the same; the first moment stays."""
    job = await world.submit(await world.job())
    both = await asyncio.gather(*(way(world).drop(job) for _ in range(5)))
    await world.clock.sleep(60)
    again = await way(world).drop(await world.stored(job))

    assert {(one.state, one.dropped_at) for one in (*both, again)} == {
        (JobState.RUNNING, both[0].dropped_at)
    }
    assert await world.books(job) == RESERVED_ONLY


async def test_a_forgotten_job_is_gone(world: World) -> None:
    """There is nothing to say of it."""
    job = await world.job()
    gone = Job(**{**vars(job), "id": job.id + 1})
    with pytest.raises(NotFoundError):
        await way(world).cancel(gone)
