"""After a backup was restored: what may have happened since to the jobs it has on their way.

A backup is older than reality. A job that waits in it may have been sent since, one that runs
may have been delivered, and one that waits for approval may have been approved. So nothing is
sent for them before the provider's history was searched, and nothing is posted before the
channel was.
"""

from datetime import datetime

from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import IN_FLIGHT, JobState
from bot.storage.tables import UNSYNCED, JobRow

_MAYBE_SENT = frozenset({JobState.QUEUED, JobState.SUBMITTING, JobState.UNCERTAIN})


async def mark_uncertain(session: AsyncSession, *, now: datetime) -> int:
    """Mark every job that has not ended; return how many. May be repeated.

    Undelivered ones are marked as well: somebody may have had them sent again since.

    Args:
        session: Of a database on which no bot runs.
        now: The time, aware: what happened until then is looked for.
    """
    maybe_sent = col(JobRow.state).in_(_MAYBE_SENT)
    open_ = col(JobRow.state).in_({*IN_FLIGHT, JobState.AWAITING_APPROVAL})
    since = func.coalesce(
        *(col(JobRow.delivering_at), col(JobRow.running_at), col(JobRow.created_at))
    )
    marking = (
        update(JobRow)
        .where(open_)
        .values(restored_at=now, delivering_at=since)
        .returning(col(JobRow.id))
    )
    sending = (
        update(JobRow)
        .where(maybe_sent)
        .values(
            state=JobState.UNCERTAIN,
            submitting_at=func.coalesce(col(JobRow.submitting_at), col(JobRow.queued_at)),
        )
    )
    undelivered = update(JobRow).where(col(JobRow.state) == JobState.UNDELIVERED)
    await session.execute(sending, execution_options=UNSYNCED)
    await session.execute(undelivered.values(restored_at=now), execution_options=UNSYNCED)
    return len((await session.scalars(marking, execution_options=UNSYNCED)).all())


async def forget_engine(session: AsyncSession) -> None:
    """Drop the durable engine's own tables on PostgreSQL: they may know more than the jobs do.

    A step that they have as done would not run again, though the job's row is older than that.
    """
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        await session.execute(text("DROP SCHEMA IF EXISTS dbos CASCADE"))
