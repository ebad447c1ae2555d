"""What a host sees: of a bot that cannot start one sentence and a code; of one that runs, that."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from sandbox.bot_process import PROJECT
from tests.end_to_end.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

START_S = 60.0


async def second_bot(sandbox: SandboxProcess, **settings: str) -> tuple[int | None, str]:
    """Start one more bot on the sandbox's data; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot"),
        cwd=PROJECT,
        env=sandbox.bot_environment(**settings),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(START_S):
        _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_a_second_process_of_one_name_refuses_to_start(sandbox: SandboxProcess) -> None:
    """It says why, and leaves the first one's files alone."""
    downloads = sandbox.folder / "bot" / "tmp" / "bot-1"
    kept = downloads / "a-download-of-the-first"
    kept.touch()

    code, said = await second_bot(sandbox)

    assert code == 78
    assert "EXECUTOR_ID bot-1" in said
    assert "Traceback" not in said
    assert kept.exists()
    kept.unlink()


async def test_the_doctor_finds_nothing_wrong_beside_a_running_bot(
    sandbox: SandboxProcess,
) -> None:
    """Its commands are registered, its database is in use, its port is its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor", "--json"),
        cwd=PROJECT,
        env=sandbox.bot_environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(START_S):
        said, _ = await process.communicate()

    parts = {one["part"]: one for one in json.loads(said)["parts"]}
    assert process.returncode == 0
    assert {one["state"] for one in parts.values()} <= {"ok", "hint"}
    assert parts["commands"]["state"] == "ok"


async def test_a_price_file_that_is_missing_is_told(sandbox: SandboxProcess) -> None:
    """Before anything was started: it ends at once, with its sentence."""
    code, said = await second_bot(sandbox, EXECUTOR_ID="bot-2", PRICES_FILE="nowhere.toml")

    assert code == 78
    assert "PRICES_FILE" in said
    assert "Traceback" not in said


async def test_an_engine_s_file_that_cannot_be_written_is_told(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """As on a full disk: one sentence, and the code to try again."""
    (tmp_path / "engine.sqlite3").mkdir()

    code, said = await second_bot(sandbox, DATA_DIR=str(tmp_path))

    assert code == 75
    assert "Nothing can be saved: unable to open database file." in said
    assert "Traceback" not in said


async def test_a_refused_token_is_told(sandbox: SandboxProcess) -> None:
    """Discord's 401 becomes a sentence without the token."""
    code, said = await second_bot(sandbox, EXECUTOR_ID="bot-2", DISCORD_TOKEN="a.wrong.token")

    assert code == 78
    assert "DISCORD_TOKEN is refused" in said
    assert "a.wrong.token" not in said
