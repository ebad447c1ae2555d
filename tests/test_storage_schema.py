import argparse
import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import Engine, create_engine, create_mock_engine, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import ExecutableDDLElement

from bot.errors import ConfigurationError, DatabaseAwayError
from bot.storage import Database, engines, schema
from bot.storage.tables import Table
from tests.storage_kit import accepted, opened

pytest_plugins = ("tests.storage_fixtures",)

ROOT = Path(__file__).parents[1]
MIGRATE = """
import asyncio, sys
from bot.storage import Database
async def main():
    database = Database.open(sys.argv[1])
    await database.migrate()
    await database.check()
    await database.close()
asyncio.run(main())
"""


def engine_of(path: Path) -> Engine:
    """Return the engine that migrations use."""
    return engines.migration_engine(engines.parse(f"sqlite:///{path}"))


def _index(index: ReflectedIndex) -> str:
    where = index.get("dialect_options", {}).get("sqlite_where", "")
    return f"{index['name']} {index['column_names']} {index['unique']} {where}"


def shape(engine: Engine) -> dict[str, object]:
    """Return all that the database says of its tables, except Alembic's own."""
    inspector = inspect(engine)
    return {
        table: (
            sorted(map(str, inspector.get_check_constraints(table))),
            sorted(map(str, inspector.get_unique_constraints(table))),
            sorted(map(str, inspector.get_foreign_keys(table))),
            sorted(map(_index, inspector.get_indexes(table))),
            [(column["name"], str(column["type"])) for column in inspector.get_columns(table)],
            [column["nullable"] for column in inspector.get_columns(table)],
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_make_what_the_models_say(migrated_file: Path) -> None:
    """Autogenerate finds nothing left to do after the migrations."""
    engine = create_engine(f"sqlite:///{migrated_file}")
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), Table.metadata)
    engine.dispose()

    assert difference == []


def test_constraints_are_those_of_the_models(migrated_file: Path, tmp_path: Path) -> None:
    """Checks, keys and partial indexes, which autogenerate overlooks, agree as well."""
    migrated = create_engine(f"sqlite:///{migrated_file}")
    created = create_engine(f"sqlite:///{tmp_path / 'created.sqlite3'}")
    Table.metadata.create_all(created)
    shapes = shape(migrated), shape(created)
    migrated.dispose()
    created.dispose()

    assert {"guild_policy", "draft", "preset", "last_options"} < set(shapes[0])
    assert shapes[0] == shapes[1]


def test_every_migration_can_be_taken_back(file: Path) -> None:
    """Down to nothing and up again gives the same tables."""
    engine = engine_of(file)
    before = shape(engine)
    schema.downgrade(engine, "base")
    emptied = shape(engine)
    schema.upgrade(engine)
    after = shape(engine)
    engine.dispose()

    assert emptied == {}
    assert after == before


def test_a_draft_made_by_a_developer_finds_nothing_new(file: Path) -> None:
    """Alembic's own command line works with the small alembic.ini and an address."""
    config = Config(
        str(ROOT / "migrations" / "alembic.ini"),
        cmd_opts=argparse.Namespace(x=[f"url=sqlite:///{file}"]),
    )

    command.check(config)  # raises when models and migrations differ
    with pytest.raises(CommandError, match="say which database"):
        command.check(Config(str(ROOT / "migrations" / "alembic.ini")))


def test_the_tables_are_plain_sql_for_postgresql() -> None:
    """Every table and index compiles for PostgreSQL, with 64-bit ids and times with a zone."""
    engine = create_mock_engine(
        "postgresql+psycopg://", lambda made, *_, **__: made_all.append(made)
    )
    made_all: list[ExecutableDDLElement] = []
    Table.metadata.create_all(engine, checkfirst=False)
    statements = "\n".join(str(made.compile(dialect=engine.dialect)) for made in made_all)

    assert "id BIGINT NOT NULL" in statements
    assert "id BIGSERIAL NOT NULL" in statements
    assert "created_at TIMESTAMP WITH TIME ZONE NOT NULL" in statements
    assert "WHERE kind IN ('settle', 'release')" in statements


async def test_migrating_makes_folder_file_and_tables(tmp_path: Path) -> None:
    """A first start needs nothing prepared; a second changes nothing."""
    database = Database.open(f"sqlite:///{tmp_path / 'new' / 'deep' / 'bot.sqlite3'}")
    await database.migrate()
    await database.check()
    await database.migrate()
    await database.check()
    await database.close()

    assert (tmp_path / "new" / "deep" / "bot.sqlite3").is_file()


async def test_migrations_at_once_in_one_process(tmp_path: Path) -> None:
    """Alembic's module-wide context is not mixed up by simultaneous migrations."""
    databases = [Database.open(f"sqlite:///{tmp_path / f'{n % 2}.sqlite3'}") for n in range(6)]
    await asyncio.gather(*(database.migrate() for database in databases))
    for database in databases:
        await database.check()
        await database.close()

    assert not [database for database in databases if database._unfinished]


def test_processes_starting_at_once_migrate_once(tmp_path: Path) -> None:
    """Four processes that find no database all come up."""
    url = f"sqlite:///{tmp_path / 'shared' / 'bot.sqlite3'}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, outputs


async def test_an_interrupted_migration_leaves_nothing(tmp_path: Path) -> None:
    """When a migration fails half-way, the tables made before it are gone again."""
    path = tmp_path / "bot.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE ledger_entry (id INTEGER)")  # in the way of the migration
    connection.commit()
    database = Database.open(f"sqlite:///{path}")
    with pytest.raises(ConfigurationError, match="already exists"):
        await database.migrate()
    await database.close()
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    connection.close()

    assert tables == ["ledger_entry"]


