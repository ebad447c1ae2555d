"""Taking over: kill -9 of one of two bot processes with 100 jobs in flight.

Two bots share a PostgreSQL server and the sandbox's stand-ins. When the provider has all jobs,
the bot that serves the members' server is killed, and stays dead. Measured: how long until all
its jobs run in the other, and until the provider is asked again about each (the poll schedule
says when that is worth a request). Afterwards the books are compared. Prints a table to standard
error and JSON to standard output.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from bot.job import JobState
from bot.storage import Database, JobStore
from sandbox import postgres
from sandbox.chaos import waiting
from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver

PROJECT = Path(__file__).resolve().parent.parent
JOBS = 100
# Of the provider. The prompts ask for five times the usual latency: no job ends before all are
# there, and all are late, which is when the provider is asked often.
SPEED = 16.0
PATIENCE_S = 300.0
LOOK_EVERY_S = 0.1
SETTINGS = {
    "DAILY_CREDITS": "1000000",
    "MONTHLY_CREDITS": "1000000",
    "JOBS_IN_FLIGHT_PER_MEMBER": "500",
    "JOBS_IN_FLIGHT_PER_GUILD": "500",
    "MEMBER_COMMANDS_PER_MINUTE": "1000000",
    "SEGMIND_CONCURRENCY": "400",
}


class Scene:
    """The sandbox with its two bots, and the database they share."""

    def __init__(self, facts: dict[str, Any], http: aiohttp.ClientSession, url: str) -> None:
        self.facts = facts
        self.url = url
        self._http = http
        self._control = facts["segmind"]["control"]

    async def requests(self) -> list[dict[str, Any]]:
        """Return what the provider has accepted."""
        async with self._http.get(f"{self._control}/state") as answer:
            found: list[dict[str, Any]] = (await answer.json())["requests"]
            return found

    async def kill(self, bot: int) -> None:
        """End a bot as a crash does."""
        async with self._http.post(f"{self._control}/bot/{bot}/kill") as answer:
            answer.raise_for_status()

    async def attachments(self) -> list[str]:
        """Return for each video that was posted the card it replies to."""
        async with self._http.get(f"{self.facts['page']}sandbox/control/state") as answer:
            channels = (await answer.json())["messages"].values()
        posts = [post for posts in channels for post in posts if files_of(post)]
        return [post["message_reference"]["message_id"] for post in posts]

    def begun_by(self, executor_id: str) -> set[int]:
        """Return the jobs that a bot's engine runs."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "SELECT workflow_uuid FROM dbos.workflow_status "
                "WHERE status = 'PENDING' AND executor_id = %s",
                (executor_id,),
            ).fetchall()
        return {int(row[0]) for row in rows}


async def until(reached: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something is so, and say it."""
    if not await waiting.until(reached, every_s=LOOK_EVERY_S, within_s=PATIENCE_S):
        raise TimeoutError(f"not within {PATIENCE_S:g} s: {what}")
    print(f"# {what}", file=sys.stderr)


async def measure(scene: Scene, store: JobStore) -> dict[str, Any]:
    """Send the jobs, kill a bot, and watch."""
    guild_id = int(scene.facts["discord"]["guild_id"])
    victim = (guild_id >> 22) % 2 + 1
    discord = scene.facts["discord"]
    async with MemberDriver(
        discord["api"], discord["gateway"], discord["members"][0]["token"], timeout_s=PATIENCE_S
    ) as member:
        for number in range(JOBS):
            await member.run_command("t2v", {"prompt": f"sandbox-slow takeover {number}"})

    async def all_there() -> bool:
        jobs = [job for job in await store.unfinished() if job.state is JobState.RUNNING]
        return len(jobs) == JOBS

    await until(all_there, "all jobs are at the provider")
    jobs = {job.id: job.request_id for job in await store.unfinished()}
    theirs = await asyncio.to_thread(scene.begun_by, f"bot-{victim}")
    wanted = {jobs[job_id] for job_id in theirs if job_id in jobs}
    await scene.kill(victim)
    killed_at = time.monotonic()
    asked = {one["request_id"]: one["calls"].get("status", 0) for one in await scene.requests()}
    first_s: dict[str, float] = {}

    async def all_followed() -> bool:
        for one in await scene.requests():
            request_id = one["request_id"]
            again = one["calls"].get("status", 0) > asked[request_id]
            if request_id in wanted and again and request_id not in first_s:
                first_s[request_id] = time.monotonic() - killed_at
        return len(first_s) == len(wanted)

    async def taken() -> bool:
        return theirs <= await asyncio.to_thread(scene.begun_by, f"bot-{3 - victim}")

    await until(taken, "the other bot has the jobs")
    taken_s = time.monotonic() - killed_at
    await until(all_followed, "the provider was asked about each")

    async def all_ended() -> bool:
        return not await store.unfinished()

    await until(all_ended, "every job has ended")
    ended = [await store.get(job_id) for job_id in jobs]
    posts = Counter(one["body"]["prompt"] for one in await scene.requests())
    videos = Counter(await scene.attachments())
    return {
        "jobs_in_flight": len(jobs),
        "of_the_killed_process": len(wanted),
        "all_running_in_the_other_s": round(taken_s, 1),
        "first_followed_again_s": round(min(first_s.values()), 1),
        "all_followed_again_s": round(max(first_s.values()), 1),
        "states": dict(Counter(job.state.value for job in ended if job)),
        "posts_accepted_per_job": dict(Counter(posts.values())),
        "videos_per_job": dict(Counter(videos[str(job.card_message_id)] for job in ended if job)),
        "ledger_problems": await store.check_ledger(),
    }


async def run(url: str, folder: Path) -> dict[str, Any]:
    """Start everything, measure, and take it down."""
    settings = [part for item in SETTINGS.items() for part in ("--bot-env", "=".join(item))]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--json", "--port", "0", "--bots", "2"),
        *("--speed", str(SPEED), "--light-videos", "--database-url", url),
        *("--data-dir", str(folder), *settings),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the sandbox has no output")
        facts = json.loads(await process.stdout.readline())
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(aiohttp.ClientSession())
            database = Database.open(url)
            stack.push_async_callback(database.close)
            return await measure(Scene(facts, http, url), JobStore(database))
    finally:
        process.terminate()
        await process.wait()


def main() -> None:
    """Measure and print."""
    reason = postgres.missing()
    if reason is not None:
        print(json.dumps({"benchmark": "takeover", "skipped": reason}))
        return
    with postgres.running() as socket_folder, tempfile.TemporaryDirectory() as folder:
        url = f"postgresql://bot@/postgres?host={socket_folder}"
        figures = asyncio.run(run(url, Path(folder)))
    for name, value in figures.items():
        print(f"{name:>28}  {value}", file=sys.stderr)
    print(json.dumps({"benchmark": "takeover", **figures}, indent=1))


if __name__ == "__main__":
    main()
