"""One key for all pseudonyms of a test, and looks at the rows of a database file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.pseudonyms import Pseudonyms

NAMES = Pseudonyms.keyed_by("a token")


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def everything(file: Path, table: str) -> list[tuple[Any, ...]]:
    """Return a whole table."""
    return rows(file, f'SELECT * FROM "{table}"')  # noqa: S608 - the database's own names


def of_guild(file: Path, table: str, guild_id: int) -> list[tuple[Any, ...]]:
    """Return the rows of a guild."""
    return rows(file, f'SELECT * FROM "{table}" WHERE guild_id = {guild_id}')  # noqa: S608 - a number
