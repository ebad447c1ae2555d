"""Downloads from real servers on loopback: caps, hosts, redirects, and lines that break."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import av
import pytest
from aiohttp import web
from yarl import URL

from bot.errors import (
    DownloadInterruptedError,
    ExpiredResultError,
    ForeignHostError,
    MediaError,
    NotAVideoError,
    TooLargeError,
)
from bot.media import Downloader
from bot.media.download import MAX_HOPS, check_address

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HOSTS = ("images.segmind.com", "*.discordapp.com")


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    """Serve `handler` on a free port and give its address."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def downloader(*hosts: str) -> AsyncIterator[Downloader]:
    """Open a downloader that may talk to loopback."""
    async with aiohttp.ClientSession() as session:
        yield Downloader(session, allowed_hosts=hosts or ("127.0.0.1",), allow_http=True)


def gives(body: bytes, status: int = 200) -> Handler:
    """Return a handler that always gives the same."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status)

    return handler


async def fetched(handler: Handler, *, max_bytes: int = 10_000, timeout_s: float = 5.0) -> bytes:
    """Download from a server with this handler."""
    async with server(handler) as base, downloader() as files:
        return await files.fetch_bytes(f"{base}/f", max_bytes=max_bytes, timeout_s=timeout_s)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a small real MP4."""
    path = tmp_path_factory.mktemp("v") / "v.mp4"
    with av.open(path, "w") as output:
        stream = output.add_stream("libx264", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        output.mux(stream.encode(None))
    return path.read_bytes()


# -- whole files --------------------------------------------------------------------------


async def test_a_file_is_fetched_whole() -> None:
    """Byte for byte, up to and including the cap."""
    data = bytes(range(250)) * 40

    assert await fetched(gives(data), max_bytes=len(data)) == data


async def test_a_file_that_announces_too_much_is_not_read() -> None:
    """The header suffices to refuse it."""
    with pytest.raises(TooLargeError, match=r"has 2 MB, more than 1 MB"):
        await fetched(gives(bytes(2_000_000)), max_bytes=1_000_000)


async def test_a_file_that_announces_nothing_is_cut_off_at_the_cap() -> None:
    """An endless stream is left as soon as it exceeds the cap."""
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while sent < 500 * 1024**2:
                await response.write(bytes(1024**2))
                sent += 1024**2
        except ConnectionResetError:
            pass
        return response

    with pytest.raises(TooLargeError):
        await fetched(endless, max_bytes=1024**2)

    assert sent < 100 * 1024**2


async def test_a_compressed_bomb_counts_as_what_it_becomes() -> None:
    """Servers may compress though we ask them not to."""

    async def bomb(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        packed = gzip.compress(bytes(20 * 1024**2))
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    with pytest.raises(TooLargeError):
        await fetched(bomb, max_bytes=1024**2)


# -- what the server says ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, MediaError),
        (401, MediaError),
        (206, MediaError),
        (403, ExpiredResultError),
        (404, ExpiredResultError),
        (410, ExpiredResultError),
        (408, DownloadInterruptedError),
        (429, DownloadInterruptedError),
        (500, DownloadInterruptedError),
        (503, DownloadInterruptedError),
    ],
)
async def test_the_status_tells_whether_to_try_again(
    status: int, expected: type[MediaError]
) -> None:
    """Gone is gone; a server in trouble may recover."""
    with pytest.raises(MediaError, match=f"HTTP {status}") as caught:
        await fetched(gives(b"", status))

    assert type(caught.value) is expected


# -- lines that break --------------------------------------------------------------------------


@asynccontextmanager
async def raw_server(answer: bytes, *, silent: bool = False) -> AsyncIterator[str]:
    """Answer every request with these bytes, then close, or say nothing more."""
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if silent:
            await closing.wait()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        closing.set()
        listening.close()
        await listening.wait_closed()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly",
        b"NONSENSE\r\n\r\n",
    ],
    ids=["closed", "short of its length", "short chunk", "no HTTP"],
)
async def test_a_broken_line_is_worth_another_try(tmp_path: Path, answer: bytes) -> None:
    """Neither half a file nor an aiohttp error comes out, and nothing is left on disk."""
    path = tmp_path / "v.mp4"
    async with raw_server(answer) as base, downloader() as files:
        with pytest.raises(DownloadInterruptedError):
            await files.fetch_bytes(f"{base}/f", max_bytes=1000, timeout_s=5)
        with pytest.raises(DownloadInterruptedError):
            await files.fetch_video(f"{base}/f", path, max_bytes=1000, timeout_s=5)

    assert not path.exists()


async def test_nobody_there_is_worth_another_try() -> None:
    """A refused connection."""
    async with raw_server(b"") as base:
        pass
    async with downloader() as files:
        with pytest.raises(DownloadInterruptedError):
            await files.fetch_bytes(f"{base}/f", max_bytes=1000, timeout_s=5)


