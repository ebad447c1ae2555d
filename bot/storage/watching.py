"""What a host watches of the database: whether it takes writes, and what is under way."""

from collections.abc import Sequence

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import TERMINAL, JobState
from bot.storage.database import Database
from bot.storage.tables import JobRow
from bot.vital_signs import JobsInState

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


class WatchStore:
    """Looks; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def jobs(self) -> Sequence[JobsInState]:
        """Return how many jobs have not ended, by model and state.

        In a transaction that may write, which changes nothing: a database that can only be read
        is as good as none.

        Raises:
            StorageTroubleError: the database cannot be used just now.
        """

        async def work(session: AsyncSession) -> Sequence[JobsInState]:
            return [
                JobsInState(model=model, state=JobState(state), jobs=jobs, oldest_at=oldest_at)
                for model, state, jobs, oldest_at in await session.execute(_UNDER_WAY)
            ]

        return await self._database.write(work)
