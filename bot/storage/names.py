"""Whose the ledger's entries are: names taken away and given back. Nothing else updates them.

An entry that still counts somewhere goes on counting under its member's pseudonym; one that does
not is nobody's. All entries of a job's source change together, and a grant changes with all that
was drawn from it, so that the books hold at every moment.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.privacy import coarse
from bot.pseudonyms import NOBODY
from bot.quota import EntryKind, counts_since
from bot.storage import ledger
from bot.storage.tables import ALLOWANCE, UNSYNCED, JobRow, LedgerRow

_named = col(LedgerRow.user_id)
_source = col(LedgerRow.grant_id)


async def take_away(
    session: AsyncSession,
    user_id: int,
    guild_ids: Iterable[int],
    pseudonym: int,
    *,
    now: datetime,
    grants_end: bool = False,
) -> int:
    """Take a member's name off their entries in these guilds (0: direct messages).

    Args:
        session: Holds the guilds' locks; none of the member's jobs there is in flight.
        user_id: The member.
        guild_ids: Where.
        pseudonym: Under which goes on what still counts.
        now: The time, aware.
        grants_end: Whether credits that moderators gave end with the name.

    Returns:
        How many entries named them.
    """
    theirs = (_named == user_id, col(LedgerRow.guild_id).in_(list(guild_ids)))
    count = int(await session.scalar(select(func.count()).where(*theirs)) or 0)
    await _grants(session, theirs, pseudonym, now=now, grants_end=grants_end)
    drawn = update(LedgerRow).where(*theirs, _source != ALLOWANCE)
    await session.execute(drawn.values(user_id=NOBODY, reason=None), execution_options=UNSYNCED)
    counts = col(LedgerRow.counted_at) >= counts_since(now)
    used = update(LedgerRow).where(*theirs, col(LedgerRow.job_id).is_not(None))
    await session.execute(
        used.values(user_id=case((counts, pseudonym), else_=NOBODY), reason=None),
        execution_options=UNSYNCED,
    )
    return count


async def _grants(
    session: AsyncSession,
    theirs: Sequence[ColumnElement[bool]],
    pseudonym: int,
    *,
    now: datetime,
    grants_end: bool,
) -> None:
    """Leave what can still be drawn under the pseudonym, apart from what was drawn before.

    Otherwise the next job that draws on a grant would show whose the earlier ones were.
    """
    sums = select(_source, func.sum(ledger.CREDITS_DRAWN)).where(*theirs, _source != ALLOWANCE)
    drawn = {
        int(source): int(total) for source, total in await session.execute(sums.group_by(_source))
    }
    given = select(LedgerRow).where(*theirs, col(LedgerRow.kind) == EntryKind.GRANT)
    for grant in (await session.scalars(given)).all():
        left = grant.credits - drawn.get(grant.id or 0, 0)
        lapsed = grant.expires_at is not None and grant.expires_at <= now
        grant.reason = None
        if grants_end or lapsed or not left:
            grant.user_id = NOBODY
        elif grant.id not in drawn:
            grant.user_id = pseudonym
        else:
            # Nor must the two show by their times that they were one.
            moment = coarse(now)
            rest = {"credits": left, "created_at": moment, "counted_at": moment}
            rest |= {"user_id": pseudonym}
            session.add(LedgerRow(**grant.model_dump(exclude={"id"}) | rest))
            # What was drawn and came back again leaves a grant of one credit that is over.
            grant.credits = max(1, grant.credits - left)
            grant.expires_at, grant.user_id = moment, NOBODY
    await session.flush()


async def give_back(session: AsyncSession, grant_ids: Iterable[int], user_id: int) -> None:
    """Let a member who came back hold those of their grants that had been left nameless.

    Nothing was drawn from those before: see `_grants`.
    """
    theirs = update(LedgerRow).where(col(LedgerRow.id).in_(list(grant_ids)), _named < NOBODY)
    await session.execute(theirs.values(user_id=user_id), execution_options=UNSYNCED)


async def let_go(session: AsyncSession, *, now: datetime) -> int:
    """Make nobody's what named somebody, or stood for them, only as long as it counted."""
    over = col(LedgerRow.counted_at) < counts_since(now)
    used = update(LedgerRow).where(
        _named != NOBODY, _source == ALLOWANCE, over, col(LedgerRow.job_id).in_(_forgotten())
    )
    lapsed = update(LedgerRow).where(
        _named < NOBODY,
        col(LedgerRow.kind) == EntryKind.GRANT,
        col(LedgerRow.expires_at) <= now,
    )
    return await _make_nobodys(session, used) + await _make_nobodys(session, lapsed)


async def end_old_grants(
    session: AsyncSession, guild_id: int, *, before: datetime, now: datetime
) -> None:
    """Make a guild's grants nobody's that lapsed before then, once all drawn on are forgotten."""
    drawing = (
        select(_source)
        .join(JobRow, col(JobRow.id) == col(LedgerRow.job_id))
        .where(
            col(LedgerRow.guild_id) == guild_id,
            _source != ALLOWANCE,
            col(JobRow.forgotten_at).is_(None),
        )
    )
    old = select(col(LedgerRow.id)).where(
        _named != NOBODY,
        col(LedgerRow.guild_id) == guild_id,
        col(LedgerRow.kind) == EntryKind.GRANT,
        col(LedgerRow.expires_at) <= min(before, now),
        col(LedgerRow.id).not_in(drawing),
    )
    ids = list(await session.scalars(old))
    if ids:
        theirs = col(LedgerRow.id).in_(ids) | _source.in_(ids)
        await _make_nobodys(session, update(LedgerRow).where(theirs))


async def end_nameless_grants(session: AsyncSession, guild_id: int) -> None:
    """Make nobody's what a guild's members who were forgotten could still have drawn on."""
    left = update(LedgerRow).where(
        _named < NOBODY,
        col(LedgerRow.guild_id) == guild_id,
        col(LedgerRow.kind) == EntryKind.GRANT,
    )
    await _make_nobodys(session, left)


async def drop_words(session: AsyncSession, job_ids: Iterable[int]) -> None:
    """Remove what moderators wrote about these jobs."""
    about = update(LedgerRow).where(col(LedgerRow.job_id).in_(list(job_ids)))
    await session.execute(about.values(reason=None), execution_options=UNSYNCED)


async def drop_actor(session: AsyncSession, user_id: int) -> None:
    """Take the name off what a member did to others' credits as a moderator."""
    done = update(LedgerRow).where(col(LedgerRow.actor_id) == user_id)
    await session.execute(done.values(actor_id=NOBODY), execution_options=UNSYNCED)


def _forgotten() -> Select[int]:
    return select(col(JobRow.id)).where(col(JobRow.forgotten_at).is_not(None))


async def _make_nobodys(session: AsyncSession, entries: Any) -> int:
    done = await session.execute(
        entries.values(user_id=NOBODY, reason=None), execution_options=UNSYNCED
    )
    return done.rowcount if isinstance(done, CursorResult) else 0
