"""Tells members of their jobs' ends by direct message, on discord.py."""

import discord

from bot.discord_ui.calls import direct_channel, translated
from bot.discord_ui.way_pages import told_page
from bot.i18n import speaking
from bot.job import Job
from bot.jobs.ports import CannotPostError


class DirectMessenger:
    """The `Messenger` of `bot.jobs.telling`."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def tell(self, job: Job) -> None:
        """Write to a job's member how it ended, with a link.

        Raises:
            CannotPostError: they take no direct messages.
            PostLaterError: Discord is in trouble; perhaps it has arrived.
        """
        channel = await direct_channel(self._client, job)
        if channel is None:
            raise CannotPostError("the direct messages cannot be opened")
        with speaking(job.locale):
            view = told_page(job)
        # Not the result's nonce: that may be a direct message as well.
        await translated(
            channel.send(
                view=view, nonce=f"t{job.id}", allowed_mentions=discord.AllowedMentions.none()
            )
        )
