"""`python -m bot restore FILE`, and `--mark-only` after a restore by other means."""

import argparse
import asyncio
from pathlib import Path

from bot.errors import ConfigurationError
from bot.jobs.executor import standstill
from bot.settings import Settings, load_settings
from bot.storage import Database, Restored, alone_on, mark_restored, restore
from bot.tools import now


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Put a backup in the place of the SQLite database, which is moved aside. The bot must be "
        "stopped. A backup is older than reality: for each job that it has on its way the bot "
        "then looks into the provider's history and the channel before it does anything."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", type=Path, nargs="?", help="a file made by: python -m bot backup")
    what.add_argument(
        "--mark-only",
        action="store_true",
        help="the database is restored already, by pg_restore for example: mark its jobs",
    )
    parser.set_defaults(command=_restore)


def _restore(options: argparse.Namespace) -> int:
    settings = load_settings()
    settings.make_data_dir()
    database = Database.open(settings.database_address)
    with standstill(settings.executor_id, settings.data_dir):
        if options.mark_only:
            _told(asyncio.run(_mark(database, settings)))
            return 0
        if database.file is None:
            raise ConfigurationError(
                f"DATABASE_URL is PostgreSQL ({database.url}): use pg_restore into an empty "
                "database, then python -m bot restore --mark-only"
            )
        done = asyncio.run(_put_back(options.file, database, database.file, settings))
    print(f"{database.url} is {options.file} now.")
    if done.aside is not None:
        print(f"The database that was there is kept as {done.aside}; remove it when all is well.")
    _told(done.uncertain)
    return 0


async def _put_back(backup: Path, database: Database, file: Path, settings: Settings) -> Restored:
    await alone_on(database)
    return await restore(backup, file, disposable=settings.engine_file, now=now())


async def _mark(database: Database, settings: Settings) -> int:
    try:
        await alone_on(database)
        return await mark_restored(database, disposable=settings.engine_file, now=now())
    finally:
        await database.close()


def _told(uncertain: int) -> None:
    print(
        f"{uncertain} jobs were on their way. At its next start the bot looks for each in the "
        "provider's history and in its channel; what is in neither fails, and its credits go back."
        if uncertain
        else "No job was on its way."
    )
    print("Commands that came after the backup are unknown: their cards stay as they are.")
