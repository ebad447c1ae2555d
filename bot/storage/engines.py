"""Addresses and engines: what SQLite and PostgreSQL need to be set to."""

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import ConfigurationError, DatabaseAwayError, StorageTroubleError
from bot.storage import driver

# How long one process waits for another's write transaction, in seconds.
BUSY_TIMEOUT_S = 30.0
# The owner's only: prompts and interaction tokens are in it.
FILE_MODE = 0o600
_WAL_RETRY_S = 0.02
# An error's text must not show what was written: it may be an interaction token.
_COMMON = {"hide_parameters": True}
# libpq's own settings, in its units (milliseconds for the last): a server that is gone without
# a word (power, a cut cable) is noticed within seconds, not hours.
_POSTGRES: Mapping[str, str | int] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# As options behind the question mark.
_SECRETS = frozenset({"password", "sslpassword"})
# What a server, or the driver, says when the same address will never do. Errors of a connection
# have no code; a server that speaks another language is only asked once more.
_NEVER = ("password", "authentication", "does not exist", "pg_hba.conf", "SSL", ": invalid ")


def parse(url: str, name: str = "DATABASE_URL") -> URL:
    """Return the address without its driver; its password can be hidden.

    Args:
        url: As people write it.
        name: The setting it comes from, for errors.

    Raises:
        ConfigurationError: it is malformed, neither a SQLite file nor PostgreSQL, or has its
            password where it would be shown.
    """
    try:
        address = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):  # the second for a port that is no number
        # The text may hold a password: not repeated, and no chained error that does.
        raise _malformed(name) from None
    backend = address.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise _malformed(name)
    if "@" in (address.host or ""):
        # What stands before the second one is the rest of a password.
        raise ConfigurationError(f"{name}: in a user's name or password write @ as %40")
    if _SECRETS & address.query.keys():
        # Only what stands before the host is hidden in logs and notes.
        raise ConfigurationError(
            f"{name}: the password goes before the host, as in "
            "postgresql://user:password@host/name, or into PGPASSWORD"
        )
    if backend == "sqlite" and address.database in {None, "", ":memory:"}:
        raise ConfigurationError(f"{name}: SQLite needs a file: sqlite:///data/bot.sqlite3")
    return address.set(drivername=backend)


def _malformed(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} must look like sqlite:///data/bot.sqlite3 or postgresql://user:password@host/name"
    )


def cause(error: BaseException) -> BaseException:
    """Return the driver's own error; SQLAlchemy's text would add the statement."""
    return getattr(error, "orig", None) or error


def unusable(address: URL, error: Exception, name: str = "DATABASE_URL") -> ConfigurationError:
    """Return what the host reads when a database, set by `name`, cannot be worked with.

    A `DatabaseAwayError` when it is a server that may be there in a moment.
    """
    shown = address.render_as_string(hide_password=True)
    words = f"{name}: cannot use {shown}: {cause(error)}"
    if address.drivername == "postgresql" and _may_pass(error):
        return DatabaseAwayError(words)
    return ConfigurationError(words)


def _may_pass(error: Exception) -> bool:
    if not isinstance(error, OperationalError | StorageTroubleError):
        return False
    words = str(cause(error))
    return not any(never in words for never in _NEVER)


def async_engine(address: URL) -> AsyncEngine:
    """Return the engine the bot works with; nothing is connected yet."""
    if address.drivername == "postgresql":
        return create_async_engine(
            _psycopg(address), pool_pre_ping=True, connect_args=_POSTGRES, **_COMMON
        )
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"),
        connect_args={"timeout": BUSY_TIMEOUT_S, "async_creator_fn": driver.Connection},
        **_COMMON,
    )
    _configure_sqlite(engine.sync_engine, foreign_keys=True)
    return engine


def migration_engine(address: URL) -> Engine:
    """Return a blocking engine all of whose transactions write; makes a SQLite file, if need be."""
    if address.drivername == "postgresql":
        return create_engine(
            _psycopg(address), poolclass=NullPool, connect_args=_POSTGRES, **_COMMON
        )
    _make_file(Path(str(address.database)))
    engine = create_engine(
        address, poolclass=NullPool, connect_args={"timeout": BUSY_TIMEOUT_S}, **_COMMON
    )
    # Changing a table in SQLite means copying it and dropping the old one, which foreign
    # keys would forbid; the setting cannot be changed within a transaction.
    _configure_sqlite(engine, foreign_keys=False)
    event.listen(engine, "connect", _use_wal)
    return engine.execution_options(writing=True)


def lock_engine(address: URL) -> AsyncEngine:
    """Return an engine for PostgreSQL's locks among processes: few connections of its own."""
    return create_async_engine(
        _psycopg(address),
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=2,
        connect_args={**_POSTGRES, "application_name": "wan-video-bot locks"},
        **_COMMON,
    )


def vacuum_engine(address: URL) -> Engine:
    """Return a blocking engine for PostgreSQL's statements that no transaction may hold."""
    return create_engine(
        _psycopg(address),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args=_POSTGRES,
        **_COMMON,
    )


def _psycopg(address: URL) -> URL:
    return address.set(drivername="postgresql+psycopg")


def _make_file(file: Path) -> None:
    """Make a database's file and folder unless they are there; what SQLite adds is as private."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.touch(mode=FILE_MODE)


def _use_wal(connection: Any, _record: object) -> None:
    """Switch the file to WAL for good: readers and the writer no longer wait for each other."""
    for _ in range(round(BUSY_TIMEOUT_S / _WAL_RETRY_S)):
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            # The one statement that SQLite's busy timeout does not cover: another process
            # is making this switch, or the tables, right now.
            time.sleep(_WAL_RETRY_S)
        else:
            return
    raise TimeoutError("another process keeps the database locked")


def _configure_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        # FULL: a committed reservation survives a power cut, not only a crash.
        cursor.execute("PRAGMA synchronous = FULL")
        # What is deleted is zeroed; see `bot.storage.remains` for what this does not reach.
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A transaction that reads first and writes later could find at the write that another
        # was faster; IMMEDIATE takes the place of the one writer before it reads anything.
        if connection.get_execution_options().get("writing", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif isinstance(own := connection.connection.driver_connection, driver.Connection):
            own.begin_reading()
        else:
            connection.exec_driver_sql("BEGIN")
