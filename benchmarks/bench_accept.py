"""What one accepted command costs: statements, transactions, and CPU time. Prints JSON.

The real intake over a real SQLite file with a guild that has rules, an override and a filter;
the durable engine's own share (its enqueueing, in its own file) is counted apart. Commands with
a picture fetch it from a server in this process.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import Engine, event

from benchmarks import kit
from bot.catalogue import models_of_kind
from bot.job import Job
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import Actor, Change
from bot.jobs.engine import DurableEngine
from bot.jobs.errands import Errands
from bot.jobs.gate import Gate
from bot.jobs.intake import Intake
from bot.jobs.order import Order
from bot.jobs.precedence import Precedence
from bot.jobs.refused_prompts import RefusedPrompts
from bot.jobs.source_files import FoundFile, ParentFile, Remark, SourceFile
from bot.media import Downloader, MediaDesk, MediaInspector
from bot.policy import AllowanceOverride, GuildPolicy, MemberFacts, PlaceFacts
from bot.pricing import load_prices
from bot.quota import Allowance
from bot.segmind import SegmindClient, make_session
from bot.storage import Database, JobStore, PolicyStore
from tests.engine_kit import launched
from tests.job_steps_kit import RecordingCards

COMMANDS = 50
GUILD = 1100000000000000001
HOST = Allowance(
    daily_credits=10**6,
    monthly_credits=10**6,
    jobs_in_flight_member=10**6,
    jobs_in_flight_guild=10**6,
)
_BEGINS = ("BEGIN", "BEGIN IMMEDIATE")
COUNTED = ("bot_reads", "bot_writes", "bot_statements", "engine_statements")


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Counts:
    """Statements and transactions, of the bot's file and of the engine's."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        event.listen(Engine, "before_cursor_execute", self._count)

    def _count(self, connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        whose = "bot" if "bot.sqlite3" in str(connection.engine.url) else "engine"
        if statement in _BEGINS:
            kind = "writes" if statement.endswith("IMMEDIATE") else "reads"
            self.found[f"{whose}_{kind}"] += 1
        else:
            self.found[f"{whose}_statements"] += 1


class NoBoard:
    """A log channel that nobody reads; no rule is changed here."""

    def post(self, channel_id: int, by: Actor, change: Change) -> None:
        """Do nothing."""


class NoEngine:
    """No engine, to measure without it."""

    async def enqueue(self, job: Job) -> None:
        """Do nothing."""


class NoParents:
    """Jobs that no other is made from."""

    async def find(self, file: ParentFile, _remark: Remark) -> FoundFile:
        """Fail: no order here is made from another job."""
        raise LookupError(file)


class NoApprovals:
    """Nobody has to be asked."""

    async def ask(self, job: Job) -> None:
        """Do nothing."""


def order(number: int, url: str | None) -> Order:
    """Return a command, with a picture when there is an address."""
    return Order(
        interaction_id=1400000000000000000 + number,
        interaction_token=f"token-{number}",
        token_expires_at=now() + timedelta(minutes=15),
        member=MemberFacts(user_id=number % 40 + 1, role_ids=frozenset({7})),
        place=PlaceFacts(guild_id=GUILD, channel_id=100),
        upload_limit_bytes=10**7,
        model=models_of_kind("i2v" if url else "t2v")[0],
        options={"prompt": f"fox number {number} jumps"},
        image=SourceFile(url=url) if url else None,
    )


@asynccontextmanager
async def picture_server() -> AsyncIterator[str]:
    """Serve one picture."""
    buffer = BytesIO()
    noise = Image.effect_noise((1024, 768), 40)
    Image.merge("RGB", (noise, noise, noise)).save(buffer, "JPEG", quality=85)

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=buffer.getvalue(), content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/fox.jpg", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/fox.jpg"
    finally:
        await runner.cleanup()


async def rules(policies: PolicyStore) -> None:
    """Give the guild some rules."""
    policy = GuildPolicy(daily_credits=10**6, monthly_credits=10**6)
    await policies.set_policy(GUILD, policy, actor_id=1, now=now())
    override = AllowanceOverride(
        target="role", target_id=7, daily_credits=10**6, monthly_credits=None
    )
    await policies.set_override(GUILD, override, actor_id=1, now=now())
    for word in ("one", "two", "three"):
        await policies.add_rule(GUILD, "word", word, actor_id=1, now=now())


async def measure(folder: Path) -> list[dict[str, Any]]:
    """Accept commands of both kinds, with and without the engine."""
    database = Database.open(f"sqlite:///{folder / 'bot.sqlite3'}")
    await database.migrate()
    store, policies, errands = JobStore(database), PolicyStore(database), Errands()
    await rules(policies)
    counts, rows, number = Counts(), [], 0
    async with make_session() as session, picture_server() as url, _launched(store, folder) as real:
        for kind, address in (("text", None), ("picture", url)):
            for engine in (NoEngine(), real):
                gate = _gate(policies, errands)
                intake = _intake(store, session, url, gate, engine)
                orders = [order(number + at, address) for at in range(COMMANDS)]
                number += COMMANDS
                cost = await accepted(intake, orders, counts)
                rows.append({"command": kind, "engine": engine is real, **cost})
    await errands.close()
    await database.close()
    return rows


async def accepted(intake: Intake, orders: Sequence[Order], counts: Counts) -> dict[str, float]:
    """Return what accepting a command costs; the first one fills what is cached."""
    first, *others = orders
    await intake.accept(first, intake.check(first))
    counts.found.clear()
    cpu_s, began_s = time.process_time(), time.monotonic()
    for one in others:
        await intake.accept(one, intake.check(one))
    cpu_s, took_s = time.process_time() - cpu_s, time.monotonic() - began_s
    return {
        **{name: round(counts.found[name] / len(others), 1) for name in COUNTED},
        "cpu_ms": round(1000 * cpu_s / len(others), 2),
        "took_ms": round(1000 * took_s / len(others), 2),
    }


def _launched(store: JobStore, folder: Path) -> AbstractAsyncContextManager[DurableEngine]:
    """Return the engine, which does no more than hold what it is given."""
    return launched(
        store,
        RecordingCards(),
        folder,
        stop_s=5,
        submit=_stay,
        follow=_stay,
        deliver=_stay,
        on_end=lambda _job: None,
    )


def _intake(
    store: JobStore,
    session: aiohttp.ClientSession,
    url: str,
    gate: Gate,
    engine: NoEngine | DurableEngine,
) -> Intake:
    downloader = Downloader(session, allowed_hosts=("127.0.0.1",), allow_http=True)
    return Intake(
        precedence=Precedence(),
        store=store,
        media=MediaDesk(downloader, MediaInspector(), video_max_bytes=10**8),
        provider=SegmindClient(
            session, api_key=SecretStr("x"), api_base=url, history_base=url, upload_base=url
        ),
        parents=NoParents(),
        engine=engine,
        prices=load_prices(),
        gate=gate,
        approvals=NoApprovals(),
        now=now,
    )


def _gate(policies: PolicyStore, errands: Errands) -> Gate:
    return Gate(
        policies=policies,
        host=HOST,
        host_zone=ZoneInfo("UTC"),
        host_monthly_usd=None,
        usd_per_credit=Decimal("0.01"),
        refused_prompts=RefusedPrompts(
            audit=policies,
            bulletin=Bulletin(policies=policies, log_channel=NoBoard()),
            errands=errands,
            now=now,
        ),
        now=now,
    )


async def _stay(job: Job) -> Job:
    """Hold a job where it is: nothing but accepting is measured."""
    await asyncio.Event().wait()
    return job


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        rows = asyncio.run(measure(Path(name)))
    kit.report("accept", rows)


if __name__ == "__main__":
    main()
