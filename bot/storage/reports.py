"""What moderators see of a guild's last days."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import JobState
from bot.statistics import JobFact, Statistics, tally
from bot.storage import ledger
from bot.storage.accounts import PAID_STATES
from bot.storage.database import Database
from bot.storage.tables import JobRow, LedgerRow

# A local day begins at most so long before or after the same date in UTC.
_ZONES_REACH = timedelta(days=2)


class ReportStore:
    """Counts over jobs and ledger; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def statistics(
        self,
        guild_id: int,
        *,
        days: int,
        zone: ZoneInfo,
        usd_per_credit: Decimal,
        now: datetime,
        top: int = 10,
    ) -> Statistics:
        """Return what happened in a guild in the last `days`, today included.

        Args:
            guild_id: The guild.
            days: At least 1.
            zone: The guild's, whose days count.
            usd_per_credit: For jobs whose real cost is not known.
            now: The time, aware.
            top: How many members at most.
        """
        last = now.astimezone(zone).date()
        first = last - timedelta(days=days - 1)
        facts = await self._database.read(
            lambda session: _facts(
                session,
                guild_id,
                since=now - timedelta(days=days) - _ZONES_REACH,
                usd_per_credit=usd_per_credit,
            )
        )
        return await asyncio.to_thread(
            tally, facts, first_day=first, last_day=last, zone=zone, top=top
        )


async def _facts(
    session: AsyncSession, guild_id: int, *, since: datetime, usd_per_credit: Decimal
) -> list[JobFact]:
    drawn = (
        select(col(LedgerRow.job_id), func.sum(ledger.CREDITS_DRAWN).label("credits"))
        .where(col(LedgerRow.guild_id) == guild_id, col(LedgerRow.counted_at) >= since)
        .group_by(col(LedgerRow.job_id))
        .subquery()
    )
    estimated = case((col(JobRow.state).in_(PAID_STATES), col(JobRow.price_credits)), else_=0)
    query = (
        select(
            col(JobRow.user_id),
            col(JobRow.model),
            col(JobRow.state),
            col(JobRow.created_at),
            col(JobRow.queued_at),
            col(JobRow.ended_at),
            func.coalesce(drawn.c.credits, 0),
            col(JobRow.cost_usd),
            estimated,
        )
        .outerjoin(drawn, drawn.c.job_id == col(JobRow.id))
        .where(
            col(JobRow.guild_id) == guild_id,
            func.coalesce(col(JobRow.queued_at), col(JobRow.created_at)) >= since,
        )
    )
    return [
        JobFact(
            user_id=user_id,
            model=model,
            state=JobState(state),
            created_at=created_at,
            queued_at=queued_at,
            ended_at=ended_at,
            credits=int(credits_drawn),
            usd=int(credits_estimated) * usd_per_credit if usd is None else Decimal(str(usd)),
        )
        for (
            user_id,
            model,
            state,
            created_at,
            queued_at,
            ended_at,
            credits_drawn,
            usd,
            credits_estimated,
        ) in await session.execute(query)
    ]
