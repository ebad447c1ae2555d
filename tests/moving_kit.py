"""Databases with something in every table, and what they hold, for tests of moving them."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import select

from bot.job import JobState
from bot.latency import Sample
from bot.policy import AllowanceOverride, Block, GuildPolicy
from bot.pseudonyms import Pseudonyms
from bot.storage import (
    AskingStore,
    Database,
    ForgettingStore,
    JobStore,
    PolicyStore,
    PreferenceStore,
)
from bot.storage.copying import TABLES
from tests.storage_kit import (
    FIRST_ID,
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    ZONE,
    fill_asking,
    new_job,
    walked_to,
)

# Runs `python -m bot` with an environment and arguments; gives the exit code and what it said.
Command: TypeAlias = Callable[..., Awaitable[tuple[int, str]]]

PROJECT = Path(__file__).parents[1]
IN_FLIGHT = (JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED)
OTHER_MEMBER = MEMBER + 7


async def fill(database: Database) -> None:
    """Put something into every table: jobs in every state, and one that was forgotten."""
    store, policies = JobStore(database), PolicyStore(database)
    await policies.set_policy(GUILD, GuildPolicy(daily_credits=5), actor_id=MODERATOR, now=NOW)
    override = AllowanceOverride(target="role", target_id=9, daily_credits=1, monthly_credits=None)
    await policies.set_override(GUILD, override, actor_id=MODERATOR, now=NOW)
    block = Block(user_id=9, until=None, reason="spam \0", actor_id=MODERATOR, created_at=NOW)
    await policies.block(GUILD, block, now=NOW)
    for word in ("toad", "frog", "newt"):
        await policies.add_rule(GUILD, "word", word, actor_id=MODERATOR, now=NOW)
    # The highest number was given, and must not be given again.
    rules = await policies.rules(GUILD)
    await policies.remove_rule(GUILD, max(r.id for r in rules), actor_id=MODERATOR, now=NOW)
    await store.grant(
        GUILD, MEMBER, 50, expires_at=None, reason="a prize", actor_id=MODERATOR, now=NOW
    )
    await store.record_latency(
        "wan-2.6-i2v", "720p/5s", Sample(latency_s=12.5, queue_s=1.5, failed=True, at=NOW)
    )
    await fill_asking(AskingStore(database), "https://cdn.example.org/p.png")
    await PreferenceStore(database).set_telling(MEMBER, True, now=NOW)
    forgetting = ForgettingStore(database, Pseudonyms.keyed_by("a token"))
    await forgetting.remember_guilds([GUILD], 3)
    states = [*JobState]
    states.remove(JobState.AWAITING_APPROVAL)
    states.remove(JobState.DENIED)
    for number, state in enumerate(states):
        await walked_to(store, state, number, user_id=MEMBER + number % 3)
    await store.accept(new_job(50), GENEROUS, ZONE, now=NOW, state=JobState.AWAITING_APPROVAL)
    for number in range(len(states)):
        await store.keep_thumbnail(FIRST_ID + number, b"RIFF\0\xff\x00WEBP", now=NOW)
    await walked_to(store, JobState.DELIVERED, 51, user_id=OTHER_MEMBER)
    await forgetting.forget_member(OTHER_MEMBER, now=NOW + timedelta(days=1))
    # Made from a job with a higher id, which Discord's clock never gives.
    await store.accept(new_job(60, parent_id=FIRST_ID + 50), GENEROUS, ZONE, now=NOW)


def pad(file: Path, rows: int) -> None:
    """Write so many audit events, so that a move takes its time."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(
            "INSERT INTO audit_event (guild_id, action, detail, created_at) VALUES (?, ?, ?, ?)",
            [
                (GUILD, "policy.set", f'{{"n": {n}}}', "2026-08-03 12:00:00.000000")
                for n in range(rows)
            ],
        )


async def contents(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, in the order of their keys."""

    async def work(session: Any) -> dict[str, list[dict[str, Any]]]:
        found = {}
        for table in TABLES:
            query = select(table).order_by(*table.primary_key.columns)
            found[table.name] = [dict(row) for row in (await session.execute(query)).mappings()]
        return found

    return await database.read(work)


def environment(data: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a bot with made-up secrets and this DATA_DIR."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **bare,
        "ENV_FILE": "",
        "DISCORD_TOKEN": "made-up-token",
        "SEGMIND_API_KEY": "made-up-key",
        "DATA_DIR": str(data),
        **settings,
    }


async def bot(environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Run `python -m bot` to its end; return the exit code and what it said."""
    process = await started(environment, *arguments)
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def started(environment: Mapping[str, str], *arguments: str) -> asyncio.subprocess.Process:
    """Start `python -m bot`."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=PROJECT,
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
