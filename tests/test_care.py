"""One job looked after by hand: credits come back only where nothing is at the provider."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.errors import StaleStateError
from bot.job import RELEASING, SETTLING, FailureReason, Job, JobState
from bot.jobs.care import HISTORY_REACHES, SETTLED_AFTER, JobCare, NotDoneError, why_not_released
from bot.jobs.reviving import EngineRecords
from bot.pseudonyms import Pseudonyms
from bot.storage import CareStore, JobFilter, JobStore
from tests.job_steps_kit import BODY, RELEASED, RESERVED_ONLY, T2V, World
from tests.segmind_far_end import html, reply
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, NOW, accepted, walked_to

pytest_plugins = ("tests.job_steps_fixtures",)

LATER = NOW + timedelta(hours=1)
MAYBE_SENT = (JobState.SUBMITTING, JobState.UNCERTAIN)


@pytest.fixture
def care(world: World, tmp_path: Path) -> JobCare:
    """The host's hands, beside no engine."""
    missing = tmp_path / "no-engine.sqlite3"
    return JobCare(
        jobs=world.store,
        unsent=CareStore(world.store._database),
        records=EngineRecords(f"sqlite:///{missing}", missing, Pseudonyms()),
        history=world.submit._search,
        now=world.clock.now,
    )


async def lost(world: World, state: JobState, *, arrived: bool) -> Job:
    """Return a job in a state in which only the provider knows whether it was sent."""
    job = await walked_to(world.store, state, model=T2V, parameters=BODY)
    if arrived:
        world.far_end.add(T2V, BODY, NOW)
    world.clock.at = LATER
    return job


# -- release -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", MAYBE_SENT)
async def test_a_submit_that_never_arrived_is_released_once(
    world: World, care: JobCare, state: JobState
) -> None:
    """The history was asked, does not have it; the credits go back, and only once."""
    job = await lost(world, state, arrived=False)

    done = await care.release(job.id)
    with pytest.raises(NotDoneError, match="holds no credits"):
        await care.release(job.id)

    assert (done.job.state, done.job.failure) == (JobState.FAILED, FailureReason.NOT_FOUND)
    assert "30 credits went back" in done.words
    assert await world.books(job) == RELEASED
    assert world.far_end.calls["submit"] == 0
    assert world.far_end.calls["history"] == 1


@pytest.mark.parametrize("state", MAYBE_SENT)
async def test_a_submit_that_arrived_is_not_released(
    world: World, care: JobCare, state: JobState
) -> None:
    """The provider has it and is paid: the job stays as it is, with its credits reserved."""
    job = await lost(world, state, arrived=True)

    with pytest.raises(NotDoneError, match="Segmind has it, and is paid for it"):
        await care.release(job.id)

    assert (await world.stored(job)).state is state
    assert await world.books(job) == RESERVED_ONLY


async def test_a_history_that_does_not_answer_releases_nothing(world: World, care: JobCare) -> None:
    """Nobody has looked, so nobody knows."""
    job = await lost(world, JobState.UNCERTAIN, arrived=False)
    world.far_end.script("history", html(502))

    with pytest.raises(NotDoneError, match="does not answer"):
        await care.release(job.id)

    assert await world.books(job) == RESERVED_ONLY


async def test_a_job_that_moved_while_the_history_was_read_is_not_released(
    world: World, care: JobCare
) -> None:
    """The bot has found it meanwhile: it runs, and its credits stay reserved."""
    job = await lost(world, JobState.UNCERTAIN, arrived=False)

    async def found_by_the_bot(request: web.Request) -> web.StreamResponse:
        await world.store.transition(job.id, JobState.RUNNING, now=LATER, request_id="r")
        return await reply(data=[])(request)

    world.far_end.script("history", found_by_the_bot)
    with pytest.raises(StaleStateError):
        await care.release(job.id)

    assert (await world.stored(job)).state is JobState.RUNNING
    assert await world.books(job) == RESERVED_ONLY


@pytest.mark.parametrize("state", MAYBE_SENT)
async def test_a_job_sent_anew_meanwhile_is_not_ended(store: JobStore, state: JobState) -> None:
    """Its new submit is another than the one that was looked for."""
    job = await walked_to(store, state)

    with pytest.raises(StaleStateError):
        await CareStore(store._database).end_unsent(
            job.id, sent_at=NOW - timedelta(seconds=1), now=LATER
        )

    assert [entry.kind for entry in await store.ledger_of(job.id)] == ["reserve"]


