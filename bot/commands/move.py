"""`python -m bot move --to URL`, and `--back`."""

import argparse
import asyncio

from bot.jobs.executor import standstill
from bot.settings import Settings, load_settings
from bot.storage import Database, Move, Moved, alone_on, back, remove_database
from bot.tools import now


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Copy everything into another, empty database (PostgreSQL or a SQLite file), compare "
        "both, and let the bot run on the new one only. The bot must be stopped. Interrupted, "
        "run it again: it goes on where it stopped."
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--to",
        metavar="URL",
        help="such as postgresql://user@host/name (password in PGPASSWORD, not here)",
    )
    where.add_argument(
        "--back", action="store_true", help="give a move up, or go back to the old database"
    )
    parser.set_defaults(command=_move)


def _move(options: argparse.Namespace) -> int:
    settings = load_settings()
    settings.make_data_dir()
    return asyncio.run(_back(settings) if options.back else _to(settings, options.to))


async def _to(settings: Settings, address: str) -> int:
    source = Database.open(settings.database_address)
    target = Database.open(address, "--to")
    print(f"From {source.url} to {target.url}", flush=True)
    try:
        with standstill(settings.executor_id, settings.data_dir) as also_newcomers:
            move = Move(source, target, now=now, standstill=also_newcomers)
            await move.prepare()
            moved = await move.carry_out(lambda line: print(line, flush=True))
    finally:
        await source.close()
        await target.close()
    _tell(moved, source, target)
    return 0


def _tell(moved: Moved, source: Database, target: Database) -> None:
    credits_ = ", ".join(f"{kind} {amount}" for kind, amount in moved.credits.items()) or "empty"
    how = "This was done before" if moved.earlier else "Both are the same"
    print(f"{how}: {sum(moved.rows.values())} rows; ledger: {credits_}.")
    password = ", with the password," if target.file is None else ""
    print(f"Now set DATABASE_URL={target.url}{password} and start the bot.")
    print(
        f"The bot does not start on {source.url} any more. Keep it until all is well, then remove "
        "it: it holds prompts."
    )


async def _back(settings: Settings) -> int:
    database = Database.open(settings.database_address)
    with standstill(settings.executor_id, settings.data_dir):
        try:
            await alone_on(database)
            if settings.engine_file is not None:
                # First: what it has as done must not hide what is uncertain from then on.
                await asyncio.to_thread(remove_database, settings.engine_file)
            uncertain = await back(database, now=now())
        finally:
            await database.close()
    print(f"The bot can be started on {database.url} again.")
    if uncertain is not None:
        print(
            "It is as it was when it was moved; what happened in the other database since is not "
            f"in it. {uncertain} jobs were on their way: the bot looks for each in the provider's "
            "history and in its channel before it does anything. Do not start the bot on the "
            "other database again."
        )
    return 0