async def test_an_unmigrated_database_fails_the_check(tmp_path: Path) -> None:
    """The check says which command mends it."""
    database = Database.open(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    with pytest.raises(ConfigurationError, match="python -m bot migrate"):
        await database.check()
    await database.close()


async def test_a_newer_database_is_refused(file: Path) -> None:
    """A database of a later version is neither used nor touched."""
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    database = Database.open(f"sqlite:///{file}")
    with pytest.raises(ConfigurationError, match="newer version"):
        await database.migrate()
    with pytest.raises(ConfigurationError, match="9999"):
        await database.check()
    await database.close()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """Somebody pointing DATABASE_URL at another file reads that in one sentence."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look at " * 40)
    database = Database.open(f"sqlite:///{path}")
    for attempt in (database.migrate, database.check):
        with pytest.raises(ConfigurationError, match=r"notes\.txt: file is not a database"):
            await attempt()
    await database.close()


@pytest.mark.parametrize(
    "url",
    [
        *("", "bot.sqlite3", "sqlite://", "sqlite:///:memory:", "a:b:c"),
        *("mysql://root:hunter2@db/bot", "postgresql://bot:hunter2/x", "postgresql://bot@db:x/bot"),
    ],
)
def test_addresses_that_cannot_work(url: str) -> None:
    """A malformed address is refused with what it must look like, never repeating a password."""
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as caught:
        Database.open(url)

    assert "sqlite:///data/bot.sqlite3" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
async def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    """The database, and what SQLite keeps beside it, wherever DATABASE_URL has it."""
    database = Database.open(f"sqlite:///{tmp_path / 'own' / 'bot.sqlite3'}")
    await database.migrate()
    await database.check()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "own").iterdir()}
    await database.close()

    assert modes == dict.fromkeys(modes, 0o600)
    assert {"bot.sqlite3", "bot.sqlite3-wal"} <= set(modes)


def test_a_password_that_must_be_written_otherwise_is_refused() -> None:
    """Only what stands before the first @ would be hidden."""
    with pytest.raises(ConfigurationError, match="%40") as caught:
        Database.open("postgresql://bot:two@hunter2@db/bot")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("option", ["password", "sslpassword"])
def test_a_password_behind_the_question_mark_is_refused(option: str) -> None:
    """Libpq takes it there, but logs, `doctor` and the note of a move would show it."""
    with pytest.raises(ConfigurationError, match="before the host") as caught:
        Database.open(f"postgresql://bot@db/bot?{option}=hunter2")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_postgresql_addresses_use_psycopg_and_hide_the_password(scheme: str) -> None:
    """Every usual spelling works with the driver that is installed; logs see no password."""
    database = Database.open(f"{scheme}://bot:hunter2@127.0.0.1:9/bot")
    driver = database._engine.dialect.driver
    with pytest.raises(ConfigurationError, match="cannot use postgresql") as caught:
        await database.check()
    await database.close()

    assert driver == "psycopg"
    assert "hunter2" not in database.url + str(caught.value)


@pytest.mark.parametrize(
    ("words", "passes"),
    [
        ("port 5432 failed: FATAL:  the database system is starting up", True),
        ("port 5432 failed: FATAL:  sorry, too many clients already", True),
        ("port 5432 failed: Connection refused", True),
        ("failed to resolve host 'postgres': Name or service not known", True),
        ("connection timeout expired", True),
        ('failed: FATAL:  password authentication failed for user "bot"', False),
        ("failed: fe_sendauth: no password supplied", False),
        ('failed: FATAL:  database "bto" does not exist', False),
        ("failed: server does not support SSL, but SSL was required", False),
        ('connection is bad: invalid port number: "99999"', False),
    ],
)
def test_what_may_pass_and_what_never_will(words: str, passes: bool) -> None:
    """A server that starts is worth another try; a wrong password is the host's to correct."""
    failed = OperationalError(None, None, psycopg.OperationalError(words))

    error = engines.unusable(engines.parse("postgresql://bot@host/bot"), failed)

    assert isinstance(error, DatabaseAwayError) is passes


async def test_a_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and never answers: the driver alone would wait for minutes."""
    monkeypatch.setattr(engines, "_POSTGRES", {**engines._POSTGRES, "connect_timeout": 2})
    hung = asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hung.wait()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = Database.open(f"postgresql://bot@127.0.0.1:{port}/bot")
        async with asyncio.timeout(30):
            with pytest.raises(DatabaseAwayError, match="timeout"):
                await database.migrate()
        hung.set()


def test_a_file_that_cannot_be_opened_does_not_pass() -> None:
    """SQLite has no server that might be starting."""
    failed = OperationalError(None, None, sqlite3.OperationalError("unable to open database file"))

    error = engines.unusable(engines.parse("sqlite:////nowhere/bot.sqlite3"), failed)

    assert not isinstance(error, DatabaseAwayError)


async def test_sqlite_is_set_up_to_survive_a_power_cut(file: Path) -> None:
    """Connections use WAL, sync on every commit, and enforce foreign keys."""
    names = ("journal_mode", "synchronous", "foreign_keys")

    async def look(session: AsyncSession) -> list[object]:
        return [await session.scalar(text(f"PRAGMA {name}")) for name in names]

    async with opened(file) as store:
        found = await store._database.read(look)

    assert found == ["wal", 2, 1]


async def test_a_naive_time_is_not_stored(file: Path) -> None:
    """A time without a zone is a mistake, not a guess."""
    async with opened(file) as store:
        with pytest.raises(StatementError, match="without a time zone"):
            await accepted(store, token_expires_at=datetime(2026, 8, 3))  # noqa: DTZ001 - the point
