"""The locks that keep bot processes apart: one process per executor id, one that leads.

Whoever holds the lock of an executor id runs the jobs that the durable engine has under that
id. When a process dies its lock becomes free, and another takes its jobs over
(`bot.jobs.takeover`). A process that has lost its own lock must send nothing more: what it
cannot know is whether another has its jobs already.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.errors import ConfigurationError, LockLostError

log = logging.getLogger(__name__)

LEADER = "leader"
# How often a process makes sure of its lock.
CHECK_EVERY_S = 1.0
# A process that was killed a moment ago may still have it, and another looks at it now and then.
_PATIENCE_S = 3.0
_TRY_EVERY_S = 0.25


def executor_lock(executor_id: str) -> str:
    """Return the name of an executor id's lock."""
    return f"executor-{executor_id}"


class Locks(Protocol):
    """Named locks among all processes on one database; those of a killed process become free."""

    @property
    def grace_s(self) -> float:
        """How long a lock must have been free before what it guards may be taken.

        By then its former holder, if it lives, has noticed the loss.
        """
        ...

    @property
    def certain_for_s(self) -> float:
        """How long after a check nobody else can have taken what a lock guards: under the grace."""
        ...

    @property
    def whose(self) -> str:
        """Among whom a name is held once, in words: what the processes share."""
        ...

    async def hold(self, name: str) -> bool:
        """Take a lock for as long as this process has its connection; False: another has it.

        Raises:
            LockLostError: the connection is gone, and every lock with it.
        """
        ...

    async def check(self) -> None:
        """Return when all that was taken is still held.

        Raises:
            LockLostError: it is not, or nobody can say.
        """
        ...

    async def is_free(self, name: str) -> bool:
        """Tell whether nobody holds a lock, without being in anybody's way."""
        ...

    def attempt(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Hold a lock during the block, if nobody else does; gives whether it is so."""
        ...


class Tenure:
    """This process's right to work under its executor id."""

    def __init__(
        self,
        locks: Locks,
        executor_id: str,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make it; nothing is held yet.

        Args:
            locks: Where the lock is.
            executor_id: Whose it is.
            monotonic_s: A clock that goes on while the process is stopped.
            sleep: Waits so many seconds.
        """
        self._locks = locks
        self._executor_id = executor_id
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        self._certain_until_s = float("-inf")
        self._lost = False

    async def begin(self) -> None:
        """Take the lock.

        Raises:
            ConfigurationError: another process runs under this executor id.
        """
        name = executor_lock(self._executor_id)
        give_up_at_s = self._monotonic_s() + _PATIENCE_S
        while True:
            asked_at_s = self._monotonic_s()
            if await self._locks.hold(name):
                self._prolong(asked_at_s)
                return
            if asked_at_s >= give_up_at_s:
                raise ConfigurationError(
                    f"Another process runs as EXECUTOR_ID {self._executor_id} with the same "
                    f"{self._locks.whose}. Stop it, or give each process its own EXECUTOR_ID "
                    "(or its own PROCESS_INDEX)."
                )
            await self._sleep(_TRY_EVERY_S)

    def sure(self) -> bool:
        """Tell whether no other process can have taken this one's jobs.

        Asked right before anything that must not be done twice. It also says no after the
        process was stopped for a while (SIGSTOP, a suspended machine), until the next check.
        """
        return not self._lost and self._monotonic_s() < self._certain_until_s

    async def watch(self) -> None:
        """Make sure of the lock again and again; return when it is lost."""
        while True:
            await self._sleep(CHECK_EVERY_S)
            asked_at_s = self._monotonic_s()
            try:
                await self._locks.check()
            except Exception as error:  # noqa: BLE001 - whatever it is: nobody can say it is held
                self._lost = True
                log.critical(
                    "lost the lock of executor id %s (%s): stopping at once, so that no job is "
                    "worked on twice; others take over what runs here",
                    self._executor_id,
                    error,
                )
                return
            self._prolong(asked_at_s)

    def _prolong(self, asked_at_s: float) -> None:
        """Count from before the question: the lock was held at some time after that."""
        self._certain_until_s = asked_at_s + self._locks.certain_for_s


class Leadership:
    """Whether this process does what only one should: looking after cards, logs, old rows."""

    def __init__(self, locks: Locks, *, sure: Callable[[], bool]) -> None:
        self._locks = locks
        self._sure = sure
        self._held = False

    def held(self) -> bool:
        """Tell whether this process leads now."""
        return self._held and self._sure()

    async def look(self) -> None:
        """Take the lead if nobody has it."""
        if self._held:
            return
        try:
            self._held = await self._locks.hold(LEADER)
        except LockLostError:
            return  # the process ends, its tenure sees to that
        if self._held:
            log.info("this process leads: it looks after waiting cards, logs and old rows")
