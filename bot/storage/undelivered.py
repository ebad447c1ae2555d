"""Jobs whose videos stayed behind: which they are, and who is sending one again right now."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.errors import StaleStateError
from bot.job import FailureReason, Job, JobState
from bot.storage import rows
from bot.storage.database import Database
from bot.storage.tables import JobRow


class UndeliveredStore:
    """A send that was begun is noted as `result_channel_id` and `delivering_at`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin_sending(
        self,
        job_id: int,
        *,
        channel_id: int,
        seen: datetime | None,
        begun_before: datetime,
        now: datetime,
    ) -> Job:
        """Note that an undelivered video is being sent, before anything is.

        Args:
            job_id: The job.
            channel_id: Where to look for it should nobody note that it arrived.
            seen: The job's `delivering_at` as the caller knows it, who has looked for a message
                of that try: whoever began since then comes first.
            begun_before: A send that was begun before then, and not ended, was cut off.
            now: The time, aware.

        Raises:
            StaleStateError: somebody else sends it, or it is not undelivered any more.
            NotFoundError: there is no such job.
        """
        at = col(JobRow.delivering_at)
        free = col(JobRow.result_channel_id).is_(None) | at.is_(None) | (at < begun_before)
        begun = (
            update(JobRow)
            .where(
                *rows.known(job_id),
                col(JobRow.state) == JobState.UNDELIVERED,
                col(JobRow.removed_at).is_(None),
                at.is_(None) if seen is None else at == seen,
                free,
            )
            .values(delivering_at=now, result_channel_id=channel_id)
            .returning(JobRow)
        )

        async def work(session: AsyncSession) -> Job:
            row = (await session.scalars(begun)).one_or_none()
            if row is not None:
                return rows.job_of(row)
            current = await session.scalar(select(col(JobRow.state)).where(*rows.known(job_id)))
            if current is None:
                raise rows.no_such_job()
            raise StaleStateError(job_id, current=JobState(current), wanted=JobState.DELIVERED)

        return await self._database.write(work)

    async def end_sending(self, job_id: int) -> None:
        """Note that a send has come to nothing: the next may begin at once."""
        ended = (
            update(JobRow)
            .where(*rows.known(job_id), col(JobRow.state) == JobState.UNDELIVERED)
            .values(result_channel_id=None)
        )

        async def work(session: AsyncSession) -> None:
            await session.execute(ended)

        await self._database.write(work)

    async def stayed_behind(self, *, ended_since: datetime) -> list[Job]:
        """Return undelivered jobs that Discord's trouble stopped, the first to end first."""
        query = select(JobRow).where(
            col(JobRow.state) == JobState.UNDELIVERED,
            col(JobRow.failure) == FailureReason.DISCORD_DOWN,
            col(JobRow.ended_at) >= ended_since,
            col(JobRow.forgotten_at).is_(None),
            col(JobRow.removed_at).is_(None),
        )

        async def work(session: AsyncSession) -> list[Job]:
            found = await session.scalars(query.order_by(col(JobRow.ended_at), col(JobRow.id)))
            return [rows.job_of(row) for row in found]

        return await self._database.read(work)
