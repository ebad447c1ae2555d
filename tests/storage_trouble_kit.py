"""A SQLite file in real trouble: locked by another connection, full, gone read-only."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from bot.storage import Database, JobStore

_ROOMY = 2**30


@dataclass
class Disk:
    """What a file's connections find; may change at any time.

    Attributes:
        path: The file.
        most_pages: SQLite's own limit of the file, in pages; what is over it is "disk is full".
        busy_ms: How long a connection waits for a lock.
        read_only: Whether the file takes no writes.
    """

    path: Path
    most_pages: int = _ROOMY
    busy_ms: int = 20
    read_only: bool = False

    def fill(self) -> None:
        """Leave no page free."""
        with closing(sqlite3.connect(self.path)) as connection:
            self.most_pages = connection.execute("PRAGMA page_count").fetchone()[0]

    def make_room(self) -> None:
        """Let it grow, and be written, again."""
        self.most_pages, self.read_only = _ROOMY, False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the write lock, as another process does in the middle of a transaction."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    def on_checkout(self, connection: Any, *_: object) -> None:
        """Tell a connection that is about to be used. SQLAlchemy's event."""
        cursor = connection.cursor()
        cursor.execute("PRAGMA database_list")
        if Path(cursor.fetchall()[0][2]).resolve() == self.path.resolve():
            cursor.execute(f"PRAGMA max_page_count = {self.most_pages}")
            cursor.fetchall()
            cursor.execute(f"PRAGMA busy_timeout = {self.busy_ms}")
            cursor.fetchall()
            cursor.execute(f"PRAGMA query_only = {'ON' if self.read_only else 'OFF'}")
        cursor.close()


@contextmanager
def watched(disk: Disk) -> Iterator[None]:
    """Let every connection of this process to the disk's file find what it is told."""
    event.listen(Pool, "checkout", disk.on_checkout)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", disk.on_checkout)


@asynccontextmanager
async def store_on(disk: Disk) -> AsyncIterator[JobStore]:
    """Give a store whose file can get into trouble."""
    with watched(disk):
        database = Database.open(f"sqlite:///{disk.path}")
        try:
            yield JobStore(database)
        finally:
            await database.close()
