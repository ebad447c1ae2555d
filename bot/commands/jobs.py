"""`python -m bot jobs`: what is under way, what ended last, and one job in detail.

No prompts, no tokens. What changes a job is in `bot.commands.job_care`.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from bot.commands import job_care
from bot.commands.terminal import discord_id, duration
from bot.errors import ConfigurationError, NotFoundError
from bot.job import Job, JobState
from bot.quota import LedgerEntry
from bot.settings import load_settings
from bot.storage import CareStore, Database, JobFilter, JobStore, refuse_away
from bot.tools import now

T = TypeVar("T")

_LAST = 20
_LISTED = 100
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
# Of a job in detail; the times of its transitions come after them.
_DETAILS = (
    *("channel_id", "user_id", "parent_id", "card_message_id", "result_channel_id"),
    *("result_message_id", "request_id", "error_detail", "decided_by", "removed_by"),
)
_TIMES = (
    *("created_at", "decided_at", "queued_at", "submitting_at", "running_at", "finished_at"),
    *("delivering_at", "ended_at", "dropped_at", "removed_at", "refunded_at", "restored_at"),
)


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command and those below it."""
    parser.description = "Jobs that have not ended, and the ones that ended last."
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--last", type=int, default=_LAST, metavar="N", help=f"so many ended ones ({_LAST})"
    )
    parser.set_defaults(command=_jobs)
    below = parser.add_subparsers(title="with one of these", metavar="")
    _describe_list(below.add_parser("list", help="jobs of any state, server, member and age"))
    show = below.add_parser("show", help="all about one job, without its prompt")
    show.add_argument("job", type=discord_id, help="its id, as `jobs` shows it")
    show.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")
    show.set_defaults(command=_show)
    job_care.add_to(below)


def _describe_list(parser: argparse.ArgumentParser) -> None:
    states = [state.value for state in JobState]
    parser.add_argument(
        "--state",
        action="append",
        choices=states,
        metavar="STATE",
        help=f"in this state, may be given several times: {', '.join(states)}",
    )
    parser.add_argument(
        "--guild", type=discord_id, metavar="ID", help="of this server; 0: direct messages"
    )
    parser.add_argument("--member", type=discord_id, metavar="ID", help="of this member")
    parser.add_argument(
        "--older", type=duration, metavar="AGE", help="asked for longer ago than this: 90s, 2h, 7d"
    )
    parser.add_argument("--newer", type=duration, metavar="AGE", help="asked for within this")
    parser.add_argument(
        "--limit", type=int, default=_LISTED, metavar="N", help=f"at most so many ({_LISTED})"
    )
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")
    parser.set_defaults(command=_list)


def _jobs(options: argparse.Namespace) -> int:
    async def read(database: Database) -> tuple[Sequence[Job], Sequence[Job]]:
        store = JobStore(database)
        under_way = [*await store.awaiting(), *await store.unfinished()]
        return under_way, await store.ended(max(options.last, 0))

    under_way, ended = asyncio.run(_read(read))
    at = now()
    lists = {
        "under_way": [_facts(job, at) for job in under_way],
        "ended": [_facts(job, at) for job in ended],
    }
    if options.json:
        print(json.dumps(lists, indent=2))
        return 0
    _print_table((*lists["under_way"], *lists["ended"]))
    return 0


def _list(options: argparse.Namespace) -> int:
    at = now()
    wanted = JobFilter(
        states=frozenset(JobState(state) for state in options.state or ()),
        guild_id=options.guild,
        user_id=options.member,
        since=None if options.newer is None else at - options.newer,
        before=None if options.older is None else at - options.older,
    )
    limit = max(options.limit, 0)
    # One more tells whether there are more.
    found = asyncio.run(_read(lambda data: CareStore(data).listed(wanted, limit=limit + 1)))
    facts = [_facts(job, at) for job in found[:limit]]
    if options.json:
        print(json.dumps({"jobs": facts, "more": len(found) > limit}, indent=2))
        return 0
    _print_table(facts)
    if len(found) > limit:
        print(f"There are more than {limit}: --limit N", file=sys.stderr)
    return 0


def _show(options: argparse.Namespace) -> int:
    async def read(database: Database) -> tuple[Job | None, list[LedgerEntry]]:
        store = JobStore(database)
        return await store.get(options.job), await store.ledger_of(options.job)

    job, entries = asyncio.run(_read(read))
    if job is None:
        raise NotFoundError(
            f"There is no job {options.job}, or it was forgotten. See: python -m bot jobs list"
        )
    details = _details(job, entries)
    if options.json:
        print(json.dumps(details, indent=2))
        return 0
    for name, value in details.items():
        if name != "ledger" and value not in (None, []):
            print(f"{name:18}{'; '.join(value) if isinstance(value, list) else value}")
    for entry in details["ledger"]:
        print(f"{'ledger':18}{entry['kind']} {entry['credits']} ({entry['at']})")
    return 0


async def _read(work: Callable[[Database], Awaitable[T]]) -> T:
    database = Database.open(load_settings().database_address)
    try:
        await database.check()
        await _warn_if_away(database)
        return await work(database)
    finally:
        await database.close()


async def _warn_if_away(database: Database) -> None:
    """Say on standard error that this is how it was before a move, if so."""
    try:
        await refuse_away(database)
    except ConfigurationError as error:
        print(error, file=sys.stderr)


def _print_table(jobs: Iterable[dict[str, Any]]) -> None:
    print("  ".join(f"{name:{form}}" for name, form in _COLUMNS).rstrip())
    for job in jobs:
        cells = (f"{'' if job[name] is None else job[name]:{form}}" for name, form in _COLUMNS)
        print("  ".join(cells).rstrip())


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


def _details(job: Job, entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    values = {name: getattr(job, name) for name in _DETAILS}
    times = {name: getattr(job, name) for name in _TIMES}
    return {
        **_facts(job, now()),
        **{name: None if value is None else str(value) for name, value in values.items()},
        "approval_reasons": list(job.approval_reasons),
        **{name: moment and moment.isoformat(timespec="seconds") for name, moment in times.items()},
        "ledger": [
            {
                "kind": entry.kind.value,
                "credits": entry.credits,
                "at": entry.created_at.isoformat(timespec="seconds"),
            }
            for entry in entries
        ],
    }
