"""One change of a guild at a time, where a change reads what is there and writes it back.

All interactions of a guild come to one process, by its shard, so that turns within the
process are enough.
"""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """A lock for each guild, for as long as somebody holds it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def of(self, guild_id: int) -> asyncio.Lock:
        """Return the guild's lock."""
        return self._locks.setdefault(guild_id, asyncio.Lock())
