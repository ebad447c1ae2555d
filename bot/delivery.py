"""Getting the finished video in front of the member: post, else link, else direct message."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot.cancellation import to_the_end
from bot.errors import DownloadInterruptedError, ExpiredResultError, LockLostError, MediaError
from bot.job import FailureReason, Job, JobState
from bot.jobs.outgoing import temporary_folder
from bot.jobs.ports import (
    CannotPostError,
    JobStore,
    Media,
    Posted,
    Poster,
    PostLaterError,
    TooLargeToPostError,
    VideoFile,
)

log = logging.getLogger(__name__)

# The seeds: "Results are retained for 1 hour, then expire."
RESULT_LIFE = timedelta(hours=1)
# Waits between tries of a broken download or a Discord that is down, in seconds.
RETRY_AFTER_S = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0)


class Deliverer:
    """The third step of a job."""

    def __init__(
        self,
        *,
        store: JobStore,
        media: Media,
        poster: Poster,
        now: Callable[[], datetime],
        folder: Path,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        sure: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make the step.

        Args:
            store: The jobs.
            media: Fetches the video.
            poster: Puts it in front of the member.
            now: The time, aware.
            folder: For files on their way.
            sleep: Waits so many seconds.
            sure: Whether no other process can have this one's jobs; nothing is posted otherwise.
        """
        self._store = store
        self._media = media
        self._poster = poster
        self._now = now
        self._folder = folder
        self._sleep = sleep
        self._sure = sure

    async def __call__(self, job: Job) -> Job:
        """Post a finished job's video once; harmless for a job in another state.

        From the first try on (`delivering_at`) the channel is searched before anything is
        posted: a crash between posting and writing it down must not post twice.
        """
        if job.state is not JobState.FINISHED:
            return job
        if job.delivering_at is not None:
            posted = await self._find(job)
            if posted is not None:
                return await self._delivered(job, posted)
        async with temporary_folder(self._folder) as folder:
            try:
                video = await self._download(job, folder / "result.mp4")
            except MediaError as error:
                return await self._fail(job, error)
            job = await self._store.note(job.id, delivering_at=self._now())
            return await self._post(job, video)

    async def _find(self, job: Job) -> Posted | None:
        """Look for the message of an earlier try, with patience: the wrong answer posts twice."""
        for wait_s in RETRY_AFTER_S:
            try:
                return await self._poster.find_result(job)
            except PostLaterError as error:
                await self._wait_for_discord(job, wait_s, error)
        return await self._poster.find_result(job)

    async def _download(self, job: Job, path: Path) -> VideoFile:
        for wait_s in RETRY_AFTER_S:
            try:
                return await self._media.fetch_video(str(job.output_url), path)
            except DownloadInterruptedError as error:
                log.warning("job %s: download broke, again in %s s: %s", job.id, wait_s, error)
                await self._sleep(wait_s)
        return await self._media.fetch_video(str(job.output_url), path)

    async def _post(self, job: Job, video: VideoFile) -> Job:
        """Post, or give up when nothing works."""
        for wait_s in (*RETRY_AFTER_S, None):
            try:
                return await to_the_end(self._post_and_write_down(job, video))
            except CannotPostError as error:
                log.warning("job %s: cannot post: %s", job.id, error)
                break
            except PostLaterError as error:
                if wait_s is not None:
                    await self._wait_for_discord(job, wait_s, error)
                    posted = await self._find(job)
                    if posted is not None:
                        return await self._delivered(job, posted)
        log.warning("job %s: no way to deliver", job.id)
        return await self._store.transition(job.id, JobState.UNDELIVERED, now=self._now())

    async def _post_and_write_down(self, job: Job, video: VideoFile) -> Job:
        if not self._sure():
            raise LockLostError("not posted: another process may have this job")
        return await self._delivered(job, await self._post_once(job, video))

    async def _post_once(self, job: Job, video: VideoFile) -> Posted:
        url, expires_at = str(job.output_url), (job.finished_at or self._now()) + RESULT_LIFE
        try:
            try:
                return await self._poster.post_video(job, video)
            except TooLargeToPostError:
                return await self._poster.post_link(job, url, expires_at=expires_at)
        except CannotPostError:
            return await self._poster.send_direct(job, video, url, expires_at)

    async def _wait_for_discord(self, job: Job, wait_s: float, error: PostLaterError) -> None:
        log.warning("job %s: Discord is in trouble, again in %s s: %s", job.id, wait_s, error)
        await self._sleep(wait_s)

    async def _fail(self, job: Job, error: MediaError) -> Job:
        gone = isinstance(error, ExpiredResultError)
        reason = FailureReason.EXPIRED if gone else FailureReason.BAD_RESULT
        log.warning("job %s: its result cannot be had: %s", job.id, error)
        return await self._store.transition(
            job.id, JobState.FAILED, now=self._now(), failure=reason, error_detail=str(error)
        )

    async def _delivered(self, job: Job, posted: Posted) -> Job:
        delivered = await self._store.transition(
            job.id,
            JobState.DELIVERED,
            now=self._now(),
            result_channel_id=posted.channel_id,
            result_message_id=posted.message_id,
        )
        log.info("job %s: delivered", job.id)
        return delivered
