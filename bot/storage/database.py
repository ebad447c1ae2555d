"""One database, a SQLite file or a PostgreSQL server: its transactions, migrations and check."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import URL, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.cancellation import to_the_end
from bot.errors import ConfigurationError, StorageTroubleError
from bot.storage import backups, engines, remains, revisions, troubles
from bot.storage.tables import Table

T = TypeVar("T")
Work: TypeAlias = Callable[[AsyncSession], Awaitable[T]]


class Database:
    """The engine and its two kinds of transaction. Make one per process, with `open`.

    Attributes:
        url: Where it is, with the password hidden; fit for logs.
        patience_s: How long a write waits for its turn behind others of this process.
    """

    def __init__(self, address: URL, name: str = "DATABASE_URL") -> None:
        self._name = name
        self.url = address.render_as_string(hide_password=True)
        self._address = address
        self._engine = engines.async_engine(address)
        self._writer = self._engine.execution_options(writing=True)
        # SQLite has one writer at a time. Waiting in line here is fair and costs nothing;
        # its own busy handler sleeps and polls, so it only arbitrates between processes.
        self._turn = asyncio.Lock() if address.drivername == "sqlite" else nullcontext()
        self.patience_s = engines.BUSY_TIMEOUT_S
        self._unfinished: set[asyncio.Future[Any]] = set()

    @classmethod
    def open(cls, url: str, name: str = "DATABASE_URL") -> "Database":
        """Return the database at `url`; nothing is connected or made yet.

        Args:
            url: `sqlite:///path/to/file` or `postgresql://user:password@host/name`.
            name: The setting it comes from, for errors.

        Raises:
            ConfigurationError: the URL is malformed or of another kind.
        """
        return cls(engines.parse(url, name), name)

    @classmethod
    def of_file(cls, file: Path) -> "Database":
        """Return the SQLite database in a file; nothing is connected yet."""
        return cls(URL.create("sqlite", database=str(file)), name=str(file))

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for a PostgreSQL database."""
        sqlite = self._address.drivername == "sqlite"
        return Path(str(self._address.database)) if sqlite else None

    async def migrate(self) -> revisions.Migration | None:
        """Create the tables or bring them up to date; safe when several processes do it at once.

        Returns:
            What was done; None when there was nothing to do.

        Raises:
            ConfigurationError: the database cannot be reached, or is newer than this program.
        """
        try:
            return await asyncio.to_thread(self._migrate)
        except (SQLAlchemyError, OSError) as error:
            raise engines.unusable(self._address, error, self._name) from error

    async def downgrade(self, revision: str) -> None:
        """Take the tables back to an older version, in one transaction; see `going_back`."""
        await asyncio.to_thread(self._downgrade, revision)

    async def check(self) -> None:
        """Return when the database answers and has this program's schema.

        Raises:
            ConfigurationError: says what is wrong and what to do.
        """
        current, newest = await self.versions()
        if current != newest:
            raise ConfigurationError(
                f"{self._name}: {self.url} has tables of version {current or 'none'}, this "
                f"program needs {newest}. Run: python -m bot migrate"
            )

    async def versions(self) -> tuple[str | None, str]:
        """Return the version of the tables (None: there are none), and the one they need.

        Versions are in the order of their names.

        Raises:
            ConfigurationError: the database cannot be used.
        """
        try:
            current = await self.read(_current_revision)
        except (SQLAlchemyError, StorageTroubleError, OSError) as error:
            raise engines.unusable(self._address, error, self._name) from error
        return current, await asyncio.to_thread(revisions.newest_revision)

    async def revision(self) -> str | None:
        """Return the version of the tables; None when there are none of the bot's."""
        return await self.read(_current_revision)

    async def foreign_tables(self) -> list[str]:
        """Return the tables that are there and not the bot's; works before `migrate`.

        Raises:
            ConfigurationError: the database cannot be reached.
        """
        try:
            return await self.read(_foreign_tables)
        except (SQLAlchemyError, StorageTroubleError, OSError) as error:
            raise engines.unusable(self._address, error, self._name) from error

    async def in_use(self) -> bool:
        """Tell whether others are connected; closes the connections that this one has itself.

        Raises:
            ConfigurationError: the database cannot be reached.
        """
        await self.close()
        if self.file is not None:
            return await asyncio.to_thread(backups.in_use, self.file)
        try:
            return bool(await self.read(_others))
        except (SQLAlchemyError, StorageTroubleError, OSError) as error:
            raise engines.unusable(self._address, error, self._name) from error

    async def close(self) -> None:
        """Wait for what is being written, then close every connection."""
        if self._unfinished:
            await asyncio.wait(self._unfinished)
        await self._engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Return what `work` finds; it gets a session for queries only.

        Raises:
            StorageTroubleError: the database cannot be used just now.
        """
        return await self._to_the_end(self._in_transaction(self._engine, work))

    async def write(self, work: Work[T], *, locks: Iterable[int] = ()) -> T:
        """Do `work` in one transaction: committed when it returns, undone when it raises.

        Args:
            work: Gets the session.
            locks: Works with a number in common run one after the other, in every process. On
                SQLite all of them do anyway.

        Raises:
            StorageTroubleError: the database cannot be used just now.
        """

        async def locked(session: AsyncSession) -> T:
            if self._address.drivername == "postgresql":
                for lock in sorted(set(locks)):  # in one order everywhere: no deadlocks
                    await session.execute(select(func.pg_advisory_xact_lock(lock)))
            return await work(session)

        async def in_turn() -> T:
            async with self._line():
                return await self._in_transaction(self._writer, locked)

        return await self._to_the_end(in_turn())

    async def wipe(self) -> bool:
        """Wipe what removed rows left behind in the files, see `bot.storage.remains`.

        Returns:
            False when something is left for now.
        """

        async def in_turn() -> bool:
            async with self._turn:
                return await asyncio.to_thread(remains.wipe, self._address)

        return await self._to_the_end(in_turn())

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[None]:
        """Wait for the turn to write, but not behind many who each wait for a locked file."""
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(self.patience_s):
                    await turn.enter_async_context(self._turn)
            except TimeoutError:
                raise StorageTroubleError("others have been waiting to write for long") from None
            yield

    async def _in_transaction(self, engine: AsyncEngine, work: Work[T]) -> T:
        with troubles.told_apart():
            async with AsyncSession(engine) as session, session.begin():
                return await work(session)

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Finish `work` even when the caller is cancelled, then let the cancellation through.

        A driver interrupted between two statements can leave its connection with SQLite's
        write lock held (measured: everybody else then waited out the busy timeout).
        """
        task = asyncio.ensure_future(work)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return await to_the_end(task)

    def _migrate(self) -> revisions.Migration | None:
        if self.file is not None:
            backups.refuse_half_restored(self.file)
        engine = engines.migration_engine(self._address)
        try:
            if revisions.is_newest(engine):
                return None
            from bot.storage import schema  # noqa: PLC0415 - Alembic is seldom needed, and large

            return schema.upgrade(engine)
        finally:
            engine.dispose()

    def _downgrade(self, revision: str) -> None:
        from bot.storage import schema  # noqa: PLC0415 - Alembic is seldom needed, and large

        engine = engines.migration_engine(self._address)
        try:
            schema.downgrade(engine, revision)
        finally:
            engine.dispose()


async def _current_revision(session: AsyncSession) -> str | None:
    connection = await session.connection()
    return await connection.run_sync(revisions.current_revision)


async def _foreign_tables(session: AsyncSession) -> list[str]:
    connection = await session.connection()
    found = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return sorted({*found} - {*Table.metadata.tables} - {revisions.TABLE})


async def _others(session: AsyncSession) -> int:
    # Of others' connections a plain user sees no more than this; those of the server's own
    # processes belong to nobody.
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND usesysid IS NOT NULL AND pid <> pg_backend_pid()"
    )
    return await session.scalar(query) or 0
