"""What the application asks of the media room, against a real server."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from PIL import Image

from bot.errors import BadInputError, ExpiredResultError, RefusedError, TooLargeError
from bot.media import Downloader, MediaDesk, MediaInspector, MediaLimits


def picture() -> bytes:
    """Return a small PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (80, 70), "red").save(buffer, "PNG")
    return buffer.getvalue()


@asynccontextmanager
async def desk(body: bytes, *, status: int = 200) -> AsyncIterator[tuple[MediaDesk, str]]:
    """Open a desk, and give the address of a file with this body."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status)

    app = web.Application()
    app.router.add_get("/f", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    limits = MediaLimits(image_max_bytes=2000, audio_max_bytes=2000)
    async with aiohttp.ClientSession() as session:
        downloader = Downloader(session, allowed_hosts=("127.0.0.1",), allow_http=True)
        opened = MediaDesk(downloader, MediaInspector(limits), video_max_bytes=3000)
        yield opened, f"http://127.0.0.1:{runner.addresses[0][1]}/f"
    await runner.cleanup()


async def test_a_picture_is_fetched_and_checked() -> None:
    """From its address to what it is."""
    async with desk(picture()) as (media, url):
        prepared = await media.check_image(url)

    assert (prepared.width, prepared.height, prepared.data) == (80, 70, None)


async def test_a_bad_file_is_refused_in_words() -> None:
    """Images and sounds alike."""
    async with desk(b"just text") as (media, url):
        with pytest.raises(BadInputError, match="a text file"):
            await media.check_image(url)
        with pytest.raises(BadInputError, match="a text file"):
            await media.check_audio(url)


async def test_a_large_attachment_is_the_members_matter() -> None:
    """Told with the limit, as bad input."""
    async with desk(bytes(2001)) as (media, url):
        with pytest.raises(BadInputError, match="too large"):
            await media.check_image(url)


async def test_an_attachment_that_cannot_be_read_charges_nothing() -> None:
    """Its address may have expired: the member is asked to attach it again."""
    async with desk(b"", status=404) as (media, url):
        with pytest.raises(RefusedError, match="Nothing was charged"):
            await media.check_image(url)


async def test_results_keep_their_own_errors(tmp_path: Path) -> None:
    """The workflow decides by type, with the video's own cap."""
    async with desk(bytes(3001)) as (media, url):
        with pytest.raises(TooLargeError):
            await media.fetch_video(url, tmp_path / "v.mp4")
    async with desk(b"", status=410) as (media, url):
        with pytest.raises(ExpiredResultError):
            await media.fetch_video(url, tmp_path / "v.mp4")
