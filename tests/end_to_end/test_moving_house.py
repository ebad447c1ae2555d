"""Back to a backup, and on to PostgreSQL, with jobs in flight: one POST and one video each."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.job import JobState
from bot.storage import Database, JobStore
from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.component_kinds import result_of as carried_by
from tests.end_to_end.sandbox_process import LIGHT, SELDOM_S, SandboxProcess, until
from tests.end_to_end.seen import heading
from tests.moving_kit import bot, started

pytest_plugins = ("tests.postgres_fixtures",)
pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

JOBS = 4
SETTINGS = {"JOBS_IN_FLIGHT_PER_MEMBER": "50", "SEGMIND_CONCURRENCY": "4"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxProcess]:
    """A sandbox whose bot makes two videos of a member at once, so that others wait."""
    folder = tmp_path_factory.mktemp("house")
    async with SandboxProcess(folder, speed=60, bot_env=SETTINGS, options=LIGHT) as running:
        yield running


async def ask(house: SandboxProcess, what: str) -> dict[str, str]:
    """Send some commands; return the prompts by job id, once two of them are at the provider.

    Those two stay there until `go_on`, and so the others stay in the queue.
    """
    await house.fault({"on": "outcome", "kind": "slow", "factor": 10_000, "times": 2})
    prompts = [f"{what} {number}" for number in range(JOBS)]
    async with house.member() as mia:
        outcomes = [await mia.run_command("t2v", {"prompt": prompt}) for prompt in prompts]
    assert all(outcome.ok for outcome in outcomes)

    async def two_sent() -> bool:
        return (await sent(house, prompts)).total() == 2

    await until(two_sent, "two of them at the provider")
    return {str(o.id): prompt for o, prompt in zip(outcomes, prompts, strict=True)}


async def go_on(house: SandboxProcess, jobs: dict[str, str]) -> None:
    """Let the provider complete what it has."""
    for request in (await house.provider_state())["requests"]:
        if request["body"]["prompt"] in jobs.values():
            await house.segmind(f"requests/{request['request_id']}/complete", {})


async def sent(house: SandboxProcess, prompts: list[str]) -> Counter[str]:
    """Count what the provider took."""
    state = await house.provider_state()
    taken = (request["body"]["prompt"] for request in state["requests"])
    return Counter(prompt for prompt in taken if prompt in prompts)


async def all_done(house: SandboxProcess, jobs: dict[str, str]) -> None:
    """Wait until each job's card says so."""

    async def done() -> bool:
        cards = {
            str(message["interaction_metadata"]["id"]): message
            for message in (await house.all_messages()).values()
            if message.get("interaction_metadata") and message["components"]
        }
        return all(job in cards and "Done" in heading(cards[job]) for job in jobs)

    await until(
        done, "every card says that its video is done", timeout_s=120, look_every_s=SELDOM_S
    )


async def assert_once(house: SandboxProcess, jobs: dict[str, str], url: str) -> None:
    """Each job has one POST, one video and a settled price."""
    posts = await sent(house, [*jobs.values()])
    videos = Counter(
        carried_by(message["components"])
        for message in (await house.all_messages()).values()
        if files_of(message) and carried_by(message["components"]) in jobs
    )
    database = Database.open(url)
    try:
        store = JobStore(database)
        rows = [await store.get(int(job)) for job in jobs]
        problems = await store.check_ledger()
    finally:
        await database.close()

    assert set(posts.values()) == {1}
    assert videos == dict.fromkeys(jobs, 1)
    assert [row.state for row in rows if row] == [JobState.DELIVERED] * JOBS
    assert problems == []


async def test_back_to_a_backup(house: SandboxProcess) -> None:
    """Made while the bot works; all is delivered after it; restored, nothing happens twice."""
    env = house.bot_environment()
    backup = house.folder / "backup.sqlite3"
    jobs = await ask(house, "a harbour")
    code, said = await bot(env, "backup", str(backup))
    assert code == 0, said
    code, listed = await bot(env, "jobs", "--json")
    assert code == 0, listed
    await go_on(house, jobs)
    await all_done(house, jobs)
    await house.bot("stop")
    code, said = await bot(env, "restore", str(backup))
    assert code == 0, said
    await house.bot("start")
    url = f"sqlite:///{house.folder / 'bot' / 'bot.sqlite3'}"

    async def ended() -> bool:
        database = Database.open(url)
        try:
            return not await JobStore(database).unfinished()
        finally:
            await database.close()

    await until(ended, "every job of the backup ends", timeout_s=120, look_every_s=SELDOM_S)
    under_way = json.loads(listed)["under_way"]

    assert f"{JOBS} jobs were on their way" in said
    assert {job["id"] for job in under_way} == {*jobs}
    assert sorted(job["state"] for job in under_way) == ["queued", "queued", "running", "running"]
    assert "a harbour" not in listed
    await assert_once(house, jobs, url)


async def test_on_to_postgresql(house: SandboxProcess, url: str, tmp_path: Path) -> None:
    """Killed with jobs in flight, moved, started there: all end well; the old file stays shut."""
    env = house.bot_environment()
    jobs = await ask(house, "a meadow")
    await house.bot("kill")
    code, said = await bot(env, "move", "--to", url)
    assert code == 0, said
    shut = await bot(env)
    await go_on(house, jobs)
    there = await started(house.bot_environment(DATABASE_URL=url, DATA_DIR=str(tmp_path)))
    try:
        await all_done(house, jobs)
    finally:
        there.send_signal(signal.SIGTERM)
        await asyncio.wait_for(there.communicate(), timeout=40)

    assert there.returncode == 0
    assert shut[0] == 78
    assert "was moved to postgresql://" in shut[1]
    await assert_once(house, jobs, url)
