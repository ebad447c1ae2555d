"""How long forgetting takes in a SQLite file with many jobs: the transaction, and the wiping.

Both hold up every other write. Prints a table to standard error and JSON to standard output.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.crowd_kit import entry
from bot.job import JobState, NewJob
from bot.pseudonyms import Pseudonyms
from bot.quota import EntryKind
from bot.storage import Database, ForgettingStore
from bot.storage.rows import new_row

JOBS = int(os.environ.get("BENCH_JOBS", "10000"))  # 50,000 for a look at the largest
MEMBERS = 50
FIRST_ID = 1_400_000_000_000_000_000
NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
_A_WRITE = 500


async def fill(session: AsyncSession, numbers: range) -> None:
    """Write delivered jobs with their ledger, the first member's every other one."""
    rng, jobs = random.Random(numbers.start), []
    for number in numbers:
        words = " ".join(rng.choices(("a", "fox", "jumps", "over", "the", "hill"), k=60))
        new = NewJob(
            id=FIRST_ID + number,
            guild_id=1,
            channel_id=2,
            user_id=7 if number % 2 else 8 + number % MEMBERS,
            model="wan-2.6-i2v",
            parameters={"prompt": words, "seed": number, "image": "https://e.org/" + "a" * 250},
            price_credits=30,
            interaction_token="",
            token_expires_at=NOW,
            upload_limit_bytes=10_000_000,
        )
        row = new_row(new, JobState.DELIVERED, reasons=(), now=NOW - timedelta(hours=1))
        row.queued_at, row.ended_at, row.request_id = NOW, NOW, f"request-{number}"
        row.output_url = "https://e.org/" + "b" * 250
        jobs.append(row)
    session.add_all(jobs)
    await session.flush()
    for kind in (EntryKind.RESERVE, EntryKind.SETTLE):
        session.add_all(entry(row, kind) for row in jobs)


async def seconds(work: Awaitable[Any]) -> float:
    """Return how long something takes."""
    start_s = time.perf_counter()
    await work
    return round(time.perf_counter() - start_s, 3)


async def measure(folder: Path) -> dict[str, float]:
    """Return the figures in seconds and megabytes."""
    path = folder / "bot.sqlite3"
    database = Database.open(f"sqlite:///{path}")
    store = ForgettingStore(database, Pseudonyms.keyed_by("a token"))
    await database.migrate()
    for start in range(0, JOBS, _A_WRITE):
        await database.write(partial(fill, numbers=range(start, start + _A_WRITE)))
    figures = {
        "wipe_full_s": await seconds(store.wipe()),
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "holdings_s": await seconds(store.holdings(7, now=NOW)),
        f"forget_one_of_{JOBS // 2}_jobs_s": await seconds(store.forget_member(7, now=NOW)),
        "wipe_after_s": await seconds(store.wipe()),
        f"forget_one_of_{JOBS // 2 // MEMBERS}_jobs_s": await seconds(
            store.forget_member(10, now=NOW)
        ),
        "wipe_again_s": await seconds(store.wipe()),
    }
    await database.close()
    return figures


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder)))
    for name, value in figures.items():
        print(f"{name:>28}  {value}", file=sys.stderr)
    print(json.dumps({"benchmark": "forgetting", "jobs": JOBS, **figures}, indent=1))


if __name__ == "__main__":
    main()
