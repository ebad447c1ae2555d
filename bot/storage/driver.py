"""The SQLite driver with one hop to its thread for each statement.

aiosqlite does every call on a connection's own thread. SQLAlchemy makes four calls of a SELECT
(a cursor, execute, fetch, close), each of which wakes that thread, and then the event loop: with
hundreds of jobs at once that was a third of all that the loop had to do.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")

# Fetched with a statement. Nearly all results are shorter, and are at their end then.
_ROWS_AT_ONCE = 64


class Cursor(aiosqlite.Cursor):
    """Runs a statement and fetches its first rows in one hop; often all that there is.

    A long result is fetched as it is asked for, so that it need never be in memory as a whole.
    """

    _conn: "Connection"

    def __init__(self, connection: "Connection") -> None:
        """Make one; nothing is asked of the driver yet.

        Args:
            connection: Open.
        """
        # The driver's own is made on its thread; `_run` sets it.
        super().__init__(connection, None)  # type: ignore[arg-type] # see above
        self._rows: list[Any] = []
        self._open = False

    @property
    def description(self) -> Any:
        """The columns of the result; None when the statement has none, or before it."""
        return self._cursor.description if self._cursor is not None else None

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> "Cursor":
        """Run a statement; raises the driver's errors."""
        await self._conn.on_thread(self._run, sql, parameters or ())
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> "Cursor":
        """Run a statement once for each set of parameters; raises the driver's errors."""
        await self._conn.on_thread(self._run, sql, parameters, True)
        return self

    async def fetchone(self) -> Any:
        """Return the next row, or None."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return at most so many of the next rows (as a rule one), none at the end."""
        wanted = size or 1
        if self._open and len(self._rows) < wanted:
            await self._conn.on_thread(self._fetch, max(_ROWS_AT_ONCE, wanted))
        found, self._rows = self._rows[:wanted], self._rows[wanted:]
        return found

    async def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        if self._open:
            await self._conn.on_thread(self._fetch, None)
        found, self._rows = self._rows, []
        return found

    async def close(self) -> None:
        """Let go of the statement, unless it was run to its end."""
        self._rows = []
        if self._open:
            await self._conn.on_thread(self._end)

    # -- on the driver's thread ----------------------------------------------------------

    def _run(self, sql: str, parameters: Any, many: bool = False) -> None:
        self._rows = []
        cursor = self._cursor = self._conn.begun().cursor()
        self._open = True
        try:
            (cursor.executemany if many else cursor.execute)(sql, parameters)
            self._fetch(_ROWS_AT_ONCE)
        except BaseException:
            self._end()
            raise

    def _fetch(self, size: int | None) -> None:
        """Add rows to those at hand: so many, or all."""
        found: Sequence[Any] = ()
        if self._cursor.description is not None:
            found = self._cursor.fetchall() if size is None else self._cursor.fetchmany(size)
        self._rows.extend(found)
        if size is None or len(found) < size:
            self._end()

    def _end(self) -> None:
        self._open = False
        self._cursor.close()


class Connection(aiosqlite.Connection):
    """A connection whose cursors take one hop a statement; its thread ends with the program."""

    def __init__(self, database: str, **options: Any) -> None:
        """Make one, to be awaited.

        Args:
            database: The file.
            **options: As `sqlite3.connect` takes them.
        """
        connector = partial(sqlite3.connect, database, **options)
        super().__init__(connector, iter_chunk_size=_ROWS_AT_ONCE)
        self._thread.daemon = True
        self._to_begin = self._abandoned = False

    def cursor(self) -> Any:
        """Return a cursor at once: it is made on the driver's thread with its first statement."""
        return Cursor(self)

    def begin_reading(self) -> None:
        """Begin a transaction that only reads, with its first statement: SQLite does, too."""
        self._to_begin = True

    async def commit(self) -> None:
        """End the transaction, if there is one."""
        self._to_begin = False
        if self.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        """Undo the transaction, if there is one: the pool asks for it after each commit."""
        self._to_begin = False
        if self.in_transaction or self._abandoned:
            self._abandoned = False
            await super().rollback()

    async def on_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what a call does on the driver's thread, after those before it."""
        try:
            result: T = await self._execute(work, *arguments)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            self._abandoned = True  # it is still done, and may begin a transaction
            raise
        return result

    def begun(self) -> sqlite3.Connection:
        """Return the driver's own connection, in the transaction that was begun. On its thread."""
        if self._to_begin:
            self._to_begin = False
            self._conn.execute("BEGIN")
        return self._conn
