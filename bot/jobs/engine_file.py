"""The SQLite file of the durable engine."""

import sqlite3
import sys

from bot.errors import ConfigurationError

NEWER_SQLITE = "Run the bot with Python 3.11, or on a system with SQLite 3.42 or newer."


def old_sqlite(
    python: tuple[int, ...] = sys.version_info[:2],
    sqlite: tuple[int, ...] = sqlite3.sqlite_version_info,
) -> str | None:
    """Return a sentence where DBOS could not keep time: it goes by Python's version alone. Pure.

    From Python 3.12 on it asks SQLite for fractions of a second, which came with SQLite 3.42;
    Python uses the library that the machine has.
    """
    if python >= (3, 12) and sqlite < (3, 42):
        has, runs = (".".join(map(str, version)) for version in (sqlite, python))
        return f"This machine's SQLite {has} is too old for Python {runs}."
    return None


def refuse_old_sqlite(
    python: tuple[int, ...] = sys.version_info[:2],
    sqlite: tuple[int, ...] = sqlite3.sqlite_version_info,
) -> None:
    """Raise ConfigurationError where DBOS could not keep time, with what to do."""
    if trouble := old_sqlite(python, sqlite):
        raise ConfigurationError(f"{trouble} {NEWER_SQLITE}")


def prepare_sqlite(address: str) -> None:
    """Set write-ahead logging before DBOS opens the file: it does not do so itself.

    Raises:
        ConfigurationError: this machine's SQLite is too old for DBOS.
    """
    prefix = "sqlite:///"
    if not address.startswith(prefix):
        return
    refuse_old_sqlite()
    connection = sqlite3.connect(address.removeprefix(prefix))
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
