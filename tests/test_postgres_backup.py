"""The backup that compose.postgres.yaml runs, and the way back that docs/hosting.md describes."""

import os
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from bot.job import JobState
from bot.storage import Database, JobStore
from sandbox.postgres import programs
from tests.moving_kit import Command, environment
from tests.storage_kit import accepted

pytest_plugins = ("tests.postgres_fixtures", "tests.moving_fixtures")

SCRIPT = Path(__file__).parents[1] / "deploy" / "postgres_backup.sh"
DAY_S = 24 * 60 * 60


class Backup:
    """The script, on a database and a folder of this test."""

    def __init__(self, folder: Path, socket_folder: str, database: str) -> None:
        self.folder = folder
        folder.mkdir()
        place = programs()
        assert place is not None
        self.env = {
            "PATH": f"{place}:{os.environ['PATH']}",
            "PGHOST": socket_folder,
            "PGUSER": "bot",
            "PGDATABASE": database,
            "BACKUP_DIR": str(folder),
            "BACKUP_KEEP_DAYS": "7",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the script, or one of PostgreSQL's programs beside it."""
        return subprocess.run(words, env=self.env, capture_output=True, text=True, check=False)

    def dump(self) -> subprocess.CompletedProcess[str]:
        """Back up now."""
        return self.run(str(SCRIPT), "once")

    def is_fresh(self) -> bool:
        """What the container's health check says."""
        return self.run(str(SCRIPT), "check").returncode == 0

    @property
    def dumps(self) -> list[Path]:
        """What is there."""
        return sorted(self.folder.iterdir())


@pytest.fixture
def backup(tmp_path: Path, socket_folder: str) -> Backup:
    """Of a database that is empty."""
    return Backup(tmp_path / "backups", socket_folder, "postgres")


async def test_what_was_dumped_comes_back_and_its_jobs_are_marked(
    backup: Backup, url: str, tmp_path: Path, command: Command
) -> None:
    """docs/hosting.md's way: into an empty database, both renamed, then `--mark-only`."""
    database = Database.open(url)
    job = await accepted(JobStore(database), 0)
    await database.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA dbos CREATE TABLE workflow_status (id int)")
    name = backup.env["PGDATABASE"] = url.partition("@/")[2].partition("?")[0]
    dumped = backup.dump()
    (dump,) = backup.dumps
    made = backup.run("createdb", "restored")
    put_back = backup.run(
        *("pg_restore", "--no-owner", "--exit-on-error", "--dbname=restored", str(dump))
    )
    asked = "SELECT to_regnamespace('dbos') IS NULL"
    without_engine = backup.run("psql", "--dbname=restored", "--tuples-only", f"--command={asked}")
    renamed = backup.run(
        *("psql", "--dbname=postgres", "--set=ON_ERROR_STOP=1"),
        f"--command=ALTER DATABASE {name} RENAME TO {name}_before",
        f"--command=ALTER DATABASE restored RENAME TO {name}",
    )
    told = await command(environment(tmp_path, DATABASE_URL=url), "restore", "--mark-only")
    store = JobStore(database)
    (back,) = await store.unfinished()
    problems = await store.check_ledger()
    await database.close()

    assert [one.stderr for one in (dumped, made, put_back, renamed)] == [""] * 4
    assert (back.id, back.state) == (job.id, JobState.UNCERTAIN)
    assert back.restored_at is not None
    assert told[0] == 0
    assert "1 jobs were on their way" in told[1]
    assert problems == []
    assert without_engine.stdout.strip() == "t"


def test_a_dump_is_for_its_owner_alone(backup: Backup) -> None:
    """It holds prompts and tokens; its name says when, and nothing unfinished is left."""
    backup.dump()

    (dump,) = backup.dumps
    assert dump.name.startswith("bot-")
    assert dump.suffix == ".dump"
    assert dump.stat().st_mode & 0o077 == 0


def test_old_dumps_go_when_there_is_a_new_one(backup: Backup) -> None:
    """After so many days; younger ones and what is not the script's stay."""
    ages = {"bot-old.dump": 8, "bot-young.dump": 6, "notes.txt": 99}
    for name, days in ages.items():
        (backup.folder / name).touch()
        os.utime(backup.folder / name, (time.time() - days * DAY_S,) * 2)

    backup.dump()

    left = {one.name for one in backup.dumps}
    assert {"bot-young.dump", "notes.txt"} <= left
    assert "bot-old.dump" not in left
    assert len(left) == 3


def test_a_dump_that_fails_leaves_the_old_ones(backup: Backup) -> None:
    """Nothing is removed, nothing half written takes the name of a backup."""
    old = backup.folder / "bot-old.dump"
    old.touch()
    os.utime(old, (1, 1))
    backup.env["PGDATABASE"] = "nowhere"

    done = backup.dump()

    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert [one.name for one in backup.dumps if one.suffix == ".dump"] == ["bot-old.dump"]
    assert not backup.is_fresh()


def test_the_health_check_wants_a_dump_of_the_last_day(backup: Backup) -> None:
    """None, and one of two days ago, are too old."""
    none = backup.is_fresh()
    backup.dump()
    new = backup.is_fresh()
    os.utime(backup.dumps[0], (time.time() - 2 * DAY_S,) * 2)
    old = backup.is_fresh()

    assert (none, new, old) == (False, True, False)


def test_left_alone_it_dumps_once_and_ends_when_it_is_told(backup: Backup) -> None:
    """What the container runs; a second start finds that there is nothing to do yet."""
    for _ in range(2):
        process = subprocess.Popen([str(SCRIPT)], env=backup.env, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not backup.is_fresh() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        process.wait(timeout=30)
        assert process.returncode in (0, -15)

    assert len(backup.dumps) == 1


def test_a_stop_in_the_middle_of_a_dump_is_no_failure(backup: Backup, tmp_path: Path) -> None:
    """Whatever is under way then ends first, and nothing sleeps that could be woken."""
    begun = tmp_path / "begun"
    slow = tmp_path / "pg_dump"
    slow.write_text(f"#!/bin/sh\ntouch {begun}\nsleep 0.3\nexit 1\n")
    slow.chmod(0o700)
    env = backup.env | {"PATH": f"{tmp_path}:{backup.env['PATH']}"}
    process = subprocess.Popen([str(SCRIPT)], env=env, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.terminate()

    assert process.wait(timeout=30) == 0
