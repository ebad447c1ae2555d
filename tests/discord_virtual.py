"""The real discord.py client on the Discord stand-in, both on one loop in virtual time.

Rate limits, tokens of 15 minutes and the bot's waits all follow that clock: half an hour of
edits passes in a second or two. Time is real only while things start and stop.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import discord
import yarl
from discord import app_commands

from bot.discord_ui.card_keeper import CardKeeper
from bot.discord_ui.edit_calls import answers_trace
from bot.job import Job, JobState
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from tests import face_kit
from tests.discord_kit import until
from tests.virtual_time import SocketLoop, run_virtually

T = TypeVar("T")
EPOCH_S = 1_785_000_000.0
# Every command is answered at once here; looking twenty times a second would be all that happens.
_LATE_CHECK_S = 60.0
_TOKEN_LIFE = timedelta(minutes=15)


class _Bot(discord.Client):
    """Acknowledges a command, and does no more."""

    def __init__(self) -> None:
        trace = answers_trace()
        trace.on_request_end.append(self._answered)
        super().__init__(
            intents=discord.Intents(guilds=True),
            max_messages=None,
            http_trace=trace,
            guild_ready_timeout=0.05,
        )
        self.statuses: Counter[int] = Counter()
        self.asked: list[discord.Interaction[Any]] = []
        self._tree = app_commands.CommandTree(self)
        self._tree.command(name="make", description="Make a video")(self._make)

    async def setup_hook(self) -> None:
        """Register the command."""
        await self._tree.sync()

    async def _answered(
        self, _session: object, _context: object, answer: aiohttp.TraceRequestEndParams
    ) -> None:
        self.statuses[answer.response.status] += 1

    async def _make(self, interaction: discord.Interaction[Any]) -> None:
        self.asked.append(interaction)
        await interaction.response.defer(thinking=True)


@dataclass(kw_only=True)
class VirtualDiscord:
    """All of it, running.

    Attributes:
        loop: Keeps the time.
        stand_in: Discord.
        client: The bot's client, connected.
        mia: A member.
    """

    loop: SocketLoop
    stand_in: DiscordStandIn
    client: _Bot
    mia: MemberDriver

    def now(self) -> datetime:
        """Return the time, aware."""
        return datetime.fromtimestamp(EPOCH_S + self.loop.time(), UTC)

    def keeper(self, **changes: Any) -> CardKeeper:
        """Return a keeper of cards as the bot has it."""
        return CardKeeper(self.client, **{"on_card": _kept, "now": self.now, **changes})

    async def order(self) -> Job:
        """Let a member order a video; return it as a job in the queue, acknowledged."""
        with self.loop.real_time():
            await self.mia.run_command("make")
        asked = self.client.asked[-1]
        return face_kit.job(
            id=asked.id,
            guild_id=asked.guild_id,
            channel_id=asked.channel_id,
            user_id=asked.user.id,
            interaction_token=asked.token,
            token_expires_at=self.now() + _TOKEN_LIFE,
            created_at=self.now(),
            queued_at=self.now(),
            running_at=None,
        )

    def moved(self, job: Job, state: JobState, **changes: Any) -> Job:
        """Return the job in another state, as of now."""
        if state is JobState.RUNNING:
            changes.setdefault("running_at", self.now())
        return replace(job, state=state, **changes)

    def calls(self) -> dict[str, int]:
        """Return how often the bot made each call, by method and route."""
        return dict(self.stand_in.hub.calls)

    def card_id(self, job: Job) -> int:
        """Return the id of a job's card."""
        asked = self.stand_in.hub.interactions.get(str(job.id))
        assert asked is not None
        assert asked.original_id is not None
        return int(asked.original_id)

    def history(self, job: Job) -> list[tuple[float, str]]:
        """Return all pictures that a job's card has shown: when, in virtual seconds, and as text.

        The first is Discord's own "thinking".
        """
        store = self.stand_in.hub.messaging.store
        card = store.get(str(job.channel_id), str(self.card_id(job)))
        assert card is not None
        return [(one.at_s - EPOCH_S, str(one.body.components)) for one in card.revisions]


async def _kept(_job_id: int, _message_id: int) -> None:
    """Keep a card's id nowhere: the keeper itself remembers it."""


def on_virtual_discord(work: Callable[[VirtualDiscord], Awaitable[T]]) -> T:
    """Run `work` on a Discord in virtual time; return what it returns."""

    async def main() -> T:
        async with _running() as virtual:
            return await work(virtual)

    return run_virtually(main(), SocketLoop)


@asynccontextmanager
async def _running() -> AsyncIterator[VirtualDiscord]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SocketLoop)
    constants = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    with loop.real_time():
        stand_in = DiscordStandIn(clock=lambda: EPOCH_S + loop.time(), late_check_s=_LATE_CHECK_S)
        await stand_in.start()
        discord.http.Route.BASE = stand_in.api_url
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(stand_in.gateway_url)
        client = _Bot()
        task = asyncio.create_task(client.start(stand_in.bot_token))
        await until(client.is_ready)
        token = next(m.token for m in stand_in.members if m.name == "Mia")
        mia = MemberDriver(stand_in.api_url, stand_in.gateway_url, token)
        await mia.connect()
    try:
        yield VirtualDiscord(loop=loop, stand_in=stand_in, client=client, mia=mia)
    finally:
        with loop.real_time():
            await mia.close()
            await client.close()
            await asyncio.gather(task, return_exceptions=True)
            await stand_in.stop()
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = constants
