"""A migrated SQLite file for every test: the real migrations run once, then it is copied."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage import Database, JobStore
from tests.storage_kit import opened


async def _migrated(path: Path) -> None:
    database = Database.open(f"sqlite:///{path}")
    await database.migrate()
    await database.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables and no rows; do not write to it."""
    path = tmp_path_factory.mktemp("storage") / "migrated.sqlite3"
    asyncio.run(_migrated(path))
    return path


@pytest.fixture
def file(migrated_file: Path, tmp_path: Path) -> Path:
    """An own copy of the migrated file."""
    return Path(shutil.copy(migrated_file, tmp_path / "bot.sqlite3"))


@pytest.fixture
async def store(file: Path) -> AsyncIterator[JobStore]:
    """A job store on an own file."""
    async with opened(file) as store:
        yield store
