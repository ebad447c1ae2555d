"""The SQLite driver: one hop to its thread for a statement, and nothing lost by that."""

import asyncio
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage import Database
from bot.storage.driver import Connection

NUMBERS = (
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) "
    "SELECT n FROM numbers"
)


async def connected(database: str) -> Connection:
    """Return a connection, open, that begins no transactions by itself."""
    connection = Connection(database, isolation_level=None)
    await connection
    return connection


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A file with one table of numbers."""
    file = tmp_path / "some.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE number (n INTEGER PRIMARY KEY)")
    database = Database.of_file(file)
    yield database
    await database.close()


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    """One that is open."""
    opened = await connected(str(tmp_path / "one.sqlite3"))
    yield opened
    await opened.close()


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the calls to drivers' threads by what is called."""
    counted: Counter[str] = Counter()
    original: Any = aiosqlite.Connection._execute

    async def counting(self: aiosqlite.Connection, work: Any, *values: Any, **named: Any) -> Any:
        counted[work.__name__] += 1
        return await original(self, work, *values, **named)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counting)
    return counted


def numbers(session: AsyncSession) -> Any:
    """Return a coroutine that finds all numbers."""
    return session.scalars(text("SELECT n FROM number ORDER BY n"))


async def add(database: Database, number: int) -> None:
    """Write one."""

    async def work(session: AsyncSession) -> None:
        await session.execute(text("INSERT INTO number VALUES (:n)"), {"n": number})

    await database.write(work)


async def test_a_look_is_two_hops(database: Database, hops: Counter[str]) -> None:
    """Its statement, which begins the transaction, and the end."""
    await database.read(numbers)  # connects
    hops.clear()
    await database.read(numbers)

    assert hops == {"_run": 1, "commit": 1}


async def test_a_write_is_a_hop_for_each_statement(database: Database, hops: Counter[str]) -> None:
    """BEGIN IMMEDIATE, what is written, COMMIT; no rollback of what is committed."""
    await add(database, 1)
    hops.clear()
    await add(database, 2)

    assert hops == {"_run": 2, "commit": 1}


async def test_a_look_sees_one_moment(database: Database) -> None:
    """What others write between its statements it does not see."""
    await add(database, 1)

    async def work(session: AsyncSession) -> list[list[int]]:
        before = list(await numbers(session))
        await add(database, 2)
        return [before, list(await numbers(session))]

    assert await database.read(work) == [[1], [1]]
    assert list(await database.read(numbers)) == [1, 2]


async def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    """Its first statement is undone, and the next write has its turn."""

    async def work(session: AsyncSession) -> None:
        await session.execute(text("INSERT INTO number VALUES (1)"))
        await session.execute(text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(Exception, match="nowhere"):
        await database.write(work)
    await add(database, 2)

    assert list(await database.read(numbers)) == [2]


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 200),
    takes=st.lists(st.one_of(st.none(), st.integers(1, 100)), max_size=6),
)
def test_every_row_comes_once_and_in_order(rows: int, takes: list[int | None]) -> None:
    """However many there are, and however they are asked for."""

    async def fetched() -> list[int]:
        connection = await connected(":memory:")
        cursor = await connection.cursor().execute(NUMBERS, (rows,))
        found: list[Any] = []
        for take in takes:
            found += [await cursor.fetchone()] if take is None else await cursor.fetchmany(take)
        found += await cursor.fetchall()
        await cursor.close()
        await connection.close()
        return [row[0] for row in found if row is not None]

    assert asyncio.run(fetched()) == [*range(1, rows + 1)]


async def test_a_long_result_is_not_fetched_as_a_whole(connection: Connection) -> None:
    """The statement goes on as long as rows are left, and is let go with its cursor."""
    cursor = await connection.cursor().execute(NUMBERS, (10_000,))
    first = await cursor.fetchmany(100)
    with pytest.raises(sqlite3.OperationalError, match="in progress"):
        await connection.cursor().execute("VACUUM")
    await cursor.close()
    await connection.cursor().execute("VACUUM")

    assert [row[0] for row in first] == [*range(1, 101)]


async def test_a_begin_that_nobody_waits_for_is_undone(connection: Connection) -> None:
    """Cancelled while it waited for the thread: it is carried out, so it is rolled back."""
    busy = asyncio.create_task(connection.on_thread(time.sleep, 0.05))
    begin = asyncio.create_task(connection.cursor().execute("BEGIN IMMEDIATE"))
    await asyncio.sleep(0)
    begin.cancel()
    await asyncio.gather(begin, return_exceptions=True)
    await connection.rollback()
    await busy

    assert begin.cancelled()
    assert not connection.in_transaction


@pytest.mark.usefixtures("connection")
async def test_its_thread_does_not_keep_the_program() -> None:
    """A program that ends without closing it ends."""
    ours = [thread for thread in threading.enumerate() if "connection_worker" in thread.name]

    assert ours
    assert all(thread.daemon for thread in ours)
