"""Going back to the tables of an older version: what is lost by it, a copy first, the way itself.

Only the newer version knows the way: it must be gone before the older one is installed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import BotError, ConfigurationError
from bot.storage import backups, engines, relocation, restoring, revisions
from bot.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Undone:
    """A migration that is taken back.

    Attributes:
        revision: The tables' version that it made.
        about: What it brought, in a sentence.
    """

    revision: str
    about: str


async def way_back(database: Database, to: str) -> Sequence[Undone]:
    """Return what is taken back on the way to the tables of version `to`; nothing: it has those.

    Raises:
        ConfigurationError: the database cannot be used, or is not of this version or an older.
        BotError: there is no such version, or it is newer than the database's.
    """
    known = await asyncio.to_thread(revisions.known_revisions)
    if to not in known:
        raise BotError(f"There are no tables of version {to!r}. There are: {', '.join(known)}.")
    try:
        current = await database.revision()
    except (SQLAlchemyError, OSError) as error:
        raise ConfigurationError(f"{database.url}: {engines.cause(error)}") from error
    if current not in known:
        raise ConfigurationError(
            f"{database.url} has tables of version {current or 'none'}, which this program does "
            "not know: only the version of the bot that made them knows the way back."
        )
    if to > current:
        raise BotError(
            f"{database.url} has tables of version {current}, which is older than {to}. To bring "
            "them up to date: python -m bot migrate"
        )
    await _refuse_away(database, current)
    from bot.storage import schema  # noqa: PLC0415 - Alembic is seldom needed, and large

    undone = await asyncio.to_thread(schema.between, to, current)
    return [Undone(revision=revision, about=about) for revision, about in undone]


async def go_back(
    database: Database, to: str, *, disposable: Path | None, now: datetime
) -> Path | None:
    """Take the tables back to version `to`; return where a copy of the database before that is.

    Nobody may use the database. Killed in the middle it has the one version or the other, whole.

    Args:
        database: One that `way_back` knows the way for.
        to: The older version of its tables.
        disposable: The durable engine's own file, removed: an older version may not read what a
            newer one left there, and starts every job again from its row. On PostgreSQL the
            engine's tables go.
        now: The time, aware.

    Returns:
        None on PostgreSQL, which has programs of its own for copies.

    Raises:
        BotError: the copy cannot be made; nothing was changed.
    """
    kept = await asyncio.to_thread(_copied, database.file, f"{now:%Y%m%dT%H%M%S}")
    if disposable is not None:
        await asyncio.to_thread(backups.remove_database, disposable)
    await database.write(restoring.forget_engine)
    await database.downgrade(to)
    return kept


async def _refuse_away(database: Database, current: str) -> None:
    # Older tables have no room for that note.
    if current >= relocation.SINCE:
        await relocation.refuse_away(database)


def _copied(file: Path | None, stamp: str) -> Path | None:
    if file is None:
        return None
    kept = backups.aside_of(file, stamp, what="migrate")
    part = kept.with_name(f"{kept.name}.part")
    backups.make(file, part)
    backups.keep(part, kept)
    return kept
