"""Waiting for something that can only be looked at."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(
    reached: Callable[[], Awaitable[bool]], *, every_s: float, within_s: float | None = None
) -> bool:
    """Look again and again until something is so; False when it is not in time."""
    limit = asyncio.timeout(within_s)
    try:
        async with limit:
            while True:
                if await reached():
                    return True
                await asyncio.sleep(every_s)
    except TimeoutError:
        if not limit.expired():
            raise
        return False
