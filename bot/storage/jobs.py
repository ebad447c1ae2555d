"""The job store: accepting, moving and finding jobs, each in one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot import quota
from bot.errors import NotFoundError, RefusedError, RequestTakenError, StaleStateError
from bot.job import IN_FLIGHT, RELEASING, SOURCES, TERMINAL, FailureReason, Job, JobState, NewJob
from bot.quota import Allowance, Balance, EntryKind, LedgerEntry
from bot.storage import latencies, ledger, pictures
from bot.storage.database import Database
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
        "failure",
        "error_detail",
    }
)

_STAMPS: Mapping[JobState, str] = {
    JobState.SUBMITTING: "submitting_at",
    JobState.RUNNING: "running_at",
    JobState.FINISHED: "finished_at",
} | dict.fromkeys(TERMINAL, "ended_at")


class JobStore:
    """All jobs, their ledger and what else outlives the process. Returns frozen values only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(
        self, new: NewJob, allowance: Allowance, zone: ZoneInfo, *, now: datetime
    ) -> Job:
        """Check the quota, reserve the price and queue the job, all or nothing.

        A job that exists already is returned as it is, and nothing is reserved again.

        Args:
            new: The job; its id is the interaction's.
            allowance: What its member may spend and run at once.
            zone: The guild's time zone, whose days and months count.
            now: The time, aware.

        Raises:
            RefusedError: a rule of the allowance says no; nothing was written.
            ValueError: the price is not positive.
        """
        if new.price_credits < 1:
            raise ValueError(f"a job must cost at least 1 credit, not {new.price_credits}")
        day, month = quota.day_window(now, zone), quota.month_window(now, zone)

        async def work(session: AsyncSession) -> Job:
            if existing := await session.get(JobRow, new.id):
                return _job(existing)
            usage = await ledger.usage(
                session, guild_id=new.guild_id, user_id=new.user_id, day=day, month=month
            )
            refusal = quota.check(allowance, usage, new.price_credits, day=day, month=month)
            if refusal is not None:
                raise RefusedError(quota.refusal_text(refusal))
            row = _new_row(new, now=now)
            session.add(row)
            ledger.add(session, row, EntryKind.RESERVE, now=now)
            await session.flush()
            await session.refresh(row)
            return _job(row)

        # A member's and a guild's limits are checked against sums: whoever adds them up
        # must be alone. Direct messages are counted by member.
        return await self._database.write(work, lock=new.guild_id or new.user_id)

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None when there is no such job."""
        query = select(JobRow).where(col(JobRow.id) == job_id)
        return next(iter(await self._jobs(query)), None)

    async def transition(self, job_id: int, to: JobState, *, now: datetime, **fields: Any) -> Job:
        """Move the job to a state that may follow the one it is in; stamp the time; book credits.

        Entering a releasing state gives the credits back, entering DELIVERED settles them,
        except from UNDELIVERED: those went back already, so that delivery is free.
        The job returned from a terminal transition still has its interaction token (for the
        last edit of the card), the database no longer.

        Args:
            job_id: The job.
            to: Its next state.
            now: The time, aware.
            **fields: Values of `SETTABLE` fields to set with it.

        Raises:
            StaleStateError: the job is in a state that `to` may not follow; nothing changed.
            RequestTakenError: `request_id` is another job's; nothing changed.
            NotFoundError: there is no such job.
            TypeError: a field cannot be set.
        """
        values = _values(fields) | {"state": to}
        if to in _STAMPS:
            values[_STAMPS[to]] = now

        async def work(session: AsyncSession) -> Job:
            row = await _update(session, job_id, values, sources=SOURCES[to])
            if row is None:
                raise await _stale(session, job_id, to)
            if to in RELEASING:
                ledger.add(session, row, EntryKind.RELEASE, now=now)
            elif to is JobState.DELIVERED and not await ledger.is_released(session, job_id):
                ledger.add(session, row, EntryKind.SETTLE, now=now)
            job = _job(row)
            if job.terminal or job.token_expires_at <= now:
                row.interaction_token = None
            return job

        return await self._database.write(work)

    async def note(self, job_id: int, **fields: Any) -> Job:
        """Set `SETTABLE` fields without a change of state.

        Raises:
            RequestTakenError: `request_id` is another job's; nothing changed.
            NotFoundError: there is no such job.
            TypeError: a field cannot be set, or none is given.
        """
        if not fields:
            raise TypeError("note() needs a field to set")
        values = _values(fields)

        async def work(session: AsyncSession) -> Job:
            row = await _update(session, job_id, values, sources=frozenset(JobState))
            if row is None:
                raise _no_such_job()
            return _job(row)

        return await self._database.write(work)

    async def forget_expired_tokens(self, *, now: datetime) -> int:
        """Remove interaction tokens that no longer work; return how many."""
        expired = (
            update(JobRow)
            .where(col(JobRow.interaction_token).is_not(None), col(JobRow.token_expires_at) <= now)
            .values(interaction_token=None)
            .returning(col(JobRow.id))
        )

        async def work(session: AsyncSession) -> int:
            return len((await session.scalars(expired)).all())

        return await self._database.write(work)

    # -- finding ---------------------------------------------------------------

    async def unfinished(self) -> list[Job]:
        """Return every job that is not in a terminal state, oldest first."""
        query = select(JobRow).where(col(JobRow.state).in_(IN_FLIGHT)).order_by(col(JobRow.id))
        return await self._jobs(query)

    async def of_member(
        self,
        user_id: int,
        *,
        guild_id: int | None = None,
        limit: int = 25,
        before: int | None = None,
    ) -> list[Job]:
        """Return a member's jobs, newest first.

        Args:
            user_id: The member.
            guild_id: Only those of this guild; None for all, direct messages too.
            limit: At most so many.
            before: Only jobs older than this job id, for paging.
        """
        query = select(JobRow).where(col(JobRow.user_id) == user_id)
        if guild_id is not None:
            query = query.where(col(JobRow.guild_id) == guild_id)
        if before is not None:
            query = query.where(col(JobRow.id) < before)
        return await self._jobs(query.order_by(col(JobRow.id).desc()).limit(limit))

    async def place_in_queue(self, job_id: int) -> int:
        """Return 1 for the next one: how many queued jobs are older, plus one."""
        # Ids are Discord's, which grow with time.
        query = select(func.count()).where(
            col(JobRow.state) == JobState.QUEUED, col(JobRow.id) < job_id
        )
        return 1 + await self._count(query)

    async def in_flight_count(self) -> int:
        """Return how many jobs, of everybody, are not in a terminal state."""
        query = select(func.count()).where(col(JobRow.state).in_(IN_FLIGHT))
        return await self._count(query)

    async def known_request_ids(self, request_ids: Iterable[str]) -> set[str]:
        """Return which of these provider's ids belong to a job already."""
        query = select(col(JobRow.request_id)).where(col(JobRow.request_id).in_(set(request_ids)))

        async def work(session: AsyncSession) -> set[str]:
            return {known for known in await session.scalars(query) if known is not None}

        return await self._database.read(work)

    async def _jobs(self, query: Select[JobRow]) -> list[Job]:
        async def work(session: AsyncSession) -> list[Job]:
            return [_job(row) for row in await session.scalars(query)]

        return await self._database.read(work)

    async def _count(self, query: Select[int]) -> int:
        async def work(session: AsyncSession) -> int:
            return await session.scalar(query) or 0

        return await self._database.read(work)

    # -- credits and latencies -------------------------------------------------

    async def balance(
        self,
        *,
        guild_id: int | None,
        user_id: int,
        allowance: Allowance,
        zone: ZoneInfo,
        now: datetime,
    ) -> Balance:
        """Return a member's allowance and what counts against it; guild None: direct messages."""
        day, month = quota.day_window(now, zone), quota.month_window(now, zone)
        usage = await self._database.read(
            lambda session: ledger.usage(
                session, guild_id=guild_id, user_id=user_id, day=day, month=month
            )
        )
        return Balance(allowance=allowance, usage=usage, day=day, month=month)

    async def ledger_of(self, job_id: int) -> list[LedgerEntry]:
        """Return the job's ledger entries, oldest first."""
        return await self._database.read(lambda session: ledger.entries_of(session, job_id))

    async def check_ledger(self) -> list[str]:
        """Return one sentence for each thing in the ledger that does not add up. Reads it all."""
        return await self._database.read(ledger.problems)

    async def record_latency(
        self, model: str, size_key: str, latency_s: float, *, now: datetime
    ) -> None:
        """Remember how long (in seconds, above 0) a video of this model and size took."""
        await self._database.write(
            lambda session: latencies.record(session, model, size_key, latency_s, now=now)
        )

    async def latencies(self, model: str, size_key: str, limit: int = 50) -> list[float]:
        """Return the newest latencies in seconds, newest first."""
        return await self._database.read(
            lambda session: latencies.newest(session, model, size_key, limit)
        )

    # -- forms that are open ---------------------------------------------------

    async def keep_picture(self, message_id: int, user_id: int, url: str, *, now: datetime) -> None:
        """Keep a message's picture for a member whose form is open, for `pictures.KEPT_FOR`."""
        await self._database.write(
            lambda session: pictures.keep(session, message_id, user_id, url, now=now)
        )

    async def kept_picture(self, message_id: int, user_id: int, *, now: datetime) -> str | None:
        """Return the picture's address; None when none was kept, or too long ago."""
        return await self._database.read(
            lambda session: pictures.kept(session, message_id, user_id, now=now)
        )


