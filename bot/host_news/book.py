"""What a process knows of faults, and a migration that is to be told, kept in small files.

Without them each start would tell an old fault anew, and the end of one that outlived the process
would never be told. A file that is damaged is as good as none.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.host_news.records import Book

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class MigrationNote:
    """The database's tables were changed.

    Attributes:
        before: Their version before.
        after: Their version since.
        program: The version of the bot that did it.
    """

    before: str
    after: str
    program: str
    at: datetime


class _Kept(Generic[T]):
    """One value in one file. Blocking."""

    def __init__(self, file: Path, form: TypeAdapter[T]) -> None:
        self._file = file
        self._form = form

    def read(self) -> T | None:
        """Return what was kept; None when there is nothing."""
        try:
            return self._form.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.warning("%s cannot be read and is left out: %s", self._file, type(error).__name__)
            return None

    def keep(self, value: T) -> None:
        """Keep it in place of what was there, whole or not at all. May raise OSError."""
        beside = self._file.with_suffix(".new")
        beside.write_bytes(self._form.dump_json(value, indent=1))
        beside.replace(self._file)

    def forget(self) -> None:
        """Keep nothing. May raise OSError."""
        self._file.unlink(missing_ok=True)


class BookFile(_Kept[Book]):
    """The faults that a process follows."""

    def __init__(self, folder: Path, executor_id: str) -> None:
        super().__init__(folder / f"host-news-{executor_id}.json", TypeAdapter(Book))


class MigrationFile(_Kept[MigrationNote]):
    """A migration of which the host has not been told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "host-news-migration.json", TypeAdapter(MigrationNote))

    def add(self, note: MigrationNote) -> None:
        """Keep one more: two before the host hears of them are one. May raise OSError."""
        earlier = self.read()
        before = note.before if earlier is None else earlier.before
        self.keep(MigrationNote(before=before, after=note.after, program=note.program, at=note.at))
