"""A bot of its own process with many jobs, for the benchmarks of scale and start: measures it."""

import json
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.catalogue import MODELS
from bot.job import JobState, NewJob
from bot.quota import EntryKind
from bot.storage import Database
from bot.storage.rows import new_row
from bot.storage.tables import JobRow, LedgerRow
from sandbox.bot_process import BOT_COMMAND, BotProcess
from sandbox.chaos.crowd import Crowd
from sandbox.chaos.waiting import until
from sandbox.discord_api.hub import Hub
from sandbox.discord_api.interactions import AnswerKind, Interaction, InteractionKind
from sandbox.discord_api.message_body import MessageBody
from sandbox.discord_api.rendering import user_json
from sandbox.discord_api.store import COMMAND_RESPONSE
from sandbox.discord_api.world import Channel, User
from sandbox.runner import Options, Parts
from sandbox.segmind_api import SegmindStandIn

LOOK_EVERY_S = 0.1
A_WRITE = 500
MODEL = next(model for model in MODELS if model.slug == "wan-2.2-t2v-fast")
DEFAULTS = {p.name: p.default for p in MODEL.parameters if p.default is not None}
# What the measurement is not about: nobody ever runs out of anything.
PLENTY = {
    "DAILY_CREDITS": "100000000",
    "MONTHLY_CREDITS": "100000000",
    "JOBS_IN_FLIGHT_PER_MEMBER": "10000",
    "JOBS_IN_FLIGHT_PER_GUILD": "100000",
    "MEMBER_COMMANDS_PER_MINUTE": "1000000",
    "SEGMIND_CONCURRENCY": "10000",
    "LOG_FORMAT": "json",
    "LOOP_LAG_LOG_S": "1",
}
# Discord's limits are those of one bot; jobs live many times shorter here.
DISCORD_SPEED = 5.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Both stand-ins in this process, and the bot in its own."""

    parts: Parts
    bot: BotProcess
    folder: Path

    @property
    def pid(self) -> int:
        """The bot's process."""
        if self.bot.pid is None:
            raise RuntimeError(f"the bot has ended:\n{self.bot.last_lines()}")
        return self.bot.pid

    @property
    def in_flight(self) -> int:
        """Requests that the provider has, and has not ended."""
        records = self.parts.segmind.context.store.records.values()
        return sum(record.finished_at is None for record in records)

    @property
    def accepted(self) -> int:
        """Requests that the provider has taken."""
        return len(self.parts.segmind.context.store.records)

    def calls(self) -> dict[str, int]:
        """Requests to the provider by kind."""
        return dict(self.parts.segmind.context.store.calls)

    def edits(self) -> int:
        """Edits of messages so far."""
        calls = self.parts.discord.hub.calls
        return sum(number for name, number in calls.items() if name.startswith("PATCH"))

    def states(self) -> dict[str, int]:
        """Jobs by state, from the bot's own file. Blocking, for a moment."""
        return _counts(self.folder / "bot" / "bot.sqlite3")


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    speed: float,
    waiting: int = 0,
    running: int = 0,
    over: int = 0,
    words: str = "",
    requests_per_minute: int = 60_000,
    command: Sequence[str] = BOT_COMMAND,
    bot_settings: Mapping[str, str] = MappingProxyType({}),
    furnish: Callable[[Parts, Crowd], Awaitable[None]] | None = None,
) -> AsyncIterator[Scene]:
    """Start the stand-ins, and then the bot, with jobs in its database; it is not waited for.

    Args:
        folder: Everything is kept here.
        speed: Times as fast as the real provider.
        waiting: Jobs that were let in, and whose members see "thinking".
        running: Jobs that the provider has, as after a restart.
        over: Jobs that were delivered long ago.
        words: Added to the prompt of those that wait or run, see `sandbox.segmind_api.words`.
        requests_per_minute: The provider's plan.
        command: What is run as the bot.
        bot_settings: More of the bot's settings.
        furnish: Awaited before the bot starts, with its database and its Discord as they are.
    """
    settings = {**PLENTY, **bot_settings, "SEGMIND_REQUESTS_PER_MINUTE": str(requests_per_minute)}
    options = Options(port=0, speed=speed, light_videos=True, bot_settings=settings)
    async with AsyncExitStack() as stack:
        parts = Parts(stack, options, folder)
        parts.bot_command = command
        await parts.start_discord(speed=DISCORD_SPEED)
        crowd = Crowd(parts.discord)
        await parts.start_segmind(0)
        parts.segmind.account.credits_usd = 1e6
        await fill(
            Database.open(f"sqlite:///{parts.bot_folder() / 'bot.sqlite3'}"),
            [
                *(_waiting(parts.discord.hub, crowd, number, words) for number in range(waiting)),
                *(
                    _at_provider(parts.segmind, _waiting(parts.discord.hub, crowd, number, words))
                    for number in range(running)
                ),
                *(_over(number) for number in range(over)),
            ],
        )
        if furnish is not None:
            await furnish(parts, crowd)
        (bot,) = await parts.start_bots()
        yield Scene(parts=parts, bot=bot, folder=folder)


