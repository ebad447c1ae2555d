"""The least that a discord.py bot can do with /animate: it defers, and nothing else.

What bench_acknowledge compares the bot with. Its settings are DISCORD_TOKEN, DISCORD_API_BASE
and DISCORD_GATEWAY_URL.
"""

import os
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route


class BareBot(discord.Client):
    """A client with one command."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True), max_messages=None)
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        """Register the command."""

        @self.tree.command(name="animate", description="Defers")
        async def animate(
            interaction: discord.Interaction[Any], image: discord.Attachment, prompt: str
        ) -> None:
            del image, prompt  # a bare bot looks at nothing
            await interaction.response.defer(thinking=True)

        await self.tree.sync()


def main() -> None:
    """Run until a signal comes."""
    Route.BASE = os.environ["DISCORD_API_BASE"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])
    BareBot().run(os.environ["DISCORD_TOKEN"], log_handler=None)


if __name__ == "__main__":
    main()
