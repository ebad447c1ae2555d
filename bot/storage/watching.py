"""What a host watches of the database: whether it takes writes, and what is under way."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.errors import StorageTroubleError
from bot.job import TERMINAL, JobState
from bot.quota import Budget, windows_at
from bot.storage.accounts import host_credits
from bot.storage.database import Database
from bot.storage.tables import DIRECT_MESSAGES, JobRow
from bot.vital_signs import JobsInState, StuckJob

_STATE = col(JobRow.state)
_SINCE = case(
    (_STATE == JobState.QUEUED, col(JobRow.queued_at)),
    (_STATE.in_((JobState.SUBMITTING, JobState.UNCERTAIN)), col(JobRow.submitting_at)),
    (_STATE == JobState.RUNNING, col(JobRow.running_at)),
    (_STATE == JobState.FINISHED, col(JobRow.finished_at)),
    else_=col(JobRow.created_at),
)
_UNDER_WAY = (
    select(col(JobRow.model), _STATE, func.count(), func.min(_SINCE))
    .where(_STATE.in_(sorted(set(JobState) - TERMINAL)))
    .group_by(col(JobRow.model), _STATE)
)

_PUT_BACK = "put it back before the bot stops, or what it has written since is lost"


class WatchStore:
    """Looks; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen_file: tuple[int, int] | None = None

    async def jobs(self) -> Sequence[JobsInState]:
        """Return how many jobs have not ended, by model and state.

        In a transaction that may write, which changes nothing: a database that can only be read
        is as good as none.

        Raises:
            StorageTroubleError: the database cannot be used just now, or its file is no longer
                where the next start would look for it.
        """
        await asyncio.to_thread(self._see_file)

        async def work(session: AsyncSession) -> Sequence[JobsInState]:
            return [
                JobsInState(model=model, state=JobState(state), jobs=jobs, oldest_at=oldest_at)
                for model, state, jobs, oldest_at in await session.execute(_UNDER_WAY)
            ]

        return await self._database.write(work)

    def _see_file(self) -> None:
        """Look whether the file is the one of the first look. Blocking; StorageTroubleError.

        A file that is moved or removed works on for whoever has it open, and what is written into
        it is lost with the process.
        """
        file = self._database.file
        if file is None:
            return
        try:
            facts = file.stat()
        except FileNotFoundError:
            raise StorageTroubleError(f"the file {file} is gone: {_PUT_BACK}") from None
        found = (facts.st_dev, facts.st_ino)
        self._seen_file = self._seen_file or found
        if found != self._seen_file:
            raise StorageTroubleError(f"the file {file} is another one than before: {_PUT_BACK}")

    async def month_usd(self, budget: Budget, *, now: datetime) -> float:
        """Return what all videos of the host's month have cost, in USD, as the budget counts it.

        Raises:
            StorageTroubleError: the database cannot be used just now.
        """
        month = windows_at(now, budget.host_zone, budget.host_zone).host_month

        async def work(session: AsyncSession) -> float:
            return float(await host_credits(session, month, budget) * budget.usd_per_credit)

        return await self._database.read(work)

    async def stuck(self, before: Mapping[JobState, datetime], *, limit: int) -> Sequence[StuckJob]:
        """Return the jobs that have been in a state since before its time, the oldest first.

        Args:
            before: The states to look at, each with its time.
            limit: At most so many.

        Raises:
            StorageTroubleError: the database cannot be used just now.
        """
        late = (and_(col(JobRow.state) == state, since > _SINCE) for state, since in before.items())
        query = (
            select(col(JobRow.id), col(JobRow.guild_id), col(JobRow.model), _STATE, _SINCE)
            .where(or_(*late))
            .order_by(_SINCE, col(JobRow.id))
            .limit(limit)
        )

        async def work(session: AsyncSession) -> Sequence[StuckJob]:
            return [
                StuckJob(
                    id=job_id,
                    guild_id=None if guild_id == DIRECT_MESSAGES else guild_id,
                    model=model,
                    state=JobState(state),
                    since=since,
                )
                for job_id, guild_id, model, state, since in await session.execute(query)
            ]

        return await self._database.read(work)
