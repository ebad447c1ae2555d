"""One process per executor id: two of them would run the same steps twice."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
                if is_running(one, folder):
                    raise ConfigurationError(
                        f"The bot is running (as EXECUTOR_ID {one}). Stop it first, and every "
                        "other process with the same DATA_DIR."
                    )
                stack.enter_context(only_executor(one, folder))
                held.add(one)

        take()
        yield take


def _lock(executor_id: str, folder: Path) -> FileLock:
    return FileLock(folder / f"executor-{executor_id}.lock")
