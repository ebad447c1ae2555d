"""Work beside the commands: it runs for as long as the bot does."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)


@asynccontextmanager
async def background(work: Awaitable[None]) -> AsyncIterator[None]:
    """Run something for as long as the block lasts."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def repeat(work: Callable[[], Awaitable[None]], *, every_s: float) -> None:
    """Do something again and again; one failure is logged and does not end it."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("background work failed; again in %s s", every_s)
        await asyncio.sleep(every_s)
