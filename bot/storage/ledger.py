"""The ledger's queries. A balance is always a sum; entries are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import IN_FLIGHT, RELEASING, TERMINAL, JobState
from bot.quota import EntryKind, LedgerEntry, Usage, Window
from bot.storage.tables import DIRECT_MESSAGES, JobRow, LedgerRow


def add(session: AsyncSession, job: JobRow, kind: EntryKind, *, now: datetime) -> None:
    """Add the job's entry of this kind, over its price, to the session."""
    session.add(
        LedgerRow(
            job_id=job.id,
            guild_id=job.guild_id,
            user_id=job.user_id,
            kind=kind,
            credits=job.price_credits,
            created_at=now,
            counted_at=job.created_at,  # the reservation's time: accept writes both
        )
    )


async def is_released(session: AsyncSession, job_id: int) -> bool:
    """Return whether the job's credits were given back."""
    query = select(func.count()).where(
        col(LedgerRow.job_id) == job_id, col(LedgerRow.kind) == EntryKind.RELEASE
    )
    return bool(await session.scalar(query))


async def usage(
    session: AsyncSession, *, guild_id: int | None, user_id: int, day: Window, month: Window
) -> Usage:
    """Return what counts against a member's allowance in a guild (None: direct messages)."""
    guild_key = guild_id or DIRECT_MESSAGES
    day_credits, month_credits = (
        await session.execute(
            select(_used_in(day), _used_in(month)).where(
                col(LedgerRow.guild_id) == guild_key,
                col(LedgerRow.user_id) == user_id,
                col(LedgerRow.counted_at) >= min(day.start, month.start),
            )
        )
    ).one()
    mine = col(JobRow.user_id) == user_id
    in_flight = select(
        func.coalesce(func.sum(case((mine, 1), else_=0)), 0),
        func.count(),
        func.coalesce(func.sum(case((mine, col(JobRow.price_credits)), else_=0)), 0),
    ).where(col(JobRow.guild_id) == guild_key, col(JobRow.state).in_(IN_FLIGHT))
    if guild_key == DIRECT_MESSAGES:  # no community: each member is alone there
        in_flight = in_flight.where(mine)
    member, guild, reserved = (await session.execute(in_flight)).one()
    return Usage(
        day_credits=int(day_credits),
        month_credits=int(month_credits),
        reserved_credits=int(reserved),
        in_flight_member=int(member),
        in_flight_guild=int(guild),
    )


def _used_in(window: Window) -> ColumnElement[int]:
    counted = col(LedgerRow.counted_at)
    inside = (counted >= window.start) & (counted < window.end)
    kind = col(LedgerRow.kind)
    signed = case(
        (inside & (kind == EntryKind.RESERVE), col(LedgerRow.credits)),
        (inside & (kind == EntryKind.RELEASE), -col(LedgerRow.credits)),
        else_=0,
    )
    return func.coalesce(func.sum(signed), 0)


async def entries_of(session: AsyncSession, job_id: int) -> list[LedgerEntry]:
    """Return the job's entries, oldest first."""
    query = select(LedgerRow).where(col(LedgerRow.job_id) == job_id).order_by(col(LedgerRow.id))
    return [_entry(row) for row in await session.scalars(query)]


def _entry(row: LedgerRow) -> LedgerEntry:
    values = row.model_dump()
    return LedgerEntry(
        **values | {"kind": EntryKind(row.kind), "guild_id": row.guild_id or None},
    )


async def problems(session: AsyncSession) -> list[str]:
    """Return one sentence for each job whose entries do not explain it, and each orphan."""
    sums = [
        func.coalesce(
            func.sum(case((col(LedgerRow.kind) == kind, col(LedgerRow.credits)), else_=0)), 0
        ).label(kind.value)
        for kind in (EntryKind.RESERVE, EntryKind.SETTLE, EntryKind.RELEASE)
    ]
    query = (
        select(col(JobRow.id), col(JobRow.state), col(JobRow.price_credits), *sums)
        .outerjoin(LedgerRow, col(LedgerRow.job_id) == col(JobRow.id))
        .group_by(col(JobRow.id), col(JobRow.state), col(JobRow.price_credits))
        .order_by(col(JobRow.id))
    )
    found = [problem for row in await session.execute(query) if (problem := _problem(row))]
    orphans = (
        select(col(LedgerRow.id), col(LedgerRow.job_id))
        .outerjoin(JobRow, col(LedgerRow.job_id) == col(JobRow.id))
        .where(col(LedgerRow.job_id).is_not(None), col(JobRow.id).is_(None))
        .order_by(col(LedgerRow.id))
    )
    for entry_id, job_id in await session.execute(orphans):
        found.append(f"entry {entry_id} belongs to job {job_id}, which does not exist")
    return found


def _problem(row: Row[Any]) -> str | None:
    job_id, state, price = int(row.id), JobState(row.state), int(row.price_credits)
    reserved, settled, released = int(row.reserve), int(row.settle), int(row.release)
    if reserved != price:
        return f"job {job_id} costs {price} credits but {reserved} were reserved"
    closed = settled + released
    if closed != (price if state in TERMINAL else 0):
        return f"job {job_id} is {state}: of {price} credits {closed} were settled or released"
    if settled and state in RELEASING:
        return f"job {job_id} is {state} but its credits were settled"
    return None
