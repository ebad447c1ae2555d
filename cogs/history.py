"""/history: a member's videos with their pictures; for moderators those of a channel."""

from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.catalogue import MODELS
from bot.client import VideoBot
from bot.discord_ui.absence import ruling_guild_id
from bot.discord_ui.history_items import Leaf, filled_words, words_form
from bot.discord_ui.history_pages import history_page, thumbnail_files
from bot.discord_ui.permissions import moderator
from bot.discord_ui.services import Interaction
from bot.history import WORDS_CHARS, OfChannel, OfMember, Search, Whose, search_words

_MODELS = [app_commands.Choice(name=model.title, value=model.slug) for model in MODELS]


class History(commands.Cog):
    """Everybody finds their own; who may see a whole channel is asked at every press."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @app_commands.command(description="Find your videos again: look at them, make or send them")
    @app_commands.describe(
        model="Only videos of this model",
        words="Only videos with these words in the prompt",
        everyone="For moderators: all members' videos in this channel",
    )
    @app_commands.choices(model=_MODELS)
    async def history(
        self,
        interaction: discord.Interaction,
        model: str | None = None,
        words: app_commands.Range[str, 1, WORDS_CHARS] = "",
        everyone: bool = False,
    ) -> None:
        """Show the newest page."""
        leaf = Leaf(channel=everyone, search=Search(model=model, words=search_words(words)))
        whose = _whose(interaction, leaf)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, whose, leaf)

    @commands.Cog.listener()
    async def on_history_leaf(self, interaction: Interaction, leaf: Leaf) -> None:
        """Show another page in place of the one that is there (the client's own event)."""
        whose = _whose(interaction, leaf)
        await interaction.response.defer()
        await self._show(interaction, whose, leaf)

    @commands.Cog.listener()
    async def on_history_form(self, interaction: Interaction, leaf: Leaf) -> None:
        """Ask for words (the client's own event)."""
        _whose(interaction, leaf)
        await interaction.response.send_modal(words_form(leaf))

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Take the words of a filled form (discord.py's event), opened before a restart or not."""
        filled = filled_words(interaction)
        if filled is None:
            return
        leaf, typed = filled
        leaf = replace(leaf, search=replace(leaf.search, words=search_words(typed)))
        whose = _whose(interaction, leaf)
        await interaction.response.defer()
        await self._show(interaction, whose, leaf)

    async def _show(self, interaction: Interaction, whose: Whose, leaf: Leaf) -> None:
        page = await self._bot.services.history.page(whose, leaf.search)
        in_server = interaction.guild_id is not None
        await interaction.edit_original_response(
            view=history_page(page, leaf, in_server=in_server), attachments=thumbnail_files(page)
        )


def _whose(interaction: Interaction, leaf: Leaf) -> Whose:
    """Return whose videos may be shown; the page's id says nothing about that.

    Raises:
        RefusedError: a whole channel's, to a member who is no moderator.
    """
    if not leaf.channel:
        return OfMember(user_id=interaction.user.id, guild_id=ruling_guild_id(interaction))
    by = moderator(interaction)
    return OfChannel(guild_id=by.guild_id, channel_id=interaction.channel_id or 0)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(History(bot))
