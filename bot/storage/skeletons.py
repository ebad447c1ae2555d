"""Forgotten jobs: what is left of a job's row, and of the audit events about it.

A skeleton keeps what sums and statistics need: where, which model, what it cost, when it went
from state to state. It says nothing about who asked for what, and it is in no list.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, cast, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col

from bot.i18n import DEFAULT_LOCALE
from bot.job import TERMINAL
from bot.privacy import coarse
from bot.pseudonyms import NOBODY, Pseudonyms
from bot.storage import names, thumbnails
from bot.storage.tables import UNSYNCED, AuditRow, JobRow

# Jobs in one statement.
BATCH = 500
KEPT = frozenset(
    {
        *("id", "guild_id", "model", "price_credits", "state", "cost_usd", "failure"),
        *("created_at", "queued_at", "submitting_at", "running_at", "finished_at"),
        *("delivering_at", "ended_at", "decided_at", "removed_at", "forgotten_at"),
    }
)
# Their columns allow no NULL.
_INSTEAD: Mapping[str, Any] = {
    "channel_id": 0,
    "user_id": NOBODY,
    "parameters": {},
    "token_expires_at": col(JobRow.created_at),
    "upload_limit_bytes": 0,
    "result_direct": False,
    "locale": DEFAULT_LOCALE,
    "bot_absent": False,
}
# A column that is added later is emptied as well, unless it is named above.
EMPTIED: Mapping[str, Any] = {
    name: _INSTEAD.get(name, null()) for name in JobRow.model_fields if name not in KEPT
}
# What of an event's detail names nobody and quotes nobody.
_IMPERSONAL = frozenset(
    {"target", "credits", "daily_credits", "monthly_credits", "expires_at", "until"}
)


def ended() -> tuple[ColumnElement[bool], ...]:
    """Return what is true of jobs that can be forgotten."""
    return (col(JobRow.state).in_(TERMINAL), col(JobRow.forgotten_at).is_(None))


async def forget(
    session: AsyncSession,
    jobs: Iterable[ColumnElement[bool]],
    pseudonyms: Pseudonyms,
    *,
    now: datetime,
    limit: int | None = None,
) -> int:
    """Make skeletons of the ended jobs of which `jobs` is true, and clear what tells of them.

    Args:
        session: Holds the locks of the jobs' guilds.
        jobs: Conditions on `JobRow`.
        pseudonyms: For the provider's ids: one that is known must not be taken for another's.
        now: The time, aware.
        limit: At most so many.

    Returns:
        How many.
    """
    query = select(col(JobRow.id), col(JobRow.request_id)).where(*jobs, *ended())
    found = (await session.execute(query.order_by(col(JobRow.id)).limit(limit))).all()
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        ids = [job_id for job_id, _ in batch]
        await _empty(session, ids, now=now)
        await _keep_requests(
            session,
            [
                {"job": job_id, "request": pseudonyms.of_request(request_id)}
                for job_id, request_id in batch
                if request_id is not None
            ],
        )
        await names.drop_words(session, ids)
        await thumbnails.drop(session, ids)
        await _clear_events(session, col(AuditRow.target_id).in_(ids))
    if found:
        await _orphan(session)
    return len(found)


async def _empty(session: AsyncSession, ids: list[int], *, now: datetime) -> None:
    emptied = (
        update(JobRow).where(col(JobRow.id).in_(ids)).values(**EMPTIED, forgotten_at=coarse(now))
    )
    await session.execute(emptied, execution_options=UNSYNCED)


async def _keep_requests(session: AsyncSession, requests: list[dict[str, Any]]) -> None:
    if not requests:
        return
    table = JobRow.metadata.tables["job"]
    kept = (
        update(table).where(table.c.id == bindparam("job")).values(request_id=bindparam("request"))
    )
    connection = await session.connection()
    await connection.execute(kept, requests)


async def _orphan(session: AsyncSession) -> None:
    """Let no job say that it was made from a forgotten one: that would tell whose it was."""
    forgotten = select(col(JobRow.id)).where(col(JobRow.forgotten_at).is_not(None))
    children = update(JobRow).where(col(JobRow.parent_id).in_(forgotten))
    await session.execute(children.values(parent_id=None), execution_options=UNSYNCED)


# -- the audit log -------------------------------------------------------------------


def about(user_id: int) -> ColumnElement[bool]:
    """Return what is true of audit events that were done to a member, or to a job of theirs."""
    # As text: PostgreSQL's plain integers are too small for Discord's ids.
    whose = cast(col(AuditRow.detail)["user_id"].as_string(), Text)
    return (col(AuditRow.target_id) == user_id) | (whose == str(user_id))


async def forget_in_events(session: AsyncSession, user_id: int) -> int:
    """Clear the audit events about a member, and take their name off what they did."""
    cleared = await _clear_events(session, about(user_id), user_id)
    done = select(AuditRow).where(col(AuditRow.actor_id) == user_id)
    acts = (await session.scalars(done)).all()
    for row in acts:
        row.actor_id = NOBODY
    await session.flush()
    return cleared + len(acts)


async def _clear_events(
    session: AsyncSession, events: ColumnElement[bool], user_id: int | None = None
) -> int:
    """Leave of these events that they happened; each stays, in its place."""
    found = (await session.scalars(select(AuditRow).where(events))).all()
    for row in found:
        row.detail = {name: row.detail[name] for name in row.detail if name in _IMPERSONAL}
        if user_id is not None and row.target_id == user_id:
            row.target_id = NOBODY
    await session.flush()
    return len(found)


async def drop_actor(session: AsyncSession, user_id: int) -> None:
    """Take the name off what a member decided about others' jobs as a moderator."""
    for actor in (col(JobRow.decided_by), col(JobRow.removed_by)):
        done = update(JobRow).where(actor == user_id).values({actor: NOBODY})
        await session.execute(done, execution_options=UNSYNCED)
