"""The files of a video from which another is made: its picture, its sound, its last frame.

Discord's addresses of attachments stop working after a day. They can be refreshed as long as
the file itself is there; of a picture that is gone the video's first frame is the next best.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.errors import DownloadInterruptedError, MediaError, NotFoundError, RefusedError
from bot.i18n import gettext
from bot.job import Job
from bot.jobs.moderating_ports import KnownJobs
from bot.jobs.outgoing import temporary_folder
from bot.jobs.ports import CannotPostError, Media, PostLaterError, PreparedImage
from bot.jobs.source_files import FoundFile, ParentFile, Remark
from bot.jobs.sources import end_of

log = logging.getLogger(__name__)

# The provider fetches a file when a video's turn has come, which may take a while.
_LONG_ENOUGH = timedelta(hours=1)
# Whole videos on the disk, however many members go on from one at the same time.
_VIDEOS_AT_ONCE = 2


class FrameMedia(Media, Protocol):
    """Media that can also take a picture out of a video."""

    async def frame(self, path: Path, *, last: bool) -> PreparedImage:
        """Return the first or last picture of a video on disk, to upload; MediaError."""
        ...


class PostedFiles(Protocol):
    """Files on Discord, under addresses that work now."""

    async def video_url(self, job: Job) -> str | None:
        """Return where the posted video is; None when the post has only a link to it.

        CannotPostError when the post is gone, PostLaterError when Discord is in trouble.
        """
        ...

    async def refreshed(self, url: str) -> str | None:
        """Return a fresh address for an old one; None when there is none. PostLaterError."""
        ...


class ParentFiles:
    """Finds them: the `Parents` of `bot.jobs.source_files`."""

    def __init__(
        self,
        *,
        jobs: KnownJobs,
        media: FrameMedia,
        posted: PostedFiles,
        now: Callable[[], datetime],
        folder: Path,
    ) -> None:
        """Make one.

        Args:
            jobs: Whose files they are.
            media: Fetches and checks.
            posted: What is on Discord.
            now: The time, aware.
            folder: For videos on their way.
        """
        self._jobs = jobs
        self._media = media
        self._posted = posted
        self._now = now
        self._folder = folder
        self._turns = asyncio.Semaphore(_VIDEOS_AT_ONCE)

    async def find(self, file: ParentFile, remark: Remark) -> FoundFile:
        """Return a file of a job, checked; `remark` hears if another must stand in for it.

        Raises:
            NotFoundError: it is gone.
            RefusedError: Discord cannot be asked just now.
            BadInputError: it is not what it should be.
        """
        job = await self._jobs.get(file.job_id)
        if job is None:
            raise _gone()
        match file.role:
            case "picture":
                return await self._picture(job, file.video_url, remark)
            case "sound":
                return await self._sound(job)
            case "last_frame":
                return await self._frame(job, file.video_url, last=True)

    async def _picture(self, job: Job, video_url: str, remark: Remark) -> FoundFile:
        async for url in self._addresses(str(job.parameters["image"])):
            try:
                return FoundFile(url=url, prepared=await self._media.check_image(url))
            except RefusedError as error:
                _check_is_gone(error)
                log.info("job %s: its picture is not there: %s", job.id, error)
        try:
            found = await self._frame(job, video_url, last=False)
        except NotFoundError as error:
            raise NotFoundError(
                gettext(
                    "The picture of this video is no longer on Discord, and the video neither. "
                    "Nothing was charged. Use `/animate` and attach the picture again."
                )
            ) from error
        remark(
            gettext(
                "The picture itself is no longer on Discord, so the first frame of the video is "
                "used in its place. To use the picture, attach it to `/animate` again."
            )
        )
        return found

    async def _sound(self, job: Job) -> FoundFile:
        async for url in self._addresses(str(job.parameters["audio"])):
            try:
                await self._media.check_audio(url)
            except RefusedError as error:
                _check_is_gone(error)
                log.info("job %s: its sound is not there: %s", job.id, error)
            else:
                return FoundFile(url=url)
        raise NotFoundError(
            gettext(
                "The sound of this video is no longer on Discord. Nothing was charged. Use "
                "`/animate` and attach the sound again."
            )
        )

    async def _addresses(self, url: str) -> AsyncIterator[str]:
        """Give the addresses to try: those that work long enough first."""
        end = end_of(url)
        left = _LONG_ENOUGH if end is None else end - self._now()
        if left >= _LONG_ENOUGH:
            yield url
        if end is not None:
            try:
                fresh = await self._posted.refreshed(url)
            except PostLaterError as error:
                raise _later() from error
            if fresh is not None and fresh != url:
                yield fresh
        if timedelta(0) < left < _LONG_ENOUGH:
            yield url

    async def _frame(self, job: Job, video_url: str, *, last: bool) -> FoundFile:
        async with self._turns, temporary_folder(self._folder) as folder:
            path = folder / "parent.mp4"
            await self._fetch_video(job, video_url, path)
            try:
                frame = await self._media.frame(path, last=last)
            except MediaError as error:
                log.warning("job %s: no frame of its video can be read: %s", job.id, error)
                raise _gone() from error
        return FoundFile(prepared=frame)

    async def _fetch_video(self, job: Job, video_url: str, path: Path) -> None:
        """Write the video to `path`, as it was posted, or else as the provider still has it."""
        for url in (video_url or await self._video_url(job), job.output_url):
            if url is None:
                continue
            try:
                await self._media.fetch_video(url, path)
            except DownloadInterruptedError as error:
                raise _later() from error
            except MediaError as error:
                log.info("job %s: its video is not there: %s", job.id, error)
            else:
                return
        raise _gone()

    async def _video_url(self, job: Job) -> str | None:
        if job.result_message_id is None or job.removed_at is not None:
            raise _gone()
        try:
            return await self._posted.video_url(job)
        except PostLaterError as error:
            raise _later() from error
        except CannotPostError as error:
            raise _gone() from error


def _check_is_gone(error: RefusedError) -> None:
    """Raise when a file may be there after all: another must not take its place for that."""
    if isinstance(error.__cause__, DownloadInterruptedError):
        raise _later() from error


def _gone() -> NotFoundError:
    return NotFoundError(
        gettext("This video is no longer on Discord, so nothing can be made from its pictures.")
    )


def _later() -> RefusedError:
    return RefusedError(
        gettext(
            "A file of this video could not be read from Discord just now. Nothing was charged. "
            "Press again in a minute."
        )
    )
