"""Two bot processes on one PostgreSQL: whichever of the three fails, each job ends once."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from bot.job import Job, JobState
from bot.storage import Database, JobStore
from sandbox import postgres
from sandbox.bot_process import PROJECT
from sandbox.discord_api.component_kinds import files_of
from tests.end_to_end.conftest import PLENTY
from tests.end_to_end.sandbox_process import SELDOM_S, Json, SandboxProcess, until

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

JOBS = 10
START_S = 90.0
# A takeover takes the silence that the server allows, the grace, and a look.
PATIENCE_S = 90.0


class Bot:
    """One of two bot processes, which share the shards and nothing on disk."""

    def __init__(self, index: int, sandbox: SandboxProcess, database_url: str) -> None:
        self.executor_id = f"bot-{index + 1}"
        self._folder = sandbox.folder / self.executor_id
        self._environment = sandbox.bot_environment(
            DATA_DIR=str(self._folder),
            DATABASE_URL=database_url,
            PROCESS_INDEX=str(index),
            PROCESS_COUNT="2",
            LOOP_LAG_LOG_S="1",
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process; it has been started."""
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        """What it has written since its last start."""
        path = self._folder / "log"
        return path.read_text("utf-8") if path.exists() else ""

    async def start(self, **settings: str) -> None:
        """Start it."""
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot"),
                cwd=PROJECT,
                env={**self._environment, **settings},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def until_ready(self) -> None:
        """Wait until it serves its shard."""

        async def ready() -> bool:
            assert self.process.returncode is None, self.log
            return "ready as" in self.log

        await until(ready, f"{self.executor_id} is ready", timeout_s=START_S)

    async def ended(self) -> int:
        """Wait for its end; return the exit code."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    async def kill(self) -> None:
        """End it as a crash does."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


