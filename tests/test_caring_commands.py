"""Looking after jobs, books and members' data on the command line, as a host types it."""

import asyncio
import io
import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.job import JobState
from bot.policy import GuildPolicy
from bot.settings import Settings
from bot.storage import AskingStore, Database, JobStore, PolicyStore
from bot.tools import now
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, MODERATOR, NOW, fill_asking, walked_to

pytest_plugins = ("tests.storage_fixtures",)

RUNNING, FAILED, DELIVERED, QUEUED, OLD = (str(FIRST_ID + number) for number in range(1, 6))
SECRETS = ("aW50ZXJhY3Rpb246c2VjcmV0", "made-up-token", "made-up-key")


class Terminal(io.StringIO):
    """A keyboard with somebody at it."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


async def _fill(file: Path) -> None:
    database = Database.of_file(file)
    store = JobStore(database)
    await walked_to(store, JobState.RUNNING, 1)
    await walked_to(store, JobState.FAILED, 2, guild_id=None)
    await walked_to(store, JobState.DELIVERED, 3)
    await walked_to(store, JobState.QUEUED, 4)
    await fill_asking(AskingStore(database), "https://cdn.example/a.png")
    await PolicyStore(database).set_policy(
        GUILD, GuildPolicy(daily_credits=5), actor_id=MODERATOR, now=NOW
    )
    await database.close()


@pytest.fixture
def file(migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with some jobs, and the settings that lead to it; nobody at the keyboard."""
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("DISCORD_TOKEN", "made-up-token")
    monkeypatch.setenv("SEGMIND_API_KEY", "made-up-key")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    (tmp_path / "data").mkdir()
    file = Path(shutil.copy(migrated_file, tmp_path / "data" / "bot.sqlite3"))
    asyncio.run(_fill(file))
    return file


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command; give the exit code, and what it said on both streams."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as error:  # argparse
            code = int(str(error.code or 0))
        out, err = capsys.readouterr()
        assert not any(secret in out + err for secret in SECRETS)
        assert "fox" not in out + err
        return code, out, err

    return run