async def test_too_slow_is_worth_another_try() -> None:
    """The time is for the whole download, not for each piece of it."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nsome"
    async with raw_server(answer, silent=True) as base, downloader() as files:
        with pytest.raises(DownloadInterruptedError, match=r"within 0\.2 s"):
            await files.fetch_bytes(f"{base}/f", max_bytes=1000, timeout_s=0.2)


# -- where files may come from --------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://images.segmind.com/outputs/x.mp4",
        "https://IMAGES.segmind.com/x",
        "https://cdn.discordapp.com/attachments/1/2/a%20b.png?ex=1&hm=%2Fx",
        "https://media.eu.discordapp.com/x",
    ],
)
def test_listed_hosts_are_asked(url: str) -> None:
    """A name is that host, a star is any host below."""
    assert check_address(url, HOSTS, allow_http=False) == URL(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://images.segmind.com/x",
        "ftp://images.segmind.com/x",
        "file:///etc/passwd",
        "https://evil.example/x",
        "https://images.segmind.com.evil.example/x",
        "https://evil-discordapp.com/x",
        "https://discordapp.com/x",
        "https://images.segmind.com@evil.example/x",
        "https://evil.example#@images.segmind.com/",
        "https://evil.example\\@images.segmind.com/",
        "https://169.254.169.254/latest/meta-data",
        "https:///x",
        "https://[::1",
        "//images.segmind.com/x",
        "x",
        "",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """Foreign hosts, plain http, tricks with names, no address at all."""
    with pytest.raises(ForeignHostError):
        check_address(url, HOSTS, allow_http=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.7", "[::1]", "localhost", "169.254.1.1"])
def test_private_addresses_are_refused_even_when_listed(host: str) -> None:
    """A slip in the settings does not open the host's own network."""
    listed = (host.strip("[]"),)

    with pytest.raises(ForeignHostError, match="private address"):
        check_address(f"https://{host}/x", listed, allow_http=False)
    assert check_address(f"http://{host}/x", listed, allow_http=True)


async def test_redirects_are_followed_within_the_list() -> None:
    """Relative and absolute ones."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/f":
            raise web.HTTPFound("/g?x=1")
        if request.path == "/g":
            raise web.HTTPTemporaryRedirect(f"http://{request.host}/h")
        return web.Response(body=request.path.encode())

    assert await fetched(handler) == b"/h"


async def test_a_redirect_off_the_list_is_not_followed() -> None:
    """Each hop is checked before it is asked."""
    asked: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.host)
        raise web.HTTPFound(f"http://localhost:{request.url.port}/secret")

    with pytest.raises(ForeignHostError, match="not taken from localhost"):
        await fetched(handler)

    assert len(asked) == 1


@pytest.mark.parametrize("location", ["http://[::1", "file:///etc/passwd", "gopher://x/"])
async def test_a_redirect_to_no_web_address_is_refused(location: str) -> None:
    """Whatever a server may write there."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location})

    with pytest.raises(ForeignHostError):
        await fetched(handler)


async def test_redirects_in_a_circle_end() -> None:
    """After a handful of hops."""
    asked = 0

    async def handler(_request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        raise web.HTTPFound("/f")

    with pytest.raises(MediaError, match="redirected more than"):
        await fetched(handler)

    assert asked == MAX_HOPS


# -- videos -----------------------------------------------------------------------------------


async def test_a_video_is_written_and_checked(tmp_path: Path, video: bytes) -> None:
    """On disk, byte for byte, with what it is."""
    path = tmp_path / "v.mp4"
    async with server(gives(video)) as base, downloader() as files:
        got = await files.fetch_video(f"{base}/v.mp4", path, max_bytes=len(video), timeout_s=5)

    assert path.read_bytes() == video
    assert (got.path, got.size_bytes) == (path, len(video))
    assert (got.width, got.height, got.codec, got.duration_s) == (64, 48, "h264", 1.0)


async def test_a_video_that_is_none_leaves_nothing_behind(tmp_path: Path) -> None:
    """Also when the download itself went well."""
    path = tmp_path / "v.mp4"
    async with server(gives(b"<html>gone</html>")) as base, downloader() as files:
        with pytest.raises(NotAVideoError):
            await files.fetch_video(f"{base}/v.mp4", path, max_bytes=1000, timeout_s=5)

    assert not path.exists()


async def test_half_a_video_is_worth_another_try(tmp_path: Path, video: bytes) -> None:
    """The server's own file was cut: its length fits what it announced."""
    path = tmp_path / "v.mp4"
    async with server(gives(video[:-50])) as base, downloader() as files:
        with pytest.raises(DownloadInterruptedError):
            await files.fetch_video(f"{base}/v.mp4", path, max_bytes=10**6, timeout_s=5)

    assert not path.exists()


async def test_a_cancelled_download_leaves_nothing_behind(tmp_path: Path) -> None:
    """Shutting down in the middle is a cancellation."""
    path = tmp_path / "v.mp4"
    begun = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        begun.set()
        await asyncio.sleep(30)
        return response

    async with server(handler) as base, downloader() as files:
        task = asyncio.create_task(
            files.fetch_video(f"{base}/v.mp4", path, max_bytes=1000, timeout_s=20)
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert not path.exists()


async def test_a_full_disk_is_no_fault_of_the_network(tmp_path: Path, video: bytes) -> None:
    """Errors of the host's own disk come out as they are, not as "try again"."""
    async with server(gives(video)) as base, downloader() as files:
        with pytest.raises(FileNotFoundError):
            await files.fetch_video(
                f"{base}/v", tmp_path / "missing" / "v.mp4", max_bytes=10**6, timeout_s=5
            )
