"""`python -m bot jobs cancel|release|retry ID`: beside a running bot, or without one."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from bot.commands.terminal import discord_id, opened
from bot.jobs.care import Done, JobCare
from bot.jobs.lost_submits import HistorySearch
from bot.jobs.reviving import EngineRecords
from bot.pseudonyms import Pseudonyms
from bot.segmind import make_session
from bot.settings import Settings, load_settings
from bot.storage import CareStore, JobStore
from bot.tools import budget_of, now, provider_of

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
_Way: TypeAlias = Callable[[JobCare, int], Awaitable[Done]]


def add_to(commands: Commands) -> None:
    """Add the three to the command line, below `jobs`."""
    _add(
        commands.add_parser("cancel", help="cancel a job that was not sent"),
        JobCare.cancel,
        "Cancel a job that was not sent to Segmind yet. Its credits go back.",
    )
    _add(
        commands.add_parser("release", help="give the credits of a lost job back"),
        JobCare.release,
        "End a job that is provably not at Segmind, and give its credits back: it was never sent, "
        "or Segmind's history does not have it. Refuses otherwise, and says why.",
    )
    _add(
        commands.add_parser("retry", help="let the bot have a job again that it lost"),
        JobCare.retry,
        "Let the bot go on with a job that has not ended. Nothing is sent twice: a job that may "
        "have been sent is looked for in Segmind's history, as after a kill.",
    )


def _add(parser: argparse.ArgumentParser, way: _Way, description: str) -> None:
    parser.description = description
    parser.add_argument("job", type=discord_id, help="its id, as `jobs` shows it")
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")
    parser.set_defaults(command=_run, way=way)


def _run(options: argparse.Namespace) -> int:
    done = asyncio.run(_cared_for(load_settings(), options.way, options.job))
    if options.json:
        state = done.job.state.value
        print(json.dumps({"id": str(done.job.id), "state": state, "words": done.words}, indent=2))
    else:
        print(done.words)
    return 0


async def _cared_for(settings: Settings, way: _Way, job_id: int) -> Done:
    async with _open_care(settings) as care:
        return await way(care, job_id)


@asynccontextmanager
async def _open_care(settings: Settings) -> AsyncIterator[JobCare]:
    pseudonyms = Pseudonyms.keyed_by(settings.discord_token.get_secret_value())
    async with opened(settings) as database, make_session() as session:
        store = JobStore(database, pseudonyms)
        yield JobCare(
            jobs=store,
            unsent=CareStore(database),
            records=EngineRecords(settings.engine_address, settings.engine_file, pseudonyms),
            history=HistorySearch(
                store=store,
                provider=provider_of(session, settings),
                budget=await budget_of(settings, database, store),
                now=now,
            ),
            now=now,
        )
