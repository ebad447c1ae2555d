"""One change of a guild at a time, where a change reads what is there and writes it back.

All interactions of a guild come to one process, by its shard, so that turns within the
process are enough.
"""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """A lock for each guild or member, for as long as somebody holds it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def of(self, whose: int) -> asyncio.Lock:
        """Return the lock of a guild or a member."""
        return self._locks.setdefault(whose, asyncio.Lock())
