"""/privacy: members take along or delete what is kept about them."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.limits import ATTACHMENT_BYTES
from bot.discord_ui.privacy_pages import EXPORT_TEXT, PrivacyButton, delete_page, deleted_page
from bot.discord_ui.services import Interaction
from bot.i18n import gettext


class Privacy(commands.GroupCog, name="privacy", description="What I keep about you"):
    """Each answer is about whoever asks, and for them alone."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @app_commands.command(description="A file with everything that I keep about you")
    async def export(self, interaction: discord.Interaction) -> None:
        """Send the file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        most_bytes = min(interaction.filesize_limit, ATTACHMENT_BYTES)
        desk = self._bot.services.privacy.desk
        async with desk.export(interaction.user.id, most_bytes=most_bytes) as path:
            await interaction.edit_original_response(
                content=gettext(EXPORT_TEXT), attachments=[discord.File(path)]
            )

    @app_commands.command(description="Delete what I keep about you; shows first what goes")
    async def delete(self, interaction: discord.Interaction) -> None:
        """Show what a deletion would do."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        services, user_id = self._bot.services, interaction.user.id
        holdings = await services.privacy.desk.holdings(user_id)
        view = delete_page(holdings, user_id, now=services.now())
        await interaction.edit_original_response(view=view)

    @commands.Cog.listener()
    async def on_privacy_button(self, interaction: Interaction, button: PrivacyButton) -> None:
        """Delete (the client's own event)."""
        services, user_id = self._bot.services, interaction.user.id
        button.check(user_id, now=services.now())
        await interaction.response.defer()
        deleted = await services.privacy.desk.delete(user_id)
        await interaction.edit_original_response(view=deleted_page(deleted))


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Privacy(bot))
