"""What moderators decide: let a job in, deny it, take its video down, grant credits."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import AuditAction, AuditEvent
from bot.errors import RefusedError, StaleStateError
from bot.i18n import gettext
from bot.job import WITH_VIDEO, Job, JobState
from bot.pseudonyms import Pseudonyms
from bot.quota import Allowance, Budget, EntryKind
from bot.storage import accounts, audit_log, ledger, rows, thumbnails
from bot.storage.tables import DIRECT_MESSAGES, JobRow, LedgerRow

_WAITS = frozenset({JobState.AWAITING_APPROVAL})


async def approve(
    session: AsyncSession,
    job_id: int,
    allowance: Allowance,
    zone: ZoneInfo,
    *,
    guild_id: int,
    actor_id: int,
    now: datetime,
    budget: Budget,
    pseudonyms: Pseudonyms,
) -> Job:
    """Check the quota, reserve the price and queue the job; see `JobStore.approve`."""
    waiting = await rows.of_guild(session, job_id, guild_id)
    if waiting.state != JobState.AWAITING_APPROVAL:
        raise StaleStateError(job_id, current=JobState(waiting.state), wanted=JobState.QUEUED)
    drawn = await accounts.draw(
        session,
        waiting,
        allowance,
        zone,
        now=now,
        budget=budget,
        pseudonyms=pseudonyms,
        approving=True,
    )
    values = {"state": JobState.QUEUED, "queued_at": now} | _decision(actor_id, None, now)
    row = await rows.moved(session, job_id, values, sources=_WAITS)
    await accounts.reserve(session, row, drawn, now=now)
    await _record(session, row, AuditAction.JOB_APPROVE, actor_id, None, now=now)
    job = rows.job_of(row)
    rows.forget_useless_token(row, now=now)
    return job


async def deny(
    session: AsyncSession,
    job_id: int,
    *,
    guild_id: int,
    actor_id: int | None,
    reason: str | None,
    now: datetime,
) -> Job:
    """End a job that waits; see `JobStore.deny`."""
    await rows.of_guild(session, job_id, guild_id)
    values = {"state": JobState.DENIED, "ended_at": now} | _decision(actor_id, reason, now)
    row = await rows.moved(session, job_id, values, sources=_WAITS)
    await _record(session, row, AuditAction.JOB_DENY, actor_id, reason, now=now)
    job = rows.job_of(row)
    rows.forget_useless_token(row, now=now)
    return job


async def take_down(
    session: AsyncSession,
    job_id: int,
    *,
    guild_id: int,
    actor_id: int,
    reason: str | None,
    refund: bool,
    now: datetime,
) -> tuple[Job, int]:
    """Note that the video is removed, give credits back; see `JobStore.take_down`."""
    row = await rows.of_guild(session, job_id, guild_id)
    if row.state not in WITH_VIDEO:
        raise RefusedError(gettext("Only a video that was made can be taken down."))
    if row.removed_at is None:
        row.removed_at, row.removed_by, row.removal_reason = now, actor_id, reason
        if guild_id != DIRECT_MESSAGES:  # where nobody reads an audit log
            await _record(session, row, AuditAction.JOB_TAKE_DOWN, actor_id, reason, now=now)
        await session.flush()  # whoever keeps a thumbnail just now has done so, or finds this
        await thumbnails.drop(session, (row.id,))
    if row.refunded_at is None:  # they went back when it could not be delivered at first
        row.refunded_at = await ledger.released_at(session, row.id)
    back = await _refund(session, row, actor_id, reason, now=now) if refund else 0
    return rows.job_of(row), back


async def _refund(
    session: AsyncSession, row: JobRow, actor_id: int, reason: str | None, *, now: datetime
) -> int:
    """Give settled credits back, once, to where they came from; return how many."""
    if not await ledger.has(session, row.id, EntryKind.SETTLE):
        return 0
    if await ledger.has(session, row.id, EntryKind.ADJUST):
        return 0
    back = await ledger.mirror(
        session, row.id, EntryKind.ADJUST, now=now, actor_id=actor_id, reason=reason
    )
    row.refunded_at = now
    await _record(session, row, AuditAction.JOB_REFUND, actor_id, reason, now=now)
    return back


async def grant(
    session: AsyncSession,
    guild_id: int,
    user_id: int,
    amount_credits: int,
    *,
    expires_at: datetime | None,
    reason: str,
    actor_id: int,
    now: datetime,
) -> None:
    """Add the ledger's entry and the audit event; see `JobStore.grant`."""
    session.add(
        LedgerRow(
            job_id=None,
            guild_id=guild_id,
            user_id=user_id,
            kind=EntryKind.GRANT,
            credits=amount_credits,
            actor_id=actor_id,
            reason=reason,
            expires_at=expires_at,
            created_at=now,
            counted_at=now,
        )
    )
    until = expires_at.isoformat() if expires_at else None
    await audit_log.add(
        session,
        AuditEvent(
            guild_id=guild_id,
            actor_id=actor_id,
            action=AuditAction.GRANT,
            target_id=user_id,
            detail={"credits": amount_credits, "expires_at": until, "reason": reason},
            created_at=now,
        ),
    )


def _decision(actor_id: int | None, reason: str | None, now: datetime) -> dict[str, object]:
    return {"decided_by": actor_id, "decided_at": now, "decision_reason": reason}


async def _record(
    session: AsyncSession,
    row: JobRow,
    action: AuditAction,
    actor_id: int | None,
    reason: str | None,
    *,
    now: datetime,
) -> None:
    await audit_log.add(
        session,
        AuditEvent(
            guild_id=row.guild_id,
            actor_id=actor_id,
            action=action,
            target_id=row.id,
            detail={"user_id": row.user_id, "credits": row.price_credits, "reason": reason},
            created_at=now,
        ),
    )