def change(file: Path, statement: str, *values: object) -> None:
    """Change the database by other means."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement, values)
        connection.commit()


# -- jobs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ((), [QUEUED, DELIVERED, FAILED, RUNNING]),
        (("--state", "queued", "--state", "failed"), [QUEUED, FAILED]),
        (("--guild", str(GUILD), "--limit", "2"), [QUEUED, DELIVERED]),
        (("--guild", "0"), [FAILED]),
        (("--member", str(MEMBER + 1)), []),
        (("--newer", "1s"), []),
        (("--older", "90s"), [QUEUED, DELIVERED, FAILED, RUNNING]),
    ],
)
@pytest.mark.usefixtures("file")
def test_jobs_are_listed(said: Any, arguments: tuple[str, ...], ids: list[str]) -> None:
    """As a table and as JSON, in either place of `--json`."""
    code, table, _ = said("jobs", "list", *arguments)
    _, text, _ = said("jobs", "list", "--json", *arguments)
    _, before, _ = said("jobs", "--json", "list", *arguments)

    found = json.loads(text)
    assert code == 0
    assert [line.split()[0] for line in table.splitlines()] == ["id", *ids]
    assert [job["id"] for job in found["jobs"]] == ids
    assert found["more"] is ("--limit" in arguments)
    assert [job["id"] for job in json.loads(before)["jobs"]] == ids


@pytest.mark.usefixtures("file")
def test_a_job_is_shown(said: Any) -> None:
    """Its times and its ledger, but neither prompt nor token."""
    code, text, _ = said("jobs", "show", DELIVERED)
    _, as_json, _ = said("jobs", "show", DELIVERED, "--json")

    facts = json.loads(as_json)
    assert code == 0
    assert "delivered" in text
    assert "settle 30" in text
    assert facts["user_id"] == str(MEMBER)
    assert facts["ended_at"] == "2026-08-03T12:00:00+00:00"
    assert [entry["kind"] for entry in facts["ledger"]] == ["reserve", "settle"]


@pytest.mark.usefixtures("file")
def test_a_job_is_cancelled_by_its_id(said: Any) -> None:
    """Once, with what came of it; the second time says why not, with another exit code."""
    code, text, _ = said("jobs", "cancel", QUEUED, "--json")
    again, _, why = said("jobs", "cancel", QUEUED)
    _, shown, _ = said("jobs", "show", QUEUED)

    assert code == 0
    assert json.loads(text)["state"] == "cancelled"
    assert again == 1
    assert "it has ended (cancelled)" in why
    assert "release 30" in shown


@pytest.mark.parametrize("way", ["show", "cancel", "release", "retry"])
@pytest.mark.usefixtures("file")
def test_wrong_ids_are_told(said: Any, way: str) -> None:
    """One that is none, and one that nobody has."""
    assert said("jobs", way, "12")[0] == 1
    code, _, why = said("jobs", way, "1234")
    typed, _, how = said("jobs", way, "last")
    huge, _, _ = said("jobs", way, "9" * 30)

    assert code == 1
    assert "no job 1234" in why
    assert (typed, huge) == (2, 2)
    assert "is no id" in how


@pytest.mark.parametrize(
    "arguments",
    [("--state", "lost"), ("--older", "soon"), ("--guild", "ours"), ("--newer", "999999d")],
)
@pytest.mark.usefixtures("file")
def test_wrong_filters_are_told(said: Any, arguments: tuple[str, ...]) -> None:
    """Before the database is asked."""
    assert said("jobs", "list", *arguments)[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [("jobs", "cancel", "1"), ("ledger", "check"), ("prune",), ("export", "--guild", "1", "f")],
)
def test_a_database_of_another_version_is_told(
    said: Any, file: Path, arguments: tuple[str, ...]
) -> None:
    """With what to do; nothing is done to it."""
    change(file, "UPDATE alembic_version SET version_num = '0001'")

    code, _, why = said(*arguments)

    assert code == 78
    assert "python -m bot migrate" in why


# -- ledger ----------------------------------------------------------------------------------


def test_the_books_are_checked_and_mended(
    said: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question comes first; what is mended stays so."""
    well = said("ledger", "check")
    change(file, "DELETE FROM ledger_entry WHERE kind = 'release'")
    ill = said("ledger", "check")
    nobody = said("ledger", "check", "--repair")
    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    refused = said("ledger", "check", "--repair")
    facts = json.loads(said("ledger", "check", "--json")[1])
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    mended = said("ledger", "check", "--repair")
    again = said("ledger", "check", "--repair", "--yes", "--json")

    assert well[:2] == (0, "The books add up.\n")
    assert [ill[0], nobody[0], refused[0], mended[0], again[0]] == [1, 1, 1, 0, 0]
    assert f"can be mended: give back 30 of job {FAILED}" in ill[1]
    assert "--yes" in nobody[2]
    assert "Nothing was changed" in refused[2]
    assert facts["repairs"] == [{"job": FAILED, "kind": "release", "credits": 30}]
    assert "1 job mended" in mended[1]
    assert json.loads(again[1]) == {"well": True, "problems": [], "repairs": [], "repaired": []}


def test_what_cannot_be_mended_is_left_alone(said: Any, file: Path) -> None:
    """An orphan and a wrong sum: told, and not guessed at."""
    change(file, "UPDATE ledger_entry SET credits = 7 WHERE job_id = ?", int(DELIVERED))
    change(file, "DELETE FROM job WHERE id = ?", int(FAILED))

    code, text, _ = said("ledger", "check", "--repair", "--yes")

    assert code == 1
    assert f"job {DELIVERED} costs 30 credits but 7 were reserved" in text
    assert f"belongs to job {FAILED}, which does not exist" in text
    assert "cannot be mended without guessing" in text


# -- prune -----------------------------------------------------------------------------------


