"""Which of the database's errors mean that it is in trouble, and will be well again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from bot.errors import StorageTroubleError
from bot.storage import engines

# Locked by somebody else, full, gone read-only, unreadable: the disk's or the host's matter.
# Any other code of SQLite (no such table, say) is ours.
_SQLITE_TROUBLES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
# The extended code has its kind in the lowest byte.
_KIND = 0xFF


def is_trouble(error: Exception) -> bool:
    """Tell whether the database, not the statement, is why it failed. Pure."""
    if isinstance(error, NoConnectionError):
        return True  # no connection of the pool became free
    if isinstance(error, sqlite3.Error):
        return _is_sqlite_trouble(error)
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return _is_sqlite_trouble(error.orig)
    # PostgreSQL's drivers keep these two kinds for what is not the program's doing.
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _is_sqlite_trouble(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _KIND in _SQLITE_TROUBLES


@contextmanager
def told_apart() -> Iterator[None]:
    """Turn the database's troubles into `StorageTroubleError`; other errors go through."""
    try:
        yield
    except (DBAPIError, NoConnectionError, sqlite3.Error) as error:
        if not is_trouble(error):
            raise
        raise StorageTroubleError(str(engines.cause(error))) from error
