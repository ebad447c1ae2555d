"""Job rows: made of what was asked for, changed under guard, read back as jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.errors import BotError, NotFoundError, RequestTakenError, StaleStateError
from bot.i18n import gettext
from bot.job import FailureReason, Job, JobState, NewJob
from bot.storage.tables import DIRECT_MESSAGES, JobRow

# What a caller may set on a job; everything else follows from accepting and moving it.
SETTABLE = frozenset(
    {
        "request_id",
        "status_url",
        "response_url",
        "output_url",
        "cost_usd",
        "card_message_id",
        "delivering_at",
        "result_channel_id",
        "result_message_id",
        "result_direct",
        "failure",
        "error_detail",
        "log_channel_id",
        "log_message_id",
    }
)


def new_row(new: NewJob, state: JobState, *, reasons: Sequence[str], now: datetime) -> JobRow:
    """Return the row of a job that is queued or, with `reasons`, waits for approval."""
    values = {field.name: getattr(new, field.name) for field in fields_of(NewJob)}
    values |= {
        "guild_id": new.guild_id or DIRECT_MESSAGES,
        "parameters": dict(new.parameters),
        "state": state,
        "created_at": now,
        "queued_at": now if state is JobState.QUEUED else None,
        "approval_reasons": list(reasons),
    }
    return JobRow(**values)


def job_of(row: JobRow) -> Job:
    """Return the row as a value."""
    values = {field.name: getattr(row, field.name) for field in fields_of(Job)}
    values |= {
        "guild_id": row.guild_id or None,
        # Forgotten once it no longer works; a job has always a text here.
        "interaction_token": row.interaction_token or "",
        "state": JobState(row.state),
        "failure": FailureReason(row.failure) if row.failure else None,
        "approval_reasons": tuple(row.approval_reasons or ()),
    }
    return Job(**values)


def settable(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields; TypeError when one is not for callers to set."""
    if unknown := sorted(set(fields) - SETTABLE):
        raise TypeError(f"these fields of a job cannot be set: {', '.join(unknown)}")
    return dict(fields)


def known(job_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of the row of this job, unless the job was forgotten."""
    return col(JobRow.id) == job_id, col(JobRow.forgotten_at).is_(None)


async def of_guild(session: AsyncSession, job_id: int, guild_id: int) -> JobRow:
    """Return the row of a job of this guild.

    Raises:
        NotFoundError: there is none; another guild's job is none.
    """
    query = select(JobRow).where(*known(job_id), col(JobRow.guild_id) == guild_id)
    row = (await session.scalars(query)).one_or_none()
    if row is None:
        raise no_such_job()
    return row


async def changed(
    session: AsyncSession,
    job_id: int,
    values: dict[str, Any],
    *also: ColumnElement[bool],
    sources: frozenset[JobState],
) -> JobRow | None:
    """Update the job if it is in one of `sources`; return its row, or None when nothing matched.

    `also` are further conditions on the row.
    """
    guarded = (
        update(JobRow)
        .where(*known(job_id), col(JobRow.state).in_(sources), *also)
        .values(values)
        .returning(JobRow)
    )
    try:
        return (await session.scalars(guarded)).one_or_none()
    except IntegrityError as error:
        # The one constraint that these fields can break.
        raise RequestTakenError(
            f"request {values.get('request_id')} belongs to another job than {job_id}"
        ) from error


async def moved(
    session: AsyncSession,
    job_id: int,
    values: dict[str, Any],
    *also: ColumnElement[bool],
    sources: frozenset[JobState],
    towards: JobState | None = None,
) -> JobRow:
    """Update the job if it is in one of `sources` and `also` is true of it; return its row.

    `towards` is where that leads, unless `values` has its next state.

    Raises:
        StaleStateError: it is in another state, or `also` is not true of it.
        NotFoundError: there is no such job.
    """
    row = await changed(session, job_id, values, *also, sources=sources)
    if row is None:
        raise await _stale(session, job_id, wanted=towards or values["state"])
    return row


async def _stale(session: AsyncSession, job_id: int, *, wanted: JobState) -> BotError:
    """Return the error for a job that could not be changed: it has moved on, or is not there."""
    current = await session.scalar(select(col(JobRow.state)).where(*known(job_id)))
    if current is None:
        return no_such_job()
    return StaleStateError(job_id, current=JobState(current), wanted=wanted)


def forget_useless_token(row: JobRow, *, now: datetime) -> None:
    """Remove the interaction token from a job that has ended or outlived it."""
    if job_of(row).terminal or row.token_expires_at <= now:
        row.interaction_token = None


def no_such_job() -> NotFoundError:
    """Return the error for a job that does not exist, or not for whoever asks."""
    return NotFoundError(gettext("There is no such job."))