def _waiting(hub: Hub, crowd: Crowd, number: int, words: str) -> JobRow:
    """Return a job as a command leaves it: its card says "thinking", and it is queued."""
    guild = crowd.guilds[number % len(crowd.guilds)]
    channel = list(guild.channels.values())[number // len(crowd.guilds) % len(guild.channels)]
    interaction = _interaction(hub, crowd.members[number % len(crowd.members)], channel)
    return _row(
        job_id=int(interaction.id),
        guild_id=int(guild.id),
        channel_id=int(channel.id),
        user_id=int(interaction.user_id),
        token=interaction.token,
        state=JobState.QUEUED,
        at=datetime.now(UTC),
        prompt=f"a fox, number {number} {words}".rstrip(),
    )


def _at_provider(segmind: SegmindStandIn, row: JobRow) -> JobRow:
    """Let the provider accept a waiting job."""
    body = dict(row.parameters)
    record = segmind.context.worker.accept(MODEL, body, {**DEFAULTS, **body}, 0.1)
    row.state, row.request_id = JobState.RUNNING, record.request_id
    row.submitting_at = row.running_at = datetime.now(UTC)
    row.response_url = f"{segmind.api_url}/v2/requests/{record.request_id}"
    row.status_url = f"{row.response_url}/status"
    return row


def _over(number: int) -> JobRow:
    at = datetime.now(UTC) - timedelta(days=2 + number / 1000)
    row = _row(
        job_id=number + 1,
        guild_id=1,
        channel_id=2,
        user_id=3 + number % 1000,
        token="",
        state=JobState.DELIVERED,
        at=at,
        prompt=f"a fox, number {number}",
    )
    row.interaction_token = None
    row.submitting_at = row.running_at = row.finished_at = row.ended_at = at
    row.request_id = f"request-{number}"
    row.output_url = f"https://example.org/{number}.mp4"
    return row


def _row(
    *,
    job_id: int,
    guild_id: int,
    channel_id: int,
    user_id: int,
    token: str,
    state: JobState,
    at: datetime,
    prompt: str,
) -> JobRow:
    new = NewJob(
        id=job_id,
        guild_id=guild_id,
        channel_id=channel_id,
        user_id=user_id,
        model=MODEL.slug,
        parameters={**DEFAULTS, "prompt": prompt, "seed": job_id % 2**31},
        price_credits=10,
        interaction_token=token,
        token_expires_at=at + timedelta(minutes=15),
        upload_limit_bytes=10_485_760,
    )
    return new_row(new, state, reasons=(), now=at)


def _interaction(hub: Hub, user: User, channel: Channel) -> Interaction:
    """Give a command that the bot has acknowledged, and then was stopped."""
    new_id = hub.interactions.new_id()
    owners = {"0": channel.guild_id or "0"}
    interaction = Interaction(
        id=new_id,
        token=hub.interactions.new_token(new_id),
        kind=InteractionKind.COMMAND,
        user_id=user.id,
        channel_id=channel.id,
        guild_id=channel.guild_id,
        nonce=None,
        created_s=hub.clock(),
        data={},
        metadata={
            "id": new_id,
            "type": int(InteractionKind.COMMAND),
            "user": user_json(user),
            "authorizing_integration_owners": owners,
        },
        owners=owners,
        command_name="t2v",
    )
    hub.interactions.add(interaction)
    card = hub.messaging.new(channel, hub.world.bot.id, MessageBody())
    card.origin, card.loading, card.type = dict(interaction.metadata), True, COMMAND_RESPONSE
    hub.messaging.post(channel, card, None)
    interaction.original_id = card.id
    interaction.made.append(card.id)
    hub.interactions.answered(interaction, AnswerKind.DEFERRED_MESSAGE)
    return interaction


async def fill(database: Database, rows: Sequence[JobRow]) -> None:
    """Write jobs with their reservations; those that are over are settled as well."""
    await database.migrate()
    for start in range(0, len(rows), A_WRITE):
        some = rows[start : start + A_WRITE]
        await database.write(partial(_write, some))
    await database.close()


async def _write(rows: Sequence[JobRow], session: AsyncSession) -> None:
    session.add_all(rows)
    await session.flush()
    session.add_all(entry(row, EntryKind.RESERVE) for row in rows)
    over = [row for row in rows if row.ended_at is not None]
    session.add_all(entry(row, EntryKind.SETTLE) for row in over)


def entry(row: JobRow, kind: EntryKind) -> LedgerRow:
    """Return a ledger entry over a job's price."""
    return LedgerRow(
        job_id=row.id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        kind=kind,
        credits=row.price_credits,
        created_at=row.created_at,
        counted_at=row.created_at,
    )


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process has used so far."""

    cpu_s: float
    rss_bytes: int
    peak_rss_bytes: int
    threads: int


def usage(pid: int) -> Usage:
    """Read it from the system; Linux only."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    )
    return Usage(
        cpu_s=(int(stat[11]) + int(stat[12])) * _TICK_S,
        rss_bytes=int(status["VmRSS"].split()[0]) * 1024,
        peak_rss_bytes=int(status["VmHWM"].split()[0]) * 1024,
        threads=int(status["Threads"]),
    )


def database_bytes(folder: Path) -> dict[str, int]:
    """Return the sizes of the bot's file and the engine's; no bot may run."""
    found = {}
    for name in ("bot", "engine"):
        file = folder / "bot" / f"{name}.sqlite3"
        with closing(sqlite3.connect(file)) as connection:
            # What waits beside the file belongs into it.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found[name] = file.stat().st_size
    return found


def json_lines(log: Path, key: str, offset: int = 0) -> list[dict[str, Any]]:
    """Return the lines of a log that have a key, from a place in it on."""
    with log.open("rb") as file:
        file.seek(offset)
        return [
            json.loads(line) for line in file.read().splitlines() if f'"{key}"'.encode() in line
        ]


def lag_lines(log: Path, offset: int = 0) -> list[dict[str, Any]]:
    """Return what the bot said of its loop, from a place in its log on."""
    found = json_lines(log, "lag_counts", offset)
    for said in found:
        said["lag_counts"] = json.loads(said["lag_counts"])
    return found


def _counts(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT state, count(*) FROM job GROUP BY state").fetchall()
    return {str(state).lower(): int(count) for state, count in rows}


async def until_or_fail(reached: Any, what: str, *, within_s: float) -> None:
    """Wait until something is so."""
    if not await until(reached, every_s=LOOK_EVERY_S, within_s=within_s):
        raise TimeoutError(f"not within {within_s:g} s: {what}")


def say(text: str) -> None:
    """Tell the person who waits."""
    print(f"# {text}", file=sys.stderr, flush=True)
