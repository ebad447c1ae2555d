"""What sending again needs from storage, as Protocols."""

from datetime import datetime
from typing import Protocol

from bot.job import Job
from bot.policy import Block, GuildPolicy


class UndeliveredStore(Protocol):
    """Jobs whose videos stayed behind."""

    async def begin_sending(
        self,
        job_id: int,
        *,
        channel_id: int,
        seen: datetime | None,
        begun_before: datetime,
        now: datetime,
    ) -> Job:
        """Note where an undelivered video is tried now; StaleStateError when another tries."""
        ...

    async def end_sending(self, job_id: int) -> None:
        """Note that a try is over and has posted nothing."""
        ...

    async def stayed_behind(self, *, ended_since: datetime) -> list[Job]:
        """Return undelivered jobs that Discord's trouble stopped, and that ended since then."""
        ...


class Rules(Protocol):
    """What a guild's moderators have decided."""

    async def policy(self, guild_id: int) -> GuildPolicy:
        """Return the guild's policy."""
        ...

    async def block_of(self, guild_id: int, user_id: int, *, now: datetime) -> Block | None:
        """Return a member's block, unless it has expired."""
        ...
