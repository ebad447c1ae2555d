"""The ledger's entries and sums. A balance is always a sum; entries are only ever added.

What a job's credits were drawn from is the entry's `grant_id`: a `grant` entry's id, or 0 for
the allowance of day and month. A price drawn from several sources has one `reserve` entry for
each, and every later entry of the job mirrors those one to one. So all balances are sums of
reserve - release - adjust: over the entries of source 0 counted in a window (what an allowance
has left), and over the entries of a grant's source (what the grant has left).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import WITH_VIDEO
from bot.pseudonyms import NOBODY
from bot.quota import EntryKind, Grant, LedgerEntry, Part, Window
from bot.storage.tables import ALLOWANCE, DIRECT_MESSAGES, JobRow, LedgerRow

# What jobs cost whoever pays: a refund gives credits back to the member, not the money.
CREDITS_SPENT = case(
    (col(LedgerRow.kind) == EntryKind.RESERVE, col(LedgerRow.credits)),
    (col(LedgerRow.kind) == EntryKind.RELEASE, -col(LedgerRow.credits)),
    else_=0,
)
# What jobs cost the member.
CREDITS_DRAWN = case(
    (col(LedgerRow.kind) == EntryKind.ADJUST, -col(LedgerRow.credits)), else_=CREDITS_SPENT
)


# -- adding ----------------------------------------------------------------------


def reserve(session: AsyncSession, job: JobRow, parts: Iterable[Part], *, now: datetime) -> None:
    """Add the entries that draw the job's price from these parts."""
    for part in parts:
        session.add(
            LedgerRow(
                job_id=job.id,
                guild_id=job.guild_id,
                user_id=job.user_id,
                kind=EntryKind.RESERVE,
                credits=part.credits,
                created_at=now,
                counted_at=now,
                grant_id=part.grant_id or ALLOWANCE,
            )
        )


async def mirror(
    session: AsyncSession,
    job_id: int,
    kind: EntryKind,
    *,
    now: datetime,
    actor_id: int | None = None,
    reason: str | None = None,
) -> int:
    """Add an entry of this kind for each reservation of the job; return their credits."""
    query = select(LedgerRow).where(
        col(LedgerRow.job_id) == job_id, col(LedgerRow.kind) == EntryKind.RESERVE
    )
    reserved = (await session.scalars(query.order_by(col(LedgerRow.id)))).all()
    return _mirrored(session, reserved, kind=kind, created_at=now, actor_id=actor_id, reason=reason)


async def settle(session: AsyncSession, job_id: int, *, now: datetime) -> None:
    """Settle each reservation of the job, unless its credits went back already."""
    query = select(LedgerRow).where(
        col(LedgerRow.job_id) == job_id,
        col(LedgerRow.kind).in_((EntryKind.RESERVE, EntryKind.RELEASE)),
    )
    entries = (await session.scalars(query.order_by(col(LedgerRow.id)))).all()
    if all(row.kind == EntryKind.RESERVE for row in entries):
        _mirrored(session, entries, kind=EntryKind.SETTLE, created_at=now)


def _mirrored(session: AsyncSession, reserved: Sequence[LedgerRow], **own: Any) -> int:
    """Add an entry for each of these, with `own` values; return their credits."""
    mine = {"actor_id": None, "reason": None} | own
    session.add_all(LedgerRow(**row.model_dump(exclude={"id"}) | mine) for row in reserved)
    return sum(row.credits for row in reserved)


async def has(session: AsyncSession, job_id: int, kind: EntryKind) -> bool:
    """Return whether the job has an entry of this kind."""
    query = select(func.count()).where(col(LedgerRow.job_id) == job_id, col(LedgerRow.kind) == kind)
    return bool(await session.scalar(query))


async def released_at(session: AsyncSession, job_id: int) -> datetime | None:
    """Return when the job's credits came back; None when they did not."""
    query = select(func.max(col(LedgerRow.created_at))).where(
        col(LedgerRow.job_id) == job_id, col(LedgerRow.kind) == EntryKind.RELEASE
    )
    return await session.scalar(query)


# -- sums --------------------------------------------------------------------------


async def used(
    session: AsyncSession,
    *,
    guild_id: int | None,
    user_ids: Iterable[int],
    windows: tuple[Window, ...],
) -> list[int]:
    """Return what a member used of their allowance in each of these windows."""
    query = select(*(_sum_in(window) for window in windows)).where(
        *_account(guild_id, user_ids),
        col(LedgerRow.grant_id) == ALLOWANCE,
        col(LedgerRow.counted_at) >= min(window.start for window in windows),
    )
    return [int(number) for number in (await session.execute(query)).one()]


