"""Going back to an older version's tables on the command line, as a host types it."""

import asyncio
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from io import StringIO
from pathlib import Path

import psycopg
import pytest

from bot.__main__ import main
from bot.job import JobState
from bot.jobs.executor import standstill
from bot.settings import Settings
from bot.storage import Database, JobStore, newest_revision
from bot.storage.revisions import known_revisions
from tests.storage_kit import FIRST_ID, walked_to

pytest_plugins = ("tests.storage_fixtures", "tests.postgres_fixtures")

BEFORE_LAST = known_revisions()[-2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DATA_DIR, and the settings that lead to it; nobody at the keyboard."""
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("DISCORD_TOKEN", "made-up-token")
    monkeypatch.setenv("SEGMIND_API_KEY", "made-up-key")
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.setattr(sys, "stdin", StringIO())
    return folder


@pytest.fixture
def file(folder: Path, migrated_file: Path) -> Path:
    """The database there, with a job on its way, and what the engine knows of it."""
    file = Path(shutil.copy(migrated_file, folder / "bot.sqlite3"))

    async def fill() -> None:
        database = Database.of_file(file)
        await walked_to(JobStore(database), JobState.RUNNING)
        await database.close()

    asyncio.run(fill())
    (folder / "engine.sqlite3").write_bytes(b"what a newer version left")
    return file


def revision_of(file: Path) -> str:
    """Return the version of a file's tables."""
    with closing(sqlite3.connect(file)) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found)


def test_the_tables_go_back_and_a_copy_stays(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is lost is said by name; the engine starts every job again from its row."""
    code = main(["migrate", "--to", "0012", "--yes"])
    out, err = capsys.readouterr()
    (kept,) = file.parent.glob("bot.sqlite3.before-migrate-*")

    assert code == 0
    assert revision_of(file) == "0012"
    assert revision_of(kept) == newest_revision()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert str(kept) in out
    assert "Thumbnails of finished videos" in err
    assert not (file.parent / "engine.sqlite3").exists()


@pytest.mark.usefixtures("file")
def test_up_again_the_job_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """It was on its way, and still is."""
    codes = [main(["migrate", "--to", BEFORE_LAST, "--yes"]), main(["migrate"])]
    assert codes == [0, 0]
    capsys.readouterr()

    assert main(["jobs", "show", str(FIRST_ID)]) == 0
    assert "running" in capsys.readouterr().out


def test_without_a_yes_nothing_changes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It only says what would go."""
    code = main(["migrate", "--to", BEFORE_LAST])

    assert code == 1
    assert "Nothing was changed" in capsys.readouterr().err
    assert revision_of(file) == newest_revision()
    assert (file.parent / "engine.sqlite3").exists()


def test_not_while_a_bot_runs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its lock; or by a connection, when it has another DATA_DIR."""
    with standstill("bot-1", file.parent):
        locked = main(["migrate", "--to", BEFORE_LAST, "--yes"])
    with closing(sqlite3.connect(file)) as other:
        other.execute("SELECT count(*) FROM job").fetchone()
        used = main(["migrate", "--to", BEFORE_LAST, "--yes"])

    assert (locked, used) == (78, 78)
    said = capsys.readouterr().err
    assert "The bot is running" in said
    assert "is in use" in said
    assert revision_of(file) == newest_revision()


@pytest.mark.parametrize(
    ("present", "to", "said"),
    [
        (newest_revision(), "0011", (1, "no tables of version '0011'")),
        (newest_revision(), newest_revision(), (0, "nothing to do")),
        (BEFORE_LAST, newest_revision(), (1, "To bring them up to date")),
        ("9999", BEFORE_LAST, (78, "only the version of the bot that made them")),
    ],
)
def test_where_there_is_no_way_back_is_said(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    present: str,
    to: str,
    said: tuple[int, str],
) -> None:
    """A number that there never was, the present one, a newer one, and tables of a newer bot."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (present,))
        connection.commit()
    code, words = said

    assert main(["migrate", "--to", to, "--yes"]) == code
    assert words in "".join(capsys.readouterr())


def test_a_database_that_was_moved_away_stays(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bot runs on another one now."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "INSERT INTO relocation VALUES (1, 'left', 'x', 'there', '{}', '2026-08-03 12:00:00')"
        )
        connection.commit()

    assert main(["migrate", "--to", BEFORE_LAST, "--yes"]) == 78
    assert "was moved to there" in capsys.readouterr().err


def test_on_postgresql_the_engines_tables_go_as_well(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy is the host's to make, and the text says how."""
    monkeypatch.setenv("DATABASE_URL", url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA dbos")
        connection.execute("CREATE TABLE dbos.workflow_status (id int)")
    code = main(["migrate", "--to", BEFORE_LAST, "--yes"])
    with psycopg.connect(url) as connection:
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        schemas = connection.execute("SELECT to_regnamespace('dbos')").fetchone()

    assert code == 0
    assert revision == (BEFORE_LAST,)
    assert schemas == (None,)
    assert "pg_dump" in capsys.readouterr().err
    assert list(folder.glob("*before-migrate*")) == []
