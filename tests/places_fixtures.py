"""One bot for many tests, which people have installed for themselves, in a world of all places."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import discord
import pytest
import pytest_asyncio
import yarl

from bot.storage import Database, PolicyStore
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from sandbox.segmind_api import SegmindStandIn
from tests.face_running import Face, start, stop
from tests.storage_kit import opened


@pytest.fixture(scope="module")
def discord_constants() -> Iterator[None]:
    """Put discord.py's constants back afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", "")
        patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(""))
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everywhere(
    discord_constants: None,  # noqa: ARG001 - set before the client starts, put back after
    migrated_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Face]:
    """A client that is ready, on a stand-in with all kinds of places."""
    folder = tmp_path_factory.mktemp("everywhere")
    file = Path(await asyncio.to_thread(shutil.copy, migrated_file, folder / "bot.sqlite3"))
    stand_in = DiscordStandIn(speed=100, everywhere=True)
    segmind = SegmindStandIn(folder=folder / "segmind")
    for server in (stand_in, segmind):
        await server.start()
    database = Database.open(f"sqlite:///{file}")
    async with aiohttp.ClientSession() as http, opened(file) as store:
        face = Face(
            stand_in=stand_in,
            store=store,
            policies=PolicyStore(database),
            http=http,
            data_dir=folder,
            user_installs=True,
            upload_base=segmind.api_url,
            provider_key=segmind.api_key,
        )
        task = await start(face)
        yield face
        await stop(face, task)
    await database.close()
    for server in (segmind, stand_in):
        await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mia_everywhere(everywhere: Face) -> AsyncIterator[MemberDriver]:
    """A member who installed the bot for herself, connected."""
    async with everywhere.member() as driver:
        yield driver
