"""The host looks after jobs on the command line, beside the bot that runs them."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio

from bot.job import JobState
from bot.storage import Database, JobStore
from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.component_kinds import result_of as carried_by
from tests.end_to_end.sandbox_process import LIGHT, SELDOM_S, SandboxProcess, until
from tests.end_to_end.seen import heading
from tests.moving_kit import bot

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

# Two of a member's jobs at once, so that others wait.
SETTINGS = {"JOBS_IN_FLIGHT_PER_MEMBER": "50", "SEGMIND_CONCURRENCY": "4"}
PROMPTS = [f"a lighthouse {number}" for number in range(5)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxProcess]:
    """A sandbox whose provider keeps the first two jobs until it is told to go on."""
    folder = tmp_path_factory.mktemp("caring")
    async with SandboxProcess(folder, speed=60, bot_env=SETTINGS, options=LIGHT) as running:
        await running.fault({"on": "outcome", "kind": "slow", "factor": 10_000, "times": 2})
        yield running


async def posts(house: SandboxProcess) -> list[str]:
    """Return the prompts that the provider took."""
    state = await house.provider_state()
    return sorted(request["body"]["prompt"] for request in state["requests"])


async def cards(house: SandboxProcess) -> dict[str, str]:
    """Return the heading of each job's card."""
    return {
        str(message["interaction_metadata"]["id"]): heading(message)
        for message in (await house.all_messages()).values()
        if message.get("interaction_metadata") and message["components"]
    }


async def listed(env: dict[str, str], *arguments: str) -> list[dict[str, Any]]:
    """Return what `jobs list` shows."""
    code, said = await bot(env, "jobs", "list", "--json", *arguments)
    assert code == 0, said
    found: list[dict[str, Any]] = json.loads(said)["jobs"]
    return found


def lose(house: SandboxProcess, statement: str, job: str) -> None:
    """Change the engine's record of a job behind the bot's back."""
    with closing(sqlite3.connect(house.folder / "bot" / "engine.sqlite3")) as connection:
        connection.execute(f"{statement} WHERE workflow_uuid = ?", (job,))
        connection.commit()


async def test_jobs_are_looked_after_beside_the_bot(house: SandboxProcess) -> None:
    """One is cancelled, those at the provider stay there, lost ones are sent once."""
    env = house.bot_environment()
    async with house.member() as mia:
        ids = [str((await mia.run_command("t2v", {"prompt": prompt})).id) for prompt in PROMPTS]

    async def two_run() -> bool:
        return len(await listed(env, "--state", "running")) == 2

    await until(two_run, "two of them run", look_every_s=SELDOM_S)
    running = await listed(env, "--state", "running")
    waiting = sorted(job["id"] for job in await listed(env, "--state", "queued", "--newer", "1h"))
    cancelled = await bot(env, "jobs", "cancel", waiting[1])
    again = await bot(env, "jobs", "cancel", waiting[1])
    kept = await bot(env, "jobs", "release", running[0]["id"])
    begun = await bot(env, "jobs", "retry", running[0]["id"])
    in_line = await bot(env, "jobs", "retry", waiting[0])
    lose(house, "DELETE FROM workflow_status", waiting[0])
    lose(house, "UPDATE workflow_status SET status = 'ERROR'", waiting[2])
    lost = [await bot(env, "jobs", "retry", waiting[at]) for at in (0, 2)]
    books = await bot(env, "ledger", "check")
    pruned = await bot(env, "prune", "--yes")
    for request in (await house.provider_state())["requests"]:
        await house.segmind(f"requests/{request['request_id']}/complete", {})

    async def over() -> bool:
        shown = await cards(house)
        return all(("ancel" if job == waiting[1] else "Done") in shown.get(job, "") for job in ids)

    await until(over, "every card shows its end", timeout_s=120, look_every_s=SELDOM_S)
    videos = sorted(
        str(carried_by(message["components"]))
        for message in (await house.all_messages()).values()
        if files_of(message)
    )
    database = Database.open(f"sqlite:///{house.folder / 'bot' / 'bot.sqlite3'}")
    try:
        states = [row.state for job in ids if (row := await JobStore(database).get(int(job)))]
        problems = await JobStore(database).check_ledger()
    finally:
        await database.close()

    assert cancelled[0] == 0, cancelled
    assert "credits went back" in cancelled[1]
    assert again[0] == 1
    assert "it has ended (cancelled)" in again[1]
    assert kept[0] == 1
    assert "Segmind has it, and is paid for it" in kept[1]
    assert begun[0] == 0
    assert "bot-1 has begun it" in begun[1]
    assert in_line[0] == 0
    assert "waits for its turn" in in_line[1]
    for code, words in lost:
        assert code == 0
        assert "in the bot's queue again. It was never sent" in words
    assert books == (0, "The books add up.\n")
    assert pruned[0] == 0
    made = [job for job in ids if job != waiting[1]]
    assert sorted(states) == sorted([JobState.CANCELLED, *[JobState.DELIVERED] * 4])
    assert videos == sorted(made)
    assert await posts(house) == sorted(PROMPTS[ids.index(job)] for job in made)
    assert problems == []
