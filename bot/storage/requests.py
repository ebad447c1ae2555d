"""The provider's requests that went in the last minute, counted for all processes together.

They are in one row, with as few questions to the server as can be: each poll waits for them.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.pacing import Demand, Page, Taken, Turn, Wish, decide
from bot.storage.database import Database
from bot.storage.tables import UNSYNCED, RequestPageRow

# Names the advisory lock on PostgreSQL, see `bot.storage.schema`.
_LOCK = 4
# A process that is stopped (or cut off) in the middle would stop all others with it: the server
# ends its session instead.
_SILENCE_MS = 5_000
_NEVER_S = float("-inf")


class SharedRequests:
    """The `RequestBook` of `bot.jobs.budget_book`: one page for all processes on a database."""

    # So that a process makes ten transactions a second at most, however many polls it makes.
    gather_s = 0.1

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, demand: Demand, *, per_minute: int) -> Turn:
        """Count what may go now, and say so, in one transaction.

        The time is the server's, so that the machines' clocks do not matter.

        Raises:
            StorageTroubleError: the database cannot be used just now: nothing may go.
        """

        async def work(session: AsyncSession) -> Turn:
            await lock(session)
            now, page = await _read(session)
            after, turn = decide(
                page or Page(), demand, now_s=now.timestamp(), per_minute=per_minute
            )
            values = _values(after)
            if page is None:
                await session.execute(insert(RequestPageRow).values(id=1, **values))
            elif values != _values(page):
                statement = update(RequestPageRow).values(values)
                await session.execute(statement, execution_options=UNSYNCED)
            return turn

        return await self._database.write(work)


async def lock(session: AsyncSession, *, silence_ms: int = _SILENCE_MS) -> None:
    """Wait until no other process is here. On SQLite the transaction itself excludes others.

    Args:
        session: In a transaction that writes.
        silence_ms: How long it may do nothing from here on.
    """
    if not await _on_postgresql(session):
        return
    silence = func.set_config("idle_in_transaction_session_timeout", str(silence_ms), True)
    await session.execute(select(silence, func.pg_advisory_xact_lock(_LOCK)))


async def _read(session: AsyncSession) -> tuple[datetime, Page | None]:
    """Return the time, and the page if there is one.

    SQLite has no such clock; but there it is one machine, and so one clock.
    """
    clock = func.clock_timestamp() if await _on_postgresql(session) else literal(datetime.now(UTC))
    one = select(clock.label("now")).subquery()
    query = select(
        one.c.now,
        col(RequestPageRow.id),
        col(RequestPageRow.paused_until),
        col(RequestPageRow.next_poll_at),
        col(RequestPageRow.taken),
        col(RequestPageRow.wishes),
    ).select_from(one.outerjoin(RequestPageRow, col(RequestPageRow.id) == 1))
    row = (await session.execute(query)).one()
    now = row.now.replace(tzinfo=UTC) if row.now.tzinfo is None else row.now.astimezone(UTC)
    if row.id is None:
        return now, None
    page = Page(
        taken=tuple(
            Taken(at_s=at_s, submits=int(submits), polls=int(polls))
            for at_s, submits, polls in row.taken
        ),
        paused_until_s=_seconds(row.paused_until),
        next_poll_s=_seconds(row.next_poll_at),
        wishes={process: Wish(**wish) for process, wish in row.wishes.items()},
    )
    return now, page


def _values(page: Page) -> dict[str, Any]:
    """Return a page as its row has it."""
    return {
        "paused_until": _time(page.paused_until_s),
        "next_poll_at": _time(page.next_poll_s),
        "taken": [[taken.at_s, taken.submits, taken.polls] for taken in page.taken],
        "wishes": {
            process: {"submits": wish.submits, "urgency": wish.urgency, "until_s": wish.until_s}
            for process, wish in page.wishes.items()
        },
    }


async def _on_postgresql(session: AsyncSession) -> bool:
    return (await session.connection()).dialect.name == "postgresql"


def _seconds(time: datetime | None) -> float:
    return _NEVER_S if time is None else time.timestamp()


def _time(seconds: float) -> datetime | None:
    return None if seconds == _NEVER_S else datetime.fromtimestamp(seconds, UTC)