def test_what_is_past_its_time_goes(said: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First it is said; a dry run and nobody's answer change nothing; then it goes, once."""
    monkeypatch.setenv("RETENTION_DAYS", "1")
    kept = file.parent / "kept"
    kept.mkdir()
    (kept / f"{DELIVERED}.mp4").write_bytes(b"v" * 1000)
    long_ago = f"{now() - timedelta(days=3):%Y-%m-%d %H:%M:%S.000000}"
    change(file, "UPDATE job SET ended_at = ? WHERE ended_at IS NOT NULL", long_ago)
    change(file, "UPDATE draft SET kept_at = ?", long_ago)
    change(file, "UPDATE job SET token_expires_at = ?", long_ago)
    dry = said("prune", "--dry-run")
    nobody = said("prune")
    before = json.loads(said("prune", "--dry-run", "--json")[1])
    done = said("prune", "--yes", "--json")
    after = json.loads(said("prune", "--dry-run", "--json")[1])

    result = json.loads(done[1])
    assert [dry[0], nobody[0], done[0]] == [0, 1, 0]
    assert "2 jobs, with 0 pictures" in dry[1]
    assert f"1 of server {GUILD}" in dry[1]
    assert "1 of direct messages" in dry[1]
    assert before == {
        "done": False,
        "prunable": {
            "jobs": 2,
            "thumbnails": 0,
            "drafts": 1,
            "blocks": 0,
            "tokens": 2,
            "videos": 1,
            "videos_bytes": 1000,
        },
    }
    assert result["prunable"] == before["prunable"]
    assert result["forgotten"]["jobs"] == 2
    assert not any(after["prunable"].values())
    assert [*kept.iterdir()] == []
    assert json.loads(said("ledger", "check", "--json")[1])["well"]


@pytest.mark.usefixtures("file")
def test_without_days_no_job_goes(said: Any) -> None:
    """Neither the host nor a server has set any: jobs stay for good."""
    code, text, _ = said("prune", "--yes")

    assert code == 0
    assert "RETENTION_DAYS is not set" in text
    assert "Forgot 0 jobs" in text


# -- export ----------------------------------------------------------------------------------


def test_a_member_s_data_is_a_file_of_the_owner(said: Any, file: Path) -> None:
    """All kinds of rows, no token; it overwrites nothing."""
    target = file.parent / "mia.json"
    code, _, _ = said("export", "--member", str(MEMBER), str(target))
    twice = said("export", "--member", str(MEMBER), str(target))

    text = target.read_text("utf-8")
    found = json.loads(text)
    assert code == 0
    assert len(found["jobs"]) == 4
    assert {"jobs", "credits", "drafts", "presets", "last_options"} <= found.keys()
    assert not any(secret in text for secret in SECRETS)
    assert target.stat().st_mode & 0o777 == 0o600
    assert twice[0] == 1
    assert "exists already" in twice[2]
    assert [*file.parent.glob("*.part")] == []


def test_a_server_s_data_is_a_file(said: Any, file: Path) -> None:
    """Its rules, its jobs and books, and no other server's; no token."""
    target = file.parent / "guild.json"
    code, text, _ = said("export", "--guild", str(GUILD), str(target), "--json")

    written = target.read_text("utf-8")
    found = json.loads(written)
    assert code == 0
    assert json.loads(text)["rows"] == sum(
        len(rows) for rows in found.values() if isinstance(rows, list)
    )
    assert sorted(job["id"] for job in found["jobs"]) == [RUNNING, DELIVERED, QUEUED]
    assert found["policy"][0]["body"]["daily_credits"] == 5
    assert [event["action"] for event in found["moderation"]] == ["policy.set"]
    assert not any(secret in written for secret in SECRETS)


def test_an_unknown_id_and_a_wrong_folder_are_told(said: Any, file: Path) -> None:
    """Nothing is kept about nobody; a file needs its folder."""
    code, text, _ = said("export", "--member", "5", str(file.parent / "nobody.json"))
    nowhere = said("export", "--member", "5", str(file.parent / "no" / "where.json"))
    neither = said("export", str(file.parent / "x.json"))

    assert code == 0
    assert "Nothing is kept about that id" in text
    assert nowhere[0] == 1
    assert "cannot be written" in nowhere[2]
    assert neither[0] == 2


# -- version ---------------------------------------------------------------------------------


def test_the_version_names_code_schema_and_engine(said: Any) -> None:
    """Without any settings."""
    code, text, _ = said("--version")

    newest = max(path.name[:4] for path in Path("migrations/versions").glob("0*.py"))
    assert code == 0
    assert f"schema: {newest}, engine: DBOS " in text
