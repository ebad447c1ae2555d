"""Fixtures of the face on the Discord stand-in."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from bot.media import VideoFile
from bot.storage import Database, JobStore, PolicyStore
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from tests.face_running import Face, start, stop


@pytest.fixture
async def policies(file: Path) -> AsyncIterator[PolicyStore]:
    """The policies in the file of `store`."""
    database = Database.open(f"sqlite:///{file}")
    yield PolicyStore(database)
    await database.close()


@pytest.fixture
async def face(
    stand_in: DiscordStandIn, store: JobStore, policies: PolicyStore, tmp_path: Path
) -> AsyncIterator[Face]:
    """A client that is ready."""
    async with aiohttp.ClientSession() as http:
        made = Face(stand_in=stand_in, store=store, policies=policies, http=http, data_dir=tmp_path)
        task = await start(made)
        yield made
        await stop(made, task)


@pytest.fixture
async def mia(face: Face) -> AsyncIterator[MemberDriver]:
    """A member without roles, connected."""
    async with face.member() as driver:
        yield driver


@pytest.fixture
async def nora(face: Face) -> AsyncIterator[MemberDriver]:
    """A moderator, connected."""
    async with face.member("Nora") as driver:
        yield driver


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A PNG file that the models take as it is."""
    path = tmp_path / "fox.png"
    out = io.BytesIO()
    Image.linear_gradient("L").resize((320, 240)).convert("RGB").save(out, "PNG")
    path.write_bytes(out.getvalue())
    return path


@pytest.fixture
def video(tmp_path: Path) -> VideoFile:
    """A file to post; Discord does not look into it."""
    path = tmp_path / "result.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 5000)
    size_bytes = path.stat().st_size
    return VideoFile(
        path=path,
        size_bytes=size_bytes,
        duration_s=5.0,
        width=1280,
        height=720,
        codec="h264",
        pictures_per_s=24.0,
        has_sound=False,
    )
