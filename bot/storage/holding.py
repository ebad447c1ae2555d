"""What is kept about one member; nothing here writes."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import IN_FLIGHT, JobState
from bot.privacy import Holdings, KeptBlock
from bot.quota import counts_since
from bot.storage import ledger, skeletons
from bot.storage.tables import (
    ALLOWANCE,
    AllowanceRow,
    AuditRow,
    BlockRow,
    DraftRow,
    JobRow,
    LastOptionsRow,
    LedgerRow,
    MemberPreferenceRow,
    PresetRow,
)


async def holdings(session: AsyncSession, user_ids: tuple[int, int], *, now: datetime) -> Holdings:
    """Return what is kept under a member's own number and their pseudonym."""
    user_id, _ = user_ids
    running, waiting = await under_way(session, col(JobRow.user_id) == user_id)
    events = skeletons.about(user_id) | (col(AuditRow.actor_id) == user_id)
    return Holdings(
        jobs=await _count(session, col(JobRow.user_id) == user_id, *skeletons.ended()),
        running=running,
        waiting=waiting,
        drafts=await _count(session, col(DraftRow.user_id) == user_id),
        habits=await _count(session, col(PresetRow.user_id) == user_id)
        + await _count(session, col(LastOptionsRow.user_id) == user_id),
        events=await _count(session, events),
        entries=await _count(session, col(LedgerRow.user_id) == user_id),
        granted_credits=await _granted(session, user_ids, now=now),
        counted_credits=await _counted(session, user_ids, now=now),
        blocks=await _blocks(session, user_id, now=now),
        preferences=await _count(session, col(MemberPreferenceRow.user_id) == user_id),
        allowances=await _count(session, *own_allowance(user_id)),
    )


async def guilds_of(session: AsyncSession, user_id: int) -> set[int]:
    """Return where a member has jobs or credits; 0 for direct messages."""
    jobs = select(col(JobRow.guild_id)).where(col(JobRow.user_id) == user_id)
    entries = select(col(LedgerRow.guild_id)).where(col(LedgerRow.user_id) == user_id)
    return set(await session.scalars(jobs.union(entries)))


async def under_way(session: AsyncSession, whose: ColumnElement[bool]) -> tuple[int, int]:
    """Return how many jobs run, and how many can still be cancelled."""
    unfinished = col(JobRow.state).in_(IN_FLIGHT | {JobState.AWAITING_APPROVAL})
    query = select(col(JobRow.state), func.count()).where(whose, unfinished)
    found = await session.execute(query.group_by(col(JobRow.state)))
    counts = {JobState(state): int(number) for state, number in found}
    waiting = counts.pop(JobState.AWAITING_APPROVAL, 0) + counts.pop(JobState.QUEUED, 0)
    return sum(counts.values()), waiting


def own_allowance(user_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of a member's own allowances."""
    return col(AllowanceRow.target) == "user", col(AllowanceRow.target_id) == user_id


def is_over(now: datetime) -> ColumnElement[bool]:
    """Return what is true of blocks that hold no more."""
    return col(BlockRow.until) <= now


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    return int(await session.scalar(select(func.count()).where(*conditions)) or 0)


async def _blocks(session: AsyncSession, user_id: int, *, now: datetime) -> tuple[KeptBlock, ...]:
    until = col(BlockRow.until)
    query = select(col(BlockRow.guild_id), until).where(
        col(BlockRow.user_id) == user_id, until.is_(None) | (until > now)
    )
    rows = await session.execute(query.order_by(col(BlockRow.guild_id)))
    return tuple(KeptBlock(guild_id=guild_id, until=end) for guild_id, end in rows)


async def _counted(session: AsyncSession, user_ids: tuple[int, int], *, now: datetime) -> int:
    query = select(func.sum(ledger.CREDITS_DRAWN)).where(
        col(LedgerRow.user_id).in_(user_ids),
        col(LedgerRow.grant_id) == ALLOWANCE,
        col(LedgerRow.counted_at) >= counts_since(now),
    )
    return int(await session.scalar(query) or 0)


async def _granted(session: AsyncSession, user_ids: tuple[int, int], *, now: datetime) -> int:
    guilds = set().union(*[await guilds_of(session, user_id) for user_id in user_ids])
    grants = [
        await ledger.grants_of(session, guild_id=guild_id, user_ids=user_ids, now=now)
        for guild_id in sorted(guilds)
    ]
    return sum(grant.left for found in grants for grant in found)
