"""Members as Discord knows them now, on discord.py."""

import logging

import discord

from bot.discord_ui.order_facts import facts_of
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.errors import RefusedError
from bot.i18n import gettext
from bot.policy import MemberFacts

log = logging.getLogger(__name__)


class GuildMembers:
    """The `Members` of `bot.jobs.moderating_ports`: asked for one by one, for none are cached."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def facts(self, guild_id: int, user_id: int) -> MemberFacts:
        """Return a member's roles; someone who has left has none.

        Raises:
            RefusedError: Discord does not say just now.
        """
        guild = self._client.get_guild(guild_id)
        try:
            guild = guild or await self._client.fetch_guild(guild_id)
            return facts_of(await guild.fetch_member(user_id))
        except discord.NotFound:
            return MemberFacts(user_id=user_id)
        except DISCORD_ERRORS as error:
            log.warning("guild %s: member %s could not be fetched: %s", guild_id, user_id, error)
            raise RefusedError(
                gettext(
                    "Discord does not say just now which roles this member has, and so what they "
                    "may spend. Nothing was changed. Try again in a minute."
                )
            ) from error
