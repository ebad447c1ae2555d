"""The proof that the ledger explains every job and every grant."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import RELEASING, TERMINAL, JobState
from bot.quota import EntryKind
from bot.storage import ledger
from bot.storage.tables import ALLOWANCE, JobRow, LedgerRow

_OF_JOBS = (EntryKind.RESERVE, EntryKind.SETTLE, EntryKind.RELEASE, EntryKind.ADJUST)


async def problems(session: AsyncSession) -> list[str]:
    """Return one sentence for each job or grant whose entries do not explain it, each orphan."""
    return [
        *await _of_jobs(session),
        *await _of_sources(session),
        *await _of_grants(session),
        *await _orphans(session),
    ]


async def _of_jobs(session: AsyncSession) -> list[str]:
    sums = [
        func.coalesce(
            func.sum(case((col(LedgerRow.kind) == kind, col(LedgerRow.credits)), else_=0)), 0
        ).label(kind.value)
        for kind in _OF_JOBS
    ]
    of_job = (
        col(JobRow.id),
        col(JobRow.state),
        col(JobRow.price_credits),
        col(JobRow.queued_at),
    )
    query = (
        select(*of_job, *sums)
        .outerjoin(LedgerRow, col(LedgerRow.job_id) == col(JobRow.id))
        .group_by(*of_job)
        .order_by(col(JobRow.id))
    )
    return [problem for row in await session.execute(query) if (problem := _problem(row))]


def _problem(row: Row[Any]) -> str | None:
    job_id, state, price = int(row.id), JobState(row.state), int(row.price_credits)
    reserved, settled, released = int(row.reserve), int(row.settle), int(row.release)
    if row.queued_at is None:
        if state not in {JobState.AWAITING_APPROVAL, JobState.DENIED, JobState.CANCELLED}:
            return f"job {job_id} is {state} but was never let in"
        price = 0
    if reserved != price:
        return f"job {job_id} costs {price} credits but {reserved} were reserved"
    closed = settled + released
    if closed != (price if state in TERMINAL else 0):
        return f"job {job_id} is {state}: of {price} credits {closed} were settled or released"
    # A late delivery is free, so DELIVERED may be either.
    if (settled and state in RELEASING) or (released and state is JobState.DROPPED):
        return (
            f"job {job_id} is {state} but its credits were {'settled' if settled else 'released'}"
        )
    if int(row.adjust) not in {0, settled}:
        return f"job {job_id}: of {settled} settled credits {row.adjust} were refunded"
    return None


async def _of_sources(session: AsyncSession) -> list[str]:
    """Find jobs whose entries do not give back where they drew, or changed their window."""
    entries = (
        select(LedgerRow).where(col(LedgerRow.job_id).is_not(None)).order_by(col(LedgerRow.id))
    )
    drawn: dict[int, dict[str, set[object]]] = defaultdict(lambda: defaultdict(set))
    for row in await session.scalars(entries):
        what = (row.grant_id, row.credits, row.counted_at, row.guild_id, row.user_id)
        drawn[row.job_id or 0][row.kind].add(what)
    return [
        f"job {job_id}: its {kind} entries do not mirror its reservation"
        for job_id, kinds in drawn.items()
        for kind, found in kinds.items()
        if kind != EntryKind.RESERVE and found != kinds[EntryKind.RESERVE]
    ]


async def _of_grants(session: AsyncSession) -> list[str]:
    """Find grants that gave more than they had, or to somebody else."""
    given = {
        row.id: row
        for row in await session.scalars(
            select(LedgerRow).where(col(LedgerRow.kind) == EntryKind.GRANT)
        )
    }
    account = (col(LedgerRow.grant_id), col(LedgerRow.guild_id), col(LedgerRow.user_id))
    query = (
        select(*account, func.sum(ledger.CREDITS_DRAWN))
        .where(col(LedgerRow.grant_id) != ALLOWANCE)
        .group_by(*account)
        .order_by(col(LedgerRow.grant_id))
    )
    found = []
    for grant_id, guild_id, user_id, drawn in await session.execute(query):
        grant = given.get(grant_id)
        if grant is None or (grant.guild_id, grant.user_id) != (guild_id, user_id):
            found.append(
                f"member {user_id} drew from entry {grant_id}, which is no grant of theirs"
            )
        elif not 0 <= int(drawn) <= grant.credits:
            found.append(f"grant {grant_id}: {drawn} of {grant.credits} credits are drawn")
    return found


async def _orphans(session: AsyncSession) -> list[str]:
    query = (
        select(col(LedgerRow.id), col(LedgerRow.job_id))
        .outerjoin(JobRow, col(LedgerRow.job_id) == col(JobRow.id))
        .where(col(LedgerRow.job_id).is_not(None), col(JobRow.id).is_(None))
        .order_by(col(LedgerRow.id))
    )
    return [
        f"entry {entry_id} belongs to job {job_id}, which does not exist"
        for entry_id, job_id in await session.execute(query)
    ]
