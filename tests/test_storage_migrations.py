"""Upgrades and downgrades of databases with rows in them; the tables alone: test_storage_schema."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from bot.job import JobState
from bot.policy import GuildPolicy
from bot.quota import EntryKind
from bot.storage import Database, JobStore, PolicyStore, engines, revisions, schema
from tests.storage_kit import (
    FIRST_ID,
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    ZONE,
    accepted,
    new_job,
    opened,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures",)

STORED_NOW = "2026-08-03 12:00:00.123456"
# State and the entries of jobs as version 0001 wrote them.
JOBS_OF_0001 = {
    "queued": ("reserve",),
    "running": ("reserve",),
    "delivered": ("reserve", "settle"),
    "failed": ("reserve", "release"),
    "undelivered": ("reserve", "release"),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The engine of migrations on a file that does not exist yet."""
    engine = engines.migration_engine(engines.parse(f"sqlite:///{tmp_path / 'bot.sqlite3'}"))
    yield engine
    engine.dispose()


def fill_0001(path: Path) -> None:
    """Write rows as version 0001 did."""
    connection = sqlite3.connect(path)
    for number, (state, kinds) in enumerate(JOBS_OF_0001.items()):
        row = {
            "id": FIRST_ID + number,
            "guild_id": GUILD,
            "channel_id": 1,
            "user_id": MEMBER,
            "model": "wan-2.6-i2v",
            "parameters": json.dumps({"prompt": f"a fox {number} 🦊", "seed": number}),
            "price_credits": 30,
            "token_expires_at": STORED_NOW,
            "upload_limit_bytes": 1,
            "state": state,
            "created_at": STORED_NOW,
            "parent_id": FIRST_ID if number else None,
        }
        insert(connection, "job", row)
        for kind in kinds:
            entry = {
                "job_id": FIRST_ID + number,
                "guild_id": GUILD,
                "user_id": MEMBER,
                "kind": kind,
                "credits": 30,
                "created_at": STORED_NOW,
                "counted_at": STORED_NOW,
            }
            insert(connection, "ledger_entry", entry)
    connection.commit()
    connection.close()


def insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    """Insert one row."""
    marks = ", ".join("?" * len(row))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - this test's own words
        tuple(row.values()),
    )


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds."""
    connection = sqlite3.connect(path)
    found = connection.execute(query).fetchall()
    connection.close()
    return found


async def test_an_upgrade_keeps_every_job_and_credit(engine: Engine, tmp_path: Path) -> None:
    """Jobs and entries of version 0001 add up as before: all drawn on the allowance."""
    path = tmp_path / "bot.sqlite3"
    schema.upgrade(engine, "0001")
    fill_0001(path)
    schema.upgrade(engine)
    async with opened(path) as store:
        jobs = (await store.of_member(MEMBER))[::-1]
        balance = await store.balance(
            guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=NOW
        )

        assert [job.state for job in jobs] == list(JOBS_OF_0001)
        assert {job.queued_at for job in jobs} == {NOW}
        assert [job.prompt for job in jobs] == [f"a fox {n} 🦊" for n in range(5)]
        assert (balance.usage.day_credits, balance.usage.reserved_credits) == (90, 60)
        assert await store.check_ledger() == []


async def test_jobs_of_before_the_upgrade_go_on(engine: Engine, tmp_path: Path) -> None:
    """A job that was running ends, settles, and its credits can be refunded."""
    path = tmp_path / "bot.sqlite3"
    schema.upgrade(engine, "0001")
    fill_0001(path)
    schema.upgrade(engine)
    async with opened(path) as store:
        running = FIRST_ID + 1
        await store.transition(running, JobState.FINISHED, now=NOW)
        await store.transition(running, JobState.DELIVERED, now=NOW)
        _, back = await store.take_down(
            running, guild_id=GUILD, actor_id=MODERATOR, reason=None, refund=True, now=NOW
        )
        await store.transition(FIRST_ID, JobState.CANCELLED, now=NOW)

        assert back == 30
        assert await store.check_ledger() == []


async def test_what_new_constraints_forbid_stays_forbidden(engine: Engine, tmp_path: Path) -> None:
    """After the upgrade, as before it, nothing is reserved or closed twice from one source."""
    path = tmp_path / "bot.sqlite3"
    schema.upgrade(engine, "0001")
    fill_0001(path)
    schema.upgrade(engine)
    connection = sqlite3.connect(path)
    for job, kind in ((0, "reserve"), (2, "settle"), (2, "release"), (3, "settle")):
        entry = {
            "job_id": FIRST_ID + job,
            "guild_id": GUILD,
            "user_id": MEMBER,
            "kind": kind,
            "credits": 30,
            "created_at": STORED_NOW,
            "counted_at": STORED_NOW,
            "grant_id": 0,
        }
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            insert(connection, "ledger_entry", entry)
    connection.close()


async def fill_0002(path: Path) -> None:
    """Write all that version 0001 does not know."""
    database = Database.open(f"sqlite:///{path}")
    store, policies = JobStore(database), PolicyStore(database)
    await policies.set_policy(GUILD, GuildPolicy(daily_credits=5), actor_id=MODERATOR, now=NOW)
    await store.grant(
        GUILD, MEMBER, 100, expires_at=None, reason="a prize", actor_id=MODERATOR, now=NOW
    )
    await accepted(store, 0)
    tight = replace(GENEROUS, daily_credits=40)
    split = await store.accept(new_job(1, parent_id=FIRST_ID), tight, ZONE, now=NOW)
    await store.transition(split.id, JobState.FAILED, now=NOW)
    await store.accept(new_job(2), tight, ZONE, now=NOW)
    for number in (3, 4):
        await store.accept(
            new_job(number, parent_id=FIRST_ID + 3 if number == 4 else None),
            GENEROUS,
            ZONE,
            now=NOW,
            state=JobState.AWAITING_APPROVAL,
        )
    await store.approve(FIRST_ID + 4, GENEROUS, ZONE, guild_id=GUILD, actor_id=MODERATOR, now=NOW)
    await walked_to(store, JobState.DELIVERED, 5)
    await store.take_down(
        FIRST_ID + 5, guild_id=GUILD, actor_id=MODERATOR, reason="spam", refund=True, now=NOW
    )
    await database.close()


async def test_a_downgrade_leaves_what_version_0001_understands(
    engine: Engine, tmp_path: Path
) -> None:
    """Split entries become one over the whole price; requests that never were let in are gone."""
    path = tmp_path / "bot.sqlite3"
    schema.upgrade(engine)
    await fill_0002(path)
    schema.downgrade(engine, "0001")
    entries = rows(
        path,
        "SELECT job_id, kind, credits FROM ledger_entry WHERE job_id IS NOT NULL"
        " ORDER BY job_id, id",
    )
    tables = {
        str(name) for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type='table'")
    }

    assert entries == [
        (FIRST_ID, "reserve", 30),
        (FIRST_ID + 1, "reserve", 30),
        (FIRST_ID + 1, "release", 30),
        (FIRST_ID + 2, "reserve", 30),
        (FIRST_ID + 4, "reserve", 30),
        (FIRST_ID + 5, "reserve", 30),
        (FIRST_ID + 5, "settle", 30),
        (FIRST_ID + 5, "adjust", 30),
    ]
    assert rows(path, "SELECT id, parent_id FROM job ORDER BY id") == [
        (FIRST_ID, None),
        (FIRST_ID + 1, FIRST_ID),
        (FIRST_ID + 2, None),
        (FIRST_ID + 4, None),
        (FIRST_ID + 5, None),
    ]
    assert {"job", "ledger_entry", "latency_sample", "alembic_version"} == {
        table for table in tables if not table.startswith("sqlite_")
    }


async def test_a_refund_of_an_older_version_is_known(engine: Engine, tmp_path: Path) -> None:
    """Its time is taken from the ledger; jobs without one have none."""
    path = tmp_path / "bot.sqlite3"
    schema.upgrade(engine)
    await fill_0002(path)
    schema.downgrade(engine, "0003")
    schema.upgrade(engine)
    async with opened(path) as store:
        jobs = await store.of_member(MEMBER)

    assert [job.refunded_at for job in jobs] == [NOW, None, None, None, None, None]


async def test_what_went_directly_before_is_known_to_have(engine: Engine, tmp_path: Path) -> None:
    """Until then a video was either where it was asked for, or in direct messages."""
    path = tmp_path / "bot.sqlite3"
    schema.upgrade(engine, "0001")
    fill_0001(path)
    schema.upgrade(engine, "0005")
    connection = sqlite3.connect(path)
    places = {FIRST_ID: (GUILD, 1), FIRST_ID + 1: (GUILD, 77), FIRST_ID + 2: (0, 77)}
    for job_id, (guild_id, channel_id) in places.items():
        connection.execute(
            "UPDATE job SET guild_id = ?, result_channel_id = ? WHERE id = ?",
            (guild_id, channel_id, job_id),
        )
    connection.commit()
    connection.close()
    schema.upgrade(engine)
    async with opened(path) as store:
        direct = {job.id for job in await store.of_member(MEMBER) if job.result_direct}

    assert direct == {FIRST_ID + 1}


async def test_down_and_up_again_loses_no_credit(engine: Engine, tmp_path: Path) -> None:
    """After both migrations the books agree, and the bot goes on."""
    path = tmp_path / "bot.sqlite3"
    schema.upgrade(engine)
    await fill_0002(path)
    schema.downgrade(engine, "0001")
    schema.upgrade(engine)
    async with opened(path) as store:
        await store.transition(FIRST_ID + 2, JobState.CANCELLED, now=NOW)
        entries = await store.ledger_of(FIRST_ID + 2)

        assert [(entry.kind, entry.credits) for entry in entries] == [
            (EntryKind.RESERVE, 30),
            (EntryKind.RELEASE, 30),
        ]
        assert await store.check_ledger() == []


async def test_a_dropped_video_was_made_and_paid_for_an_older_version_too(
    engine: Engine, tmp_path: Path
) -> None:
    """It knows no such state: to it the video was delivered. The credits stay spent, once."""
    path = tmp_path / "bot.sqlite3"
    schema.upgrade(engine)
    async with opened(path) as store:
        await walked_to(store, JobState.DROPPED)
        await store.keep_thumbnail(FIRST_ID, b"a picture", now=NOW)
    schema.downgrade(engine, "0010")
    older = rows(path, "SELECT state FROM job")
    schema.upgrade(engine)
    async with opened(path) as store:
        problems = await store.check_ledger()
        kinds = [entry.kind for entry in await store.ledger_of(FIRST_ID)]

    assert older == [("delivered",)]
    assert problems == []
    assert kinds == [EntryKind.RESERVE, EntryKind.SETTLE]


def test_the_files_of_migrations_are_named_after_their_revisions(engine: Engine) -> None:
    """What is newest is told by the names: it must be what Alembic migrates to."""
    scripts = ScriptDirectory(str(revisions.SCRIPTS))
    schema.upgrade(engine)

    assert scripts.get_heads() == [revisions.newest_revision()]
    assert revisions.is_newest(engine)
    schema.downgrade(engine, "0001")
    assert not revisions.is_newest(engine)
    schema.downgrade(engine, "base")
    assert not revisions.is_newest(engine)


async def test_nothing_to_migrate_needs_no_alembic(tmp_path: Path) -> None:
    """In a process of its own: here it is loaded already."""
    url = f"sqlite:///{tmp_path / 'bot.sqlite3'}"
    database = Database.open(url)
    await database.migrate()
    await database.close()
    program = (
        "import asyncio, sys\n"
        "from bot.storage import Database\n"
        f"asyncio.run(Database.open({url!r}).migrate())\n"
        "print('alembic' in sys.modules)\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()

    assert said.split() == [b"False"]
