"""What would go if it were forgotten now; nothing here writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.storage import asking, holding, skeletons
from bot.storage.database import Database
from bot.storage.tables import JobRow, ThumbnailRow


@dataclass(frozen=True, kw_only=True)
class Prunable:
    """How much is past its time.

    Attributes:
        jobs: By guild; 0: direct messages.
        thumbnails: Those of these jobs.
        drafts: Orders that were begun, and not sent.
        blocks: Blocks that are over.
        tokens: Interaction tokens that work no more.
    """

    jobs: Mapping[int, int]
    thumbnails: int
    drafts: int
    blocks: int
    tokens: int


async def prunable(
    database: Database, before: Mapping[int, datetime], *, now: datetime
) -> Prunable:
    """Count it.

    Args:
        database: Where.
        before: For each guild, when the jobs ended that are old enough.
        now: The time, aware.
    """

    async def work(session: AsyncSession) -> Prunable:
        jobs: dict[int, int] = {}
        pictures = 0
        for guild_id, moment in before.items():
            old = (
                *skeletons.ended(),
                col(JobRow.guild_id) == guild_id,
                col(JobRow.ended_at) < moment,
            )
            jobs[guild_id] = await _count(session, *old)
            of_old = col(ThumbnailRow.job_id).in_(select(col(JobRow.id)).where(*old))
            pictures += await _count(session, of_old)
        expired = col(JobRow.token_expires_at) <= now
        return Prunable(
            jobs={guild_id: number for guild_id, number in jobs.items() if number},
            thumbnails=pictures,
            drafts=await _count(session, asking.is_old(now)),
            blocks=await _count(session, holding.is_over(now)),
            tokens=await _count(session, col(JobRow.interaction_token).is_not(None), expired),
        )

    return await database.read(work)


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    return int(await session.scalar(select(func.count()).where(*conditions)) or 0)
