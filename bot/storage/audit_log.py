"""The audit log's rows: added in the transaction of the change they tell of, never changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import AuditEvent
from bot.storage.tables import AuditRow


async def add(session: AsyncSession, event: AuditEvent) -> AuditEvent:
    """Add the event; return it with its id."""
    row = _row_of(event)
    session.add(row)
    await session.flush()
    return event_of(row.model_dump())


async def add_all(session: AsyncSession, events: Iterable[AuditEvent]) -> None:
    """Add events."""
    session.add_all(map(_row_of, events))
    await session.flush()


def _row_of(event: AuditEvent) -> AuditRow:
    return AuditRow(
        guild_id=event.guild_id,
        actor_id=event.actor_id,
        action=str(event.action),
        target_id=event.target_id,
        detail=dict(event.detail),
        created_at=event.created_at,
    )


def event_of(values: Mapping[str, Any]) -> AuditEvent:
    """Return a row's values as what they mean."""
    return AuditEvent(**dict(values) | {"id": values["id"] or 0})
