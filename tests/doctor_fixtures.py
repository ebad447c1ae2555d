"""A sound installation beside running stand-ins, and one that reaches nobody."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.settings import Settings
from sandbox.discord_api import DiscordStandIn
from tests.doctor_kit import NOBODY, migrated
from tests.segmind_running import Provider, running


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """A running Segmind stand-in."""
    async with running(tmp_path) as made:
        yield made


@pytest.fixture
async def discord_stand_in(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordStandIn]:
    """A running Discord stand-in; discord.py's own addresses come back afterwards."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    stand_in = DiscordStandIn(host="127.0.0.1", port=0)
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
def settings(tmp_path: Path, provider: Provider, discord_stand_in: DiscordStandIn) -> Settings:
    """Settings of an installation that has not started yet."""
    return Settings.model_validate(
        {
            "discord_token": discord_stand_in.bot_token,
            "discord_api_base": discord_stand_in.api_url,
            "segmind_api_key": provider.stand_in.api_key,
            "segmind_api_base": provider.stand_in.api_url,
            "segmind_history_base": provider.stand_in.api_url,
            "segmind_upload_base": provider.stand_in.api_url,
            "data_dir": tmp_path / "data",
            "monthly_usd_cap": 50,
        }
    )


@pytest.fixture
async def sound(settings: Settings) -> Settings:
    """The same with a fresh database."""
    await migrated(settings.database_address)
    return settings


@pytest.fixture
def lone_settings(tmp_path: Path) -> Settings:
    """Settings with which nobody can be reached."""
    return Settings.model_validate(
        {
            "discord_token": "made.up.token",
            "discord_api_base": NOBODY,
            "segmind_api_key": "made-up-key",
            "segmind_api_base": NOBODY,
            "segmind_history_base": NOBODY,
            "segmind_upload_base": NOBODY,
            "data_dir": tmp_path / "data",
        }
    )
