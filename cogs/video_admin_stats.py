"""/video-admin stats: what was made and what it cost, as a chart, as numbers and as files."""

import io

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.admin.books import book_of, send_book
from bot.discord_ui.admin.group import AdminGroup, join
from bot.discord_ui.admin.items import Press
from bot.discord_ui.admin.stats import picture_name, stats_page
from bot.discord_ui.member_names import member_names
from bot.discord_ui.permissions import moderator
from bot.discord_ui.services import Interaction


class StatsCommands(AdminGroup):
    """The command."""

    def __init__(self, bot: VideoBot) -> None:
        super().__init__(name="stats", description="What was made and what it cost")
        self._bot = bot

    @app_commands.command(description="What was made here and what it cost, as a chart and files")
    @app_commands.describe(days="How many days, today included: 1 to 366; left out: 30")
    async def stats(self, interaction: discord.Interaction, days: int = 30) -> None:
        """Show the last days."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        desk = self._bot.services.moderation.reports
        report = await desk.report(by.guild_id, days)
        top = [user_id for user_id, _ in report.statistics.top_members]
        charts = await desk.charts(report, await member_names(interaction.guild, top))
        files = [discord.File(io.BytesIO(png), picture_name(n)) for n, png in enumerate(charts)]
        await interaction.edit_original_response(
            view=stats_page(report, pictures=len(files)), attachments=files
        )


class StatsPages(commands.Cog):
    """The buttons below, whenever the page was opened."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_admin_csv(self, interaction: Interaction, press: Press) -> None:
        """Send a book (the client's own event)."""
        by = moderator(interaction)
        book, days = book_of(press)
        await interaction.response.defer(ephemeral=True, thinking=True)
        desk = self._bot.services.moderation.reports
        limit_bytes = interaction.filesize_limit
        async with desk.export(by.guild_id, book, days, limit_bytes=limit_bytes) as export:
            await send_book(interaction, export, book, days)


async def setup(bot: VideoBot) -> None:
    """Add the command and the cog."""
    join(bot.tree, StatsCommands(bot))
    await bot.add_cog(StatsPages(bot))
