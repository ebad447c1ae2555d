"""Sending an undelivered video again, for free: its credits went back when it stayed behind."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import (
    DownloadInterruptedError,
    LockLostError,
    MediaError,
    NotFoundError,
    RefusedError,
    StaleStateError,
)
from bot.i18n import gettext
from bot.job import Job, JobState
from bot.jobs import sending_words as words
from bot.jobs.handing import HandOver, Parcel, link_of, places
from bot.jobs.kept_videos import KeptVideos
from bot.jobs.outgoing import temporary_folder
from bot.jobs.ports import DIRECT, CannotPostError, Cards, Media, PostLaterError, VideoFile, Where
from bot.jobs.sending_ports import Rules, UndeliveredStore
from bot.jobs.stop_time import DEFAULT_STOP_S, WORK, StopTime
from bot.jobs.thumbnails import Thumbnails
from bot.log_context import about
from bot.moderation import judge_sending
from bot.policy import PlaceFacts

log = logging.getLogger(__name__)

# A send that was begun and not ended may be another process's, at work right now.
LEASE = timedelta(minutes=15)
# So a send ends before: others' copies may be made before its own, one after the other.
_LONGEST_S = 720.0
# For so long the bot tries by itself, when it was Discord that was down.
_BY_ITSELF_FOR = timedelta(hours=1)
_SEARCH_AGAIN_S = (1.0, 3.0)


class SendAgain:
    """Sends undelivered videos: when their members ask, or when Discord is back."""

    def __init__(
        self,
        *,
        store: UndeliveredStore,
        rules: Rules,
        media: Media,
        hand_over: HandOver,
        kept: KeptVideos,
        thumbnails: Thumbnails,
        cards: Cards,
        on_end: Callable[[Job], object],
        now: Callable[[], datetime],
        folder: Path,
        stop_time: StopTime | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        longest_s: float = _LONGEST_S,
    ) -> None:
        """Make one.

        Args:
            store: The jobs.
            rules: What the guilds forbid.
            media: Fetches a video that is not kept here.
            hand_over: Posts.
            kept: The videos that are.
            thumbnails: Makes one, if the first try to deliver it did not.
            cards: The members' status cards.
            on_end: Told of a job that is delivered after all.
            now: The time, aware.
            folder: For files on their way.
            stop_time: How long a stop may wait for a post that is being written down.
            sleep: Waits between searches.
            longest_s: How long a send may take, below `LEASE`.
        """
        self._store = store
        self._rules = rules
        self._media = media
        self._hand_over = hand_over
        self._kept = kept
        self._thumbnails = thumbnails
        self._cards = cards
        self._on_end = on_end
        self._now = now
        self._folder = folder
        self._stop_time = stop_time or StopTime(DEFAULT_STOP_S)
        self._sleep = sleep
        self._longest_s = longest_s
        self._under_way: dict[int, asyncio.Task[Job]] = {}
        self._closing = False

    async def __call__(self, job: Job, pressed: PlaceFacts | None) -> Job:
        """Send a member's video; return the job as delivered.

        It goes where they ask, if that is in the job's own server or in direct messages:
        another server's rules have not been asked. Else it goes where the job was asked for,
        and else to the member directly.

        Args:
            job: The member's own.
            pressed: Where they ask; None when they or the bot may not post there.

        Raises:
            RefusedError: it cannot be sent, or not now; the text says why and what to do.
        """
        if self._closing:
            raise RefusedError(gettext(words.RESTARTING))
        if job.removed_at is not None:
            raise RefusedError(gettext(words.REMOVED))
        if job.state is not JobState.UNDELIVERED:
            if job.state is JobState.DELIVERED:
                await self._cards.finish(job)  # a kill may have kept it from its card
            raise RefusedError(
                gettext("This video was delivered already: `/jobs` leads to it.")
                if job.state is JobState.DELIVERED
                else gettext("There is no video of this job to send again.")
            )
        if job.id in self._under_way:
            raise RefusedError(gettext(words.UNDER_WAY))
        with about(job.id, job.guild_id):
            task = asyncio.create_task(self._sent(job, pressed), name=f"send-again-{job.id}")
        self._under_way[job.id] = task
        task.add_done_callback(lambda _: self._under_way.pop(job.id, None))
        await asyncio.wait({task})
        if task.cancelled():
            raise RefusedError(gettext(words.RESTARTING))
        return task.result()

    async def look(self) -> None:
        """Send by itself what Discord's trouble stopped within the last hour."""
        since = self._now() - _BY_ITSELF_FOR
        for job in await self._store.stayed_behind(ended_since=since):
            try:
                await self(job, None)
            except RefusedError as error:
                log.info("job %s: not sent again yet: %s", job.id, error)
            except Exception:  # one job's trouble must not keep the others from being sent
                log.exception("job %s: could not be sent again", job.id)

    async def close(self) -> None:
        """Send nothing more; what has been posted is still written down."""
        self._closing = True
        tasks = set(self._under_way.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._stop_time.left_s(WORK))

    async def _sent(self, job: Job, pressed: PlaceFacts | None) -> Job:
        await self._check_rules(job, pressed)
        delivered = await self._found(job) or await self._sent_now(job, _where(job, pressed))
        await self._kept.drop(job.id)
        await self._cards.finish(delivered)
        self._on_end(delivered)
        return delivered

    async def _check_rules(self, job: Job, pressed: PlaceFacts | None) -> None:
        if job.guild_id is None:
            return
        here = pressed is not None and pressed.guild_id == job.guild_id
        refused = judge_sending(
            policy=await self._rules.policy(job.guild_id),
            block=await self._rules.block_of(job.guild_id, job.user_id, now=self._now()),
            place=pressed if here else None,
            model=job.model,
            now=self._now(),
        )
        if refused is not None:
            raise RefusedError(refused.text, rule=refused.rule.value)

    async def _found(self, job: Job) -> Job | None:
        """Return the job as delivered when an earlier try has posted it after all."""
        try:
            posted = await self._hand_over.find(job, waits_s=_SEARCH_AGAIN_S, sleep=self._sleep)
        except PostLaterError as error:
            raise RefusedError(gettext(words.DISCORD_DOWN)) from error
        return None if posted is None else await self._hand_over.note_delivered(job, posted)

    async def _sent_now(self, job: Job, where: Where | None) -> Job:
        now = self._now()
        try:
            begun = await self._store.begin_sending(
                job.id,
                channel_id=(where and where.channel_id) or job.channel_id,
                seen=job.delivering_at,
                begun_before=now - LEASE,
                now=now,
            )
        except (StaleStateError, NotFoundError) as error:
            raise RefusedError(gettext(words.UNDER_WAY)) from error
        return await self._handed_over(begun, where)

    async def _handed_over(self, job: Job, where: Where | None) -> Job:
        """Send it; whoever comes next need not wait, unless it may have been posted."""
        parcel = None
        try:
            async with temporary_folder(self._folder) as folder, asyncio.timeout(self._longest_s):
                video = await self._video(job, folder / "result.mp4")
                link = link_of(job, now=self._now())
                parcel = Parcel(video=video, folder=folder, link=link)
                async with self._thumbnails.made_of(job.id, video.path):
                    return await self._hand_over(job, parcel, places(job, where))
        except TimeoutError as error:
            raise RefusedError(gettext(words.BUSY)) from error
        except LockLostError as error:
            raise RefusedError(gettext(words.RESTARTING)) from error
        except PostLaterError as error:
            raise RefusedError(gettext(words.DISCORD_DOWN)) from error
        except CannotPostError as error:
            no_way = words.NO_WAY_DIRECTLY if job.guild_id is None else words.NO_WAY
            raise RefusedError(gettext(no_way)) from error
        except DownloadInterruptedError as error:
            raise RefusedError(gettext(words.LATER)) from error
        except MediaError as error:
            log.info("job %s: its video is gone: %s", job.id, error)
            raise RefusedError(gettext(words.GONE)) from error
        finally:
            # Else the lease stays: the next try must look first.
            if parcel is None or not parcel.perhaps_posted:
                await self._store.end_sending(job.id)

    async def _video(self, job: Job, path: Path) -> VideoFile:
        """Return the video: kept here, else as the provider still has it."""
        try:
            return await self._media.open_video(self._kept.path(job.id))
        except OSError:
            log.info("job %s: its video is not kept here, asking the provider", job.id)
        except MediaError as error:
            log.warning("job %s: its kept video cannot be used: %s", job.id, error)
        return await self._media.fetch_video(str(job.output_url), path)


def _where(job: Job, pressed: PlaceFacts | None) -> Where | None:
    """Return the place that was asked for, if the video may go there. Pure."""
    if pressed is None:
        return None
    if pressed.guild_id == job.guild_id and not job.bot_absent:
        return Where(channel_id=pressed.channel_id)
    return DIRECT if pressed.guild_id is None else None
