"""Guilds that the bot joins and leaves: those it left are forgotten (an outage is no leaving)."""

import discord
from discord.ext import commands

from bot.client import VideoBot


class Departures(commands.Cog):
    """Passes discord.py's events on; `bot.jobs` makes sure that a guild was really left."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Note where the bot is, and what it was removed from while it was off."""
        await self._bot.services.privacy.departures.look()

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Note that the bot is in a guild."""
        await self._bot.services.privacy.departures.joined([guild.id])

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Forget a guild."""
        await self._bot.services.privacy.departures.left(guild.id)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(Departures(bot))
