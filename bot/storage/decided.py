"""The job store's part for moderators: what they decide, each in one transaction."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.job import Job
from bot.quota import Allowance, Budget
from bot.storage import accounts, decisions
from bot.storage.reading import NO_LIMITS, JobReader
from bot.storage.tables import DIRECT_MESSAGES


class DecidedJobs(JobReader):
    """Lets jobs in, denies them, takes their videos down; grants credits."""

    async def approve(
        self,
        job_id: int,
        allowance: Allowance,
        zone: ZoneInfo,
        *,
        guild_id: int,
        actor_id: int,
        now: datetime,
        budget: Budget = NO_LIMITS,
    ) -> Job:
        """Check the quota as it is now, reserve the price and queue a job that waits.

        Args:
            job_id: The job.
            allowance: What its member may spend and run at once.
            zone: The guild's time zone.
            guild_id: The moderator's guild.
            actor_id: The moderator.
            now: The time, aware.
            budget: What the guild's members together, and all guilds, may spend.

        Raises:
            RefusedError: a rule says no, in words for the moderator; the job keeps waiting.
            StaleStateError: it no longer waits.
            NotFoundError: there is no such job in this guild.
        """
        return await self._database.write(
            lambda session: decisions.approve(
                session,
                job_id,
                allowance,
                zone,
                guild_id=guild_id,
                actor_id=actor_id,
                now=now,
                budget=budget,
                pseudonyms=self._pseudonyms,
            ),
            # A guild's jobs alone wait for approval, so the member's number is not needed.
            locks=accounts.locks(guild_id, 0, budget),
        )

    async def deny(
        self, job_id: int, *, guild_id: int, actor_id: int | None, reason: str | None, now: datetime
    ) -> Job:
        """End a job that waits; nothing was reserved, so nothing comes back.

        Args:
            job_id: The job.
            guild_id: The moderator's guild.
            actor_id: The moderator; None when the time it may wait is over.
            reason: For the member.
            now: The time, aware.

        Raises:
            StaleStateError: it no longer waits.
            NotFoundError: there is no such job in this guild.
        """
        return await self._database.write(
            lambda session: decisions.deny(
                session, job_id, guild_id=guild_id, actor_id=actor_id, reason=reason, now=now
            )
        )

    async def take_down(
        self,
        job_id: int,
        *,
        guild_id: int | None,
        actor_id: int,
        reason: str | None,
        refund: bool,
        now: datetime,
    ) -> tuple[Job, int]:
        """Note who removed a delivered video, and give its credits back if they are to.

        With guild None it is one in direct messages, which its own member deletes.
        May be repeated: the first removal stays noted, credits go back once, to the windows
        and grants they came from. Budgets keep counting them: the provider was paid.

        Returns:
            The job, and how many credits went back by this call.

        Raises:
            RefusedError: it was not delivered.
            NotFoundError: there is no such job in this guild.
        """
        return await self._database.write(
            lambda session: decisions.take_down(
                session,
                job_id,
                guild_id=guild_id or DIRECT_MESSAGES,
                actor_id=actor_id,
                reason=reason,
                refund=refund,
                now=now,
            ),
            locks=(guild_id or DIRECT_MESSAGES,),
        )

    async def grant(
        self,
        guild_id: int,
        user_id: int,
        credits: int,  # noqa: A002 - the unit, as everywhere
        *,
        expires_at: datetime | None,
        reason: str,
        actor_id: int,
        now: datetime,
    ) -> None:
        """Give a member credits that add to what day and month allow, until they expire.

        Raises:
            ValueError: the credits are not positive, or it would have expired already.
        """
        if credits < 1:
            raise ValueError(f"a grant must be of at least 1 credit, not {credits}")
        if expires_at is not None and expires_at <= now:
            raise ValueError("a grant must expire in the future")
        await self._database.write(
            lambda session: decisions.grant(
                session,
                guild_id,
                user_id,
                credits,
                expires_at=expires_at,
                reason=reason,
                actor_id=actor_id,
                now=now,
            )
        )
