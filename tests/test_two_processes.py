"""Two processes that run one job's steps at the same moment: it is sent once, and paid once.

That happens when a process is slow to notice that its jobs were taken over. The job's row, on a
real PostgreSQL server here, lets one of them through; each has its own connections.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from bot.delivery import Deliverer
from bot.errors import LockLostError, StaleStateError
from bot.job import FailureReason, Job, JobState
from bot.jobs.handing import HandOver
from bot.jobs.submit import Submitter
from bot.storage import Database, JobStore
from tests.job_steps_kit import RELEASED, SETTLED, World, running_world

pytest_plugins = ("tests.postgres_fixtures",)


@pytest.fixture
async def worlds(url: str, tmp_path: Path) -> AsyncIterator[tuple[World, World]]:
    """Two processes' views of one database; what the first asks of the provider counts."""
    async with AsyncExitStack() as stack:
        found = []
        for name in ("one", "other"):
            database = Database.open(url)
            stack.push_async_callback(database.close)
            folder = tmp_path / name
            folder.mkdir()
            found.append(await stack.enter_async_context(running_world(JobStore(database), folder)))
        yield found[0], found[1]


def submitter(process: World, *, to: World, sure: bool = True) -> Submitter:
    """The first step of one process, sending to the provider of another's world."""
    return Submitter(
        store=process.store,
        provider=to.submit._provider,
        cards=process.cards,
        budget=process.budget,
        breaker=process.breaker,
        now=process.clock.now,
        sleep=process.clock.sleep,
        sure=lambda: sure,
    )


async def outcome(step: Submitter | Deliverer, job: Job) -> Job | StaleStateError:
    """What a step came to; one that somebody was faster than says so, and is looked at again."""
    try:
        return await step(job)
    except StaleStateError as error:
        return error


async def test_both_send_a_queued_job(worlds: tuple[World, World]) -> None:
    """One intent goes through; the other step finds that somebody was faster."""
    one, other = worlds
    job = await one.job()
    steps = (submitter(one, to=one), submitter(other, to=one))
    outcomes = await asyncio.gather(*(outcome(step, job) for step in steps))

    assert one.far_end.calls["submit"] == 1
    assert sum(isinstance(found, StaleStateError) for found in outcomes) == 1
    assert (await one.stored(job)).state is JobState.RUNNING


async def test_one_looks_for_what_the_other_is_sending(worlds: tuple[World, World]) -> None:
    """Taken over in mid-POST: the history tells, nothing is sent again, one of both writes it."""
    one, other = worlds
    job = await one.job()

    async def while_it_is_sent(request: web.Request) -> web.StreamResponse:
        answer = await one.far_end.accept(request)
        taken = await submitter(other, to=one)(await other.stored(job))
        assert taken.state is JobState.RUNNING
        return answer

    one.far_end.script("submit", while_it_is_sent)
    late = await outcome(submitter(one, to=one), job)

    assert isinstance(late, StaleStateError)
    assert one.far_end.calls["submit"] == 1
    assert (await one.stored(job)).request_id == one.far_end.only.request_id


async def test_a_process_that_is_not_sure_sends_nothing(worlds: tuple[World, World]) -> None:
    """Stopped between intent and POST, it wakes: provably not sent, so the job waits again."""
    one, other = worlds
    job = await one.job()

    async def taken_over() -> None:
        assert (await one.stored(job)).state is JobState.QUEUED
        taken = await submitter(other, to=one)(await other.stored(job))
        assert taken.state is JobState.RUNNING
        one.clock.on_sleep = None

    one.clock.on_sleep = taken_over
    late = await outcome(submitter(one, to=one, sure=False), job)

    assert isinstance(late, StaleStateError)
    assert one.far_end.calls["submit"] == 1
    assert (await one.stored(job)).state is JobState.RUNNING


async def test_a_process_that_wakes_after_the_look_sends_nothing(
    worlds: tuple[World, World],
) -> None:
    """The one that took over has found nothing in the history and given the credits back."""
    one, other = worlds
    job = await one.job()
    sending = await one.store.transition(job.id, JobState.SUBMITTING, now=one.clock.now())
    failed = await submitter(other, to=one)(sending)

    assert failed.failure is FailureReason.NOT_FOUND
    assert isinstance(await outcome(submitter(one, to=one, sure=False), job), StaleStateError)
    assert one.far_end.calls["submit"] == 0
    assert await one.books(job) == RELEASED


async def test_a_process_that_is_not_sure_posts_nothing(worlds: tuple[World, World]) -> None:
    """Its step ends before anything is posted; the one that took over posts, and settles once."""
    one, other = worlds
    job = await one.job()
    finished = await one.follow(await submitter(one, to=one)(job))
    deliver = Deliverer(
        store=one.store,
        media=one.deliver._media,
        hand_over=HandOver(
            store=one.store,
            media=one.deliver._media,
            poster=one.channel,
            cards=one.cards,
            now=one.clock.now,
            sure=lambda: False,
        ),
        kept=one.kept,
        thumbnails=one.deliver._thumbnails,
        now=one.clock.now,
        folder=one.folder,
        sleep=one.clock.sleep,
    )
    with pytest.raises(LockLostError):
        await deliver(finished)
    assert one.channel.posts == []

    delivered = await other.deliver(await other.stored(job))

    assert delivered.state is JobState.DELIVERED
    assert len(other.channel.posts) == 1
    assert await one.books(job) == SETTLED


async def test_both_deliver_and_only_one_settles(worlds: tuple[World, World]) -> None:
    """Discord makes one message of both posts (the nonce); the row takes one of them."""
    one, other = worlds
    job = await one.job()
    finished = await one.follow(await submitter(one, to=one)(job))
    outcomes = await asyncio.gather(*(outcome(w.deliver, finished) for w in worlds))

    assert sum(isinstance(found, StaleStateError) for found in outcomes) == 1
    assert await one.books(job) == SETTLED
    assert (await other.stored(job)).state is JobState.DELIVERED
