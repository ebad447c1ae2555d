"""Forgetting: a member on their wish, jobs by their age, a guild that the bot has left."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.privacy import Forgotten, Holdings, UnderWayError
from bot.pseudonyms import NOBODY, Pseudonyms
from bot.storage import asking, holding, leaving, names, remains, skeletons
from bot.storage.database import Database
from bot.storage.tables import (
    DIRECT_MESSAGES,
    UNSYNCED,
    BlockRow,
    JobRow,
    MemberPreferenceRow,
)

_EVER = datetime.max.replace(tzinfo=UTC)


class ForgettingStore:
    """Says what is kept about a member, and takes it away."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms) -> None:
        self._database = database
        self._pseudonyms = pseudonyms

    # -- one member ----------------------------------------------------------------

    async def holdings(self, user_id: int, *, now: datetime) -> Holdings:
        """Return what is kept about a member."""
        both = self._pseudonyms.both(user_id)
        return await self._database.read(lambda session: holding.holdings(session, both, now=now))

    async def forget_member(self, user_id: int, *, now: datetime) -> Forgotten:
        """Forget a member's jobs, drafts, presets and preferences; take their name off the rest.

        What keeps being theirs: blocks that hold, own allowances; credits that still count go
        on counting under a pseudonym.

        Raises:
            UnderWayError: they have jobs that did not end; nothing was changed.
        """
        found = None
        while found is None:  # again after a first job in one more guild just then
            found = await self._forget_where_known(user_id, now=now)
        return found

    async def _forget_where_known(self, user_id: int, *, now: datetime) -> Forgotten | None:
        guilds = await self._database.read(lambda session: holding.guilds_of(session, user_id))

        async def work(session: AsyncSession) -> Forgotten | None:
            if not await holding.guilds_of(session, user_id) <= guilds:
                return None
            return await self._forget_in(session, user_id, guilds, now=now)

        # Whoever accepts a job holds its guild's number, or in direct messages the member's.
        return await self._database.write(work, locks=(guilds - {DIRECT_MESSAGES}) | {user_id})

    async def _forget_in(
        self, session: AsyncSession, user_id: int, guilds: set[int], *, now: datetime
    ) -> Forgotten:
        mine = col(JobRow.user_id) == user_id
        running, waiting = await holding.under_way(session, mine)
        if running or waiting:
            raise UnderWayError(running=running, waiting=waiting)
        events = await skeletons.forget_in_events(session, user_id)
        jobs = await skeletons.forget(session, (mine,), self._pseudonyms, now=now)
        await skeletons.drop_actor(session, user_id)
        await names.drop_actor(session, user_id)
        pseudonym = self._pseudonyms.of(user_id)
        entries = await names.take_away(session, user_id, guilds, pseudonym, now=now)
        drafts, habits = await asking.forget_member(session, user_id)
        await _forget_in_blocks(session, user_id, now=now)
        found = Forgotten(
            jobs=jobs,
            drafts=drafts,
            habits=habits,
            entries=entries,
            events=events,
            preferences=await _forget_preferences(session, user_id),
        )
        if found.anything:
            await remains.mark(session)
        return found

    # -- by age ------------------------------------------------------------------------

    async def guilds_with_ended(self, *, before: datetime) -> list[int]:
        """Return the guilds (0: direct messages) with jobs to forget that ended before then."""
        query = select(col(JobRow.guild_id)).where(
            *skeletons.ended(), col(JobRow.ended_at) < before
        )

        async def work(session: AsyncSession) -> list[int]:
            return list(await session.scalars(query.distinct().order_by(col(JobRow.guild_id))))

        return await self._database.read(work)

    async def forget_ended(self, guild_id: int, *, before: datetime, now: datetime) -> int:
        """Forget the jobs of a guild that ended before then; return how many.

        Entries that still count keep their member's name until `let_go`.
        """
        total = await self._forget_in_steps(guild_id, before=before, now=now)
        await self._database.write(
            lambda session: names.end_old_grants(session, guild_id, before=before, now=now),
            locks=(guild_id,),
        )
        return total

    async def _forget_in_steps(self, guild_id: int, *, before: datetime, now: datetime) -> int:
        """Forget in transactions of bounded length: others have their turns in between."""
        old = (col(JobRow.guild_id) == guild_id, col(JobRow.ended_at) < before)

        async def work(session: AsyncSession) -> int:
            found = await skeletons.forget(
                session, old, self._pseudonyms, now=now, limit=skeletons.BATCH
            )
            if found:
                await remains.mark(session)
            return found

        total, found = 0, skeletons.BATCH
        while found == skeletons.BATCH:
            found = await self._database.write(work, locks=(guild_id,))
            total += found
        return total

    async def let_go(self, *, now: datetime) -> int:
        """Remove what was kept only as long as it counted: names, blocks and drafts.

        Returns:
            How many entries of the books named somebody, or stood for them. The others leave
            little behind: they do not have the files wiped, but go with the next that does.
        """
        over = delete(BlockRow).where(holding.is_over(now))

        async def work(session: AsyncSession) -> int:
            await session.execute(over, execution_options=UNSYNCED)
            await asking.forget_old(session, now=now)
            found = await names.let_go(session, now=now)
            if found:
                await remains.mark(session)
            return found

        return await self._database.write(work)

    # -- guilds ------------------------------------------------------------------------

    async def remember_guilds(self, guild_ids: Iterable[int], application_id: int) -> None:
        """Note that the bot is in these guilds."""
        await self._database.write(
            lambda session: leaving.remember(session, guild_ids, application_id)
        )

    async def known_guilds(self, application_id: int) -> set[int]:
        """Return the guilds in which this bot (and no other on the database) was seen."""
        return await self._database.read(lambda session: leaving.known(session, application_id))

    async def purge_guild(self, guild_id: int, *, now: datetime) -> tuple[int, int]:
        """Forget a guild that the bot has left: its rules, its jobs, who used which credits.

        Jobs in flight go on; until they have ended the guild stays known, to be purged again.
        What was used today and this month goes on counting, under pseudonyms, should the guild
        take the bot back.

        Returns:
            How many jobs are forgotten, and how many go on.
        """

        async def first(session: AsyncSession) -> None:
            await leaving.end(session, guild_id, self._pseudonyms, now=now)
            await remains.mark(session)

        async def last(session: AsyncSession) -> int:
            going_on = sum(await holding.under_way(session, col(JobRow.guild_id) == guild_id))
            if not going_on:
                await leaving.forget(session, guild_id)
            return going_on

        await self._database.write(first, locks=(guild_id,))
        forgotten = await self._forget_in_steps(guild_id, before=_EVER, now=now)
        return forgotten, await self._database.write(last, locks=(guild_id,))

    # -- the files ---------------------------------------------------------------------

    async def wipe(self) -> bool:
        """Wipe what was removed from the database's files; False when something has to wait."""
        return await self._database.wipe()

    async def wipe_if_marked(self) -> bool:
        """Wipe if something was removed since the last time; False when it has to wait."""
        return not await self._database.read(remains.are_marked) or await self.wipe()


async def _forget_preferences(session: AsyncSession, user_id: int) -> int:
    mine = delete(MemberPreferenceRow).where(col(MemberPreferenceRow.user_id) == user_id)
    gone = await session.scalars(
        mine.returning(col(MemberPreferenceRow.user_id)), execution_options=UNSYNCED
    )
    return len(gone.all())


async def _forget_in_blocks(session: AsyncSession, user_id: int, *, now: datetime) -> None:
    """Remove a member's blocks that are over, and their name from those that they set."""
    over = delete(BlockRow).where(col(BlockRow.user_id) == user_id, holding.is_over(now))
    await session.execute(over, execution_options=UNSYNCED)
    blamed = update(BlockRow).where(col(BlockRow.actor_id) == user_id)
    await session.execute(blamed.values(actor_id=NOBODY), execution_options=UNSYNCED)
