"""`python -m bot prune`: forget now what is past its time, which the bot does by the hour."""

import argparse
import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.commands.terminal import confirmed, opened, progress
from bot.jobs.housekeeping import Housekeeper
from bot.jobs.kept_videos import KeptVideos
from bot.pseudonyms import Pseudonyms
from bot.settings import Settings, load_settings
from bot.storage import Database, ForgettingStore, JobStore, PolicyStore, Prunable, prunable
from bot.tools import now

_BYTES_IN_MB = 1e6


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What would go.

    Attributes:
        before: For each guild with a limit, when the jobs ended that go.
        rows: In the database.
        videos: Files that were kept to be sent again.
        videos_bytes: Their size.
    """

    before: Mapping[int, datetime]
    rows: Prunable
    videos: int
    videos_bytes: int

    def facts(self) -> dict[str, object]:
        """Return it for programs, and for the lines that people read."""
        return {
            "jobs": sum(self.rows.jobs.values()),
            "thumbnails": self.rows.thumbnails,
            "drafts": self.rows.drafts,
            "blocks": self.rows.blocks,
            "tokens": self.rows.tokens,
            "videos": self.videos,
            "videos_bytes": self.videos_bytes,
        }


@dataclass(frozen=True, kw_only=True)
class _Result:
    jobs: int
    names: int
    tokens: int
    wiped: bool


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Forget what is past its time: jobs after RETENTION_DAYS or their server's own days, with "
        "their words and pictures; drafts, blocks, tokens; videos that were kept to be sent "
        "again. The bot does all this once an hour. First it says what would go, then it asks."
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    parser.add_argument("--yes", action="store_true", help="without the question")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=_prune)


def _prune(options: argparse.Namespace) -> int:
    settings = load_settings()
    plan = asyncio.run(_planned(settings))
    if not options.json:
        _print(plan, settings)
    asked = not options.dry_run and confirmed("Forget that, for good?", yes=options.yes)
    result = asyncio.run(_carried_out(settings, plan)) if asked else None
    if options.json:
        print(json.dumps({"done": asked, "prunable": plan.facts(), **_facts(result)}, indent=2))
    elif result is not None:
        print(f"Forgot {result.jobs} jobs, and {result.names} names in the books.")
        if not result.wiped:
            print("The bytes are wiped from the database's files by the bot, within the hour.")
    return 0 if asked or options.dry_run else 1


async def _planned(settings: Settings) -> _Plan:
    async with opened(settings) as database:
        at = now()
        days = await _housekeeper(settings, database).days()
        before = {guild_id: at - timedelta(days=limit) for guild_id, limit in days.items()}
        videos = await _kept(settings, database).surplus()
        return _Plan(
            before=before,
            rows=await prunable(database, before, now=at),
            videos=len(videos),
            videos_bytes=await asyncio.to_thread(_size_bytes, videos),
        )


async def _carried_out(settings: Settings, plan: _Plan) -> _Result:
    async with opened(settings) as database:
        at = now()
        forgetting = ForgettingStore(database, _pseudonyms(settings))
        jobs = 0
        for count, (guild_id, before) in enumerate(plan.before.items(), start=1):
            progress(f"server {count} of {len(plan.before)}, {jobs} jobs forgotten")
            jobs += await forgetting.forget_ended(guild_id, before=before, now=at)
        progress("")
        names = await forgetting.let_go(now=at)
        tokens = await JobStore(database).forget_expired_tokens(now=at)
        await _kept(settings, database).tidy()
        progress("wiping the database's files")
        # Wiping holds everybody up: only when something has left its bytes behind.
        wiped = await (forgetting.wipe() if jobs or names else forgetting.wipe_if_marked())
        progress("")
        return _Result(jobs=jobs, names=names, tokens=tokens, wiped=wiped)


def _housekeeper(settings: Settings, database: Database) -> Housekeeper:
    return Housekeeper(
        store=ForgettingStore(database, _pseudonyms(settings)),
        retentions=PolicyStore(database),
        host_days=settings.retention_days,
        now=now,
    )


def _kept(settings: Settings, database: Database) -> KeptVideos:
    return KeptVideos(
        settings.kept_folder,
        jobs=JobStore(database),
        max_bytes=settings.kept_max_bytes,
        now=now,
    )


def _pseudonyms(settings: Settings) -> Pseudonyms:
    return Pseudonyms.keyed_by(settings.discord_token.get_secret_value())


def _size_bytes(paths: list[Path]) -> int:
    # One that went meanwhile, by the bot's own hand, takes no room.
    return sum(path.stat().st_size for path in paths if path.exists())


def _print(plan: _Plan, settings: Settings) -> None:
    rows = plan.rows
    print(f"{sum(rows.jobs.values()):7} jobs, with {rows.thumbnails} pictures")
    for guild_id, number in rows.jobs.items():
        where = f"server {guild_id}" if guild_id else "direct messages"
        print(f"{number:14} of {where}, ended before {plan.before[guild_id]:%Y-%m-%d %H:%M} UTC")
    if settings.retention_days is None:
        print("        RETENTION_DAYS is not set: only servers with days of their own have any")
    print(f"{rows.drafts:7} drafts")
    print(f"{rows.blocks:7} blocks that are over")
    print(f"{rows.tokens:7} interaction tokens that work no more")
    print(f"{plan.videos:7} kept videos, {plan.videos_bytes / _BYTES_IN_MB:.1f} MB")


def _facts(result: _Result | None) -> dict[str, object]:
    if result is None:
        return {}
    forgotten = {"jobs": result.jobs, "names": result.names, "tokens": result.tokens}
    return {"forgotten": forgotten, "wiped": result.wiped}
