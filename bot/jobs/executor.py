"""Locks among processes that share a folder: files, which the system frees when one is killed."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import ConfigurationError
from bot.jobs.locks import executor_lock


class FileLocks:
    """The `Locks` of `bot.jobs.locks`, for processes with one DATA_DIR on one machine."""

    # A living process cannot lose them.
    grace_s, certain_for_s = 0.0, math.inf
    whose = "DATA_DIR"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, FileLock] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator["FileLocks"]:
        """Give the locks in a folder; at the end of the block everything held is free."""
        locks = cls(folder)
        try:
            yield locks
        finally:
            for lock in locks._held.values():
                lock.release()

    async def hold(self, name: str) -> bool:
        """Take a lock until the end; False: another process has it."""
        if name not in self._held:
            lock = await asyncio.to_thread(_taken, self._folder, name)
            if lock is None:
                return False
            self._held[name] = lock
        return True

    async def check(self) -> None:
        """Return: a file's lock stays."""

    async def is_free(self, name: str) -> bool:
        """Tell whether nobody holds a lock."""
        async with self.attempt(name) as free:
            return free

    @asynccontextmanager
    async def attempt(self, name: str) -> AsyncIterator[bool]:
        """Hold a lock during the block, if nobody else does; gives whether it is so."""
        lock = await asyncio.to_thread(_taken, self._folder, name)
        try:
            yield lock is not None
        finally:
            if lock is not None:
                lock.release()


@contextmanager
def standstill(executor_id: str, folder: Path) -> Iterator[Callable[[], None]]:
    """Hold the locks of every executor id that was ever used with this folder, and of this one.

    Gives a function that also takes the locks of ids that came after the start of the block.

    Raises:
        ConfigurationError: a bot is running.
    """
    with ExitStack() as stack:
        held: set[str] = set()

        def take() -> None:
            files = folder.glob("executor-*.lock")
            used = {file.stem.removeprefix("executor-") for file in files}
            for one in sorted({executor_id, *used} - held):
                lock = _taken(folder, executor_lock(one))
                if lock is None:
                    raise ConfigurationError(
                        f"The bot is running (as EXECUTOR_ID {one}). Stop it first, and every "
                        "other process with the same DATA_DIR."
                    )
                stack.callback(lock.release)
                held.add(one)

        take()
        yield take


def _taken(folder: Path, name: str) -> FileLock | None:
    """Return a lock that is now ours, or None. Blocking, but not for long."""
    # Not tied to the thread that took it.
    lock = FileLock(folder / f"{name}.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock
