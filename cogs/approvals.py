"""Moderators answer the cards that ask them: Approve, Deny with a reason; or read all of it."""

import io

import discord
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.admin.items import filled_form
from bot.discord_ui.approval_card import DENY_FORM, denial_form
from bot.discord_ui.log_board import mend_card
from bot.discord_ui.log_parts import exact_words, job_number
from bot.discord_ui.permissions import moderator
from bot.discord_ui.services import Interaction
from bot.errors import NotFoundError
from bot.i18n import gettext
from bot.job import Job
from bot.jobs.log_cards import DecidedError


class ApprovalPresses(commands.Cog):
    """What is pressed and filled in on moderators' cards, whenever they were posted."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_approval_button(self, interaction: Interaction, action: str, job_id: int) -> None:
        """Handle a button (the client's own event)."""
        by = moderator(interaction)
        desk = self._bot.services.approvals
        if action == "read":
            await self._read(interaction, by.guild_id, job_id)
            return
        try:
            if action == "deny":
                job = await desk.waiting_job(by.guild_id, job_id)
                await interaction.response.send_modal(denial_form(job))
                return
            await interaction.response.defer()
            job = await desk.approve(by.guild_id, job_id, by.user_id)
        except DecidedError as error:
            await mend_card(interaction, error.job)
            raise
        await _mend_copy(interaction, job)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle a filled form (discord.py's event); forms opened before a restart as well."""
        press = filled_form(interaction, DENY_FORM)
        if press is None:
            return
        by = moderator(interaction)
        job_id = job_number("".join(press.args[:1]))
        await interaction.response.defer()
        reason = press.fields.get("reason", "")
        try:
            job = await self._bot.services.approvals.deny(by.guild_id, job_id, by.user_id, reason)
        except DecidedError as error:
            await mend_card(interaction, error.job)
            raise
        await _mend_copy(interaction, job)

    async def _read(self, interaction: Interaction, guild_id: int, job_id: int) -> None:
        """Send the member's words in full, whatever has become of the job."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await self._bot.services.store.get(job_id)
        if job is None or job.guild_id != guild_id:
            raise NotFoundError(gettext("There is no such job on this server."))
        file = discord.File(io.BytesIO(exact_words(job).encode()), filename=f"job-{job.id}.txt")
        await interaction.edit_original_response(attachments=[file])


async def _mend_copy(interaction: Interaction, job: Job) -> None:
    """Let a card that is not the one in the log channel (from *Moderate video*) show it too."""
    if interaction.message is not None and interaction.message.id != job.log_message_id:
        await mend_card(interaction, job)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(ApprovalPresses(bot))