async def _update(
    session: AsyncSession, job_id: int, values: dict[str, Any], *, sources: frozenset[JobState]
) -> JobRow | None:
    """Update the job if it is in one of `sources`; return its row, or None when nothing matched."""
    guarded = (
        update(JobRow)
        .where(col(JobRow.id) == job_id, col(JobRow.state).in_(sources))
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


async def _stale(session: AsyncSession, job_id: int, to: JobState) -> Exception:
    current = await session.scalar(select(col(JobRow.state)).where(col(JobRow.id) == job_id))
    if current is None:
        return _no_such_job()
    return StaleStateError(job_id, current=JobState(current), wanted=to)


def _no_such_job() -> NotFoundError:
    return NotFoundError("There is no such job.")


def _values(fields: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(fields) - SETTABLE):
        raise TypeError(f"these fields of a job cannot be set: {', '.join(unknown)}")
    return dict(fields)


# -- rows and jobs ---------------------------------------------------------------


def _new_row(new: NewJob, *, now: datetime) -> JobRow:
    values = {field.name: getattr(new, field.name) for field in fields_of(NewJob)}
    values |= {
        "guild_id": new.guild_id or DIRECT_MESSAGES,
        "parameters": dict(new.parameters),
        "state": JobState.QUEUED,
        "created_at": now,
    }
    return JobRow(**values)


def _job(row: JobRow) -> Job:
    values = {field.name: getattr(row, field.name) for field in fields_of(Job)}
    values |= {
        "guild_id": row.guild_id or None,
        # Forgotten once it no longer works; a job has always a text here.
        "interaction_token": row.interaction_token or "",
        "state": JobState(row.state),
        "failure": FailureReason(row.failure) if row.failure else None,
    }
    return Job(**values)
