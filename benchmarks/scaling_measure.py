"""What `scaling.py` needs and no benchmark says: PostgreSQL's work for a video, memory of servers.

    PYTHONPATH=. .venv/bin/python benchmarks/scaling_measure.py

The bot as a process on a PostgreSQL server of its own, against the sandbox: first it stands
still, then a member orders videos, one by one, until all are posted. The server counts
transactions, and those that write or lock rows (they get a number), its log the statements (BEGIN
and COMMIT among them). What standing still costs is taken off.
Servers: how much memory discord.py takes for those it is told of, each with so many channels and
roles. About a minute; prints JSON.
"""

import asyncio
import gc
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import discord
import psycopg
from discord.state import AutoShardedConnectionState

from bot.storage import Database, JobStore
from sandbox import postgres
from sandbox.chaos import waiting
from sandbox.discord_api.driver import MemberDriver

PROJECT = Path(__file__).resolve().parent.parent
JOBS = 60
SPEED = 8.0
STANDING_S = 30.0
PATIENCE_S = 200.0
# The server's counters are told to others at most once a second.
COUNTED_S = 1.5
GUILDS, CHANNELS, ROLES = 2_000, 40, 25
SETTINGS = {
    "DAILY_CREDITS": "1000000",
    "MONTHLY_CREDITS": "1000000",
    "JOBS_IN_FLIGHT_PER_MEMBER": "500",
    "JOBS_IN_FLIGHT_PER_GUILD": "500",
    "MEMBER_COMMANDS_PER_MINUTE": "1000000",
    "SEGMIND_CONCURRENCY": "400",
    "SEGMIND_REQUESTS_PER_MINUTE": "60000",
}


class Server:
    """A PostgreSQL server that counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"postgresql://bot@/postgres?host={folder}"

    def count_statements(self) -> None:
        """Write every statement into the log from now on."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET log_statement = 'all'")
            connection.execute("SELECT pg_reload_conf()")

    async def counts(self) -> dict[str, float]:
        """Return what there has been so far, and when that was."""
        await asyncio.sleep(COUNTED_S)
        return await asyncio.to_thread(self._counts)

    def _counts(self) -> dict[str, float]:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT xact_commit + xact_rollback, "
                "pg_snapshot_xmax(pg_current_snapshot())::text::bigint "
                "FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        transactions, writing = row or (0, 0)
        lines = (self._folder / "log").read_text(errors="replace").splitlines()
        statements = sum("LOG:  execute" in line or "LOG:  statement" in line for line in lines)
        return {
            "at_s": time.monotonic(),
            "transactions": float(transactions),
            "writing": float(writing),
            "statements": float(statements),
        }


def cost(
    before: dict[str, float], still: dict[str, float], after: dict[str, float]
) -> dict[str, float]:
    """Return what standing still costs a second, and what a job costs on top of it."""
    stood_s, worked_s = still["at_s"] - before["at_s"], after["at_s"] - still["at_s"]
    found = {}
    for what in ("transactions", "writing", "statements"):
        per_second = (still[what] - before[what]) / stood_s
        found[f"{what}_a_second_standing"] = round(per_second, 2)
        extra = after[what] - still[what] - per_second * worked_s
        found[f"{what}_a_job"] = round(extra / JOBS, 1)
    return found


async def measured(server: Server, facts: dict[str, Any], store: JobStore) -> dict[str, Any]:
    """Stand still, order, wait for the end."""
    discord_facts = facts["discord"]
    await asyncio.to_thread(server.count_statements)
    await asyncio.sleep(5)
    before = await server.counts()
    await asyncio.sleep(STANDING_S)
    still = await server.counts()
    async with MemberDriver(
        discord_facts["api"],
        discord_facts["gateway"],
        discord_facts["members"][0]["token"],
        timeout_s=PATIENCE_S,
    ) as member:
        for number in range(JOBS):
            await member.run_command("t2v", {"prompt": f"fox number {number}"})

    async def all_ended() -> bool:
        return not await store.unfinished()

    # Looking is work for the server, too: seldom.
    if not await waiting.until(all_ended, every_s=5, within_s=PATIENCE_S):
        raise TimeoutError("the jobs did not end")
    return {"jobs": JOBS, **cost(before, still, await server.counts())}


async def on_postgres(server: Server, folder: Path) -> dict[str, Any]:
    """Start everything, measure, and take it down."""
    settings = [part for item in SETTINGS.items() for part in ("--bot-env", "=".join(item))]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--json", "--port", "0", "--light-videos"),
        *("--speed", str(SPEED), "--database-url", server.url),
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
            database = Database.open(server.url)
            stack.push_async_callback(database.close)
            return await measured(server, facts, JobStore(database))
    finally:
        process.terminate()
        await process.wait()


def guild(number: int) -> dict[str, Any]:
    """Return a server as Discord tells a bot with our intents of it, at the connection's start."""
    first = 10**18 + number * 10**4
    roles = [
        {"id": str(first + at), "name": f"role {at}", "permissions": "104324673", "position": at}
        | {"color": 0, "hoist": False, "managed": False, "mentionable": False, "flags": 0}
        | {"colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}}
        for at in range(ROLES)
    ]
    channels = [
        {"id": str(first + 1000 + at), "type": 0, "name": f"channel-{at}", "position": at}
        | {"topic": "what this channel is about", "nsfw": False, "parent_id": None, "flags": 0}
        | {"permission_overwrites": [{"id": str(first), "type": 0, "allow": "0", "deny": "2048"}]}
        for at in range(CHANNELS)
    ]
    return {
        "id": str(first),
        "name": f"server {number}",
        "owner_id": "1",
        "roles": roles,
        "channels": channels,
        "member_count": 300,
        "features": [],
        "emojis": [],
        "stickers": [],
        "threads": [],
        "members": [],
        "verification_level": 1,
        "preferred_locale": "en-US",
    }


def memory_kb_a_guild() -> float:
    """Return how much resident memory grows for each server, in kB."""
    client = discord.AutoShardedClient(
        intents=discord.Intents(guilds=True),
        member_cache_flags=discord.MemberCacheFlags.none(),
        chunk_guilds_at_startup=False,
        max_messages=None,
        shard_count=1,
    )
    state: AutoShardedConnectionState[Any] = client._connection  # noqa: SLF001 - no other way in
    keep = []
    before_kb = _resident_kb()
    for number in range(GUILDS):
        text = json.dumps(guild(number))  # strings of its own, as from the wire
        keep.append(discord.Guild(data=json.loads(text), state=state))
    gc.collect()
    return round((_resident_kb() - before_kb) / GUILDS, 1)


def _resident_kb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


def main() -> None:
    """Measure and print."""
    figures: dict[str, Any] = {"memory_kb_a_guild": memory_kb_a_guild()}
    reason = postgres.missing()
    if reason is None:
        with postgres.running() as socket_folder, tempfile.TemporaryDirectory() as folder:
            server = Server(Path(socket_folder))
            figures["postgresql"] = asyncio.run(on_postgres(server, Path(folder)))
    else:
        figures["postgresql"] = {"skipped": reason}
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
