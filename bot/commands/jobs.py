"""`python -m bot jobs`: what is under way, and what ended last. No prompts, no tokens."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.errors import ConfigurationError
from bot.job import Job
from bot.settings import load_settings
from bot.storage import Database, JobStore, refuse_away
from bot.tools import now

_LAST = 20
_COLUMNS = (
    ("id", "<20"),
    ("state", "<17"),
    ("model", "<20"),
    ("age_s", ">8"),
    ("guild_id", ">20"),
    ("credits", ">7"),
    ("cost_usd", ">8"),
    ("failure", "<13"),
)


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = "Jobs that have not ended, and the ones that ended last."
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--last", type=int, default=_LAST, metavar="N", help=f"so many ended ones ({_LAST})"
    )
    parser.set_defaults(command=_jobs)


def _jobs(options: argparse.Namespace) -> int:
    under_way, ended = asyncio.run(_read(load_settings().database_address, options.last))
    at = now()
    lists = {
        "under_way": [_facts(job, at) for job in under_way],
        "ended": [_facts(job, at) for job in ended],
    }
    if options.json:
        print(json.dumps(lists, indent=2))
        return 0
    print("  ".join(f"{name:{form}}" for name, form in _COLUMNS).rstrip())
    for job in (*lists["under_way"], *lists["ended"]):
        cells = (f"{'' if job[name] is None else job[name]:{form}}" for name, form in _COLUMNS)
        print("  ".join(cells).rstrip())
    return 0


async def _read(address: str, last: int) -> tuple[Sequence[Job], Sequence[Job]]:
    database = Database.open(address)
    try:
        await database.check()
        await _warn_if_away(database)
        store = JobStore(database)
        under_way = [*await store.awaiting(), *await store.unfinished()]
        return under_way, await store.ended(max(last, 0))
    finally:
        await database.close()


async def _warn_if_away(database: Database) -> None:
    """Say on standard error that this is how it was before a move, if so."""
    try:
        await refuse_away(database)
    except ConfigurationError as error:
        print(error, file=sys.stderr)


def _facts(job: Job, at: datetime) -> dict[str, Any]:
    """Return what may be shown: ids as text, which JSON's numbers are too small for."""
    return {
        "id": str(job.id),
        "state": job.state.value,
        "model": job.model,
        "age_s": round((at - job.created_at).total_seconds()),
        "guild_id": None if job.guild_id is None else str(job.guild_id),
        "credits": job.price_credits,
        "cost_usd": job.cost_usd,
        "failure": None if job.failure is None else job.failure.value,
    }
