"""`python -m bot backup FILE`."""

import argparse
import asyncio
from pathlib import Path

from bot.errors import ConfigurationError
from bot.settings import load_settings
from bot.storage import Database, back_up

_BYTES_IN_MIB = 2**20


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = "Write a checked copy of the SQLite database; the bot may be running."
    parser.add_argument("file", type=Path, help="where to; must not exist")
    parser.set_defaults(command=_backup)


def _backup(options: argparse.Namespace) -> int:
    settings = load_settings()
    database = Database.open(settings.database_address)
    if database.file is None:
        raise ConfigurationError(
            f"DATABASE_URL is PostgreSQL ({database.url}), which has its own program for this: "
            "pg_dump --format=custom --exclude-schema=dbos --file=FILE DATABASE. To restore: "
            "stop the bot, pg_restore into an empty database, then python -m bot restore "
            "--mark-only"
        )
    size_bytes = asyncio.run(back_up(database.file, options.file))
    print(f"{options.file}: {size_bytes / _BYTES_IN_MIB:.1f} MiB, checked, the books add up.")
    print("It holds prompts, and tokens that work for some minutes: keep it as safe as .env.")
    print("Go back to it with: python -m bot restore (never by copying: docs/hosting.md)")
    return 0
