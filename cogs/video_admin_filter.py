"""/video-admin filter: words, phrases and regular expressions that prompts may not contain."""

from itertools import islice

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.admin.group import AdminGroup, admin_group
from bot.discord_ui.admin.items import filled_form
from bot.discord_ui.admin.lists import (
    filter_words,
    paste_form,
    pasted_words,
    rule_choice,
    rules_page,
)
from bot.discord_ui.admin.notices import rule_words
from bot.discord_ui.limits import CHOICES
from bot.discord_ui.permissions import is_moderator, moderator
from bot.discord_ui.services import Interaction
from bot.errors import NotFoundError
from bot.i18n import gettext
from bot.wordfilter import RuleKind

# As many digits as the database's integers have; Python reads no more than 4,300 as a number.
_NUMBER_CHARS = 19


class FilterCommands(AdminGroup):
    """The commands."""

    def __init__(self, bot: VideoBot) -> None:
        super().__init__(name="filter", description="What prompts may not contain")
        self._bot = bot

    @app_commands.command(description="Refuse prompts that contain this, however it is spelt")
    @app_commands.describe(
        kind="A whole word, words that follow each other, or a regular expression",
        pattern="Case, accents, spaces and look-alikes do not matter",
    )
    async def add(self, interaction: discord.Interaction, kind: RuleKind, pattern: str) -> None:
        """Add a rule."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        rule = await self._bot.services.moderation.filter.add_rule(by, kind, pattern)
        words = gettext(
            "🧹 Rule `{number}` holds now: {rule}\n`/video-admin filter test` tries it out."
        ).format(number=rule.id, rule=rule_words(rule.kind, rule.pattern))
        await interaction.edit_original_response(content=words)

    @app_commands.command(description="Add many rules at once: a form for a list, one rule a line")
    async def paste(self, interaction: discord.Interaction) -> None:
        """Ask for the list."""
        moderator(interaction)
        await interaction.response.send_modal(paste_form())

    @app_commands.command(description="Remove a rule")
    @app_commands.describe(rule="Which one")
    async def remove(self, interaction: discord.Interaction, rule: str) -> None:
        """Remove a rule."""
        by = moderator(interaction)
        number = rule.strip()
        if not (number.isascii() and number.isdigit() and len(number) <= _NUMBER_CHARS):
            raise NotFoundError(
                gettext(
                    "A rule is chosen from the list, or given by its number. "
                    "`/video-admin filter list` shows them all."
                )
            )
        await interaction.response.defer(ephemeral=True, thinking=True)
        gone = await self._bot.services.moderation.filter.remove_rule(by, int(number))
        words = gettext("🧹 Rule `{number}` is gone: {rule}")
        words = words.format(number=gone.id, rule=rule_words(gone.kind, gone.pattern))
        await interaction.edit_original_response(content=words)

    @remove.autocomplete("rule")
    async def _rules(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        if interaction.guild_id is None or not is_moderator(interaction):
            return []  # discord.py asks no group's check here
        rules = await self._bot.services.moderation.filter.rules(interaction.guild_id)
        wanted = typed.strip().casefold()
        named = ((rule_choice(rule), str(rule.id)) for rule in rules)
        found = ((name, value) for name, value in named if wanted in name.casefold())
        return [app_commands.Choice(name=n, value=value) for n, value in islice(found, CHOICES)]

    @app_commands.command(description="All rules of this server")
    async def list(self, interaction: discord.Interaction) -> None:
        """Show all rules."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        rules = await self._bot.services.moderation.filter.rules(by.guild_id)
        await interaction.edit_original_response(view=rules_page(rules))

    @app_commands.command(description="Would a prompt pass? Nothing is made, nobody is told")
    @app_commands.describe(text="The prompt")
    async def test(self, interaction: discord.Interaction, text: str) -> None:
        """Try the filter out."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        match = await self._bot.services.moderation.filter.test_filter(by.guild_id, text)
        await interaction.edit_original_response(content=filter_words(match))


class FilterForms(commands.Cog):
    """The filled form of `/video-admin filter paste`."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Add the list (discord.py's event); forms opened before a restart as well."""
        press = filled_form(interaction, "paste")
        if press is None:
            return
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        text = press.fields.get("list", "")
        added, problems = await self._bot.services.moderation.filter.add_list(by, text)
        await interaction.edit_original_response(content=pasted_words(len(added), problems))


async def setup(bot: VideoBot) -> None:
    """Add the commands and the cog."""
    admin_group(bot.tree).add_command(FilterCommands(bot))
    await bot.add_cog(FilterForms(bot))
