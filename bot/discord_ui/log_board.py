"""Moderators' cards in the log channel, on discord.py."""

import logging

import discord
from discord import ui

from bot.discord_ui.services import Interaction
from bot.discord_ui.verdicts import DISCORD_ERRORS, Verdict, verdict
from bot.discord_ui.video_card import moderators_card
from bot.i18n import DEFAULT_LOCALE, speaking
from bot.job import Job
from bot.jobs.moderating_ports import BadCardError
from bot.jobs.ports import CannotPostError, PostLaterError

log = logging.getLogger(__name__)

_BAD_REQUEST = 400


def _card(job: Job) -> ui.LayoutView:
    """Return the card as the log has it, which is the server's: in English."""
    with speaking(DEFAULT_LOCALE):
        return moderators_card(job)


class ChannelBoard:
    """The `LogBoard` of `bot.jobs.moderating_ports`."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def post(self, channel_id: int, job: Job) -> int:
        """Post a job's card and return its message id.

        Raises:
            BadCardError: Discord does not take this card.
            CannotPostError: Discord refuses.
            PostLaterError: Discord is in trouble.
        """
        channel = self._client.get_partial_messageable(channel_id, guild_id=job.guild_id)
        try:
            # Not the result's nonce: the log channel may be where the video is posted, too.
            message = await channel.send(
                view=_card(job),
                nonce=f"a{job.id}",
                allowed_mentions=discord.AllowedMentions.none(),
            )
        except DISCORD_ERRORS as error:
            if verdict(error) is Verdict.LATER:
                raise PostLaterError(str(error)) from error
            bad = isinstance(error, discord.HTTPException) and error.status == _BAD_REQUEST
            raise (BadCardError if bad else CannotPostError)(str(error)) from error
        return message.id

    async def show(self, job: Job) -> bool:
        """Let the posted card show how the job stands; return False if it may work later."""
        if job.log_channel_id is None or job.log_message_id is None:
            return True
        channel = self._client.get_partial_messageable(job.log_channel_id, guild_id=job.guild_id)
        try:
            await channel.get_partial_message(job.log_message_id).edit(
                view=_card(job), allowed_mentions=discord.AllowedMentions.none()
            )
        except DISCORD_ERRORS as error:
            log.warning("job %s: its card for moderators could not be edited: %s", job.id, error)
            return verdict(error) is not Verdict.LATER
        except Exception:
            log.exception("job %s: its card for moderators could not be drawn", job.id)
        return True


async def mend_card(interaction: Interaction, job: Job) -> None:
    """Let the card that was pressed show how the job stands; a failure is logged."""
    try:
        if not interaction.response.is_done():
            await interaction.response.defer()
        await interaction.edit_original_response(view=_card(job))
    except DISCORD_ERRORS as error:
        log.warning("job %s: a stale card could not be edited: %s", job.id, error)
