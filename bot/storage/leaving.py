"""A guild that the bot has left: what ends and goes at once, and which guilds were known."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import IN_FLIGHT, JobState
from bot.pseudonyms import NOBODY, Pseudonyms
from bot.storage import names
from bot.storage.tables import (
    UNSYNCED,
    AllowanceRow,
    AuditRow,
    BlockRow,
    FilterRuleRow,
    JobRow,
    KnownGuildRow,
    LedgerRow,
    PolicyRow,
)

_RULES = (PolicyRow, AllowanceRow, BlockRow, FilterRuleRow, AuditRow)


async def end(
    session: AsyncSession, guild_id: int, pseudonyms: Pseudonyms, *, now: datetime
) -> None:
    """Cancel what waits for approval; remove rules and log; take the names off the books."""
    waiting = update(JobRow).where(
        col(JobRow.guild_id) == guild_id, col(JobRow.state) == JobState.AWAITING_APPROVAL
    )
    # Nothing was reserved for those.
    await session.execute(
        waiting.values(state=JobState.CANCELLED, ended_at=now), execution_options=UNSYNCED
    )
    for table in _RULES:
        gone = delete(table).where(col(table.guild_id) == guild_id)
        await session.execute(gone, execution_options=UNSYNCED)
    for user_id in await _named(session, guild_id):
        await names.take_away(
            session, user_id, (guild_id,), pseudonyms.of(user_id), now=now, grants_end=True
        )
    await names.end_nameless_grants(session, guild_id)


async def _named(session: AsyncSession, guild_id: int) -> list[int]:
    """Return whom the guild's books name, but for members with jobs that go on."""
    here, running = col(JobRow.guild_id) == guild_id, col(JobRow.state).in_(IN_FLIGHT)
    query = select(col(LedgerRow.user_id)).where(
        col(LedgerRow.guild_id) == guild_id,
        col(LedgerRow.user_id) > NOBODY,
        col(LedgerRow.user_id).not_in(select(col(JobRow.user_id)).where(here, running)),
    )
    return list(await session.scalars(query.distinct()))


# -- which guilds are known ------------------------------------------------------------


async def known(session: AsyncSession, application_id: int) -> set[int]:
    """Return the guilds in which this bot was seen."""
    query = select(col(KnownGuildRow.guild_id)).where(
        col(KnownGuildRow.application_id) == application_id
    )
    return set(await session.scalars(query))


async def remember(session: AsyncSession, guild_ids: Iterable[int], application_id: int) -> None:
    """Note that this bot is in these guilds."""
    for guild_id in sorted(set(guild_ids) - await known(session, application_id)):
        await session.merge(KnownGuildRow(guild_id=guild_id, application_id=application_id))


async def forget(session: AsyncSession, guild_id: int) -> None:
    """Know a guild no longer."""
    gone = delete(KnownGuildRow).where(col(KnownGuildRow.guild_id) == guild_id)
    await session.execute(gone, execution_options=UNSYNCED)
