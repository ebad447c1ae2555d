"""Fetching what a request points to: a picture, a sound."""

import asyncio
from io import BytesIO

import aiohttp
import av
from av.error import FFmpegError

FETCH_TIMEOUT_S = 15.0
MAX_IMAGE_BYTES = 30 * 1024 * 1024
# The pages say: wav/mp3, at most 15 MB.
MAX_AUDIO_BYTES = 15 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class FetchError(Exception):
    """An input file cannot be used; the text is the provider's answer."""


async def fetch_bytes(
    session: aiohttp.ClientSession, url: str, *, what: str, max_bytes: int
) -> bytes:
    """Download an input file.

    Raises:
        FetchError: Not reachable, not a 200, or larger than `max_bytes`.
    """
    timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
    try:
        async with session.get(url, timeout=timeout) as response:
            if response.status != 200:  # noqa: PLR2004 - HTTP's own number
                raise FetchError(f"Failed to download {what}: HTTP {response.status}")
            data = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                data += chunk
                if len(data) > max_bytes:
                    raise FetchError(f"The {what} is larger than {max_bytes // 1024**2} MB")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise FetchError(f"Failed to download {what}: it could not be reached") from error
    return bytes(data)


async def check_audio(data: bytes) -> None:
    """Raise FetchError unless the bytes hold decodable sound."""
    await asyncio.to_thread(_check_audio, data)


def _check_audio(data: bytes) -> None:
    try:
        with av.open(BytesIO(data), "r") as container:
            frame = next(container.decode(container.streams.audio[0]), None)
    except (FFmpegError, IndexError) as error:
        raise FetchError("The audio file could not be decoded") from error
    if frame is None:
        raise FetchError("The audio file holds no sound")
