"""What the host's commands ask and change, on PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.errors import BotError, StaleStateError
from bot.job import JobState
from bot.jobs.reviving import EngineRecords
from bot.pseudonyms import Pseudonyms
from bot.quota import EntryKind
from bot.storage import (
    AskingStore,
    CareStore,
    Database,
    ExportingStore,
    JobFilter,
    JobStore,
    prunable,
)
from tests.privacy_kit import NAMES
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, NOW, accepted, fill_asking, walked_to

pytest_plugins = ("tests.postgres_fixtures",)

LATER = NOW + timedelta(days=2)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """An own database."""
    database = Database.open(url)
    yield database
    await database.close()


async def test_jobs_are_found_and_released_as_on_sqlite(database: Database) -> None:
    """By all filters together; a lost submit is ended once."""
    store, care = JobStore(database), CareStore(database)
    job = await walked_to(store, JobState.UNCERTAIN, 1)
    await accepted(store, 2)
    wanted = JobFilter(
        states=frozenset({JobState.UNCERTAIN}),
        guild_id=GUILD,
        user_id=MEMBER,
        since=NOW,
        before=LATER,
    )
    found = await care.listed(wanted, limit=5)
    await care.end_unsent(job.id, sent_at=NOW, now=LATER)
    with pytest.raises(StaleStateError):
        await care.end_unsent(job.id, sent_at=NOW, now=LATER)

    assert [one.id for one in found] == [job.id]
    assert [entry.kind for entry in await store.ledger_of(job.id)] == ["reserve", "release"]
    assert await care.unclosed() == []
    assert await care.problems() == []


async def test_a_missing_end_is_mended_as_on_sqlite(database: Database) -> None:
    """A job that has ended with its price still reserved."""
    store, care = JobStore(database), CareStore(database)
    job = await walked_to(store, JobState.DELIVERED, 1)
    settled = text("DELETE FROM ledger_entry WHERE kind = 'settle'")
    await database.write(lambda session: session.execute(settled))

    (found,) = await care.unclosed()
    assert (found.job_id, found.kind) == (job.id, EntryKind.SETTLE)
    assert await care.close(found, now=LATER)
    assert not await care.close(found, now=LATER)
    assert await care.problems() == []


async def test_what_is_past_its_time_is_counted_as_on_sqlite(database: Database) -> None:
    """Jobs by guild, drafts and tokens."""
    store = JobStore(database)
    await walked_to(store, JobState.FAILED, 1)
    await accepted(store, 2)
    await fill_asking(AskingStore(database), "https://cdn.example/a.png")

    found = await prunable(database, {GUILD: LATER, 0: LATER}, now=LATER)

    assert (dict(found.jobs), found.drafts, found.tokens) == ({GUILD: 1}, 1, 1)


async def test_a_server_is_exported_as_on_sqlite(database: Database) -> None:
    """Its jobs and books."""
    await walked_to(JobStore(database), JobState.FAILED, 1)

    rows = [kind async for kind, _ in ExportingStore(database, NAMES).export_guild(GUILD)]

    assert rows == ["jobs", "credits", "credits"]


async def test_an_engine_that_never_ran_is_told(database: Database, url: str) -> None:
    """Its tables are not there: a start takes every job up."""
    job = await accepted(JobStore(database))

    with pytest.raises(BotError, match="a start of the bot takes up every job"):
        await EngineRecords(url, None, Pseudonyms()).revive(job)

    assert job.id == FIRST_ID
