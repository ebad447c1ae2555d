"""Checks the database: that it answers, has this program's tables, takes writes, and adds up."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.doctoring.diagnosis import Diagnosis, NotCheckedError, hint, well, wrong
from bot.doctoring.web import MS_IN_S
from bot.errors import ConfigurationError, DatabaseAwayError, StorageTroubleError
from bot.jobs.engine_file import NEWER_SQLITE, old_sqlite
from bot.settings import Settings
from bot.storage import Database, JobStore, WatchStore, refuse_away

_SHOWN_PROBLEMS = 3
_NO_DATABASE = "the database cannot be used"


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database.open(settings.database_address)
    try:
        yield database
    finally:
        await database.close()


async def check_database(
    settings: Settings, *, trouble: Callable[[], str | None] = old_sqlite
) -> Diagnosis:
    """See whether a bot may run on the database; makes none where there is none.

    Args:
        settings: The host's.
        trouble: Says why the engine could not use this machine's SQLite, if so.
    """
    if malformed := _malformed(settings):
        return malformed
    if settings.on_sqlite and (old := trouble()):
        return wrong("database", old, NEWER_SQLITE)
    async with _opened(settings) as database:
        if _is_absent(database.file):
            return hint(
                "database",
                f"there is none at {database.url} yet.",
                "Start the bot, which makes it (so does: python -m bot migrate).",
            )
        started_s = time.monotonic()
        try:
            current, needed = await database.versions()
        except ConfigurationError as error:
            return _unusable(database, error)
        latency_ms = round((time.monotonic() - started_s) * MS_IN_S)
        return (
            _of_versions(database, current, needed)
            or await _held_back(database)
            or well(
                "database",
                f"{database.url} answers in {latency_ms} ms, takes writes, and has the tables of "
                f"this version ({needed})",
                latency_ms=latency_ms,
            )
        )


def _malformed(settings: Settings) -> Diagnosis | None:
    try:
        Database.open(settings.database_address)  # connects to nothing yet
    except ConfigurationError as error:
        remedy = "Correct DATABASE_URL, or leave it empty for a file in DATA_DIR."
        return wrong("database", str(error), remedy)
    return None


def _is_absent(file: Path | None) -> bool:
    return file is not None and not file.exists()


def _unusable(database: Database, error: ConfigurationError) -> Diagnosis:
    if isinstance(error, DatabaseAwayError):
        remedy = "Start the database server, or correct DATABASE_URL. Jobs wait meanwhile."
    elif database.file is not None:
        remedy = (
            "Correct DATA_DIR or DATABASE_URL. If the file is damaged, go back to a backup: "
            "python -m bot restore FILE"
        )
    else:
        remedy = "Correct DATABASE_URL: user, password, host and name, as the server knows them."
    return wrong("database", str(error), remedy)


def _of_versions(database: Database, current: str | None, needed: str) -> Diagnosis | None:
    if current == needed:
        return None
    words = f"{database.url} has tables of version {current or 'none'}, this program needs {needed}"
    if current is not None and current > needed:
        remedy = "Install the newer version of the bot that made them, or restore a backup."
        return wrong("database", f"{words}.", remedy)
    return wrong("database", f"{words}.", "Run: python -m bot migrate")


async def _held_back(database: Database) -> Diagnosis | None:
    """Return why no bot can work on a database with the right tables."""
    try:
        await refuse_away(database)
        await WatchStore(database).jobs()
    except ConfigurationError as error:
        remedy = "More of it: docs/hosting.md, Moving to PostgreSQL, or back."
        return wrong("database", str(error), remedy)
    except StorageTroubleError as error:
        remedy = "Make room on its disk, let the bot's user write it, or end what locks it."
        return wrong("database", f"{database.url} takes no writes: {error}.", remedy)
    return None


async def check_ledger(settings: Settings) -> Diagnosis:
    """See whether the books of credits explain every job and every grant. Reads them all.

    Raises:
        NotCheckedError: there are none that can be read.
    """
    if _malformed(settings):
        raise NotCheckedError(_NO_DATABASE)
    async with _opened(settings) as database:
        if _is_absent(database.file):
            raise NotCheckedError("there is no database yet")
        try:
            await database.check()
        except ConfigurationError as error:
            raise NotCheckedError(_NO_DATABASE) from error
        problems = await JobStore(database).check_ledger()
    if not problems:
        return well("ledger", "the books of credits add up")
    shown = "; ".join(problems[:_SHOWN_PROBLEMS])
    more = len(problems) - _SHOWN_PROBLEMS
    words = f"{shown}{f'; and {more} more' if more > 0 else ''}."
    return wrong(
        "ledger", words, "Run: python -m bot ledger check --repair", problems=len(problems)
    )
