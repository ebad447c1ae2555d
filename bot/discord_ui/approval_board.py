"""Moderators' cards in the log channel, and members as Discord knows them now, on discord.py."""

import logging

import discord

from bot.discord_ui.approval_card import approval_card
from bot.discord_ui.orders import facts_of
from bot.discord_ui.verdicts import DISCORD_ERRORS, Verdict, verdict
from bot.errors import RefusedError
from bot.job import Job
from bot.jobs.ports import CannotPostError, PostLaterError
from bot.policy import MemberFacts

log = logging.getLogger(__name__)


class ChannelBoard:
    """The `ApprovalBoard` of `bot.jobs.moderating_ports`."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def post(self, channel_id: int, job: Job) -> int:
        """Post a job's card and return its message id.

        Raises:
            CannotPostError: Discord refuses.
            PostLaterError: Discord is in trouble.
        """
        channel = self._client.get_partial_messageable(channel_id, guild_id=job.guild_id)
        try:
            # Not the result's nonce: the log channel may be where the video is posted, too.
            message = await channel.send(
                view=approval_card(job),
                nonce=f"a{job.id}",
                allowed_mentions=discord.AllowedMentions.none(),
            )
        except DISCORD_ERRORS as error:
            later = verdict(error) is Verdict.LATER
            raise (PostLaterError if later else CannotPostError)(str(error)) from error
        return message.id

    async def show(self, job: Job) -> None:
        """Let the posted card show how the job stands; a press mends what fails here."""
        if job.log_channel_id is None or job.log_message_id is None:
            return
        channel = self._client.get_partial_messageable(job.log_channel_id, guild_id=job.guild_id)
        try:
            await channel.get_partial_message(job.log_message_id).edit(
                view=approval_card(job), allowed_mentions=discord.AllowedMentions.none()
            )
        except DISCORD_ERRORS as error:
            log.warning("job %s: its card for moderators could not be edited: %s", job.id, error)
        except Exception:
            log.exception("job %s: its card for moderators could not be drawn", job.id)


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
                "Discord does not say just now which roles this member has, and so what they may "
                "spend. Nothing was changed. Try again in a minute."
            ) from error
