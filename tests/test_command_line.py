import asyncio
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot import __version__
from bot.__main__ import main
from bot.catalogue import as_json, as_markdown
from bot.job import JobState
from bot.settings import Settings
from bot.storage import Database, JobStore
from tests.storage_kit import FIRST_ID, GUILD, walked_to

ROOT = Path(__file__).parent.parent


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that need no network: a made-up token and key, and a folder."""
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("DISCORD_TOKEN", "made-up-token")
    monkeypatch.setenv("SEGMIND_API_KEY", "made-up-key")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_models_json_is_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    """`models --json` prints the whole catalogue and needs no settings."""
    code = main(["models", "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out) == as_json()


def test_models_as_text_names_each_model(capsys: pytest.CaptureFixture[str]) -> None:
    """`models` lists each model with its price and options."""
    main(["models"])

    text = capsys.readouterr().out
    for model in as_json()["models"]:
        assert model["slug"] in text


def test_the_readme_shows_the_catalogue() -> None:
    """The README's tables are what `models --markdown` prints."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert as_markdown() in readme


def test_the_example_file_names_every_setting() -> None:
    """`.env.example` has a line for each setting, and none that does not exist."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.partition("=")[0].lower() for line in lines if line and line[0] != "#"}

    assert named == set(Settings.model_fields)


def test_the_example_file_shows_the_defaults(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading `.env.example` as it stands gives the defaults."""
    filled = Settings(_env_file=ROOT / ".env.example")
    monkeypatch.delenv("DATA_DIR")
    example = Settings(_env_file=ROOT / ".env.example")

    assert filled.data_dir == settings
    for name, field in Settings.model_fields.items():
        if not field.is_required():
            default = field.get_default(call_default_factory=True, validated_data={})
            assert getattr(example, name) == default, name


def test_the_version_is_that_of_the_project() -> None:
    """The package and pyproject.toml say the same version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["version"] == __version__


def test_migrate_makes_the_database(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`migrate` creates the file, twice is harmless, and it says where."""
    assert main(["migrate"]) == 0
    assert main(["migrate"]) == 0

    assert (settings / "bot.sqlite3").exists()
    assert "up to date" in capsys.readouterr().out


def test_healthcheck_fails_without_a_running_bot(settings: Path) -> None:
    """`healthcheck` exits with 1 when there is no sign of life, or only an old one."""
    assert main(["healthcheck"]) == 1

    settings.mkdir()
    heartbeat = settings / "heartbeat-bot-1"
    heartbeat.touch()
    assert main(["healthcheck"]) == 0
    os.utime(heartbeat, (1, 1))
    assert main(["healthcheck"]) == 1


def test_missing_settings_are_told_one_by_one() -> None:
    """Without token and key `python -m bot` says so, a line each, with exit code 78."""
    bare = {"PATH": os.environ["PATH"], "ENV_FILE": ""}
    done = subprocess.run(
        [sys.executable, "-m", "bot"],
        cwd=ROOT,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 2
    assert "DISCORD_TOKEN is missing" in done.stderr
    assert "SEGMIND_API_KEY is missing" in done.stderr


async def _with_jobs(file: Path) -> None:
    database = Database.of_file(file)
    await database.migrate()
    store = JobStore(database)
    await walked_to(store, JobState.RUNNING, 1)
    await walked_to(store, JobState.FAILED, 2, guild_id=None)
    await walked_to(store, JobState.DELIVERED, 3)
    await database.close()


def test_jobs_lists_what_is_under_way_and_what_ended(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`jobs` as text and as JSON: no prompt, no token; the newest end first."""
    settings.mkdir()
    asyncio.run(_with_jobs(settings / "bot.sqlite3"))
    assert main(["jobs"]) == 0
    text = capsys.readouterr().out
    assert main(["jobs", "--json", "--last", "1"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert [line.split()[1] for line in text.splitlines()] == [
        "state",
        "running",
        "delivered",
        "failed",
    ]
    (job,) = found["under_way"]
    assert job["age_s"] > 0
    assert job | {"age_s": 0} == {
        "id": str(FIRST_ID + 1),
        "state": "running",
        "model": "wan-2.6-i2v",
        "age_s": 0,
        "guild_id": str(GUILD),
        "credits": 30,
        "cost_usd": None,
        "failure": None,
    }
    assert [job["state"] for job in found["ended"]] == ["delivered"]
    assert "fox" not in text
    assert "token" not in f"{text}{found}"


def test_jobs_needs_a_database_of_this_version(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first start there is none, which is said with what to do."""
    settings.mkdir()

    assert main(["jobs"]) == 78
    assert "python -m bot migrate" in capsys.readouterr().err
