"""Pictures that members have a form open for: as long as Discord's addresses of them live."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.storage.tables import UNSYNCED, PictureRow

# Discord's signed addresses work for about a day.
KEPT_FOR = timedelta(hours=24)


async def keep(
    session: AsyncSession, message_id: int, user_id: int, url: str, *, now: datetime
) -> None:
    """Keep a picture's address, in place of an earlier one, and forget all that are too old."""
    await forget_old(session, now=now)
    await session.merge(PictureRow(message_id=message_id, user_id=user_id, url=url, kept_at=now))


async def forget_old(session: AsyncSession, *, now: datetime) -> None:
    """Forget all that are too old."""
    await session.execute(
        delete(PictureRow).where(col(PictureRow.kept_at) <= now - KEPT_FOR),
        execution_options=UNSYNCED,
    )


async def kept(
    session: AsyncSession, message_id: int, user_id: int, *, now: datetime
) -> str | None:
    """Return the address, or None when there is none that can still work."""
    row = await session.get(PictureRow, (message_id, user_id))
    return row.url if row is not None and row.kept_at > now - KEPT_FOR else None
