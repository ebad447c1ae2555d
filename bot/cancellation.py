"""What must not stop halfway: a cancellation waits for it, then goes through."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

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
        raise
