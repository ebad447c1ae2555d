"""Writing down what could not be learned again: storage in trouble is waited out."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import StorageTroubleError
from bot.jobs.perseverance import retry_after_s

log = logging.getLogger(__name__)

T = TypeVar("T")


async def written(
    write: Callable[[], Awaitable[T]],
    *,
    what: str,
    sleep: Callable[[float], Awaitable[None]],
    draw: Callable[[], float],
) -> T:
    """Write, however long the storage is in trouble; what is to be written stays in memory.

    Args:
        write: One transaction.
        what: For the log.
        sleep: Waits so many seconds.
        draw: Chance, from 0 to 1.
    """
    tries = 0
    while True:
        try:
            return await write()
        except StorageTroubleError as error:
            tries += 1
            wait_s = retry_after_s(tries, trouble=True, draw=draw())
            log.warning("%s cannot be written down, again in %.0f s: %s", what, wait_s, error)
            await sleep(wait_s)
