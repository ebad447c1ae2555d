"""A PostgreSQL server for a module, and a migrated database for every test."""

import itertools
from collections.abc import Iterator

import psycopg
import pytest

from bot.storage import Database
from tests import postgres_running

_numbers = itertools.count()


@pytest.fixture(scope="module")
def socket_folder() -> Iterator[str]:
    """A server, or a skip that says why."""
    reason = postgres_running.missing()
    if reason is not None:
        pytest.skip(reason)
    with postgres_running.running() as folder:
        yield folder


@pytest.fixture
async def url(socket_folder: str) -> str:
    """An own, migrated database."""
    name = f"bot_{next(_numbers)}"
    with psycopg.connect(
        f"host={socket_folder} user=bot dbname=postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    address = f"postgresql://bot@/{name}?host={socket_folder}"
    database = Database.open(address)
    await database.migrate()
    await database.close()
    return address
