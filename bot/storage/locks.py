"""Locks among processes on one PostgreSQL server: advisory locks of a session of their own.

The server frees them when the session ends, so a killed process has none. A session that says
nothing for a while is ended by the server: a process that hangs, or a machine that is cut off,
keeps no lock either. They do not work through a pooler that lends a session for one
transaction (PgBouncer's transaction mode).
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Function, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import LockLostError
from bot.storage import engines

log = logging.getLogger(__name__)

# First number of our keys; the locks of guilds and members have keys of one number, which
# PostgreSQL keeps apart from those of two.
_NAMESPACE = 1_987_011_684
_ANSWER_WITHIN_S = 3.0
# The server ends the locks' session when nothing was asked for so long.
SILENCE_S = 10
_LIMIT_SILENCE = text(
    "SELECT set_config(name, :value, false) FROM pg_settings "
    "WHERE name = 'idle_session_timeout'"  # not there before PostgreSQL 14
)


def lock_number(name: str) -> int:
    """Return a name's key: the same in every process and version."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], signed=True)


class PostgresLocks:
    """The `Locks` of `bot.jobs.locks`."""

    # More than a check's interval and the time it may take, with room for a slow machine.
    grace_s = 6.0
    # The rest is for what happens between looking at the clock and acting.
    certain_for_s = grace_s - 1.0
    whose = "database (DATABASE_URL)"

    def __init__(self, engine: AsyncEngine, session: AsyncConnection, backend: int) -> None:
        self._engine = engine
        self._session = session
        self._backend = backend
        # Questions come from several tasks, and a session answers one at a time.
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["PostgresLocks"]:
        """Connect; at the end of the block everything held is free.

        Raises:
            ConfigurationError: the database cannot be reached.
        """
        address = engines.parse(url)
        engine = engines.lock_engine(address)
        try:
            session = await engine.connect()
            # In no transaction: the server's limit is for sessions that are idle outside one.
            await session.execution_options(isolation_level="AUTOCOMMIT")
            await session.execute(_LIMIT_SILENCE, {"value": f"{SILENCE_S}s"})
            backend = (await session.execute(select(func.pg_backend_pid()))).scalar_one()
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            raise engines.unusable(address, error) from error
        try:
            yield cls(engine, session, backend)
        finally:
            await _let_go(session, engine)

    async def hold(self, name: str) -> bool:
        """Take a lock for as long as the session lasts; False: another session has it.

        Raises:
            LockLostError: the session is gone.
        """
        return bool(await self._ask(func.pg_try_advisory_lock(_NAMESPACE, lock_number(name))))

    async def check(self) -> None:
        """Return when the session, and so every lock it took, is still there.

        Raises:
            LockLostError: it is not, or does not answer.
        """
        if await self._ask(func.pg_backend_pid()) != self._backend:
            raise LockLostError("another session answers: is a pooler in transaction mode between?")

    async def is_free(self, name: str) -> bool:
        """Tell whether nobody holds a lock; several may ask at once."""
        async with self._engine.begin() as connection:
            asked = func.pg_try_advisory_xact_lock_shared(_NAMESPACE, lock_number(name))
            return bool(await connection.scalar(select(asked)))

    @asynccontextmanager
    async def attempt(self, name: str) -> AsyncIterator[bool]:
        """Hold a lock during the block, if nobody else does; gives whether it is so."""
        async with self._engine.begin() as connection:
            asked = func.pg_try_advisory_xact_lock(_NAMESPACE, lock_number(name))
            yield bool(await connection.scalar(select(asked)))

    async def _ask(self, question: Function[Any]) -> Any:
        async with self._turn:
            task = asyncio.ensure_future(self._session.scalar(select(question)))
            # Not a time-out that cancels: the driver would wait for a server that is gone.
            await asyncio.wait({task}, timeout=_ANSWER_WITHIN_S)
            if not task.done():
                task.add_done_callback(_heard)
                raise LockLostError(f"no answer from the database within {_ANSWER_WITHIN_S:g} s")
            try:
                return task.result()
            except (SQLAlchemyError, OSError) as error:
                raise LockLostError(engines.cause(error)) from error


def _heard(task: asyncio.Task[Any]) -> None:
    """Take note of how a question ended for whose answer nobody waits any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.info("a late answer about the locks: %s", engines.cause(error))


async def _let_go(session: AsyncConnection, engine: AsyncEngine) -> None:
    """End the session, without waiting long for a server that may be gone."""

    async def close() -> None:
        try:
            # Else the server frees them some time after the connection has ended.
            await session.execute(select(func.pg_advisory_unlock_all()))
        finally:
            await session.close()
            await engine.dispose()

    closing = asyncio.ensure_future(close())
    await asyncio.wait({closing}, timeout=_ANSWER_WITHIN_S)
    if not closing.done():
        closing.add_done_callback(_heard)
    elif (error := closing.exception()) is not None:
        log.info("the locks' session was gone already: %s", engines.cause(error))
