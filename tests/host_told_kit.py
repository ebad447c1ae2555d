"""A bot on both stand-ins whose host is told of its faults, in a time that passes at once."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from dbos import DBOS

from bot.desks import engine_of
from bot.host_telling import host_desk_of
from bot.jobs.breaker import Breaker
from bot.jobs.host_desk import HostDesk
from bot.jobs.tracing import NO_TRACES
from bot.jobs.watched_provider import WatchedProvider
from bot.lookout import Lookout
from bot.pricing import load_prices
from bot.segmind import make_session
from bot.settings import Settings
from bot.tools import Tools, open_tools, provider_of
from sandbox.discord_api.seed import LOG_ID, OLGA_ID
from tests.face_running import Face
from tests.job_steps_kit import Clock
from tests.segmind_running import Provider

LOOK_EVERY_S = 2.0
_DAYS = itertools.count(1)
# Every third look: the bot asks the database every five seconds.
DATABASE_LOOKS = 3
TOLD_WITHIN_S = 30.0


def settings_of(face: Face, provider: Provider, **changes: Any) -> Settings:
    """Return the settings of a host who is told in the moderators' channel."""
    values: dict[str, Any] = {
        "discord_token": face.stand_in.bot_token,
        "segmind_api_key": provider.stand_in.api_key,
        "segmind_api_base": provider.stand_in.api_url,
        "segmind_requests_per_minute": 6000,
        "data_dir": face.data_dir,
        "host_channel_id": int(LOG_ID),
    }
    return Settings(_env_file=None, **values | changes)


@dataclass(kw_only=True)
class Told:
    """The bot, its host's channel, and a clock.

    Attributes:
        clock: Moves by `passes` alone.
    """

    face: Face
    provider: Provider
    tools: Tools
    clock: Clock
    lookout: Lookout
    desk: HostDesk
    before: set[str] = field(default_factory=set)
    looks: int = 0

    async def passes(self, seconds: float, *, every_s: float = LOOK_EVERY_S) -> None:
        """Let time pass, with looks as often as the bot looks unless told otherwise."""
        until_s = self.clock.passed_s + seconds
        while self.clock.passed_s < until_s:
            await self.lookout.provider.look()
            if self.looks % DATABASE_LOOKS == 0:
                await self.lookout.database.look()
                await self.lookout.month.look()
            self.looks += 1
            await self.desk.look(self.lookout.signs())
            await self.clock.sleep(every_s)

    async def heard(self, channel_id: str = LOG_ID) -> list[str]:
        """Return what the host has heard since the last time."""
        posted = await self.face.posted(channel_id)
        news = [message for message in posted if message["id"] not in self.before]
        self.before |= {message["id"] for message in news}
        assert all(message["mentions"] == [] for message in news)
        return [message["content"] for message in news]

    async def direct(self) -> str:
        """Return the channel of the host's direct messages."""
        dms = (await self.face.state())["dms"]
        return next(
            str(dm["id"])
            for dm in dms
            if any(str(one["id"]) == OLGA_ID for one in dm["recipients"])
        )


@asynccontextmanager
async def told_on(
    face: Face, provider: Provider, *, leads: bool = True, **changes: Any
) -> AsyncIterator[Told]:
    """Let the host be told; the bot works, and was looked at for a minute."""
    settings = settings_of(face, provider, **changes)
    clock = Clock()
    # No two bots of one stand-in have the same times: the same news would be one message.
    clock.at += timedelta(days=next(_DAYS))
    async with AsyncExitStack() as stack:
        tools = await open_tools(
            face.bot, settings, load_prices(), stack, sure=lambda: True, tracer=NO_TRACES
        )
        session = await stack.enter_async_context(make_session())
        breaker = Breaker(now=clock.now, clock=clock.monotonic_s, sleep=clock.sleep)
        watched = WatchedProvider(provider_of(session, settings), breaker)
        tools = replace(tools, breaker=breaker, provider=watched)
        stack.callback(DBOS.destroy, destroy_registry=True)
        engine = engine_of(tools, lambda: True)
        lookout = Lookout(
            tools, engine, leads=lambda: leads, now=clock.now, clock=clock.monotonic_s
        )
        stack.push_async_callback(lookout.database.close)
        stack.push_async_callback(lookout.month.close)
        told = Told(
            face=face,
            provider=provider,
            tools=tools,
            clock=clock,
            lookout=lookout,
            desk=host_desk_of(
                face.bot, settings, lookout.rails, leads=lambda: leads, clock=clock.monotonic_s
            ),
        )
        await told.heard()
        await told.desk.begin()
        await told.passes(60)
        yield told


def forget_book(folder: Path) -> None:
    """Forget what an earlier bot has told."""
    for file in folder.glob("host-news-*"):
        file.unlink()