class Pair:
    """Both bots, the stand-ins, and the database."""

    def __init__(self, sandbox: SandboxProcess, socket_folder: str) -> None:
        self.sandbox = sandbox
        self.socket_folder = socket_folder
        self.url = f"postgresql://bot@/postgres?host={socket_folder}"
        self.bots = [Bot(index, sandbox, self.url) for index in range(2)]

    async def start(self) -> None:
        """Start those that do not run, both at once: the first time each finds no tables."""
        for bot in self.bots:
            if bot._process is None or bot.process.returncode is not None:
                await bot.start()
        for bot in self.bots:
            await bot.until_ready()

    async def ten_jobs(self, name: str) -> list[int]:
        """Have ten jobs at the provider, which keeps them until `all_end`, however late that is."""
        await self.sandbox.fault({"on": "outcome", "kind": "slow", "factor": 10_000, "times": JOBS})
        async with self.sandbox.member() as mia:
            sent = await asyncio.gather(
                *(mia.run_command("t2v", {"prompt": f"{name} {n}"}) for n in range(JOBS))
            )
        ids = [int(outcome.id) for outcome in sent]

        async def at_the_provider() -> bool:
            jobs = await self.jobs(ids)
            return [job.state for job in jobs] == [JobState.RUNNING] * JOBS

        await until(at_the_provider, f"ten jobs of {name} at the provider")
        return ids

    async def jobs(self, ids: list[int]) -> list[Job]:
        """The rows of those that were accepted by now."""
        database = Database.open(self.url)
        try:
            store = JobStore(database)
            assert await store.check_ledger() == []
            found = [await store.get(job_id) for job_id in ids]
            return [job for job in found if job is not None]
        finally:
            await database.close()

    def sql(self, query: str) -> list[str]:
        """Ask the server; return the first column."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return [str(row[0]) for row in connection.execute(query).fetchall()]

    def busiest(self) -> tuple[Bot, Bot]:
        """The bot that has more of the jobs, and the other."""
        owners = Counter(
            self.sql("SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'")
        )
        first, second = sorted(self.bots, key=lambda bot: -owners[bot.executor_id])
        assert owners[first.executor_id] > 0
        return first, second

    async def all_end(self, ids: list[int], name: str) -> None:
        """Every job is delivered: one POST, one video, one card that says so, settled once."""
        for request in (await self.sandbox.provider_state())["requests"]:
            if request["state"] not in {"COMPLETED", "FAILED"}:
                await self.sandbox.segmind(f"requests/{request['request_id']}/complete", {})

        async def ended() -> bool:
            if not all("✅" in card for card in await self._cards(ids)):
                return False
            return all(job.terminal for job in await self.jobs(ids))

        what = f"all jobs of {name} have ended, on their cards"
        await until(ended, what, PATIENCE_S, look_every_s=SELDOM_S)
        await self.assert_once(ids, name)

    async def assert_once(self, ids: list[int], name: str) -> None:
        """The four books agree: jobs, ledger (looked at with the jobs), provider, Discord."""
        jobs = await self.jobs(ids)
        assert [job.state for job in jobs] == [JobState.DELIVERED] * JOBS
        requests = (await self.sandbox.provider_state())["requests"]
        posts = Counter(one["body"]["prompt"] for one in requests)
        assert [posts[f"{name} {n}"] for n in range(JOBS)] == [1] * JOBS
        messages = (await self.sandbox.all_messages()).values()
        videos = Counter(m["message_reference"]["message_id"] for m in messages if _is_video(m))
        assert [videos[str(job.card_message_id)] for job in jobs] == [1] * JOBS

    async def _cards(self, ids: list[int]) -> list[str]:
        messages = await self.sandbox.all_messages()
        made_by = {
            (m.get("interaction_metadata") or {}).get("id"): str(m["components"])
            for m in messages.values()
        }
        return [made_by.get(str(job_id), "") for job_id in ids]


def _is_video(message: Json) -> bool:
    return bool(files_of(message)) and "message_reference" in message


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """The stand-ins and two bots; both run at the beginning of each test that asks for them."""
    reason = postgres.missing()
    if reason is not None:
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("processes")
    with postgres.running() as socket_folder:
        async with SandboxProcess(
            folder, speed=60, bot_env=PLENTY, options=("--no-bot", "--light-videos")
        ) as sandbox:
            pair = Pair(sandbox, socket_folder)
            try:
                yield pair
            finally:
                for bot in pair.bots:
                    if bot._process is not None:
                        await bot.kill()


async def test_a_killed_process_is_taken_over(pair: Pair) -> None:
    """The other runs its jobs, wherever they were asked for; a namesake is told to stay away."""
    await pair.start()
    namesake = Bot(0, pair.sandbox, pair.url)
    namesake._folder = pair.sandbox.folder / "elsewhere"
    await namesake.start(DATA_DIR=str(namesake._folder))
    assert ["registered" in bot.log for bot in pair.bots] == [True, False]
    # Before the jobs: on a busy machine they would be over by then.
    assert await namesake.ended() == 78
    ids = await pair.ten_jobs("killed")
    victim, other = pair.busiest()

    await victim.kill()

    await pair.all_end(ids, "killed")
    assert "Another process runs as EXECUTOR_ID bot-1" in namesake.log
    assert "Traceback" not in namesake.log
    assert f"process {victim.executor_id} is gone" in other.log
    assert "this process leads" in other.log
    assert "the event loop is late by" in other.log


async def test_a_stopped_process_is_taken_over_and_ends(pair: Pair) -> None:
    """SIGSTOP for longer than others wait: they do its work, and when it wakes it does nothing."""
    await pair.start()
    ids = await pair.ten_jobs("stopped")
    victim, other = pair.busiest()

    victim.process.send_signal(signal.SIGSTOP)
    await pair.all_end(ids, "stopped")
    victim.process.send_signal(signal.SIGCONT)

    assert await victim.ended() == 75
    assert "lost the lock of executor id" in victim.log
    assert other.process.returncode is None
    await pair.assert_once(ids, "stopped")


async def test_cut_connections_hurt_no_job(pair: Pair) -> None:
    """All connections but those of the locks are ended by the server: both bots work on."""
    await pair.start()
    ids = await pair.ten_jobs("cut")

    cut = pair.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND usename = 'bot' AND application_name <> 'wan-video-bot locks'"
    )

    await pair.all_end(ids, "cut")
    assert len(cut) >= 4
    assert [bot.process.returncode for bot in pair.bots] == [None, None]


async def test_a_restart_of_the_server_is_survived(pair: Pair) -> None:
    """Both lose their locks, say so and end with a code of its own; started again they go on."""
    await pair.start()
    ids = await pair.ten_jobs("restart")
    data = f"{pair.socket_folder}/data"

    await asyncio.to_thread(
        postgres._run, "pg_ctl", "-D", data, "-l", f"{data}/../log", "-m", "fast", "-w", "restart"
    )

    assert [await bot.ended() for bot in pair.bots] == [75, 75]
    assert all("lost its lock on the database" in bot.log for bot in pair.bots)
    await pair.start()
    await pair.all_end(ids, "restart")
