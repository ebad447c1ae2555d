"""Forgets what is old enough, hour by hour: jobs past their time, names that count no more."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.jobs.privacy_ports import ForgettingStore, Retentions
from bot.privacy import days_kept

log = logging.getLogger(__name__)


class Housekeeper:
    """Knows how long the host and the guilds want jobs kept."""

    def __init__(
        self,
        *,
        store: ForgettingStore,
        retentions: Retentions,
        host_days: int | None,
        now: Callable[[], datetime],
    ) -> None:
        """Make a housekeeper.

        Args:
            store: Forgets.
            retentions: What guilds have set.
            host_days: After how many days the host has jobs forgotten; None: never.
            now: The time, aware.
        """
        self._store = store
        self._retentions = retentions
        self._host_days = host_days
        self._now = now

    async def tidy(self) -> None:
        """Forget, then wipe it from the files; what fails for one guild stops no other."""
        now, total = self._now(), 0
        for guild_id, days in (await self.days()).items():
            try:
                before = now - timedelta(days=days)
                forgotten = await self._store.forget_ended(guild_id, before=before, now=now)
            except Exception:
                log.exception("guild %s: its old jobs could not be forgotten", guild_id)
                continue
            total += forgotten
            if forgotten:
                log.info("guild %s: forgot %d jobs, over for %d days", guild_id, forgotten, days)
        total += await self._store.let_go(now=now)
        await (self._store.wipe() if total else self._store.wipe_if_marked())

    async def days(self) -> dict[int, int]:
        """Return after how many days each guild's jobs are forgotten, those with a limit."""
        own = dict(await self._retentions.retentions())
        guilds = set(own)
        if self._host_days is not None:
            before = self._now() - timedelta(days=self._host_days)
            guilds |= set(await self._store.guilds_with_ended(before=before))
        found = {guild_id: days_kept(own.get(guild_id), self._host_days) for guild_id in guilds}
        return {guild_id: days for guild_id, days in sorted(found.items()) if days is not None}
