"""Small pictures of finished videos; in the database, because several processes share it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.storage import rows
from bot.storage.tables import UNSYNCED, JobRow, ThumbnailRow


async def keep(session: AsyncSession, job_id: int, image: bytes, *, now: datetime) -> bool:
    """Keep a job's picture; return False when it has one, is forgotten, or its video was removed.

    The job's row is locked meanwhile: whoever removes the video comes before or after.
    """
    wanted = (*rows.known(job_id), col(JobRow.removed_at).is_(None))
    locked = select(col(JobRow.id)).where(*wanted).with_for_update()
    if await session.scalar(locked) is None:
        return False
    picture = ThumbnailRow.__table__  # type: ignore[attr-defined] # SQLModel types it not
    values = {"job_id": job_id, "image": image, "created_at": now}
    has_one = exists().where(col(ThumbnailRow.job_id) == job_id)
    new = select(*(literal(value, picture.c[name].type) for name, value in values.items()))
    kept = insert(picture).from_select([*values], new.where(~has_one)).returning(picture.c.job_id)
    return await session.scalar(kept) is not None


async def of(session: AsyncSession, job_ids: Sequence[int]) -> Mapping[int, bytes]:
    """Return the pictures of these jobs, as far as there are any."""
    query = select(col(ThumbnailRow.job_id), col(ThumbnailRow.image))
    found = await session.execute(query.where(col(ThumbnailRow.job_id).in_(job_ids)))
    return {row.job_id: row.image for row in found}


async def drop(session: AsyncSession, job_ids: Iterable[int]) -> None:
    """Remove the pictures of these jobs, for good."""
    gone = delete(ThumbnailRow).where(col(ThumbnailRow.job_id).in_(job_ids))
    await session.execute(gone, execution_options=UNSYNCED)


def of_member(user_id: int) -> ColumnElement[bool]:
    """Return what is true of the pictures of a member's videos."""
    theirs = select(col(JobRow.id)).where(col(JobRow.user_id) == user_id)
    return col(ThumbnailRow.job_id).in_(theirs)
