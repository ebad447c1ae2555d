"""One process per executor id: two of them would run the same steps twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import ConfigurationError


def is_running(executor_id: str, folder: Path) -> bool:
    """Tell whether a process holds the lock of an executor id."""
    lock = _lock(executor_id, folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


@contextmanager
def only_executor(executor_id: str, folder: Path) -> Iterator[None]:
    """Hold the lock of an executor id for as long as the block lasts; a killed process loses it.

    Raises:
        ConfigurationError: another process holds it.
    """
    lock = _lock(executor_id, folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(
            f"Another process runs as EXECUTOR_ID {executor_id} with the same DATA_DIR. "
            "Stop it, or give each process its own EXECUTOR_ID."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _lock(executor_id: str, folder: Path) -> FileLock:
    return FileLock(folder / f"executor-{executor_id}.lock")
