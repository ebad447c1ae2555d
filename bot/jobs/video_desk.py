"""What moderators do about single videos: take them down, give credits back, block the maker."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.errors import NotFoundError, RefusedError
from bot.i18n import gettext
from bot.job import WITH_VIDEO, Job
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import CreditsReturned, Moderator, VideoRemoved
from bot.jobs.checks import checked_reason
from bot.jobs.log_cards import DecidedError, LogCards
from bot.jobs.member_desk import MemberDesk
from bot.jobs.moderating_ports import Remover, VideoStore
from bot.jobs.ports import CannotPostError, Cards, PostLaterError
from bot.policy import Block
from bot.quota import counts_since

log = logging.getLogger(__name__)

# For the moderators, who see it on the log's card and in the audit log.
_BY_ITS_MEMBER = "Deleted by its own member"


Deleting = Callable[[Job], Awaitable[None]]


class Deletion(Enum):
    """What came of deleting the message with the video."""

    GONE = auto()
    LATER = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What came of taking a video down.

    Attributes:
        job: As it stands now.
        removed_now: Whether it was this call that removed it, and nobody before.
        credits_back: How many credits went back by this call.
        message: The message that carried the video.
        lapsed: Whether the credits are of a month that is over.
    """

    job: Job
    removed_now: bool
    credits_back: int
    message: Deletion
    lapsed: bool = False


