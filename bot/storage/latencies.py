"""Learned latencies: a bounded number of the newest samples per model and size."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.latency import Sample
from bot.storage.tables import UNSYNCED, LatencyRow

KEPT_PER_KEY = 200


async def record(
    session: AsyncSession, model: str, size_key: str, samples: Iterable[Sample]
) -> None:
    """Add samples and forget those of their key beyond the newest `KEPT_PER_KEY`."""
    session.add_all(
        LatencyRow(
            model=model,
            size_key=size_key,
            latency_s=sample.latency_s,
            queue_s=sample.queue_s,
            failed=sample.failed,
            created_at=sample.at,
        )
        for sample in samples
    )
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


async def newest(session: AsyncSession, model: str, size_key: str, limit: int) -> list[Sample]:
    """Return the newest samples, newest first."""
    query = (
        select(LatencyRow)
        .where(col(LatencyRow.model) == model, col(LatencyRow.size_key) == size_key)
        .order_by(col(LatencyRow.id).desc())
        .limit(limit)
    )
    return [
        Sample(latency_s=row.latency_s, queue_s=row.queue_s, failed=row.failed, at=row.created_at)
        for row in await session.scalars(query)
    ]
