"""Jobs that wait for a moderator: asked about in the log channel, approved, denied, expired."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.errors import NotFoundError, RefusedError, StaleStateError
from bot.i18n import gettext, ngettext, number_text, speaking
from bot.job import Job, JobState
from bot.jobs.bulletin import Bulletin
from bot.jobs.changes import Change, JobApproved, JobDenied, Moderator
from bot.jobs.checks import checked_reason
from bot.jobs.gate import Gate
from bot.jobs.log_cards import DecidedError, LogCards
from bot.jobs.moderating_ports import ApprovalStore, Members, PolicyStore
from bot.jobs.ports import Cards, Engine, Standing
from bot.jobs.sources import usable_until
from bot.jobs.watch import enqueue_or_leave

log = logging.getLogger(__name__)

# An approved job waits for its turn before the video service fetches its picture.
_QUEUE_TIME = timedelta(minutes=30)
# How long ago a process may have been killed between a decision and what shows it.
_SHOWN_FOR = timedelta(hours=1)


class ApprovalDesk:
    """Where moderators let jobs in or turn them away."""

    def __init__(
        self,
        *,
        store: ApprovalStore,
        policies: PolicyStore,
        gate: Gate,
        engine: Engine,
        cards: Cards,
        log_cards: LogCards,
        members: Members,
        bulletin: Bulletin,
        now: Callable[[], datetime],
        on_end: Callable[[Job], object] = lambda _: None,
    ) -> None:
        """Make a desk.

        Args:
            store: The jobs.
            policies: Says which log channel a guild has, and how long a job may wait.
            gate: On which terms a member may spend when their job is let in.
            engine: Runs what was approved.
            cards: The members' status cards.
            log_cards: The moderators' cards.
            members: Which roles a member has now.
            bulletin: Tells the log channel who decided what.
            now: The time, aware.
            on_end: Told of a job that was not let in; by default nobody is.
        """
        self._store = store
        self._policies = policies
        self._gate = gate
        self._engine = engine
        self._cards = cards
        self._log_cards = log_cards
        self._members = members
        self._bulletin = bulletin
        self._now = now
        self._on_end = on_end
        self._shown_ends: set[int] = set()

    async def ask(self, job: Job) -> None:
        """Show a waiting job to the moderators; never raises: `look` tries again."""
        try:
            await self._ask(job)
        except Exception:
            log.exception("job %s: moderators could not be asked yet", job.id)

    async def waiting_job(self, guild_id: int, job_id: int) -> Job:
        """Return a job of this guild that waits.

        Raises:
            NotFoundError: there is no such job in this guild.
            DecidedError: it waits no longer.
        """
        job = await self._store.get(job_id)
        if job is None or job.guild_id != guild_id:
            raise NotFoundError(gettext("There is no such job on this server."))
        if job.state is not JobState.AWAITING_APPROVAL:
            raise DecidedError(_who_was_faster(job), job)
        return job

    async def approve(self, guild_id: int, job_id: int, actor_id: int) -> Job:
        """Check the quota as it is now, reserve the price and let the job run.

        Raises:
            RefusedError: the quota is used up meanwhile, the member blocked, or the picture
                gone; the job keeps waiting.
            DecidedError: it waits no longer.
            NotFoundError: there is no such job in this guild.
        """
        waiting = await self.waiting_job(guild_id, job_id)
        if self._files_gone(waiting):
            raise RefusedError(
                gettext(
                    "Discord keeps what a member attached for about a day, and that is over: no "
                    "video can be made of it. Nothing was charged. The member has to send the "
                    "command again."
                )
            )
        user_id = waiting.user_id
        if await self._policies.block_of(guild_id, user_id, now=self._now()) is not None:
            raise RefusedError(
                gettext(
                    "{member} has been blocked since they asked. The video keeps waiting: deny "
                    "it, or lift the block first with `/video-admin unblock`."
                ).format(member=f"<@{user_id}>")
            )
        member = await self._members.facts(guild_id, user_id)
        terms = await self._gate.terms(member, guild_id)
        try:
            job = await self._store.approve(
                job_id,
                terms.allowance,
                terms.zone,
                guild_id=guild_id,
                actor_id=actor_id,
                now=self._now(),
                budget=terms.budget,
            )
        except StaleStateError as error:
            raise await self._decided(job_id) from error
        await enqueue_or_leave(self._engine, job)
        self._cards.show(job, Standing())  # its place follows with QueueWatch's next look
        await self._tell(guild_id, actor_id, job, JobApproved(job=job))
        return job

    async def deny(self, guild_id: int, job_id: int, actor_id: int, reason: str) -> Job:
        """End a waiting job; its member reads the reason.

        Raises:
            BadInputError: the reason is empty or too long.
            DecidedError: it waits no longer.
            NotFoundError: there is no such job in this guild.
        """
        reason = checked_reason(reason)
        await self.waiting_job(guild_id, job_id)
        try:
            job = await self._store.deny(
                job_id, guild_id=guild_id, actor_id=actor_id, reason=reason, now=self._now()
            )
        except StaleStateError as error:
            raise await self._decided(job_id) from error
        await self._cards.finish(job)
        self._on_end(job)
        await self._tell(guild_id, actor_id, job, JobDenied(job=job))
        return job

    async def show(self, job: Job) -> None:
        """Let the moderators' card, if there is one, show what became of the job. Never raises."""
        await self._log_cards.show(job)

    async def look(self) -> None:
        """Deny what waited too long; post and mend cards that a kill left out. For every minute."""
        for job in await self._store.awaiting():
            try:
                await self._look_at(job)
            except StaleStateError:
                log.info("job %s was decided just now", job.id)
            except Exception:
                log.exception("job %s: its approval could not be looked after", job.id)
        await self._show_ends()

    async def _show_ends(self) -> None:
        """Show, once, how jobs ended that never had a workflow which would see to it."""
        ended = await self._store.turned_away(ended_since=self._now() - _SHOWN_FOR)
        new = [job for job in ended if job.id not in self._shown_ends]
        self._shown_ends = {job.id for job in ended}
        for job in new:
            await self._cards.finish(job)
            await self.show(job)

    async def _look_at(self, job: Job) -> None:
        guild_id = _guild_of(job)
        most_h = (await self._policies.policy(guild_id)).approval.expires_h
        if self._now() - job.created_at >= timedelta(hours=most_h):
            reason = _no_answer(job, most_h)
        elif self._files_gone(job):
            reason = _no_answer(job, None)
        else:
            if job.card_message_id is None:
                # The bot was stopped before it could show that the command had come.
                self._cards.show(job, Standing())
            await self._ask(job)
            return
        denied = await self._store.deny(
            job.id, guild_id=guild_id, actor_id=None, reason=reason, now=self._now()
        )
        await self._cards.finish(denied)
        self._on_end(denied)
        await self.show(denied)

    def _files_gone(self, job: Job) -> bool:
        """Tell whether the job's files would be gone before the video service fetches them."""
        until = usable_until(job)
        return until is not None and self._now() >= until - _QUEUE_TIME

    async def _ask(self, job: Job) -> None:
        """Post the card, unless there is one in the log channel, or no such channel.

        When the log has moved since, and the old channel perhaps is gone, moderators look for
        what waits in the new one. A card left behind works all the same.
        """
        channel_id = (await self._policies.policy(_guild_of(job))).log_channel_id
        if channel_id is not None:
            await self._log_cards.post(job, channel_id)

    async def _decided(self, job_id: int) -> RefusedError:
        job = await self._store.get(job_id)
        if job is None:
            return RefusedError(gettext("This job is gone. Nothing was changed."))
        return DecidedError(_who_was_faster(job), job)

    async def _tell(self, guild_id: int, actor_id: int, job: Job, change: Change) -> None:
        await self.show(job)
        await self._bulletin.tell(Moderator(guild_id=guild_id, user_id=actor_id), change)


