"""The message command "Moderate video": a moderator's card of any video, log channel or not."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.marks import marked_job
from bot.discord_ui.permissions import moderator
from bot.discord_ui.video_card import moderators_card
from bot.errors import NotFoundError
from bot.i18n import gettext
from bot.job import Job

_NAME = "Moderate video"


class ModerateVideo(commands.Cog):
    """Offers the command to moderators on the messages of this bot."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        self._command = app_commands.ContextMenu(
            name=_NAME,
            callback=self._moderate_video,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=False, private_channel=False
            ),
        )
        self._command.default_permissions = discord.Permissions(manage_guild=True)

    async def cog_load(self) -> None:
        """Add the command."""
        self._bot.tree.add_command(self._command)

    async def cog_unload(self) -> None:
        """Take the command away."""
        self._bot.tree.remove_command(self._command.name, type=self._command.type)

    async def _moderate_video(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> None:
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await self._job_of(message, by.guild_id)
        await interaction.edit_original_response(view=moderators_card(job))

    async def _job_of(self, message: discord.Message, guild_id: int) -> Job:
        job_id = marked_job(message) if message.author.id == self._bot.application_id else None
        if job_id is not None:
            job = await self._bot.services.videos.job(guild_id, job_id)
            if message.id in (job.card_message_id, job.result_message_id, job.log_message_id):
                return job
        raise NotFoundError(
            gettext(
                "This message is not about a video of mine. Choose a video, or the card that shows "
                "how far one is."
            )
        )


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(ModerateVideo(bot))
