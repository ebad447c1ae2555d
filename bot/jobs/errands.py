"""Work that nobody waits for: started, looked after, and given a moment at the end."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from bot.jobs.stop_time import DEFAULT_STOP_S, ERRANDS, StopTime

log = logging.getLogger(__name__)


class Errands:
    """Runs coroutines in the background; one that fails is logged and hurts nobody."""

    def __init__(self, stop_time: StopTime | None = None) -> None:
        self._stop_time = stop_time or StopTime(DEFAULT_STOP_S)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let it run; nothing is begun any more once this is closing. Never raises."""
        if self._closing:
            work.close()
            return
        task = asyncio.create_task(_run(work), name="errand")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give what is under way a moment, then end it."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._stop_time.left_s(ERRANDS))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("an errand failed")
