"""`python -m bot COMMAND` within the test's process, and a filled SQLite file."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.settings import Settings
from bot.storage import Database
from tests.moving_kit import Command, fill

pytest_plugins = ("tests.storage_fixtures",)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command with an environment; returns the exit code and what it said."""

    async def run(environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        code = await asyncio.to_thread(main, arguments)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture(scope="session")
def filled_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with something in every table; do not write to it."""
    path = Path(shutil.copy(migrated_file, tmp_path_factory.mktemp("filled") / "bot.sqlite3"))

    async def write() -> None:
        database = Database.of_file(path)
        await fill(database)
        await database.close()

    asyncio.run(write())
    return path


@pytest.fixture
def filled(filled_file: Path, tmp_path: Path) -> Path:
    """An own copy of the filled file, where a bot with this DATA_DIR has it."""
    return Path(shutil.copy(filled_file, tmp_path / "bot.sqlite3"))
