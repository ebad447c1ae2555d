"""First answers go first: other work on a command waits its turn while commands are unanswered.

Discord gives a command three seconds. Hundreds can come at one moment, and all share the loop
with the database work of those that came before.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

# More at once do not get done sooner: SQLite has one writer, and Python one thread of its own.
_AT_ONCE = 8
# In steady traffic, or with a slow Discord, some answer is always on its way.
_PATIENCE_S = 0.3


class Precedence:
    """Knows how many first answers are under way, and how much other work."""

    def __init__(self, *, at_once: int = _AT_ONCE, patience_s: float = _PATIENCE_S) -> None:
        """Make one.

        Args:
            at_once: Pieces of other work under way at most.
            patience_s: How long one that has its place lets first answers go before it.
        """
        self._places = asyncio.Semaphore(at_once)
        self._patience_s = patience_s
        self._answering = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Be a first answer for the length of the block."""
        self._answering += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._answering -= 1
            if self._answering == 0:
                self._quiet.set()

    @asynccontextmanager
    async def work(self) -> AsyncIterator[None]:
        """Be other work for the length of the block, which begins when its turn has come."""
        async with self._places:
            with contextlib.suppress(TimeoutError):  # it has been polite for long enough
                async with asyncio.timeout(self._patience_s):
                    await self._quiet.wait()
            yield
