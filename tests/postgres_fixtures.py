"""A PostgreSQL server for a test process, and a migrated database for every test."""

import asyncio
import itertools
from collections.abc import Iterator

import psycopg
import pytest

from bot.storage import Database
from tests import postgres_running

_numbers = itertools.count()
_MIGRATED = "migrated"


@pytest.fixture(scope="session")
def socket_folder() -> Iterator[str]:
    """A server, or a skip that says why."""
    reason = postgres_running.missing()
    if reason is not None:
        pytest.skip(reason)
    with postgres_running.running() as folder:
        yield folder


@pytest.fixture(scope="session")
def migrated(socket_folder: str) -> str:
    """The name of a migrated database that nobody uses, to copy from."""
    _create(socket_folder, _MIGRATED, "template1")
    asyncio.run(_migrate(_address(socket_folder, _MIGRATED)))
    return _MIGRATED


@pytest.fixture
def url(socket_folder: str, migrated: str) -> str:
    """An own, migrated database."""
    name = f"bot_{next(_numbers)}"
    _create(socket_folder, name, migrated)
    return _address(socket_folder, name)


def _create(socket_folder: str, name: str, template: str) -> None:
    with psycopg.connect(
        f"host={socket_folder} user=bot dbname=postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())


def _address(socket_folder: str, name: str) -> str:
    return f"postgresql://bot@/{name}?host={socket_folder}"


async def _migrate(address: str) -> None:
    database = Database.open(address)
    await database.migrate()
    await database.close()