async def test_what_can_come_back_is_decided_by_state_and_time(store: JobStore) -> None:
    """Only a submit that is over, and within the history's reach, can be looked for."""
    job = await walked_to(store, JobState.SUBMITTING)
    settled = NOW + SETTLED_AFTER

    assert why_not_released(job, settled) is None
    assert "on its way" in str(why_not_released(job, settled - timedelta(seconds=1)))
    late = NOW + HISTORY_REACHES + timedelta(seconds=1)
    assert "so long ago" in str(why_not_released(job, late))
    restored = replace(job, restored_at=settled)
    assert "on its way" in str(why_not_released(restored, settled))
    for state in (JobState.RUNNING, JobState.FINISHED):
        assert "Segmind has it" in str(why_not_released(replace(job, state=state), settled))
    for state in RELEASING | SETTLING:
        assert "it has ended" in str(why_not_released(replace(job, state=state), settled))


# -- cancel and retry ------------------------------------------------------------------------


async def test_a_waiting_job_is_cancelled_once(world: World, care: JobCare) -> None:
    """By either name; its credits go back once."""
    cancelled, released = await world.job(1), await world.job(2)

    await care.cancel(cancelled.id)
    await care.release(released.id)
    with pytest.raises(NotDoneError, match=r"it has ended \(cancelled\)"):
        await care.cancel(cancelled.id)

    for job in (cancelled, released):
        assert (await world.stored(job)).state is JobState.CANCELLED
        assert await world.books(job) == RELEASED


async def test_a_sent_job_is_not_cancelled(store: JobStore, care: JobCare) -> None:
    """It is said what its member can do."""
    job = await walked_to(store, JobState.RUNNING, model=T2V, parameters=BODY)

    with pytest.raises(NotDoneError, match="/jobs"):
        await care.cancel(job.id)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JobState.FAILED, "never sent a second time"),
        (JobState.DELIVERED, "never sent a second time"),
        (JobState.UNDELIVERED, "sent again, for free"),
    ],
)
async def test_what_has_ended_is_not_tried_again(
    store: JobStore, care: JobCare, state: JobState, words: str
) -> None:
    """A job is sent once."""
    job = await walked_to(store, state)

    with pytest.raises(NotDoneError, match=words):
        await care.retry(job.id)


async def test_a_job_of_a_bot_that_never_ran_is_taken_up_at_its_start(
    world: World, care: JobCare
) -> None:
    """There are no records of an engine, and none are made."""
    done = await care.retry((await world.job()).id)

    assert "its next start takes it up" in done.words


async def test_a_wrong_id_is_told(care: JobCare) -> None:
    """With where the right ones are."""
    for way in (care.cancel, care.release, care.retry):
        with pytest.raises(NotDoneError, match=r"no job 7.*jobs list"):
            await way(7)


# -- finding ---------------------------------------------------------------------------------


async def test_jobs_are_found_by_what_they_are(store: JobStore) -> None:
    """By state, server, member and age, the newest first, and never more than asked for."""
    await walked_to(store, JobState.RUNNING, 1)
    await walked_to(store, JobState.FAILED, 2, guild_id=None)
    await walked_to(store, JobState.QUEUED, 3, user_id=MEMBER + 1)
    care = CareStore(store._database)

    async def found(limit: int = 9, **wanted: Any) -> list[int]:
        jobs = await care.listed(JobFilter(**wanted), limit=limit)
        return [job.id - FIRST_ID for job in jobs]

    assert await found() == [3, 2, 1]
    assert await found(limit=2) == [3, 2]
    assert await found(states=frozenset({JobState.RUNNING, JobState.QUEUED})) == [3, 1]
    assert await found(guild_id=GUILD) == [3, 1]
    assert await found(guild_id=0) == [2]
    assert await found(user_id=MEMBER) == [2, 1]
    assert await found(since=LATER) == await found(before=NOW) == []
    assert await found(since=NOW, before=LATER) == [3, 2, 1]


# -- the books --------------------------------------------------------------------------------


async def test_only_a_missing_end_is_mended(store: JobStore, file: Path) -> None:
    """A release or a settlement that is missing is added once; a wrong sum is left alone."""
    failed = await walked_to(store, JobState.FAILED, 1)
    delivered = await walked_to(store, JobState.DELIVERED, 2)
    wrong = await walked_to(store, JobState.FAILED, 3)
    await accepted(store, 4)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM ledger_entry WHERE kind IN ('release', 'settle')")
        connection.execute("UPDATE ledger_entry SET credits = 5 WHERE job_id = ?", (wrong.id,))
        connection.commit()
    care = CareStore(store._database)

    found = await care.unclosed()
    closed = [await care.close(one, now=LATER) for one in found]
    again = [await care.close(one, now=LATER) for one in found]

    assert [(one.job_id, one.kind) for one in found] == [
        (failed.id, "release"),
        (delivered.id, "settle"),
    ]
    assert (closed, again) == ([True, True], [False, False])
    assert await care.unclosed() == []
    (problem,) = await care.problems()
    assert f"job {wrong.id}" in problem
