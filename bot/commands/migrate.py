"""`python -m bot migrate`, which the start does as well; and `--to REVISION`, the way back."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from bot.commands.terminal import confirmed
from bot.jobs.executor import standstill
from bot.migrated import note_migration
from bot.settings import Settings, load_settings
from bot.storage import Database, Migration, Undone, alone_on, go_back, way_back
from bot.tools import now


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Bring the database's tables up to date, as the bot's start does. With --to: take them "
        "back to those of an older version, before that is installed again. The bot must be "
        "stopped for that; first it says what is lost, then it asks."
    )
    parser.add_argument(
        "--to", metavar="REVISION", help="an older version of the tables, such as 0015"
    )
    parser.add_argument("--yes", action="store_true", help="without the question")
    parser.set_defaults(command=_migrate)


def _migrate(options: argparse.Namespace) -> int:
    settings = load_settings()
    settings.make_data_dir()
    database = Database.open(settings.database_address)
    if options.to is not None:
        with standstill(settings.executor_id, settings.data_dir):
            return asyncio.run(_back(database, settings, options.to, yes=options.yes))
    note_migration(settings, asyncio.run(_up(database)), now())
    print(f"{database.url} is up to date.")
    return 0


async def _up(database: Database) -> Migration | None:
    try:
        return await database.migrate()
    finally:
        await database.close()


async def _back(database: Database, settings: Settings, to: str, *, yes: bool) -> int:
    try:
        undone = await way_back(database, to)
        if not undone:
            print(f"{database.url} has tables of version {to}: nothing to do.")
            return 0
        _tell(undone, database)
        if not confirmed(f"Go back to the tables of version {to}?", yes=yes):
            return 1
        await alone_on(database)
        kept = await go_back(database, to, disposable=settings.engine_file, now=now())
    finally:
        await database.close()
    print(f"{database.url} has tables of version {to} now.")
    if kept is not None:
        print(f"As it was before, it is kept as {kept}; remove it when all is well.")
    print("Install the older version before the bot starts: this one would bring them up again.")
    return 0


def _tell(undone: Sequence[Undone], database: Database) -> None:
    print("What these brought goes, with all that is in it:", file=sys.stderr)
    for one in undone:
        print(f"  {one.revision}  {one.about}", file=sys.stderr)
    if database.file is None:
        print("Keep a copy first, with pg_dump: docs/hosting.md, Upgrading.", file=sys.stderr)
