"""How long `/video-admin stats` of a year takes, and for how long it stops the event loop.

A guild with 366 days of jobs in a SQLite file: counting, drawing (a process of its own) and
writing the ledger as CSV, with a clock that looks how late the loop wakes it. Prints a table to
standard error and JSON to standard output.
"""

import asyncio
import json
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.charts import ChartDrawer
from bot.jobs.report_desk import ReportDesk
from bot.storage import Database, PolicyStore, ReportStore

DAYS, JOBS, MEMBERS, GUILD = 366, 50_000, 300, 1100000000000000001
NOW = datetime(2026, 8, 3, 20, tzinfo=UTC)
_TICK_S = 0.001
_MEBIBYTE = 2**20

JOB = """INSERT INTO job (id, guild_id, channel_id, user_id, model, parameters, price_credits,
    token_expires_at, upload_limit_bytes, state, created_at, queued_at, ended_at, cost_usd)
    VALUES (?, ?, 1, ?, 'wan-2.6-i2v', '{}', 30, ?, 1, 'delivered', ?, ?, ?, 0.25)"""
ENTRY = """INSERT INTO ledger_entry (job_id, guild_id, user_id, kind, credits, created_at,
    counted_at, grant_id) VALUES (?, ?, ?, ?, 30, ?, ?, 0)"""


def jobs() -> Iterator[tuple[int, int, datetime]]:
    """Give number, member and time of each job."""
    rng = random.Random(1)
    for number in range(JOBS):
        at = NOW - timedelta(days=rng.uniform(0, DAYS - 1))
        yield number + 1, min(MEMBERS, int(rng.expovariate(0.02))) + 1, at


def fill(path: Path) -> None:
    """Write the jobs with their ledger entries, past the stores: they would take an hour."""

    def text(moment: datetime) -> str:
        return f"{moment:%Y-%m-%d %H:%M:%S.%f}"

    with sqlite3.connect(path) as file:
        for number, member, at in jobs():
            asked, ended = text(at), text(at + timedelta(seconds=130))
            file.execute(JOB, (number, GUILD, member, asked, asked, asked, ended))
            for kind in ("reserve", "settle"):
                file.execute(ENTRY, (number, GUILD, member, kind, asked, asked))


async def measured(name: str, work: Callable[[], Awaitable[Any]]) -> tuple[dict[str, Any], Any]:
    """Return how long some work takes, how late the loop wakes a clock meanwhile, its result."""
    lates_s: list[float] = []

    async def clock() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            lates_s.append(time.perf_counter() - before - _TICK_S)

    ticking = asyncio.create_task(clock())
    await asyncio.sleep(_TICK_S)
    started = time.perf_counter()
    result = await work()
    took_s = time.perf_counter() - started
    ticking.cancel()
    late_ms = 1000 * max(lates_s)
    return {"work": name, "took_s": round(took_s, 2), "loop_late_ms": round(late_ms, 1)}, result


async def measure(folder: Path) -> list[dict[str, Any]]:
    """Return the figures of each kind of work."""
    database = Database.open(f"sqlite:///{folder / 'bot.sqlite3'}")
    await database.migrate()
    await asyncio.to_thread(fill, folder / "bot.sqlite3")
    desk = ReportDesk(
        policies=PolicyStore(database),
        reports=ReportStore(database),
        charts=ChartDrawer(folder / "matplotlib"),
        folder=folder,
        host_zone=ZoneInfo("Europe/Berlin"),
        usd_per_credit=Decimal("0.01"),
        now=lambda: NOW,
    )
    idle, _ = await measured("nothing, for comparison", lambda: asyncio.sleep(2))
    counting, report = await measured("count", lambda: desk.report(GUILD, DAYS))
    names = {user_id: f"member {user_id}" for user_id, _ in report.statistics.top_members}
    first, _ = await measured("draw, first of an installation", lambda: desk.charts(report, names))
    again, pictures = await measured("draw", lambda: desk.charts(report, names))

    async def export() -> int:
        async with desk.export(GUILD, "ledger", DAYS, limit_bytes=100 * _MEBIBYTE) as file:
            return file.rows

    writing, rows = await measured("ledger as CSV", export)
    await database.close()
    if not pictures or report.statistics.total.jobs != JOBS or rows != 2 * JOBS:
        raise RuntimeError("the figures would be of something else")
    return [idle, counting, first, again, writing]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(Path(folder)))
    drawing_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    own_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for row in rows:
        print("  ".join(f"{value!s:>32}" for value in row.values()), file=sys.stderr)
    figures = {
        "benchmark": "stats",
        "days": DAYS,
        "jobs": JOBS,
        "drawing_process_mib": round(drawing_kib / 1024),
        "own_process_mib": round(own_kib / 1024),
        "rows": rows,
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