class VideoDesk:
    """Acts on the jobs of one guild; those of other guilds do not exist for it."""

    def __init__(
        self,
        *,
        store: VideoStore,
        members: MemberDesk,
        remover: Remover,
        cards: Cards,
        log_cards: LogCards,
        bulletin: Bulletin,
        now: Callable[[], datetime],
    ) -> None:
        """Make a desk.

        Args:
            store: The jobs and their credits.
            members: Blocks members.
            remover: Deletes the message with the video.
            cards: The members' status cards.
            log_cards: The moderators' cards.
            bulletin: Tells the log channel who did what.
            now: The time, aware.
        """
        self._store = store
        self._members = members
        self._remover = remover
        self._cards = cards
        self._log_cards = log_cards
        self._bulletin = bulletin
        self._now = now

    async def job(self, guild_id: int, job_id: int) -> Job:
        """Return a job of this guild.

        Raises:
            NotFoundError: there is none.
        """
        job = await self._store.get(job_id)
        if job is None or job.guild_id != guild_id:
            raise NotFoundError(
                gettext("There is no such job on this server. Nothing was changed.")
            )
        return job

    async def job_for(self, guild_id: int, job_id: int, action: str) -> Job:
        """Return a job of this guild about which something can be done.

        Args:
            guild_id: The moderator's guild.
            job_id: The job.
            action: `delete`, `refund` (which deletes, too, what is there) or `block`.

        Raises:
            DecidedError: it was done already; the text says by whom.
            RefusedError: there is no video to remove.
            NotFoundError: there is no such job in this guild.
        """
        job = await self.job(guild_id, job_id)
        if action == "block":
            return job
        if job.state not in WITH_VIDEO:
            raise RefusedError(
                gettext("No video was made of this job: there is nothing to remove.")
            )
        gone = job.removed_at is not None and job.result_message_id is None
        if gone and (action == "delete" or job.refunded_at is not None):
            words = gettext("{who} was faster: this video is removed. Nothing was changed.")
            if job.refunded_at is not None:
                words = gettext(
                    "{who} was faster: this video is removed and the credits were given back. "
                    "Nothing was changed."
                )
            who = f"<@{job.removed_by}>" if job.removed_by else gettext("Another moderator")
            raise DecidedError(words.format(who=who), job)
        return job

    async def take_down(self, by: Moderator, job_id: int, *, refund: bool, reason: str) -> Removal:
        """Remove a video; with `refund` give its credits back, also later.

        One that could not be delivered is not sent again then.

        It is written down first, then the message is deleted: calling again does what is left.

        Raises:
            BadInputError: the reason is empty or too long.
            RefusedError: no video was made.
            NotFoundError: there is no such job in this guild.
        """
        reason, now = checked_reason(reason), self._now()
        before = await self.job(by.guild_id, job_id)
        job, credits_back = await self._store.take_down(
            job_id,
            guild_id=by.guild_id,
            actor_id=by.user_id,
            reason=reason,
            refund=refund,
            now=now,
        )
        # Of two who act at the same time, the row has the first.
        removed_now = before.removed_at is None and (job.removed_by, job.removed_at) == (
            by.user_id,
            now,
        )
        job, message = await self._delete_message(job)
        await self._show(job)
        if removed_now:
            await self._bulletin.tell(by, VideoRemoved(job=job, credits_back=credits_back))
        elif credits_back:
            change = CreditsReturned(job=job, credits_back=credits_back, reason=reason)
            await self._bulletin.tell(by, change)
        return Removal(
            job=job,
            removed_now=removed_now,
            credits_back=credits_back,
            message=message,
            lapsed=job.queued_at is not None and job.queued_at < counts_since(now),
        )

    async def delete_own(
        self, user_id: int, job_id: int, *, remover: Remover | None = None
    ) -> Removal:
        """Delete a member's own video, wherever it was posted; its credits do not come back.

        Calling again deletes a message that could not be deleted at first.

        Args:
            user_id: The member.
            job_id: The job.
            remover: Deletes the message, where the desk's own may not.

        Raises:
            RefusedError: no video was made.
            NotFoundError: there is no such job of this member.
        """
        before = await self._store.get(job_id)
        if before is None or before.user_id != user_id:
            raise NotFoundError(gettext("That is not one of your videos. `/jobs` lists yours."))
        if before.state not in WITH_VIDEO:
            raise RefusedError(gettext("No video was made of this one: nothing is to be deleted."))
        job, _ = await self._store.take_down(
            job_id,
            guild_id=before.guild_id,
            actor_id=user_id,
            reason=_BY_ITS_MEMBER,
            refund=False,
            now=self._now(),
        )
        job, message = await self._delete_message(job, remover)
        await self._show(job)
        return Removal(
            job=job, removed_now=before.removed_at is None, credits_back=0, message=message
        )

    async def delete_again(self, by: Moderator, job_id: int) -> Removal:
        """Delete the message of a removed video that could not be deleted at first.

        Raises:
            RefusedError: the video was not removed.
            NotFoundError: there is no such job in this guild.
        """
        job = await self.job(by.guild_id, job_id)
        if job.removed_at is None:
            raise RefusedError(
                gettext("This video was not removed: choose **Delete** and give a reason.")
            )
        job, message = await self._delete_message(job)
        await self._show(job)
        return Removal(job=job, removed_now=False, credits_back=0, message=message)

    async def block(
        self, by: Moderator, job_id: int, *, duration: timedelta | None, reason: str
    ) -> Block:
        """Block the member who made the video; None for as long as nobody lifts it.

        Raises:
            BadInputError: the duration is too long, or there is no reason.
            NotFoundError: there is no such job in this guild.
        """
        job = await self.job(by.guild_id, job_id)
        return await self._members.block(by, job.user_id, duration=duration, reason=reason)

    async def _delete_message(
        self, job: Job, remover: Remover | None = None
    ) -> tuple[Job, Deletion]:
        """Delete the message and write down that it is gone."""
        if job.result_message_id is None:
            return job, Deletion.GONE
        try:
            await (remover or self._remover).delete_result(job)
        except PostLaterError as error:
            log.warning("job %s: its message could not be deleted yet: %s", job.id, error)
            return job, Deletion.LATER
        except CannotPostError as error:
            log.warning("job %s: its message may not be deleted: %s", job.id, error)
            return job, Deletion.FORBIDDEN
        return await self._store.note(job.id, result_message_id=None), Deletion.GONE

    async def _show(self, job: Job) -> None:
        await asyncio.gather(self._cards.finish(job), self._log_cards.show(job))
