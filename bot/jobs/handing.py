"""Handing a video that is on disk to its member, in the best way that works, and noting it."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.cancellation import to_the_end
from bot.errors import LockLostError, MediaError
from bot.i18n import N_, gettext
from bot.job import Job, JobState
from bot.jobs.ports import (
    DIRECT,
    CannotPostError,
    Cards,
    JobStore,
    Link,
    Media,
    Posted,
    Poster,
    PostLaterError,
    Standing,
    TooLargeToPostError,
    VideoFile,
    Where,
)
from bot.jobs.tracing import NO_TRACES, Tracer

log = logging.getLogger(__name__)

_Sleep = Callable[[float], Awaitable[None]]

# The seeds: "Results are retained for 1 hour, then expire."
RESULT_LIFE = timedelta(hours=1)
# The limit that is known, then the lower one that Discord's refusal tells of.
_COPIES = 2
_SHRINKING = N_(
    "It is too large to be attached as it is: a smaller copy is being made, "
    "which can take some minutes."
)


@dataclass(kw_only=True)
class Parcel:
    """A video on its way: kept over all tries, so that no copy is made twice.

    Attributes:
        video: As the provider made it.
        folder: For copies; gone when the parcel is.
        link: Where else it can be had.
        copies: Those made so far, by the limit that they were made for; None: it cannot be done.
        perhaps_posted: Whether a try to post it has begun, and Discord has not said no.
    """

    video: VideoFile
    folder: Path
    link: Link
    copies: dict[int, VideoFile | None] = field(default_factory=dict)
    perhaps_posted: bool = False


def link_of(job: Job, *, now: datetime) -> Link:
    """Return the video at the provider; it is there for an hour after it was made."""
    return Link(url=str(job.output_url), expires_at=(job.finished_at or now) + RESULT_LIFE)


def places(job: Job, first: Where | None = None) -> list[Where]:
    """Return where a job's video may go, the best place first.

    Args:
        job: The job.
        first: Where its member asks for it, if not where they asked at first.
    """
    wanted = [] if first is None else [first]
    # Asked for in direct messages it goes there already.
    direct = [DIRECT] if job.guild_id is not None or job.bot_absent else []
    return list(dict.fromkeys([*wanted, Where.of(job), *direct]))


class HandOver:
    """As it is, else as a smaller copy, else as a link; place by place."""

    def __init__(
        self,
        *,
        store: JobStore,
        media: Media,
        poster: Poster,
        cards: Cards,
        now: Callable[[], datetime],
        sure: Callable[[], bool] = lambda: True,
        tracer: Tracer = NO_TRACES,
    ) -> None:
        """Make one.

        Args:
            store: The jobs.
            media: Makes smaller copies.
            poster: Puts the video in front of the member.
            cards: The members' status cards.
            now: The time, aware.
            sure: Whether no other process can have this one's jobs; nothing is posted otherwise.
            tracer: Is told how long posting takes.
        """
        self._store = store
        self._media = media
        self._poster = poster
        self._cards = cards
        self._now = now
        self._sure = sure
        self._tracer = tracer

    async def __call__(self, job: Job, parcel: Parcel, places: Sequence[Where]) -> Job:
        """Post the video in the first place that takes it; return the job as delivered.

        Posting and noting it are one: a cancellation waits for both, though not for a copy
        that is being made.

        Raises:
            CannotPostError: no place takes it.
            PostLaterError: Discord is in trouble; whether it is posted must be looked for.
            LockLostError: another process may have the job.
        """
        for where in places:
            try:
                return await self._hand_over(job, parcel, where)
            except CannotPostError as error:
                log.warning("job %s: cannot post: %s", job.id, error)
            # The client repeats a request whose answer was lost: what is refused may be the
            # repetition of one that was carried out.
            if (posted := await self._poster.find_result(job)) is not None:
                return await self.note_delivered(job, posted)
        raise CannotPostError("no place takes the video")

    async def find(self, job: Job, *, waits_s: Sequence[float], sleep: _Sleep) -> Posted | None:
        """Look for the message of an earlier try, with patience: the wrong answer posts twice.

        Args:
            job: With `delivering_at`.
            waits_s: Between two tries.
            sleep: Waits.

        Raises:
            PostLaterError: Discord cannot say.
        """
        for wait_s in waits_s:
            try:
                return await self._poster.find_result(job)
            except PostLaterError as error:
                log.warning("job %s: cannot look for it, again in %s s: %s", job.id, wait_s, error)
                await sleep(wait_s)
        return await self._poster.find_result(job)

    async def note_delivered(self, job: Job, posted: Posted) -> Job:
        """Write down where the video is."""
        delivered = await self._store.transition(
            job.id,
            JobState.DELIVERED,
            now=self._now(),
            failure=None,
            result_channel_id=posted.channel_id,
            result_message_id=posted.message_id,
            result_direct=posted.direct,
        )
        log.info("job %s: delivered", job.id)
        return delivered

    async def _hand_over(self, job: Job, parcel: Parcel, where: Where) -> Job:
        link = parcel.link if parcel.link.expires_at > self._now() else None
        video, original, smaller = parcel.video, None, False
        for _ in range(_COPIES + 1):
            try:
                posting = self._poster.post_video(
                    job, video, where, smaller=smaller, original=original
                )
                return await self._sent(job, parcel, posting)
            except TooLargeToPostError as error:
                log.info("job %s: too large: %s", job.id, error)
                copy = await self._copy(job, parcel, error.fits_bytes)
            if copy is None or copy.size_bytes >= video.size_bytes:
                break
            video, original, smaller = copy, link, True
        if link is None:
            raise CannotPostError("too large, and the provider's link has expired")
        return await self._sent(job, parcel, self._poster.post_link(job, link, where))

    async def _sent(self, job: Job, parcel: Parcel, sending: Coroutine[Any, Any, Posted]) -> Job:
        async def sent_and_noted() -> Job:
            if not self._sure():
                sending.close()
                raise LockLostError("not posted: another process may have this job")
            parcel.perhaps_posted = True
            try:
                with self._tracer.part("post"):
                    posted = await sending
            except (CannotPostError, TooLargeToPostError):
                parcel.perhaps_posted = False
                raise
            return await self.note_delivered(job, posted)

        return await to_the_end(sent_and_noted())

    async def _copy(self, job: Job, parcel: Parcel, limit_bytes: int | None) -> VideoFile | None:
        """Return a copy that has at most `limit_bytes`; None when there is none to be had."""
        if limit_bytes is None:
            return None
        if limit_bytes not in parcel.copies:
            if job.state is JobState.FINISHED:  # the card of a job that has ended stays as it is
                self._cards.show(job, Standing(hint=gettext(_SHRINKING)))
            parcel.copies[limit_bytes] = await self._shrunk(job, parcel, limit_bytes)
        return parcel.copies[limit_bytes]

    async def _shrunk(self, job: Job, parcel: Parcel, limit_bytes: int) -> VideoFile | None:
        path = parcel.folder / f"fit-{limit_bytes}.mp4"
        try:
            with self._tracer.part("shrink"):
                return await self._media.shrink(parcel.video, path, limit_bytes=limit_bytes)
        except MediaError as error:
            log.warning("job %s: no smaller copy: %s", job.id, error)
            return None
