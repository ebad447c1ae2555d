"""The job store: accepting and moving jobs, each in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import DROPPABLE, RELEASING, SETTLING, SOURCES, TERMINAL, Job, JobState, NewJob
from bot.latency import Sample
from bot.quota import Allowance, Budget, EntryKind
from bot.storage import accounts, latencies, ledger, rows, thumbnails
from bot.storage.decided import DecidedJobs
from bot.storage.reading import NO_LIMITS
from bot.storage.tables import JobRow

_STAMPS: Mapping[JobState, str] = {
    JobState.SUBMITTING: "submitting_at",
    JobState.RUNNING: "running_at",
    JobState.FINISHED: "finished_at",
} | dict.fromkeys(TERMINAL, "ended_at")
# Only `approve`, which reserves, lets a job in that waits; only `deny`, which says who, denies.
_STEPS: Mapping[JobState, frozenset[JobState]] = {
    to: sources - {JobState.AWAITING_APPROVAL} if to is JobState.QUEUED else sources
    for to, sources in SOURCES.items()
    if to is not JobState.DENIED
}
_NOT_DROPPED = col(JobRow.dropped_at).is_(None)
# What must be true of a job beyond its state: a dropped one is not sent any more (it came back
# to the queue, and is cancelled), and no other becomes DROPPED.
_ONLY_IF: Mapping[JobState, ColumnElement[bool]] = {
    JobState.SUBMITTING: _NOT_DROPPED,
    JobState.DROPPED: ~_NOT_DROPPED,
}


class JobStore(DecidedJobs):
    """All jobs, their ledger and what else outlives the process. Returns frozen values only."""

    async def accept(
        self,
        new: NewJob,
        allowance: Allowance,
        zone: ZoneInfo,
        *,
        now: datetime,
        budget: Budget = NO_LIMITS,
        state: JobState = JobState.QUEUED,
        approval_reasons: Sequence[str] = (),
    ) -> Job:
        """Check the quota, reserve the price and queue the job, all or nothing.

        A job that exists already is returned as it is, and nothing is reserved again. One that
        is to wait for approval must fit as well, but reserves nothing.

        Args:
            new: The job; its id is the interaction's.
            allowance: What its member may spend and run at once.
            zone: The guild's time zone, whose days and months count.
            now: The time, aware.
            budget: What the guild's members together, and all guilds, may spend.
            state: QUEUED or AWAITING_APPROVAL.
            approval_reasons: Why it has to wait, one sentence each; kept for the moderators.

        Raises:
            RefusedError: a rule says no; nothing was written.
            NotFoundError: it existed, and was forgotten.
            ValueError: the price is not positive, or the state is another.
        """
        if new.price_credits < 1:
            raise ValueError(f"a job must cost at least 1 credit, not {new.price_credits}")
        if state not in {JobState.QUEUED, JobState.AWAITING_APPROVAL}:
            raise ValueError(f"a job cannot be accepted as {state}")

        async def work(session: AsyncSession) -> Job:
            if existing := await session.get(JobRow, new.id):
                if existing.forgotten_at is not None:
                    raise rows.no_such_job()
                return rows.job_of(existing)
            row = rows.new_row(new, state, reasons=approval_reasons, now=now)
            parts = await accounts.draw(
                session,
                row,
                allowance,
                zone,
                now=now,
                budget=budget,
                pseudonyms=self._pseudonyms,
            )
            session.add(row)
            if state is JobState.QUEUED:
                await accounts.reserve(session, row, parts, now=now)
            await session.flush()
            await session.refresh(row)
            return rows.job_of(row)

        locks = accounts.locks(new.guild_id, new.user_id, budget)
        return await self._database.write(work, locks=locks)

    # -- moving --------------------------------------------------------------------

    async def transition(self, job_id: int, to: JobState, *, now: datetime, **fields: Any) -> Job:
        """Move the job to a state that may follow the one it is in; stamp the time; book credits.

        Entering a releasing state gives the credits back, entering a settling one settles them,
        except from UNDELIVERED: those went back already, so that delivery is free.
        A job that waits for approval goes on by `approve` and `deny`; here it can be cancelled.
        The job returned from a terminal transition still has its interaction token (for the
        last edit of the card), the database no longer.

        Args:
            job_id: The job.
            to: Its next state.
            now: The time, aware.
            **fields: Values of `SETTABLE` fields to set with it.

        Raises:
            StaleStateError: the job is in a state that `to` may not follow, or is dropped (or
                is not) where that decides; nothing changed.
            RequestTakenError: `request_id` is another job's; nothing changed.
            NotFoundError: there is no such job.
            TypeError: a field cannot be set.
            ValueError: no step leads to that state; a job is denied by `deny`, which says who.
        """
        if to not in _STEPS:
            raise ValueError(f"no step makes a job {to}")
        values = rows.settable(fields) | {"state": to}
        if to in _STAMPS:
            values[_STAMPS[to]] = now

        async def work(session: AsyncSession) -> Job:
            also = (_ONLY_IF[to],) if to in _ONLY_IF else ()
            row = await rows.moved(session, job_id, values, *also, sources=_STEPS[to])
            if to in RELEASING:
                await ledger.mirror(session, job_id, EntryKind.RELEASE, now=now)
            elif to in SETTLING:
                await ledger.settle(session, job_id, now=now)
            job = rows.job_of(row)
            rows.forget_useless_token(row, now=now)
            return job

        return await self._database.write(work)

    async def drop(self, job_id: int, *, now: datetime) -> Job:
        """Note that a job's member does not want its video any more, once.

        Nothing else changes: the job goes on, and ends as DROPPED where it would be posted.

        Raises:
            StaleStateError: it was not sent yet, was dropped before, its video is being posted,
                or it has ended.
            NotFoundError: there is no such job.
        """
        posting = (col(JobRow.state) == JobState.FINISHED) & col(JobRow.delivering_at).is_not(None)

        async def work(session: AsyncSession) -> Job:
            values = {"dropped_at": now}
            allowed = (_NOT_DROPPED, ~posting)
            row = await rows.moved(
                session, job_id, values, *allowed, sources=DROPPABLE, towards=JobState.DROPPED
            )
            return rows.job_of(row)

        return await self._database.write(work)

    async def begin_delivery(self, job_id: int, *, now: datetime) -> Job:
        """Note that posting begins: from then on nobody can drop the video.

        Raises:
            StaleStateError: it was dropped, or has ended; nothing must be posted.
            NotFoundError: there is no such job.
        """
        values, made = {"delivering_at": now}, frozenset({JobState.FINISHED})

        async def work(session: AsyncSession) -> Job:
            row = await rows.moved(
                session, job_id, values, _NOT_DROPPED, sources=made, towards=JobState.DELIVERED
            )
            return rows.job_of(row)

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
        values = rows.settable(fields)

        async def work(session: AsyncSession) -> Job:
            row = await rows.changed(session, job_id, values, sources=frozenset(JobState))
            if row is None:
                raise rows.no_such_job()
            return rows.job_of(row)

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

    async def record_latency(self, model: str, size_key: str, *samples: Sample) -> None:
        """Remember how long jobs of this model and size took."""
        await self._database.write(
            lambda session: latencies.record(session, model, size_key, samples)
        )

    # -- thumbnails ------------------------------------------------------------

    async def keep_thumbnail(self, job_id: int, image: bytes, *, now: datetime) -> bool:
        """Keep a video's picture, once; False when it is not wanted, see `thumbnails.keep`."""
        return await self._database.write(
            lambda session: thumbnails.keep(session, job_id, image, now=now)
        )
