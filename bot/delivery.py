"""The third step of a job: the finished video is downloaded and handed to the member."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from bot.errors import DownloadInterruptedError, ExpiredResultError, MediaError
from bot.job import FailureReason, Job, JobState
from bot.jobs.handing import HandOver, Parcel, link_of, places
from bot.jobs.kept_videos import KeptVideos
from bot.jobs.outgoing import temporary_folder
from bot.jobs.ports import (
    CannotPostError,
    JobStore,
    Media,
    PostLaterError,
    VideoFile,
)
from bot.jobs.thumbnails import Thumbnails
from bot.jobs.tracing import NO_TRACES, Tracer

log = logging.getLogger(__name__)

# Half of the provider's connections: however slow downloads are, questions find a way.
_DOWNLOADS_AT_ONCE = 16

# Waits between tries of a broken download or a Discord that is down, in seconds.
RETRY_AFTER_S = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0)


class Deliverer:
    """The third step of a job."""

    def __init__(
        self,
        *,
        store: JobStore,
        media: Media,
        hand_over: HandOver,
        kept: KeptVideos,
        thumbnails: Thumbnails,
        now: Callable[[], datetime],
        folder: Path,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        tracer: Tracer = NO_TRACES,
    ) -> None:
        self._store = store
        self._media = media
        self._hand_over = hand_over
        self._kept = kept
        self._thumbnails = thumbnails
        self._now = now
        self._folder = folder
        self._sleep = sleep
        self._tracer = tracer
        self._room = asyncio.Semaphore(_DOWNLOADS_AT_ONCE)

    async def __call__(self, job: Job) -> Job:
        """Post a finished job's video once, or end a dropped one; harmless in another state.

        From the first try on (`delivering_at`) the channel is searched before anything is
        posted: a crash between posting and writing it down must not post twice.
        """
        if job.state is not JobState.FINISHED:
            return job
        if job.delivering_at is not None and (found := await self._found(job)) is not None:
            return found
        if job.dropped_at is not None:
            log.info("job %s: dropped, not posted", job.id)
            return await self._store.transition(job.id, JobState.DROPPED, now=self._now())
        async with temporary_folder(self._folder) as folder:
            try:
                video = await self._download(job, folder / "result.mp4")
            except MediaError as error:
                return await self._fail(job, error)
            # Until here its member could drop it: then this is refused, and the next look ends it.
            job = await self._store.begin_delivery(job.id, now=self._now())
            parcel = Parcel(video=video, folder=folder, link=link_of(job, now=self._now()))
            async with self._thumbnails.made_of(job.id, video.path):
                return await self._post(job, parcel)

    async def _found(self, job: Job) -> Job | None:
        """Return the job as delivered when an earlier try has posted it."""
        posted = await self._hand_over.find(job, waits_s=RETRY_AFTER_S, sleep=self._sleep)
        return None if posted is None else await self._hand_over.note_delivered(job, posted)

    async def _download(self, job: Job, path: Path) -> VideoFile:
        for wait_s in RETRY_AFTER_S:
            try:
                return await self._fetch(job, path)
            except DownloadInterruptedError as error:
                log.warning("job %s: download broke, again in %s s: %s", job.id, wait_s, error)
                await self._sleep(wait_s)
        return await self._fetch(job, path)

    async def _fetch(self, job: Job, path: Path) -> VideoFile:
        async with self._room:
            with self._tracer.part("download"):
                return await self._media.fetch_video(str(job.output_url), path)

    async def _post(self, job: Job, parcel: Parcel) -> Job:
        """Post, or give up when nothing works."""
        for wait_s in (*RETRY_AFTER_S, None):
            try:
                return await self._hand_over(job, parcel, places(job))
            except CannotPostError:
                return await self._undelivered(job, parcel, None)
            except PostLaterError as error:
                if wait_s is None:
                    break
                log.warning(
                    "job %s: Discord is in trouble, again in %s s: %s", job.id, wait_s, error
                )
                await self._sleep(wait_s)
                if (found := await self._found(job)) is not None:
                    return found
        return await self._undelivered(job, parcel, FailureReason.DISCORD_DOWN)

    async def _undelivered(self, job: Job, parcel: Parcel, failure: FailureReason | None) -> Job:
        """Give the credits back, and keep the video: the member can have it sent again."""
        log.warning("job %s: no way to deliver", job.id)
        await self._kept.keep(job.id, parcel.video.path)
        return await self._store.transition(
            job.id, JobState.UNDELIVERED, now=self._now(), failure=failure
        )

    async def _fail(self, job: Job, error: MediaError) -> Job:
        gone = isinstance(error, ExpiredResultError)
        reason = FailureReason.EXPIRED if gone else FailureReason.BAD_RESULT
        log.warning("job %s: its result cannot be had: %s", job.id, error)
        return await self._store.transition(
            job.id, JobState.FAILED, now=self._now(), failure=reason, error_detail=str(error)
        )
