"""In which guilds the bot is, as Discord says: on discord.py."""

import logging

import discord

from bot.discord_ui.verdicts import DISCORD_ERRORS

log = logging.getLogger(__name__)

# https://docs.discord.com/developers/topics/opcodes-and-status-codes: Unknown Guild and Missing
# Access. Without one of these, a 403 or 404 may come from something between us and Discord.
_NOT_THERE_CODES = frozenset({10004, 50001})
# https://docs.discord.com/developers/events/gateway#sharding
_SHARD_SHIFT = 22


class GuildPresence:
    """The `Presence` of `bot.jobs.privacy_ports`."""

    def __init__(self, client: discord.AutoShardedClient) -> None:
        self._client = client

    @property
    def application_id(self) -> int | None:
        """The bot's own number; None before Discord has said it."""
        return self._client.application_id

    def here(self) -> frozenset[int] | None:
        """Return the guilds that the connection shows, those in an outage included."""
        if not self._client.is_ready():
            return None
        return frozenset(guild.id for guild in self._client.guilds)

    def in_charge(self, guild_id: int) -> bool:
        """Tell whether a guild belongs to a shard of this process."""
        count = self._client.shard_count or 1
        return (guild_id >> _SHARD_SHIFT) % count in (self._client.shard_ids or range(count))

    async def has_left(self, guild_id: int) -> bool:
        """Ask Discord; True only when it says that the bot is not in that guild."""
        try:
            await self._client.fetch_guild(guild_id, with_counts=False)
        except (discord.NotFound, discord.Forbidden) as error:
            return error.code in _NOT_THERE_CODES
        except DISCORD_ERRORS as error:
            log.warning("guild %s: whether the bot is in it is not known: %s", guild_id, error)
        return False
