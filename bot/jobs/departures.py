"""Guilds that the bot has left: everything of theirs goes, and nothing goes by mistake.

A guild is purged only when Discord answers, to a question about this one guild, that the bot is
not in it; and only if this very bot was seen in it before. An outage, a connection that is not
complete, or another bot's token on the same database purges nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.jobs.privacy_ports import ForgettingStore, Presence

log = logging.getLogger(__name__)


class Departures:
    """Notices them, also those that came to pass while the bot was off."""

    def __init__(
        self, *, store: ForgettingStore, presence: Presence, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._presence = presence
        self._now = now
        self._turn = asyncio.Lock()
        # Purged, and to be purged once more: a command may have been on its way, and its job,
        # or what a moderator saved, was written down after the first time.
        self._again: set[int] = set()

    async def joined(self, guild_ids: Iterable[int]) -> None:
        """Note that the bot is in these guilds: from then on they can be left."""
        application_id = self._presence.application_id
        if application_id is not None:
            await self._store.remember_guilds(guild_ids, application_id)

    async def left(self, guild_id: int) -> None:
        """Purge a guild of which the connection says that the bot was removed, if it is so."""
        async with self._turn:
            await self._purge_if_left(guild_id)

    async def look(self) -> None:
        """Note where the bot is, and purge where it was and is not: at the start, every hour."""
        here, application_id = self._presence.here(), self._presence.application_id
        if here is None or application_id is None:
            return
        await self.joined(here)
        self._again -= here
        missing = (await self._store.known_guilds(application_id) | self._again) - here
        for guild_id in sorted(filter(self._presence.in_charge, missing)):
            await self.left(guild_id)

    async def _purge_if_left(self, guild_id: int) -> None:
        if not await self._presence.has_left(guild_id):
            return
        forgotten, going_on = await self._store.purge_guild(guild_id, now=self._now())
        log.info(
            "guild %s: the bot has left it; its rules are removed and %d jobs forgotten, "
            "%d jobs in flight go on",
            guild_id,
            forgotten,
            going_on,
        )
        self._again ^= {guild_id}
        await self._store.wipe()
