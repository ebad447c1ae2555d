"""What must not stop halfway: a cancellation waits for it, then goes through."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T] | asyncio.Task[T]) -> T:
    """Finish `work` even when the caller is cancelled, then let the cancellation through.

    For a request that costs money and the writing down of its answer: cut in between, neither
    side knows what the other did.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()) is not None:
            # The cancellation goes through in its place, and nobody else would hear of it.
            log.exception("work that was finished for a cancelled caller failed", exc_info=error)
        raise
