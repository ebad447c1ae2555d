"""Backups of a SQLite database: made while the bot works, checked, put back in place. Blocking.

PostgreSQL has programs of its own for this.
"""

import contextlib
import itertools
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.errors import BotError, ConfigurationError
from bot.storage.engines import FILE_MODE

# What SQLite keeps beside a database in write-ahead mode.
_COMPANIONS = ("-wal", "-shm")
_BUSY_TIMEOUT_S = 30.0
# Of an extended result code, https://sqlite.org/rescode.html
_PRIMARY = 0xFF


def make(database: Path, part: Path) -> None:
    """Copy a database that others may be writing to, as it is at one moment.

    Args:
        database: The file in use.
        part: Where to; replaced. One file that needs no other beside it.

    Raises:
        BotError: the disk is full, or one of the two cannot be opened.
    """
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
        with closing(_connect(database)) as source, closing(_connect(part)) as copy:
            # In one step: the copy is one read transaction, which writers do not wait for.
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        problems = damage(part)
    except (OSError, sqlite3.Error) as error:
        _discard(part)
        raise BotError(f"The backup could not be made: {error}") from error
    if problems:
        _discard(part)
        raise BotError(f"The database is damaged: {'; '.join(problems)}")


def damage(file: Path) -> list[str]:
    """Return what SQLite finds wrong with a file, a row that refers to a missing one included.

    Raises:
        sqlite3.Error: it is no SQLite database.
    """
    with closing(_connect(file)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
        orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(5)
    wrong = [problem for problem in found if problem != "ok"]
    return wrong + [f"a row of {row[0]} refers to a missing one of {row[2]}" for row in orphans]


def keep(part: Path, file: Path) -> None:
    """Give a finished backup its name, unless the name is taken.

    Raises:
        BotError: it is taken, or the folder cannot be written.
    """
    try:
        _to_disk(part)
        _rename_new(part, file)
        _to_disk(file.parent)
    except FileExistsError:
        part.unlink(missing_ok=True)
        raise taken(file) from None
    except OSError as error:
        raise BotError(f"The backup could not be named {file}: {error.strerror}") from error


def _rename_new(part: Path, file: Path) -> None:
    """Rename, but never over another file."""
    try:
        os.link(part, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if file.exists():
            raise FileExistsError(file) from None
        part.rename(file)
    else:
        part.unlink()


def taken(file: Path) -> BotError:
    """Return the error for a name that there is already."""
    return BotError(f"{file} exists already; a backup overwrites nothing. Choose another name.")


def refuse_half_restored(database: Path) -> None:
    """Return unless a restore was interrupted.

    Raises:
        ConfigurationError: it was; the text says what to do.
    """
    place = _waiting_place(database)
    if place.exists():
        raise ConfigurationError(
            f"A restore was interrupted: {place} is there. Run it again: python -m bot restore "
            "FILE. (Remove that file only if the present database is still there and is to stay.)"
        )


def is_the_same(one: Path, other: Path) -> bool:
    """Tell whether two names are those of one file."""
    return one.exists() and other.exists() and one.samefile(other)


def candidate_of(database: Path) -> Path:
    """Return where a backup is checked and made ready."""
    return _with(database, ".candidate")


def bring(backup: Path, candidate: Path) -> None:
    """Copy a backup, which stays as it is, to where it is made ready.

    Raises:
        BotError: it cannot be read, is damaged, or is no SQLite database.
    """
    try:
        remove_database(candidate)
        # A copy of a killed bot's database may have its last changes in a log beside it.
        for ending in ("", "-wal"):
            if not ending or _with(backup, ending).exists():
                copy = _with(candidate, ending)
                os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
                shutil.copyfile(_with(backup, ending), copy)
        problems = damage(candidate)
    except (OSError, sqlite3.Error) as error:
        _discard(candidate)
        raise BotError(f"{backup} cannot be used as a backup: {error}") from error
    if problems:
        remove_database(candidate)
        raise BotError(f"{backup} is damaged: {'; '.join(problems)}")


def aside_of(database: Path, stamp: str, *, what: str = "restore") -> Path:
    """Return where the present database goes before something: a name that nothing has."""
    first = _with(database, f".before-{what}-{stamp}")
    others = (_with(first, f"-{number}") for number in itertools.count(2))
    return next(name for name in itertools.chain([first], others) if not name.exists())


def take_place(candidate: Path, database: Path, aside: Path) -> None:
    """Move the present database aside, and the one made ready into its place.

    Dying in the middle leaves a file that keeps the bot from starting until this is repeated.

    Args:
        candidate: The file made ready; nobody has it open.
        database: The present one; it may be missing.
        aside: Where the present one goes.

    Raises:
        BotError: a file cannot be moved.
    """
    place = _waiting_place(database)
    try:
        with closing(_connect(candidate)) as connection:
            # One file, so that one rename is enough.
            connection.execute("PRAGMA journal_mode = DELETE")
        _to_disk(candidate)
        candidate.replace(place)
        _to_disk(database.parent)
        for ending in ("", *_COMPANIONS):
            with contextlib.suppress(FileNotFoundError):
                _with(database, ending).rename(_with(aside, ending))
        place.rename(database)
        _to_disk(database.parent)
    except (OSError, sqlite3.Error) as error:
        raise BotError(f"The backup could not be put in place: {error}") from error


def in_use(database: Path) -> bool:
    """Tell whether somebody has the database open, in this process or another.

    A database that is missing or damaged can be replaced: nobody uses it.
    """
    try:
        with closing(_connect(database, timeout_s=0)) as connection:
            # Whoever reads or writes in write-ahead mode shares a lock for as long as it is open.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode & _PRIMARY in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return False


def remove_database(file: Path) -> None:
    """Remove a database that is not needed, such as the engine's own; it may be missing."""
    for ending in ("", *_COMPANIONS):
        _with(file, ending).unlink(missing_ok=True)


def _discard(file: Path) -> None:
    """Remove what is of no use, if it can be: in a read-only folder nothing was made either."""
    with contextlib.suppress(OSError):
        remove_database(file)


def _waiting_place(database: Path) -> Path:
    return _with(database, ".restoring")


def _connect(file: Path, *, timeout_s: float = _BUSY_TIMEOUT_S) -> sqlite3.Connection:
    # mode=rw: a name that was mistyped must not become an empty database.
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=timeout_s)


def _with(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _to_disk(path: Path) -> None:
    """Let what was written survive a power cut."""
    if os.name != "posix":
        return  # elsewhere folders cannot be opened
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
