"""What deleted and changed rows leave behind in the database's files, and wiping it.

SQLite's secure_delete zeroes what is deleted, but copies that its B-trees leave behind when they
split pages stay in unused parts of others: only VACUUM, which writes every page anew, is rid of
those, and the write-ahead log holds the old pages until it is cut to nothing. PostgreSQL gives
the space of dead rows free to be written over.
"""

import logging
import sqlite3
import time
from contextlib import closing

from sqlalchemy import URL, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage import engines
from bot.storage.tables import Table

log = logging.getLogger(__name__)

# Readers of other processes keep the log from being cut for as long as they read.
_CUT_TRIES = 20
_CUT_RETRY_S = 0.1
# Of an extended result code, https://sqlite.org/rescode.html
_PRIMARY = 0xFF
_NO_ROOM = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


async def mark(session: AsyncSession) -> None:
    """Note, in the same transaction, that something was removed whose remains must go.

    SQLite has a number of ours in its file, 0 when there is nothing to do; it outlives a crash.
    """
    connection = await session.connection()
    if connection.dialect.name == "sqlite":
        marks = (await connection.exec_driver_sql("PRAGMA user_version")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA user_version = {int(marks) % 2**30 + 1}")


async def are_marked(session: AsyncSession) -> bool:
    """Return whether something is marked and not wiped yet."""
    connection = await session.connection()
    if connection.dialect.name != "sqlite":
        return False
    return bool((await connection.exec_driver_sql("PRAGMA user_version")).scalar_one())


def wipe(address: URL) -> bool:
    """Wipe; return False when something is left for now, which is logged. Blocking.

    On SQLite nobody else of this process may be writing.
    """
    try:
        if address.drivername == "postgresql":
            _vacuum_postgresql(address)
            return True
        return _wipe_file(str(address.database))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        log.warning("what was deleted could not be wiped from the files yet: %s", error)
        return False


def _wipe_file(path: str) -> bool:
    connection = sqlite3.connect(path, timeout=engines.BUSY_TIMEOUT_S, isolation_level=None)
    with closing(connection) as file:
        file.execute("PRAGMA secure_delete = ON")
        marks = _number(file, "PRAGMA user_version")
        _vacuum(file)
        file.execute("PRAGMA busy_timeout = 0")
        for _ in range(_CUT_TRIES):
            if _number(file, "PRAGMA wal_checkpoint(TRUNCATE)") == 0:
                _unmark(file, marks)
                return True
            time.sleep(_CUT_RETRY_S)
    log.warning("what was deleted is still in the database's log: another process reads it")
    return False


def _vacuum(file: sqlite3.Connection) -> None:
    """Write every page anew, by way of a copy in SQLite's folder for temporary files.

    That may be read-only, or have less space than the database (in a container it often does):
    then by way of a copy in memory.
    """
    try:
        file.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY not in _NO_ROOM:
            raise
        log.info("no temporary file for wiping the database (%s): it is done in memory", error)
        file.execute("PRAGMA temp_store = MEMORY")
        file.execute("VACUUM")


def _unmark(file: sqlite3.Connection, marks: int) -> None:
    """Note that it is done, unless another process has marked more since."""
    file.execute(f"PRAGMA busy_timeout = {round(1000 * engines.BUSY_TIMEOUT_S)}")
    file.execute("BEGIN IMMEDIATE")
    if _number(file, "PRAGMA user_version") == marks:
        file.execute("PRAGMA user_version = 0")
    file.execute("COMMIT")


def _number(file: sqlite3.Connection, statement: str) -> int:
    return int(file.execute(statement).fetchone()[0])


def _vacuum_postgresql(address: URL) -> None:
    engine = engines.vacuum_engine(address)
    try:
        with engine.connect() as connection:
            for table in Table.metadata.sorted_tables:
                connection.execute(text(f'VACUUM "{table.name}"'))
    finally:
        engine.dispose()
