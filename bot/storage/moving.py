"""Moving a whole installation from one database to another, of the same kind or the other kind."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.errors import BotError, ConfigurationError
from bot.storage import books, copying, engines, relocation, restoring
from bot.storage.database import Database
from bot.storage.relocation import Phase
from bot.storage.tables import LedgerRow

# A server shows a connection for a moment after it was closed.
_LOOKS = 20
_LOOK_EVERY_S = 0.1

Sums = Mapping[tuple[str, int, int], int]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What was moved.

    Attributes:
        rows: How many of each table the source has, and the target got.
        credits: Sums of the ledger by kind, of the same.
        earlier: Whether all was done before; the bot may have run on the target since.
    """

    rows: Mapping[str, int]
    credits: Mapping[str, int]
    earlier: bool


class Move:
    """One move. Repeat it after whatever stopped it: it goes on, and ends the same."""

    def __init__(
        self,
        source: Database,
        target: Database,
        *,
        now: Callable[[], datetime],
        standstill: Callable[[], None] = lambda: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a move.

        Args:
            source: Where the data are.
            target: Where they go.
            now: The time.
            standstill: Called when no bot can start any more; raises ConfigurationError when
                one has just done so.
            sleep: Lets time pass.
        """
        self._source = source
        self._target = target
        self._standstill = standstill
        self._now = now
        self._sleep = sleep

    async def prepare(self) -> None:
        """Let nothing run on the source any more, and claim the target.

        Raises:
            ConfigurationError: one of the two is not what a move needs; nothing was changed.
            BotError: a database fails.
        """
        with _told():
            await self._prepare()

    async def _prepare(self) -> None:
        if self._source.url == self._target.url:
            raise ConfigurationError("--to: this is where the data are already.")
        if foreign := await self._target.foreign_tables():
            raise ConfigurationError(
                f"--to: it holds tables of another program ({', '.join(foreign[:5])}). Give the "
                "bot a database of its own."
            )
        for database in (self._source, self._target):
            await alone_on(database, sleep=self._sleep)
            await database.migrate()
        before = await self._source.read(relocation.noted)
        try:
            await self._claim()
        except ConfigurationError:
            await self._source.write(lambda session: relocation.put(session, before))
            raise

    async def _claim(self) -> None:
        left = await self._source.write(
            lambda session: relocation.leave(
                session, peer=self._target.url, move_id=uuid.uuid4().hex, now=self._now()
            )
        )
        # Whoever starts from now on reads the note; whoever was faster is seen here.
        self._standstill()
        await alone_on(self._source, sleep=self._sleep)
        await self._target.write(
            lambda session: relocation.arrive(
                session, peer=self._source.url, move_id=left.move_id, now=self._now()
            )
        )

    async def carry_out(self, tell: Callable[[str], None]) -> Moved:
        """Copy, compare, and let the bot run on the target only.

        Args:
            tell: Gets a line about every table that was copied.

        Raises:
            BotError: a database fails, or the copy is not the same as the source.
        """
        with _told():
            earlier = await self._is_over()
            if not earlier:
                await self._copy(tell)
                await self._verify()
                # In this order: at no moment can both be started.
                await self._advance(self._source, Phase.LEFT)
                await self._advance(self._target, Phase.ARRIVED)
            counts = {
                table.name: await copying.count(self._source, table) for table in copying.TABLES
            }
            sums = await self._source.read(_sums)
            return Moved(rows=counts, credits=_by_kind(sums), earlier=earlier)

    async def _copy(self, tell: Callable[[str], None]) -> None:
        for table in copying.TABLES:
            await copying.copy(self._source, self._target, table)
            await copying.go_on_numbering(self._source, self._target, table)
            tell(f"{table.name}: {await copying.count(self._target, table)} rows")

    async def _is_over(self) -> bool:
        note = await self._target.read(relocation.noted)
        return note is not None and note.phase is Phase.ARRIVED

    async def _verify(self) -> None:
        found: list[str] = []
        for table in copying.TABLES:
            found += await copying.differences(self._source, self._target, table)
        if await self._source.read(_sums) != await self._target.read(_sums):
            found.append("the sums of the ledger differ")
        for database in (self._source, self._target):
            problems = await database.read(books.problems)
            found += [f"{database.url}: the ledger: {problem}" for problem in problems]
        if found:
            raise BotError(
                "The copy cannot be relied on, so the bot stays where it was:\n"
                + "\n".join(found)
                + "\nGive this move up with: python -m bot move --back"
            )

    async def _advance(self, database: Database, phase: Phase) -> None:
        await database.write(lambda session: relocation.advance(session, phase, now=self._now()))


@contextmanager
def _told() -> Iterator[None]:
    """Put a database's failure into words for the host."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise BotError(
            f"The move has stopped: {engines.cause(error)}\n"
            "Run it again; it goes on where it stopped."
        ) from error


async def alone_on(
    database: Database, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Return when no other program is connected.

    Raises:
        ConfigurationError: one is; a bot, most likely.
    """
    for _ in range(_LOOKS):
        if not await database.in_use():
            return
        await sleep(_LOOK_EVERY_S)
    raise ConfigurationError(
        f"{database.url} is in use. Stop every bot on it, and whatever else is connected."
    )


async def back(database: Database, *, now: datetime) -> int | None:
    """Let the bot run on a database again from which it was to move, or did.

    It is as old as the move then, like a backup.

    Returns:
        How many jobs are uncertain now, see `bot.storage.restoring`; None when it never left.

    Raises:
        ConfigurationError: it is not being moved anywhere.
    """

    async def work(session: AsyncSession) -> int | None:
        note = await relocation.noted(session)
        if note is None or note.phase not in {Phase.LEAVING, Phase.LEFT}:
            raise ConfigurationError(f"{database.url} is not being moved, and was not.")
        await relocation.put(session, None)
        # Until the source has left, the target cannot have been started.
        if note.phase is Phase.LEAVING:
            return None
        await restoring.forget_engine(session)
        return await restoring.mark_uncertain(session, now=now)

    return await database.write(work)


async def _sums(session: AsyncSession) -> Sums:
    account = (col(LedgerRow.kind), col(LedgerRow.guild_id), col(LedgerRow.user_id))
    query = select(*account, func.sum(col(LedgerRow.credits))).group_by(*account)
    rows = await session.execute(query)
    return {(kind, guild, user): int(credits_) for kind, guild, user, credits_ in rows}


def _by_kind(sums: Sums) -> dict[str, int]:
    kinds = sorted({kind for kind, _, _ in sums})
    return {kind: sum(n for (of, _, _), n in sums.items() if of == kind) for kind in kinds}
