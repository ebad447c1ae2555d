"""Backing up and restoring, the whole of it: the files, the check of the books, the marks."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import BotError, ConfigurationError
from bot.storage import backups, books, engines, relocation, restoring
from bot.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restore did.

    Attributes:
        uncertain: Jobs that the backup has on their way.
        aside: Where the database is that was there before; None when there was none.
    """

    uncertain: int
    aside: Path | None


async def back_up(database: Path, file: Path) -> int:
    """Write a checked copy of a SQLite database that may be in use; return its size in bytes.

    Raises:
        ConfigurationError: the database is not one of this version of the bot.
        BotError: the file is there already, cannot be written, or would be of no use.
    """
    if await asyncio.to_thread(file.exists):
        raise backups.taken(file)
    source = Database.of_file(database)
    try:
        await source.check()
    finally:
        await source.close()
    part = file.with_name(f"{file.name}.part")
    await asyncio.to_thread(backups.make, database, part)
    problems = await _problems(part)
    if problems:
        await asyncio.to_thread(backups.remove_database, part)
        raise BotError(f"The books do not add up, so this is no good backup: {problems}")
    await asyncio.to_thread(backups.keep, part, file)
    return (await asyncio.to_thread(file.stat)).st_size


async def restore(
    backup: Path, database: Path, *, disposable: Path | None, now: datetime
) -> Restored:
    """Put a backup in the place of a SQLite database; what is uncertain in it is marked.

    Nobody may use the database. Interrupted, it can be repeated, and must be.

    Args:
        backup: A file of `back_up`, or a copy of the database of a bot that was stopped.
        database: Where it goes; a file that is there is moved aside.
        disposable: The durable engine's own file, removed: it knows nothing of the backup.
        now: The time, aware.

    Raises:
        BotError: the backup cannot be used; nothing was changed.
    """
    if await asyncio.to_thread(backups.is_the_same, backup, database):
        raise BotError(
            f"{backup} is the present database itself. If you have put a backup there by hand: "
            "python -m bot restore --mark-only"
        )
    candidate = backups.candidate_of(database)
    await asyncio.to_thread(backups.bring, backup, candidate)
    try:
        uncertain = await _make_ready(candidate, backup, now=now)
    except BaseException:
        await asyncio.to_thread(backups.remove_database, candidate)
        raise
    there = await asyncio.to_thread(database.exists)
    aside = await asyncio.to_thread(backups.aside_of, database, f"{now:%Y%m%dT%H%M%S}")
    if disposable is not None:
        await asyncio.to_thread(backups.remove_database, disposable)
    await asyncio.to_thread(backups.take_place, candidate, database, aside)
    return Restored(uncertain=uncertain, aside=aside if there else None)


async def mark_restored(
    database: Database, *, disposable: Path | None = None, now: datetime
) -> int:
    """Mark what is uncertain in a database that was restored by other means.

    Args:
        database: Nobody may use it.
        disposable: The durable engine's own file, removed; on PostgreSQL its tables are.
        now: The time, aware.

    Returns:
        How many jobs are marked.

    Raises:
        ConfigurationError: it cannot be used.
    """
    await database.migrate()
    await relocation.refuse_away(database)
    if disposable is not None:
        await asyncio.to_thread(backups.remove_database, disposable)

    async def work(session: AsyncSession) -> int:
        await restoring.forget_engine(session)
        return await restoring.mark_uncertain(session, now=now)

    return await database.write(work)


async def _make_ready(candidate: Path, backup: Path, *, now: datetime) -> int:
    copy = Database.of_file(candidate)
    try:
        if await copy.revision() is None:
            raise BotError(f"{backup} is not a backup of this bot's database.")
        await copy.migrate()
        if problems := await copy.read(books.problems):
            raise BotError(f"The books of {backup} do not add up: {'; '.join(problems)}")
        return await copy.write(lambda session: restoring.mark_uncertain(session, now=now))
    except ConfigurationError as error:
        raise BotError(f"{backup} cannot be used: {error}") from error
    except SQLAlchemyError as error:
        raise BotError(f"{backup} cannot be used: {engines.cause(error)}") from error
    finally:
        await copy.close()


async def _problems(file: Path) -> str:
    copy = Database.of_file(file)
    try:
        return "; ".join(await copy.read(books.problems))
    finally:
        await copy.close()
