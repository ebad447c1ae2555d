"""What forgetting and exporting need from storage and from Discord, as Protocols."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from bot.privacy import Forgotten, Holdings


class ForgettingStore(Protocol):
    """Takes things away; each method is one transaction, or several of bounded length."""

    async def holdings(self, user_id: int, *, now: datetime) -> Holdings:
        """Return what is kept about a member."""
        ...

    async def forget_member(self, user_id: int, *, now: datetime) -> Forgotten:
        """Forget a member; UnderWayError, and nothing changed, while jobs of theirs run."""
        ...

    async def guilds_with_ended(self, *, before: datetime) -> list[int]:
        """Return the guilds (0: direct messages) with jobs to forget that ended before then."""
        ...

    async def forget_ended(self, guild_id: int, *, before: datetime, now: datetime) -> int:
        """Forget the jobs of a guild that ended before then; return how many."""
        ...

    async def let_go(self, *, now: datetime) -> int:
        """Remove what was kept only as long as it counted; return how many names went."""
        ...

    async def remember_guilds(self, guild_ids: Iterable[int], application_id: int) -> None:
        """Note that the bot is in these guilds."""
        ...

    async def known_guilds(self, application_id: int) -> set[int]:
        """Return the guilds in which this bot was seen, and not purged since."""
        ...

    async def purge_guild(self, guild_id: int, *, now: datetime) -> tuple[int, int]:
        """Forget a guild; return how many jobs went and how many are still in flight."""
        ...

    async def wipe(self) -> bool:
        """Wipe what was removed from the database's files; False when it has to wait."""
        ...

    async def wipe_if_marked(self) -> bool:
        """Wipe if something was removed since the last time; False when it has to wait."""
        ...


class ExportingStore(Protocol):
    """Reads what is kept."""

    def export(self, user_id: int) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        """Yield a member's rows with the name of what they are, kind by kind."""
        ...


class Retentions(Protocol):
    """How long guilds want things kept."""

    async def retentions(self) -> Mapping[int, int]:
        """Return the days of every guild that has set them."""
        ...


class Presence(Protocol):
    """In which guilds the bot is, as Discord knows it."""

    @property
    def application_id(self) -> int | None:
        """The bot's own number; None before Discord has said it."""
        ...

    def here(self) -> frozenset[int] | None:
        """Return the guilds that the connection shows; None until it has shown them all."""
        ...

    def in_charge(self, guild_id: int) -> bool:
        """Tell whether a guild is this process's to look after, by its shard."""
        ...

    async def has_left(self, guild_id: int) -> bool:
        """Ask Discord; True only when it says that the bot is not in that guild."""
        ...


class KeptFiles(Protocol):
    """Members' videos that wait on disk to be sent again."""

    async def tidy(self) -> None:
        """Remove those of jobs that are forgotten."""
        ...
