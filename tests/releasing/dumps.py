"""Databases as SQL text: small ones, for git to show what changes in them."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

from sandbox import postgres

# What pg_dump writes for its own version's servers only, and for readers.
_NOT_KEPT = re.compile(r"(?:SET \w+ = .*;|\\(?:un)?restrict .*|--.*|)\n")


def of_sqlite(file: Path) -> str:
    """Return a SQLite database as SQL. Blocking, as all here."""
    with closing(sqlite3.connect(file)) as connection:
        return "".join(f"{line}\n" for line in connection.iterdump())


def into_sqlite(dump: str, file: Path) -> None:
    """Make a SQLite database of SQL."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(dump)


def of_postgresql(socket_folder: str, name: str) -> str:
    """Return a database on a server of `sandbox.postgres` as SQL that any version reads."""
    lines = postgres.dumped(socket_folder, name).splitlines(keepends=True)
    return "".join(line for line in lines if not _NOT_KEPT.fullmatch(line))


def into_postgresql(dump: str, address: str) -> None:
    """Fill an empty database from SQL."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(dump.encode())