async def undelivered(
    session: AsyncSession,
    *,
    guild_id: int | None,
    user_ids: Iterable[int],
    windows: tuple[Window, ...],
) -> list[int]:
    """Return what came back to a member, in each of these windows, for videos that were made.

    They could not be delivered, or not at first. Discord's trouble and the bot's own faults do
    not count, as long as such a video waits.
    """
    made = select(col(JobRow.id)).where(
        col(JobRow.id) == col(LedgerRow.job_id),
        col(JobRow.state).in_(WITH_VIDEO),
        col(JobRow.failure).is_(None),
    )
    query = select(*(_sum_in(window, col(LedgerRow.credits)) for window in windows)).where(
        *_account(guild_id, user_ids),
        col(LedgerRow.kind) == EntryKind.RELEASE,
        col(LedgerRow.counted_at) >= min(window.start for window in windows),
        made.exists(),
    )
    return [int(number) for number in (await session.execute(query)).one()]


async def used_by_guild(
    session: AsyncSession, *, guild_id: int | None, user_ids: Iterable[int], window: Window
) -> int:
    """Return what all members of a guild spent; in direct messages the member is alone."""
    query = select(_sum(CREDITS_SPENT)).where(
        *(_account(guild_id, user_ids) if guild_id is None else _guild(guild_id)),
        col(LedgerRow.counted_at) >= window.start,
        col(LedgerRow.counted_at) < window.end,
    )
    return int(await session.scalar(query) or 0)


async def grants_of(
    session: AsyncSession, *, guild_id: int | None, user_ids: Iterable[int], now: datetime
) -> tuple[Grant, ...]:
    """Return the member's unexpired grants with credits left, the next to expire first."""
    expires = col(LedgerRow.expires_at)
    query = select(LedgerRow).where(
        *_account(guild_id, user_ids),
        col(LedgerRow.kind) == EntryKind.GRANT,
        expires.is_(None) | (expires > now),
    )
    given = (await session.scalars(query)).all()
    if not given:
        return ()
    source = col(LedgerRow.grant_id)
    sums = (
        select(source, _sum(CREDITS_DRAWN))
        .where(*_account(guild_id, user_ids), source.in_([row.id for row in given]))
        .group_by(source)
    )
    drawn = {int(source): int(total) for source, total in await session.execute(sums)}
    grants = (_grant(row, drawn.get(row.id or 0, 0)) for row in given)
    return tuple(sorted((grant for grant in grants if grant.left > 0), key=_lapses))


def _grant(row: LedgerRow, drawn: int) -> Grant:
    return Grant(
        id=row.id or 0,
        credits=row.credits,
        left=row.credits - drawn,
        expires_at=row.expires_at,
        reason=row.reason,
        actor_id=row.actor_id,
    )


def _lapses(grant: Grant) -> tuple[bool, float, int]:
    moment = grant.expires_at
    return (moment is None, moment.timestamp() if moment else 0.0, grant.id)


def _account(guild_id: int | None, user_ids: Iterable[int]) -> list[ColumnElement[bool]]:
    """Return what is true of a member's entries: those under their name and their pseudonym."""
    return [*_guild(guild_id), col(LedgerRow.user_id).in_(list(user_ids))]


def _guild(guild_id: int | None) -> list[ColumnElement[bool]]:
    return [col(LedgerRow.guild_id) == (guild_id or DIRECT_MESSAGES)]


def _sum(number: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(number), 0)


def _sum_in(window: Window, number: SQLColumnExpression[int] = CREDITS_DRAWN) -> ColumnElement[int]:
    counted = col(LedgerRow.counted_at)
    inside = and_(counted >= window.start, counted < window.end)
    return _sum(case((inside, number), else_=0))


# -- reading -----------------------------------------------------------------------------


async def entries_of(session: AsyncSession, job_id: int) -> list[LedgerEntry]:
    """Return the job's entries, oldest first."""
    query = select(LedgerRow).where(col(LedgerRow.job_id) == job_id).order_by(col(LedgerRow.id))
    return [entry_of(row.model_dump()) for row in await session.scalars(query)]


def entry_of(values: Mapping[str, Any]) -> LedgerEntry:
    """Return a row's values as what they mean."""
    return LedgerEntry(
        **dict(values)
        | {
            "kind": EntryKind(values["kind"]),
            "guild_id": values["guild_id"] or None,
            "user_id": max(values["user_id"], NOBODY),
            "grant_id": values["grant_id"] or None,
        },
    )
