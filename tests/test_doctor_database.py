"""What the doctor finds of the database and its books; each fault is made on purpose."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.doctoring import State
from bot.doctoring.stored import check_database
from bot.job import JobState
from bot.jobs.engine_file import old_sqlite
from bot.settings import Settings
from bot.storage import Database, JobStore, Move
from bot.tools import now
from tests.doctor_kit import fault, found, migrated, suggestion, told
from tests.storage_kit import walked_to
from tests.storage_trouble_kit import Disk, watched

pytest_plugins = ("tests.postgres_fixtures", "tests.doctor_fixtures")


def _file(settings: Settings) -> Path:
    return settings.data_dir / "bot.sqlite3"


@pytest.fixture
async def made(lone_settings: Settings) -> Settings:
    """An installation with a fresh database."""
    await migrated(lone_settings.database_address)
    return lone_settings


def change(file: Path, statement: str) -> None:
    """Change a database by other means."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


async def test_a_sound_database_tells_how_fast_it_is(made: Settings) -> None:
    """And that its books add up."""
    findings = await found(made, "database", "ledger")

    assert [one.state for one in findings.values()] == [State.OK, State.OK]
    assert findings["database"].figures["latency_ms"] >= 0


async def test_an_sqlite_too_old_for_the_engine_is_a_fault(made: Settings) -> None:
    """The bot would not start; with PostgreSQL it is in nobody's way."""

    def old() -> str | None:
        return old_sqlite((3, 12), (3, 40, 1))

    away = made.model_copy(update={"database_url": "postgresql://bot@127.0.0.1:9/none"})
    one = told(await check_database(made, trouble=old), State.WRONG)
    other = await check_database(away, trouble=old)

    assert one.words == "This machine's SQLite 3.40.1 is too old for Python 3.12."
    assert "SQLite 3.42 or newer" in one.remedy
    assert "SQLite" not in other.words


async def test_a_database_that_is_not_there_yet_is_a_hint(lone_settings: Settings) -> None:
    """The bot makes it; the doctor does not, who could not make it right."""
    database = await suggestion(lone_settings, "database")
    ledger = (await found(lone_settings, "ledger"))["ledger"]

    assert "Start the bot" in database.remedy
    assert ledger.words == "not checked: there is no database yet."
    assert not _file(lone_settings).exists()


async def test_a_database_of_an_older_version_needs_migrate(made: Settings) -> None:
    """Which is said; its books are not looked at meanwhile."""
    change(_file(made), "UPDATE alembic_version SET version_num = '0001'")

    database = await fault(made, "database")
    ledger = (await found(made, "ledger"))["ledger"]

    assert "has tables of version 0001, this program needs" in database.words
    assert database.remedy == "Run: python -m bot migrate"
    assert ledger.words == "not checked: the database cannot be used."


async def test_a_database_of_a_newer_version_needs_that_version(made: Settings) -> None:
    """To migrate would not help."""
    change(_file(made), "UPDATE alembic_version SET version_num = '9999'")

    database = await fault(made, "database")

    assert "has tables of version 9999" in database.words
    assert "Install the newer version" in database.remedy


async def test_a_file_that_is_no_database_needs_a_backup(made: Settings) -> None:
    """Damaged by other means."""
    _file(made).write_bytes(b"no database at all, " * 500)

    database = await fault(made, "database")

    assert "file is not a database" in database.words
    assert "python -m bot restore FILE" in database.remedy


async def test_a_database_that_takes_no_writes_is_a_fault(made: Settings) -> None:
    """Another process holds it in the middle of a transaction."""
    disk = Disk(_file(made))
    with watched(disk), disk.locked():
        database = await fault(made, "database")

    assert "takes no writes: database is locked" in database.words
    assert "end what locks it" in database.remedy


async def test_a_database_that_was_moved_away_is_a_fault(made: Settings, tmp_path: Path) -> None:
    """It says where to, as the bot itself does."""
    source = Database.open(made.database_address)
    target = Database.of_file(tmp_path / "new.sqlite3")
    moving = Move(source, target, now=now)
    await moving.prepare()
    await moving.carry_out(lambda _: None)
    await source.close()
    await target.close()

    database = await fault(made, "database")

    assert f"was moved to {target.url}" in database.words
    assert "Moving to PostgreSQL, or back" in database.remedy


@pytest.mark.parametrize(
    "address", ["mysql://host/name", "postgresql://host:many/name", "nonsense"]
)
async def test_an_address_that_makes_no_sense_is_a_fault(
    lone_settings: Settings, address: str
) -> None:
    """It names its setting."""
    findings = await found(lone_settings, "database", "ledger", database_url=address)

    database = told(findings["database"], State.WRONG)
    assert "DATABASE_URL" in database.words
    assert "Correct DATABASE_URL" in database.remedy
    assert findings["ledger"].state is State.UNKNOWN


async def test_a_server_that_is_away_is_a_fault(lone_settings: Settings) -> None:
    """And its books cannot be read."""
    address = "postgresql://bot@127.0.0.1:9/bot"

    database = await fault(lone_settings, "database", database_url=address)
    ledger = (await found(lone_settings, "ledger", database_url=address))["ledger"]

    assert "cannot use postgresql://bot@127.0.0.1:9/bot" in database.words
    assert "Start the database server" in database.remedy
    assert ledger.state is State.UNKNOWN


async def test_a_database_that_the_server_does_not_know_is_a_fault(
    lone_settings: Settings, socket_folder: str
) -> None:
    """To wait for it would not help."""
    address = f"postgresql://bot@/nowhere?host={socket_folder}"

    database = await fault(lone_settings, "database", database_url=address)

    assert 'database "nowhere" does not exist' in database.words
    assert "Correct DATABASE_URL" in database.remedy


async def test_a_sound_server_is_well(lone_settings: Settings, url: str) -> None:
    """Its books, too."""
    findings = await found(lone_settings, "database", "ledger", database_url=url)

    assert [one.state for one in findings.values()] == [State.OK, State.OK]


async def test_books_that_do_not_add_up_are_a_fault(made: Settings) -> None:
    """Some of it is told, the command that tells all and mends it is named."""
    database = Database.open(made.database_address)
    store = JobStore(database)
    for number in range(1, 6):
        await walked_to(store, JobState.FAILED, number)
    await database.close()
    change(_file(made), "DELETE FROM ledger_entry WHERE kind = 'release'")

    ledger = await fault(made, "ledger")

    assert ledger.words.endswith("; and 2 more.")
    assert "python -m bot ledger check" in ledger.remedy
    assert ledger.figures == {"problems": 5}
