"""Work that may hang for good, and must not keep the program from its end."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

# What does not hang has ended long before.
_TIDYING_S = 1.0


def apart(work: Callable[[], T]) -> "Future[T]":
    """Do blocking work on a thread of its own; the program does not wait for it when it ends.

    A folder on a server that is gone blocks whoever looks at it, and asyncio's own threads are
    waited for.
    """
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()  # from now on nobody can cancel it

    def run() -> None:
        try:
            answer.set_result(work())
        # Whatever it is, whoever waits gets it: a thread has nobody else who would hear of it.
        except BaseException as error:  # noqa: BLE001 - see above
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True, name="doctor").start()
    return answer


def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end, as `asyncio.run` does, but without waiting for what hangs.

    What it has given up and left behind may never end; the program does all the same.
    """
    answer: Future[T] = Future()

    async def run() -> None:
        try:
            answer.set_result(await work())
        # `answer.result()` below raises it again, in the thread that waits.
        except BaseException as error:  # noqa: BLE001 - see above
            answer.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True, name="doctor")
    thread.start()
    found = answer.result()
    thread.join(_TIDYING_S)
    return found
