"""Fixtures of the Discord stand-in's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import yarl

from sandbox.discord_api import DiscordStandIn
from tests.discord_bare_bot import Stage, on_stage
from tests.discord_kit import HandClock, Running, running_bot
from tests.discord_tiny_bot import dot


@pytest.fixture
async def stand_in(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordStandIn]:
    """A stand-in without a bot; discord.py's constants are put back afterwards."""
    monkeypatch.setattr(discord.http.Route, "BASE", "")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(""))
    server = DiscordStandIn(speed=100)  # only its rate limits wait in real time
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def clock() -> HandClock:
    """The time of the stand-in `timed`."""
    return HandClock()


@pytest.fixture
async def timed(clock: HandClock) -> AsyncIterator[DiscordStandIn]:
    """A stand-in whose clock the test moves."""
    server = DiscordStandIn(clock=clock)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def stage(stand_in: DiscordStandIn) -> AsyncIterator[Stage]:
    """A stand-in with a bare bot and Mia."""
    async with on_stage(stand_in) as stage:
        yield stage


@pytest.fixture
async def timed_stage(timed: DiscordStandIn) -> AsyncIterator[Stage]:
    """The same with a clock that the test moves."""
    async with on_stage(timed) as stage:
        yield stage


@pytest.fixture
async def running(stand_in: DiscordStandIn) -> AsyncIterator[Running]:
    """A stand-in with the tiny bot connected."""
    async with running_bot(stand_in) as bot:
        yield Running(stand_in=stand_in, bot=bot)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A PNG file of 30 by 20 pixels."""
    path = tmp_path / "my cat.png"
    path.write_bytes(dot().getvalue())
    return path
