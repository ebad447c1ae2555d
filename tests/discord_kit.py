"""A stand-in with a real discord.py bot on it, and ways to look into both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import yarl

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from tests.discord_tiny_bot import TinyBot

START_S = 1_780_000_000.0  # in the year 2026
# How long anything that should happen may take on a busy machine.
PATIENCE_S = 30.0


class HandClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        """The time, a millisecond later at each look, so that one thing follows another."""
        self.now_s += 0.001
        return self.now_s

    def forward(self, seconds: float) -> None:
        """Lets time pass."""
        self.now_s += seconds


@dataclass(kw_only=True)
class Running:
    """A stand-in with a bot on it."""

    stand_in: DiscordStandIn
    bot: TinyBot
    clock: HandClock | None = None

    def member(self, name: str = "Mia") -> MemberDriver:
        """A driver for a member, not connected yet."""
        return member_driver(self.stand_in, name)

    async def control(self, name: str, wish: dict[str, Any] | None = None) -> Any:
        """Calls the control API: POST with a wish, GET without."""
        return await control(self.stand_in, name, wish)

    async def state(self) -> dict[str, Any]:
        """The stand-in's whole state."""
        state: dict[str, Any] = await self.control("state")
        return state


def member_driver(stand_in: DiscordStandIn, name: str) -> MemberDriver:
    """A driver for somebody of any guild, not connected yet."""
    token = next(user.token for user in stand_in.world.users.values() if user.name == name)
    return MemberDriver(stand_in.api_url, stand_in.gateway_url, token, timeout_s=PATIENCE_S)


async def control(stand_in: DiscordStandIn, name: str, wish: dict[str, Any] | None = None) -> Any:
    """Calls the control API of a stand-in."""
    url = f"{stand_in.page_url}sandbox/control/{name}"
    method = "GET" if wish is None else "POST"
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url, json=wish) as response,
    ):
        assert response.status < 300, await response.text()
        return await response.json() if response.status == 200 else None


@asynccontextmanager
async def running_bot(
    stand_in: DiscordStandIn, make: Callable[[], TinyBot] = TinyBot
) -> AsyncIterator[TinyBot]:
    """A bot that is connected and ready; closed at the end."""
    discord.http.Route.BASE = stand_in.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(stand_in.gateway_url)
    bot = make()
    task = asyncio.create_task(bot.start(stand_in.bot_token))
    ready = asyncio.create_task(_ready(bot))
    try:
        await asyncio.wait((task, ready), timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        await asyncio.gather(task, ready, return_exceptions=True)


async def _ready(bot: TinyBot) -> None:
    await until(lambda: bot.application is not None)  # wait_until_ready needs a login
    await bot.wait_until_ready()


async def until(
    condition: Callable[[], bool | Awaitable[bool]], timeout_s: float = PATIENCE_S
) -> None:
    """Waits for a condition."""
    async with asyncio.timeout(timeout_s):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.01)
