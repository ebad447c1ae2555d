"""The provider's requests that went in the last minute, counted for all processes together."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.pacing import WINDOW_S, Demand, Page, Taken, Turn, Wish, decide
from bot.storage.database import Database
from bot.storage.tables import UNSYNCED, RequestPaceRow, RequestTakenRow

# Names the advisory lock on PostgreSQL, see `bot.storage.schema`.
_LOCK = 4
# A process that is stopped (or cut off) in the middle would stop all others with it: the server
# ends its session instead.
_SILENCE_MS = 5_000
_NEVER_S = float("-inf")


class SharedRequests:
    """The `RequestBook` of `bot.jobs.budget_book`: one page for all processes on a database."""

    # So many transactions a second at most in a process, however many polls it makes.
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
            now = await locked(session)
            row = await session.get(RequestPaceRow, 1)
            page = await _page(session, row, now)
            after, turn = decide(page, demand, now_s=now.timestamp(), per_minute=per_minute)
            if turn.submits or turn.polls:
                await _count(session, turn, now)
            if row is None or _told(page) != _told(after):
                await _write(session, row, after)
            return turn

        return await self._database.write(work)


async def locked(session: AsyncSession, *, silence_ms: int = _SILENCE_MS) -> datetime:
    """Wait until no other process is here; return the time after that.

    On SQLite the transaction itself excludes others, and there is one machine with one clock.

    Args:
        session: In a transaction that writes.
        silence_ms: How long it may do nothing from here on, on PostgreSQL.
    """
    connection = await session.connection()
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    await session.execute(
        select(
            func.set_config("idle_in_transaction_session_timeout", str(silence_ms), True),
            func.pg_advisory_xact_lock(_LOCK),
        )
    )
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now.astimezone(UTC)


async def _page(session: AsyncSession, row: RequestPaceRow | None, now: datetime) -> Page:
    since = now - timedelta(seconds=WINDOW_S)
    query = (
        select(
            col(RequestTakenRow.taken_at), col(RequestTakenRow.submits), col(RequestTakenRow.polls)
        )
        .where(col(RequestTakenRow.taken_at) > since)
        .order_by(col(RequestTakenRow.taken_at))
    )
    taken = tuple(
        Taken(at_s=taken_at.timestamp(), submits=submits, polls=polls)
        for taken_at, submits, polls in await session.execute(query)
    )
    if row is None:
        return Page(taken=taken)
    return Page(
        taken=taken,
        paused_until_s=_seconds(row.paused_until),
        next_poll_s=_seconds(row.next_poll_at),
        wishes={process: Wish(**wish) for process, wish in row.wishes.items()},
    )


async def _count(session: AsyncSession, turn: Turn, now: datetime) -> None:
    """Add what goes now, and forget what is over."""
    window = timedelta(seconds=WINDOW_S)
    over = delete(RequestTakenRow).where(
        or_(
            col(RequestTakenRow.taken_at) <= now - window,
            # The clock was set back since.
            col(RequestTakenRow.taken_at) >= now + window,
        )
    )
    await session.execute(over, execution_options=UNSYNCED)
    await session.execute(
        insert(RequestTakenRow).values(taken_at=now, submits=turn.submits, polls=turn.polls)
    )


async def _write(session: AsyncSession, row: RequestPaceRow | None, page: Page) -> None:
    if row is None:
        row = RequestPaceRow()
        session.add(row)
    row.paused_until = _time(page.paused_until_s)
    row.next_poll_at = _time(page.next_poll_s)
    row.wishes = _wishes(page)


def _told(page: Page) -> tuple[float, float, Mapping[str, Any]]:
    """Return what the row says of a page."""
    return page.paused_until_s, page.next_poll_s, _wishes(page)


def _wishes(page: Page) -> dict[str, Any]:
    return {
        process: {"submits": wish.submits, "urgency": wish.urgency, "until_s": wish.until_s}
        for process, wish in page.wishes.items()
    }


def _seconds(time: datetime | None) -> float:
    return _NEVER_S if time is None else time.timestamp()


def _time(seconds: float) -> datetime | None:
    return None if seconds == _NEVER_S else datetime.fromtimestamp(seconds, UTC)
