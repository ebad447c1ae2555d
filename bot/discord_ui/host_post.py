"""Writes to the host on Discord: in a channel, by direct message, or both."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import discord

from bot.discord_ui.edit_calls import watched
from bot.discord_ui.host_messages import fits, migration_text, news_text
from bot.discord_ui.verdicts import DISCORD_ERRORS, Verdict, verdict
from bot.host_news import MigrationNote, News

log = logging.getLogger(__name__)

Place: TypeAlias = discord.abc.Messageable

_ANSWERS_WITHIN_S = 8.0
# Discord in trouble may be well in a moment. What it refuses it refuses again, and who asks for
# it ten thousand times is banned.
_LATER_S, _REFUSED_S = 5.0, 600.0


@dataclass(kw_only=True)
class _Way:
    """One place to write to.

    Attributes:
        setting: What the host has set.
        open: Finds it.
        not_before_s: Until then nothing is tried.
        complained: Whether the log has it that nothing arrives.
    """

    setting: str
    open: Callable[[], Awaitable[Place]]
    not_before_s: float = float("-inf")
    complained: bool = False


class HostPost:
    """The `HostMessenger` of `bot.jobs.host_desk`, on discord.py.

    It needs no gateway. Nobody is pinged: a direct message is one.
    """

    def __init__(
        self,
        client: discord.Client,
        *,
        channel_id: int | None,
        user_id: int | None,
        process: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make one.

        Args:
            client: Logged in.
            channel_id: A channel to write in.
            user_id: Somebody to write to.
            process: Which process this is, if there are several.
            clock: Seconds on a clock that never goes back.
        """
        self._client = client
        self._process = process
        self._clock = clock
        self._ways: list[_Way] = []
        if channel_id is not None:
            self._ways.append(
                _Way(
                    setting=f"HOST_CHANNEL_ID {channel_id}", open=lambda: self._channel(channel_id)
                )
            )
        if user_id is not None:
            self._ways.append(
                _Way(setting=f"HOST_USER_ID {user_id}", open=lambda: self._direct(user_id))
            )

    async def check(self) -> None:
        """Say in the log of each place that cannot be written to; nothing is sent.

        For when the connection to Discord is there: by it the bot knows its rights.
        """
        for way in self._ways:
            try:
                async with watched(answer_s=_ANSWERS_WITHIN_S, patient=False):
                    place = await way.open()
                self._check_rights(way, place)
            except DISCORD_ERRORS as error:
                self._failed(way, error)

    async def news(self, news: News, *, nonce: str) -> bool:
        """Say something of a fault; return whether the host has it."""
        return await self._send(news_text(news, process=self._process), nonce)

    async def migrated(self, note: MigrationNote, *, nonce: str) -> bool:
        """Say that a migration ran; return whether the host has it."""
        return await self._send(migration_text(note), nonce)

    async def _send(self, text: str, nonce: str) -> bool:
        sent = [await self._send_to(way, fits(text), nonce) for way in self._ways]
        return any(sent)

    async def _send_to(self, way: _Way, text: str, nonce: str) -> bool:
        if self._clock() < way.not_before_s:
            return False
        try:
            async with watched(answer_s=_ANSWERS_WITHIN_S, patient=False):
                place = await way.open()
                # The same again within some minutes is the same message: Discord sees to that.
                await place.send(
                    text,
                    nonce=nonce,
                    suppress_embeds=True,
                    allowed_mentions=discord.AllowedMentions.none(),
                )
        except DISCORD_ERRORS as error:
            self._failed(way, error)
            return False
        if way.complained:
            log.info("%s: the host is told again", way.setting)
        way.complained = False
        return True

    def _failed(self, way: _Way, error: BaseException) -> None:
        # What discord.py itself says of a place is so for good, too.
        refused = verdict(error) is not Verdict.LATER or isinstance(error, discord.ClientException)
        way.not_before_s = self._clock() + (_REFUSED_S if refused else _LATER_S)
        self._complain(way, f"{error}" or type(error).__name__)

    def _complain(self, way: _Way, why: str) -> None:
        if not way.complained:  # not at every try of a long night
            log.warning("%s: the host cannot be told there: %s", way.setting, why)
        way.complained = True

    async def _channel(self, channel_id: int) -> Place:
        known = self._client.get_channel(channel_id)
        found = known if known is not None else await self._client.fetch_channel(channel_id)
        if not isinstance(found, discord.abc.Messageable):
            raise discord.ClientException("it is no channel for messages")
        return found

    async def _direct(self, user_id: int) -> Place:
        return await self._client.create_dm(discord.Object(user_id))

    def _check_rights(self, way: _Way, place: Place) -> None:
        """Say what the bot lacks in a channel of a server that it knows."""
        if not isinstance(place, discord.abc.GuildChannel | discord.Thread):
            return
        me: discord.Member | None = place.guild.me
        if me is None:  # a server that is not here now, or another process's
            return
        rights = place.permissions_for(me)
        thread = isinstance(place, discord.Thread)
        sends = rights.send_messages_in_threads if thread else rights.send_messages
        if not (rights.view_channel and sends):
            self._complain(way, "the bot may not send messages there")
