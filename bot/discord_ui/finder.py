"""Finds the message that carries a job's video already: after a crash nothing is posted twice."""

import logging
from dataclasses import replace
from datetime import timedelta

import discord

from bot.discord_ui.calls import channel_of, direct_channel, translated
from bot.discord_ui.marks import carries_result
from bot.job import Job
from bot.jobs.ports import CannotPostError, Posted

log = logging.getLogger(__name__)

# Making a smaller copy may take ten minutes, in which a busy channel goes on: 100 a request.
_SEARCHED = 1000
# Discord's clock and ours.
_CLOCK_SKEW = timedelta(minutes=2)


class ResultFinder:
    """Looks into channels; it needs no message cache."""

    def __init__(self, client: discord.Client, *, searched: int = _SEARCHED) -> None:
        """Make one.

        Args:
            client: Logged in.
            searched: How many messages of a channel are looked at.
        """
        self._client = client
        self._searched = searched

    async def find(self, job: Job) -> Posted | None:
        """Return our message that carries this job's result, if there is one.

        Looks at the 1,000 messages after the last try to post: in the channel, in the one where
        it was sent again, and then in the member's direct messages; at all messages for a job of
        a restored backup, because its first try may be long ago. A channel that cannot be read
        is taken as empty: Discord's nonce still keeps a repeated post from appearing twice there.

        Raises:
            PostLaterError: Discord is in trouble.
        """
        after = _first_possible(job)
        tried = {job.channel_id: None, job.result_channel_id or job.channel_id: None}
        if job.bot_absent:
            del tried[job.channel_id]  # which the bot cannot see
        for channel_id in tried:
            found = await self._search(job, after, channel_of(self._client, job, channel_id))
            if found is not None:
                return found
        if (job.guild_id is None and not job.bot_absent) or job.delivering_at is None:
            return None
        directly = await direct_channel(self._client, job)
        return await self._search(job, after, directly, direct=True)

    async def _search(
        self,
        job: Job,
        after: discord.Object,
        channel: discord.abc.Messageable | None,
        *,
        direct: bool = False,
    ) -> Posted | None:
        if channel is None:
            return None
        try:
            found = await translated(self._found(job, after, channel))
            return found and replace(found, direct=direct)
        except CannotPostError as error:
            log.info("job %s: a channel cannot be searched: %s", job.id, error)
            return None

    async def _found(
        self, job: Job, after: discord.Object, channel: discord.abc.Messageable
    ) -> Posted | None:
        limit = self._searched if job.restored_at is None else None
        history = channel.history(limit=limit, after=after, oldest_first=True)
        async for message in history:
            if self._is_result(job, message):
                return Posted(channel_id=message.channel.id, message_id=message.id)
        return None

    def _is_result(self, job: Job, message: discord.Message) -> bool:
        me = self._client.user
        if me is None or message.author.id != me.id or message.id == job.card_message_id:
            return False
        return str(message.nonce) == str(job.id) or carries_result(message, job)


def _first_possible(job: Job) -> discord.Object:
    """Return the id before which the result cannot be: just before the first try to post."""
    first = job.card_message_id or job.id
    if job.delivering_at is not None:
        first = max(first, discord.utils.time_snowflake(job.delivering_at - _CLOCK_SKEW))
    return discord.Object(first)
