"""What members like: whether they are told of ends by direct message, and who is to be told."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, false, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import NEWS, Job, Wishes
from bot.storage import rows
from bot.storage.database import Database
from bot.storage.tables import DIRECT_MESSAGES, JobRow, MemberPreferenceRow


class PreferenceStore:
    """Members' preferences, and the jobs whose ends they are still to be told of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_telling(self, user_id: int, tells: bool, *, now: datetime) -> None:
        """Note whether a member wants to be told; saying it again changes nothing."""

        async def work(session: AsyncSession) -> None:
            row = await session.get(MemberPreferenceRow, user_id)
            if row is None:
                session.add(MemberPreferenceRow(user_id=user_id, tell_by_dm=tells, changed_at=now))
            elif row.tell_by_dm is not tells:
                row.tell_by_dm, row.changed_at = tells, now

        await self._database.write(work, locks=(user_id,))

    async def wishes(self, job_id: int) -> Wishes | None:
        """Return what the member of a job wants of it now; None when there is no such job."""
        tells = col(MemberPreferenceRow.tell_by_dm)
        query = (
            select(col(JobRow.dropped_at), tells)
            .outerjoin(MemberPreferenceRow, _mine())
            .where(*rows.known(job_id))
        )

        async def work(session: AsyncSession) -> Wishes | None:
            found = (await session.execute(query)).one_or_none()
            return None if found is None else Wishes(dropped_at=found[0], tells=bool(found[1]))

        return await self._database.read(work)

    async def to_tell(self, *, ended_since: datetime) -> list[int]:
        """Return the jobs that ended since then and whose members are still to be told."""
        query = select(col(JobRow.id)).where(col(JobRow.ended_at) >= ended_since, *_to_tell())

        async def work(session: AsyncSession) -> list[int]:
            return list(await session.scalars(query.order_by(col(JobRow.ended_at))))

        return await self._database.read(work)

    async def begin_telling(self, job_id: int, *, now: datetime) -> Job | None:
        """Note, before anything is sent, that a job's member is told; return the job.

        None when they are not to be told, or not again.
        """
        # Few want to be told, and others wait to write: nearly always this look is all.
        wanted = select(col(JobRow.id)).where(col(JobRow.id) == job_id, *_to_tell())
        if await self._database.read(lambda session: session.scalar(wanted)) is None:
            return None
        telling = (
            update(JobRow)
            .where(col(JobRow.id) == job_id, *_to_tell())
            .values(told_at=now)
            .returning(JobRow)
        )

        async def work(session: AsyncSession) -> Job | None:
            row = (await session.scalars(telling)).one_or_none()
            return None if row is None else rows.job_of(row)

        return await self._database.write(work)


def _mine() -> ColumnElement[bool]:
    return col(MemberPreferenceRow.user_id) == col(JobRow.user_id)


def _to_tell() -> tuple[ColumnElement[bool], ...]:
    """Return what is true of jobs whose members are to be told of their ends.

    Not of what came by direct message anyway, nor of what a moderator took away. Of a job in a
    restored backup nobody knows whether its member was told: better never than twice.
    """
    wanted = exists().where(
        _mine(),
        col(MemberPreferenceRow.tell_by_dm),
        col(MemberPreferenceRow.changed_at) <= col(JobRow.ended_at),
    )
    return (
        col(JobRow.state).in_(NEWS),
        col(JobRow.told_at).is_(None),
        col(JobRow.guild_id) != DIRECT_MESSAGES,
        col(JobRow.result_direct) == false(),
        col(JobRow.removed_at).is_(None),
        col(JobRow.restored_at).is_(None),
        col(JobRow.forgotten_at).is_(None),
        wanted,
    )