def _guild_of(job: Job) -> int:
    if job.guild_id is None:
        raise ValueError(f"job {job.id} waits for a moderator, but was asked for in no guild")
    return job.guild_id


def _no_answer(job: Job, within_h: int | None) -> str:
    """Return why a job is turned away that nobody decided; it is kept, and its member reads it.

    Args:
        job: The job.
        within_h: For how long it waited; None when its files are gone before.
    """
    with speaking(job.locale):
        if within_h is None:
            return gettext(
                "No moderator answered while Discord kept what you attached, which is about a "
                "day. Send the command again."
            )
        words = ngettext(
            "No moderator answered within {n} hour.",
            "No moderator answered within {n} hours.",
            within_h,
        )
        return words.format(n=number_text(within_h))


def _who_was_faster(job: Job) -> str:
    if job.state is JobState.CANCELLED:
        words = gettext("{member} has cancelled this one. Nothing was changed.")
        return words.format(member=f"<@{job.user_id}>")
    if job.decided_by is None:
        return gettext("The time for this one is over; it was not approved. Nothing was changed.")
    if job.state is JobState.DENIED:
        words = gettext("{who} was faster and did not approve this one. Nothing was changed.")
    else:
        words = gettext("{who} was faster and has approved this one. Nothing was changed.")
    who = f"<@{job.decided_by}>" if job.decided_by else gettext("Another moderator")
    return words.format(who=who)
