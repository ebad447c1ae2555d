"""Posts moderators' changes to a server's log channel, in order, and never in anybody's way."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any
from weakref import WeakValueDictionary

import discord

from bot.discord_ui.admin_notices import notice_text
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.jobs.changes import Change, Moderator

log = logging.getLogger(__name__)

# At shutdown, what was just changed is still told.
_LAST_WORDS_S = 5.0


class ChannelLog:
    """The `ModerationLog` of `bot.jobs.changes`, on discord.py."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, channel_id: int, by: Moderator, change: Change) -> None:
        """Let a change appear there soon. What Discord refuses is logged."""
        self._start(self._post(channel_id, by, change))

    async def close(self) -> None:
        """Give what is under way a moment, then end it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="moderation-log")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, channel_id: int, by: Moderator, change: Change) -> None:
        turn = self._turns.setdefault(channel_id, asyncio.Lock())
        channel = self._client.get_partial_messageable(channel_id, guild_id=by.guild_id)
        try:
            text = notice_text(by, change)
            async with turn:
                await channel.send(
                    text, suppress_embeds=True, allowed_mentions=discord.AllowedMentions.none()
                )
        except DISCORD_ERRORS as error:
            log.warning(
                "guild %s: its log channel %s could not be told: %s", by.guild_id, channel_id, error
            )
        except Exception:
            log.exception("guild %s: a change could not be told", by.guild_id)
