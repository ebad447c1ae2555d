"""Stores of one database that know the same pseudonyms."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage import Database, ForgettingStore, JobStore, PolicyStore
from tests.privacy_kit import NAMES


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    """The database in an own file."""
    database = Database.open(f"sqlite:///{file}")
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> JobStore:
    """The jobs."""
    return JobStore(database, NAMES)


@pytest.fixture
def policies(database: Database) -> PolicyStore:
    """What moderators set."""
    return PolicyStore(database)


@pytest.fixture
def forgetting(database: Database) -> ForgettingStore:
    """What forgets."""
    return ForgettingStore(database, NAMES)
