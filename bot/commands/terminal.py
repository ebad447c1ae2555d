"""What commands share: the database, questions, progress, and words that are typed."""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.errors import BotError
from bot.settings import Settings
from bot.storage import Database, refuse_away

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
# Of days so many lie within the calendar.
_DURATION = re.compile(r"(\d{1,5})([smhd])", re.ASCII)
# SQLite's and PostgreSQL's largest.
_MOST_ID = 2**63 - 1
_OWNERS_ONLY = 0o600


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Give the database of a bot that may be running.

    Raises:
        ConfigurationError: it is not of this version, or the bot has moved to another.
    """
    database = Database.open(settings.database_address)
    try:
        await database.check()
        await refuse_away(database)
        yield database
    finally:
        await database.close()


def discord_id(text: str) -> int:
    """Read an id as Discord shows it; for argparse."""
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_ID):
        raise argparse.ArgumentTypeError(f"{text!r} is no id: copy the whole number, digits only")
    return int(text)


def duration(text: str) -> timedelta:
    """Read a length of time such as 90s, 30m, 2h or 7d; for argparse."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no length of time: write 90s, 30m, 2h or 7d, for example"
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def confirmed(question: str, *, yes: bool) -> bool:
    """Return whether to go on: told so by `--yes`, or by whoever sits at the terminal."""
    if yes:
        return True
    if not sys.stdin.isatty():
        print("Nothing was changed. To do it without a question: --yes", file=sys.stderr)
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    print("Nothing was changed.", file=sys.stderr)
    return False


def progress(words: str) -> None:
    """Show how far a long command is: one line that changes, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


async def write_new(path: Path, write: Callable[[Path], Coroutine[Any, Any, int]]) -> int:
    """Let `write` fill a file for its owner alone; it has its name only once it is whole.

    Args:
        path: Its name; must not exist.
        write: Fills the file at the path that it is given; returns how many rows.

    Raises:
        BotError: it exists, or cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        await asyncio.to_thread(_make, path, part)
        try:
            count = await write(part)
            await asyncio.to_thread(part.rename, path)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
    except FileExistsError as error:
        raise BotError(f"{error.filename} exists already. Choose another name.") from error
    except OSError as error:
        raise BotError(f"{path} cannot be written: {error.strerror}") from error
    return count


def _make(path: Path, part: Path) -> None:
    if path.exists():
        raise FileExistsError(None, None, str(path))
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNERS_ONLY))
