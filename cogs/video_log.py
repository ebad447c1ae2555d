"""Moderators act on the cards of videos: Delete, Delete and refund, Block member."""

from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.admin.input import parse_duration
from bot.discord_ui.admin.notices import blocked_words
from bot.discord_ui.log_board import mend_card
from bot.discord_ui.log_parts import job_number
from bot.discord_ui.permissions import moderator
from bot.discord_ui.services import Interaction
from bot.discord_ui.video_card import filled_video_form, removal_words, video_form
from bot.jobs.log_cards import DecidedError


class VideoPresses(commands.Cog):
    """What is pressed and filled in on cards of videos, whenever they were posted."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_video_button(self, interaction: Interaction, action: str, job_id: int) -> None:
        """Handle a button (the client's own event)."""
        by = moderator(interaction)
        desk = self._bot.services.videos
        if action == "again":
            await interaction.response.defer(ephemeral=True, thinking=True)
            words = removal_words(await desk.delete_again(by, job_id))
            await interaction.edit_original_response(content=words)
            return
        try:
            job = await desk.job_for(by.guild_id, job_id, action)
        except DecidedError as error:
            await mend_card(interaction, error.job)
            raise
        await interaction.response.send_modal(video_form(action, job))

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle a filled form (discord.py's event); forms opened before a restart as well."""
        press = filled_video_form(interaction)
        if press is None:
            return
        by, desk = moderator(interaction), self._bot.services.videos
        job_id, reason = job_number("".join(press.args[:1])), press.fields.get("reason", "")
        duration = parse_duration(press.fields.get("duration", ""))
        await interaction.response.defer(ephemeral=True, thinking=True)
        if press.verb == "block":
            block = await desk.block(by, job_id, duration=duration, reason=reason)
            words = blocked_words(block)
        else:
            refund = press.verb == "refund"
            words = removal_words(await desk.take_down(by, job_id, refund=refund, reason=reason))
        await interaction.edit_original_response(content=words)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(VideoPresses(bot))
