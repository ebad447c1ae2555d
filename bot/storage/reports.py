"""What moderators see of a guild's last days: the statistics, and the books line by line.

Everything is read in pages from one transaction: it fits together, and neither the memory nor
the event loop ever holds more than a page of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.audit import AuditEvent
from bot.job import JobState
from bot.quota import LedgerEntry, Window
from bot.statistics import JobFact, Statistics, Tally
from bot.storage import audit_log, ledger
from bot.storage.accounts import PAID_STATES
from bot.storage.database import Database
from bot.storage.tables import AuditRow, JobRow, LedgerRow, Table

# A local day begins at most so long before or after the same date in UTC.
_ZONES_REACH = timedelta(days=2)
# The event loop is busy for some milliseconds with the rows of one page.
_ROWS_A_PAGE = 200

V = TypeVar("V")
LedgerPages = Callable[[Sequence[LedgerEntry]], Awaitable[None]]
AuditPages = Callable[[Sequence[AuditEvent]], Awaitable[None]]


class ReportStore:
    """Counts and lists of one guild; nothing here writes."""

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
        tally = Tally(first_day=last - timedelta(days=days - 1), last_day=last, zone=zone, top=top)

        def count(rows: Sequence[Row[Any]]) -> None:
            tally.add(_fact(row, usd_per_credit) for row in rows)

        async def count_apart(rows: Sequence[Row[Any]]) -> None:
            await asyncio.to_thread(count, rows)

        since = now - timedelta(days=days) - _ZONES_REACH
        await self._each(_facts(guild_id, since=since), count_apart)
        return await asyncio.to_thread(tally.statistics)

    async def ledger(self, guild_id: int, span: Window, page: LedgerPages) -> None:
        """Give `page` the guild's ledger entries that count in a span of time, oldest first.

        A job's entries all count when it was let in, so none of them is without the others,
        and their sum is what the statistics of the same span say.
        """
        counted = col(LedgerRow.counted_at)
        query = (
            _columns(LedgerRow)
            .where(col(LedgerRow.guild_id) == guild_id, *_within(span, counted))
            .order_by(counted, col(LedgerRow.id))
        )

        async def give(rows: Sequence[Row[Any]]) -> None:
            await page(await asyncio.to_thread(_all, ledger.entry_of, rows))

        await self._each(query, give)

    async def audit(self, guild_id: int, span: Window, page: AuditPages) -> None:
        """Give `page` the guild's audit events of a span of time, oldest first."""
        query = (
            _columns(AuditRow)
            .where(col(AuditRow.guild_id) == guild_id, *_within(span, col(AuditRow.created_at)))
            .order_by(col(AuditRow.id))
        )

        async def give(rows: Sequence[Row[Any]]) -> None:
            await page(await asyncio.to_thread(_all, audit_log.event_of, rows))

        await self._each(query, give)

    async def _each(
        self, query: Select[Any], page: Callable[[Sequence[Row[Any]]], Awaitable[None]]
    ) -> None:
        async def work(session: AsyncSession) -> None:
            found = await session.stream(query.execution_options(yield_per=_ROWS_A_PAGE))
            async for rows in found.partitions():
                await page(rows)

        await self._database.read(work)


def _columns(table: type[Table]) -> Select[Any]:
    """Select all values of a table: plain rows cost half of what mapped objects do."""
    return select(*(getattr(table, name) for name in table.model_fields))


def _all(value_of: Callable[[Mapping[str, Any]], V], rows: Sequence[Row[Any]]) -> list[V]:
    return [value_of(row._asdict()) for row in rows]


def _within(span: Window, moment: SQLColumnExpression[datetime]) -> list[ColumnElement[bool]]:
    return [moment >= span.start, moment < span.end]


def _facts(guild_id: int, *, since: datetime) -> Select[Any]:
    drawn = (
        select(col(LedgerRow.job_id), func.sum(ledger.CREDITS_DRAWN).label("credits"))
        .where(col(LedgerRow.guild_id) == guild_id, col(LedgerRow.counted_at) >= since)
        .group_by(col(LedgerRow.job_id))
        .subquery()
    )
    estimated = case((col(JobRow.state).in_(PAID_STATES), col(JobRow.price_credits)), else_=0)
    return (
        select(
            col(JobRow.user_id),
            col(JobRow.model),
            col(JobRow.state),
            col(JobRow.created_at),
            col(JobRow.queued_at),
            col(JobRow.ended_at),
            func.coalesce(drawn.c.credits, 0).label("credits"),
            col(JobRow.cost_usd),
            estimated.label("estimated"),
        )
        .outerjoin(drawn, drawn.c.job_id == col(JobRow.id))
        .where(
            col(JobRow.guild_id) == guild_id,
            func.coalesce(col(JobRow.queued_at), col(JobRow.created_at)) >= since,
        )
    )


def _fact(row: Row[Any], usd_per_credit: Decimal) -> JobFact:
    unknown = row.cost_usd is None
    return JobFact(
        user_id=row.user_id,
        model=row.model,
        state=JobState(row.state),
        created_at=row.created_at,
        queued_at=row.queued_at,
        ended_at=row.ended_at,
        credits=int(row.credits),
        usd=int(row.estimated) * usd_per_credit if unknown else Decimal(str(row.cost_usd)),
        estimated=unknown,
    )
