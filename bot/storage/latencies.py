"""Learned latencies: a bounded number of the newest samples per model and size."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.storage.tables import UNSYNCED, LatencyRow

KEPT_PER_KEY = 200


async def record(
    session: AsyncSession, model: str, size_key: str, latency_s: float, *, now: datetime
) -> None:
    """Add a sample and forget those of its key beyond the newest `KEPT_PER_KEY`."""
    session.add(LatencyRow(model=model, size_key=size_key, latency_s=latency_s, created_at=now))
    await session.flush()
    same_key = (col(LatencyRow.model) == model, col(LatencyRow.size_key) == size_key)
    newest = (
        select(col(LatencyRow.id))
        .where(*same_key)
        .order_by(col(LatencyRow.id).desc())
        .limit(KEPT_PER_KEY)
    )
    await session.execute(
        delete(LatencyRow).where(*same_key, col(LatencyRow.id).not_in(newest)),
        execution_options=UNSYNCED,
    )


async def newest(session: AsyncSession, model: str, size_key: str, limit: int) -> list[float]:
    """Return the newest samples in seconds, newest first."""
    query = (
        select(col(LatencyRow.latency_s))
        .where(col(LatencyRow.model) == model, col(LatencyRow.size_key) == size_key)
        .order_by(col(LatencyRow.id).desc())
        .limit(limit)
    )
    return list(await session.scalars(query))
