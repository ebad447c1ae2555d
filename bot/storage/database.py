"""One database, a SQLite file or a PostgreSQL server: its transactions, migrations and check."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from sqlalchemy import URL, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import ConfigurationError
from bot.storage import engines, schema


class Database:
    """The engine and its two kinds of transaction. Make one per process, with `open`.

    Attributes:
        url: Where it is, with the password hidden; fit for logs.
    """

    def __init__(self, address: URL) -> None:
        self.url = address.render_as_string(hide_password=True)
        self._address = address
        self._engine = engines.async_engine(address)
        self._writer = self._engine.execution_options(writing=True)
        # SQLite has one writer at a time. Waiting in line here is fair and costs nothing;
        # its own busy handler sleeps and polls, so it only arbitrates between processes.
        self._turn = asyncio.Lock() if address.drivername == "sqlite" else nullcontext()

    @classmethod
    def open(cls, url: str) -> "Database":
        """Return the database at `url`; nothing is connected or made yet.

        Args:
            url: `sqlite:///path/to/file` or `postgresql://user:password@host/name`.

        Raises:
            ConfigurationError: the URL is malformed or of another kind.
        """
        return cls(engines.parse(url))

    async def migrate(self) -> None:
        """Create the tables or bring them up to date; safe when several processes do it at once.

        Raises:
            ConfigurationError: the database cannot be reached, or is newer than this program.
        """
        try:
            await asyncio.to_thread(self._migrate)
        except (SQLAlchemyError, OSError) as error:
            raise self._unusable(error) from error

    async def check(self) -> None:
        """Return when the database answers and has this program's schema.

        Raises:
            ConfigurationError: says what is wrong and what to do.
        """
        try:
            async with self._engine.connect() as connection:
                current = await connection.run_sync(schema.current_revision)
        except (SQLAlchemyError, OSError) as error:
            raise self._unusable(error) from error
        newest = schema.newest_revision()
        if current != newest:
            raise ConfigurationError(
                f"DATABASE_URL: {self.url} has tables of version {current or 'none'}, this "
                f"program needs {newest}. Run: python -m bot migrate"
            )

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Give a session for queries only."""
        async with AsyncSession(self._engine) as session, session.begin():
            yield session

    @asynccontextmanager
    async def writing(self, *, lock: int | None = None) -> AsyncIterator[AsyncSession]:
        """Give a session whose work is committed at the end of the block, or not at all.

        Args:
            lock: Blocks with the same number run one after the other, in every process. On
                SQLite all of them do anyway.
        """
        async with self._turn, AsyncSession(self._writer) as session, session.begin():
            if lock is not None and self._address.drivername == "postgresql":
                await session.execute(select(func.pg_advisory_xact_lock(lock)))
            yield session

    def _migrate(self) -> None:
        engine = engines.migration_engine(self._address)
        try:
            schema.upgrade(engine)
        finally:
            engine.dispose()

    def _unusable(self, error: Exception) -> ConfigurationError:
        # The driver's own words; SQLAlchemy's would add the statement.
        cause = getattr(error, "orig", None) or error
        return ConfigurationError(f"DATABASE_URL: cannot use {self.url}: {cause}")
