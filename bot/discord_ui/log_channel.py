"""Posts moderators' changes to a server's log channel, in order, and never in anybody's way."""

import asyncio
import logging
from weakref import WeakValueDictionary

import discord

from bot.discord_ui.admin.notices import notice_text
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.i18n import DEFAULT_LOCALE, speaking
from bot.jobs.changes import Actor, Change
from bot.jobs.errands import Errands

log = logging.getLogger(__name__)


class ChannelLog:
    """The `ModerationLog` of `bot.jobs.moderating_ports`, on discord.py."""

    def __init__(self, client: discord.Client, errands: Errands) -> None:
        self._client = client
        self._errands = errands
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def post(self, channel_id: int, by: Actor, change: Change) -> None:
        """Let a change appear there soon. What Discord refuses is logged."""
        self._errands.start(self._post(channel_id, by, change))

    async def _post(self, channel_id: int, by: Actor, change: Change) -> None:
        turn = self._turns.setdefault(channel_id, asyncio.Lock())
        channel = self._client.get_partial_messageable(channel_id, guild_id=by.guild_id)
        with speaking(DEFAULT_LOCALE):
            text = notice_text(by, change)
        try:
            async with turn:
                await channel.send(
                    text, suppress_embeds=True, allowed_mentions=discord.AllowedMentions.none()
                )
        except DISCORD_ERRORS as error:
            log.warning(
                "guild %s: its log channel %s could not be told: %s", by.guild_id, channel_id, error
            )
