"""Files from allow-listed hosts, streamed with a cap on size and time."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from yarl import URL

from bot.errors import (
    BotError,
    DownloadInterruptedError,
    ExpiredResultError,
    ForeignHostError,
    MediaError,
    TooLargeError,
)
from bot.media.decoder import Decoder, shared_decoder
from bot.media.facts import VideoFile
from bot.media.limits import megabytes

MAX_HOPS = 5
CONNECT_TIMEOUT_S = 15.0
# No byte for so long is a dead connection, however much time is left in all.
SILENCE_TIMEOUT_S = 30.0
_CHUNK_BYTES = 256 * 1024

_OK = 200
_REDIRECTS = {301, 302, 303, 307, 308}
# Signed addresses answer 403 once their time is over.
_GONE = {403, 404, 410}
_TRY_AGAIN = {408, 425, 429}

Sink = Callable[[bytes], Awaitable[None]]


class Downloader:
    """Fetches attachments and results.

    Attributes:
        allowed_hosts: `images.segmind.com` means that host, `*.segmind.com` any below it.
        allow_http: Also plain http and private addresses: for stand-ins on loopback only.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        allowed_hosts: tuple[str, ...],
        allow_http: bool = False,
        decoder: Decoder | None = None,
    ) -> None:
        self._session = session
        self._decoder = decoder or shared_decoder()
        self.allowed_hosts = allowed_hosts
        self.allow_http = allow_http

    async def fetch_bytes(self, url: str, *, max_bytes: int, timeout_s: float) -> bytes:
        """Return a whole file.

        Raises:
            DownloadInterruptedError: Worth another try.
            MediaError: Anything else: gone, too large, a foreign host, refused.
        """
        data = bytearray()

        async def keep(chunk: bytes) -> None:
            data.extend(chunk)

        await self._stream(url, keep, max_bytes=max_bytes, timeout_s=timeout_s)
        return bytes(data)

    async def fetch_video(
        self, url: str, path: Path, *, max_bytes: int, timeout_s: float
    ) -> VideoFile:
        """Write a video to `path` and check that it is one, and whole.

        On any error (and on cancellation) nothing is left at `path`.

        Raises:
            DownloadInterruptedError: Worth another try.
            MediaError: Anything else: gone, too large, a foreign host, no video.
        """
        try:
            await self._to_file(url, path, max_bytes=max_bytes, timeout_s=timeout_s)
            return await self._decoder.video(path)
        except BaseException:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise

    async def _to_file(self, url: str, path: Path, *, max_bytes: int, timeout_s: float) -> None:
        file = await asyncio.to_thread(path.open, "wb")

        async def write(chunk: bytes) -> None:
            await asyncio.to_thread(file.write, chunk)

        try:
            await self._stream(url, write, max_bytes=max_bytes, timeout_s=timeout_s)
        finally:
            await asyncio.to_thread(file.close)

    async def _stream(self, url: str, sink: Sink, *, max_bytes: int, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._follow(url, sink, max_bytes)
        except TimeoutError as error:
            raise DownloadInterruptedError(
                f"The download was not done within {timeout_s:g} s."
            ) from error
        except aiohttp.ClientError as error:
            raise DownloadInterruptedError(
                f"The download broke off ({type(error).__name__})."
            ) from error

    async def _follow(self, url: str, sink: Sink, max_bytes: int) -> None:
        for _ in range(MAX_HOPS):
            target = check_address(url, self.allowed_hosts, allow_http=self.allow_http)
            async with self._session.get(
                target,
                allow_redirects=False,  # each hop is checked here
                headers={"Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_TIMEOUT_S
                ),
            ) as response:
                if response.status in _REDIRECTS and "Location" in response.headers:
                    url = _joined(target, response.headers["Location"])
                    continue
                _check_status(response.status)
                await _drain(response, sink, max_bytes)
                return
        raise MediaError(f"The address was redirected more than {MAX_HOPS} times.")


def check_address(url: str, allowed_hosts: tuple[str, ...], *, allow_http: bool) -> URL:
    """Return the address to ask, when files may come from there. Pure.

    Raises:
        ForeignHostError: Another host, plain http, a private address, or no address.
    """
    try:
        # yarl is what aiohttp itself reads addresses with: what is checked is what is asked.
        address = URL(url)
        host = address.host or ""
    except ValueError as error:
        raise ForeignHostError("Not a web address.") from error
    if address.scheme != "https" and not (allow_http and address.scheme == "http"):
        raise ForeignHostError("Files are only taken from https addresses.")
    if not any(_matches(host, pattern) for pattern in allowed_hosts):
        raise ForeignHostError(f"Files are not taken from {host[:100] or 'nowhere'}.")
    if not allow_http and _is_private(host):
        raise ForeignHostError(f"Files are not taken from the private address {host}.")
    return address


def _matches(host: str, pattern: str) -> bool:
    host, pattern = host.casefold().rstrip("."), pattern.casefold()
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and host != pattern[1:]
    return host == pattern


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost"


def _joined(base: URL, location: str) -> str:
    try:
        return str(base.join(URL(location)))
    except ValueError as error:
        raise ForeignHostError("Redirected to something that is no address.") from error


def _check_status(status: int) -> None:
    if status == _OK:
        return
    kind: type[BotError] = MediaError
    if status in _GONE:
        kind = ExpiredResultError
    elif status in _TRY_AGAIN or status >= 500:  # noqa: PLR2004 - HTTP's own number
        kind = DownloadInterruptedError
    raise kind(f"The server answered HTTP {status} instead of the file.")


async def _drain(response: aiohttp.ClientResponse, sink: Sink, max_bytes: int) -> None:
    """Pass the body on; a body shorter than announced is aiohttp's `ClientPayloadError`."""
    announced = response.content_length or 0
    if announced > max_bytes:
        raise TooLargeError(
            f"The file has {megabytes(announced)}, more than {megabytes(max_bytes)}."
        )
    size_bytes = 0
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        size_bytes += len(chunk)
        if size_bytes > max_bytes:
            raise TooLargeError(f"The file has more than {megabytes(max_bytes)}.")
        await sink(chunk)
