"""What the application asks of this room: check what a member attached, fetch what was made."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import BadInputError, MediaError, RefusedError, TooLargeError
from bot.i18n import gettext
from bot.media.decoder import Decoder, shared_decoder
from bot.media.download import Downloader
from bot.media.facts import FRAME_TYPE, PreparedImage, VideoFile
from bot.media.inspector import MediaInspector
from bot.media.limits import megabytes
from bot.media.shrinker import Source, VideoShrinker

_ATTACHMENT_TIMEOUT_S = 30.0
# Whole files in memory, however many members attach one at the same time.
_ATTACHMENTS_AT_ONCE = 4
# 200 MB over a slow line.
_VIDEO_TIMEOUT_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A picture of a video, to upload."""

    data: bytes = field(repr=False)
    media_type: str = FRAME_TYPE


class MediaDesk:
    """Downloads, checks and shrinks files; the work itself is done by those it is made of."""

    def __init__(
        self,
        downloader: Downloader,
        inspector: MediaInspector,
        *,
        video_max_bytes: int,
        shrinker: VideoShrinker | None = None,
        decoder: Decoder | None = None,
    ) -> None:
        self._downloader = downloader
        self._inspector = inspector
        self._shrinker = shrinker or VideoShrinker()
        self._decoder = decoder or shared_decoder()
        self._video_max_bytes = video_max_bytes
        self._attachments = asyncio.Semaphore(_ATTACHMENTS_AT_ONCE)

    async def check_image(self, url: str) -> PreparedImage:
        """Fetch an attached picture and check it.

        Raises:
            BadInputError: It is not what the models take.
            RefusedError: It could not be read from Discord.
        """
        limit_bytes = self._inspector.limits.image_max_bytes
        async with self._attachments:
            return await self._inspector.image(await self._attachment(url, limit_bytes))

    async def check_audio(self, url: str) -> None:
        """Fetch an attached sound and check it; raises as `check_image` does."""
        limit_bytes = self._inspector.limits.audio_max_bytes
        async with self._attachments:
            await self._inspector.audio(await self._attachment(url, limit_bytes))

    async def fetch_video(self, url: str, path: Path) -> VideoFile:
        """Write a finished video to `path`; raises MediaError, see `Downloader.fetch_video`."""
        return await self._downloader.fetch_video(
            url, path, max_bytes=self._video_max_bytes, timeout_s=_VIDEO_TIMEOUT_S
        )

    async def open_video(self, path: Path) -> VideoFile:
        """Return a video that is on disk already; raises MediaError, or OSError without a file."""
        return await self._decoder.video(path)

    async def shrink(self, video: Source, path: Path, *, limit_bytes: int) -> VideoFile:
        """Write a smaller copy to `path`; raises MediaError, see `VideoShrinker.shrink`."""
        return await self._shrinker.shrink(video, path, limit_bytes=limit_bytes)

    async def thumbnail(self, path: Path) -> bytes:
        """Return one small picture of a video; raises MediaError, see `thumbnail_of`."""
        return await self._decoder.thumbnail(path)

    async def frame(self, path: Path, *, last: bool) -> Frame:
        """Return the first or last picture of a video on disk; raises NotAVideoError."""
        async with self._attachments:
            return Frame(data=await self._decoder.frame(path, last=last))

    async def _attachment(self, url: str, limit_bytes: int) -> bytes:
        try:
            return await self._downloader.fetch_bytes(
                url, max_bytes=limit_bytes, timeout_s=_ATTACHMENT_TIMEOUT_S
            )
        except TooLargeError as error:
            raise BadInputError(
                gettext(
                    "The attached file is too large: at most {most} are taken. "
                    "Make it smaller and attach it again."
                ).format(most=megabytes(limit_bytes))
            ) from error
        except MediaError as error:
            raise RefusedError(
                gettext(
                    "The attached file could not be read from Discord. Nothing was charged. "
                    "Attach it again in a moment."
                )
            ) from error
