"""/video-admin policy, pause and resume: the rules of a server, and the presses on their pages."""

import asyncio

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.admin.forms import form_of
from bot.discord_ui.admin.group import AdminGroup, join
from bot.discord_ui.admin.input import known_zones
from bot.discord_ui.admin.items import Press, filled_form
from bot.discord_ui.admin.lists import allowances_page, rules_page
from bot.discord_ui.admin.pages import policy_page
from bot.discord_ui.admin.presses import PageRef, edit_of, page_of
from bot.discord_ui.admin.setup import check_log_channel, known_names
from bot.discord_ui.permissions import moderator
from bot.discord_ui.services import Interaction
from bot.discord_ui.words import excerpt
from bot.i18n import gettext
from bot.jobs.checks import REASON_CHARS


async def page(bot: VideoBot, interaction: Interaction, ref: PageRef) -> discord.ui.LayoutView:
    """Return a page as it is now, of the guild in which it was asked for."""
    guild_id = moderator(interaction).guild_id
    desks = bot.services.moderation
    if ref.name == "rules":
        return rules_page(await desks.filter.rules(guild_id), ref.number)
    if ref.name == "allowances":
        return allowances_page(await desks.members.allowances(guild_id), ref.number)
    return policy_page(ref, await desks.policy.overview(guild_id), known_names(interaction))


class PolicyCommands(AdminGroup):
    """The commands."""

    def __init__(self, bot: VideoBot) -> None:
        super().__init__(name="policy", description="The rules of this server")
        self._bot = bot

    @app_commands.command(description="See and change this server's rules: credits, channels, …")
    async def policy(self, interaction: discord.Interaction) -> None:
        """Show the first page."""
        await self._show(interaction, PageRef())

    @app_commands.command(description="Which videos wait until a moderator approves them")
    async def approval(self, interaction: discord.Interaction) -> None:
        """Show the page of approval."""
        await self._show(interaction, PageRef(name="approval"))

    async def _show(self, interaction: discord.Interaction, ref: PageRef) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await page(self._bot, interaction, ref)
        await interaction.edit_original_response(view=view)

    @app_commands.command(description="Take no new videos; those under way go on")
    @app_commands.describe(reason="Members are told")
    async def pause(self, interaction: discord.Interaction, reason: str) -> None:
        """Pause."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        policy = await self._bot.services.moderation.policy.pause(by, reason)
        told = excerpt(policy.paused_reason or "", REASON_CHARS)
        words = gettext(
            "⏸️ New videos are paused. Members are told: {reason}\n"
            "`/video-admin resume` takes them again."
        )
        await interaction.edit_original_response(content=words.format(reason=told))

    @app_commands.command(description="Take new videos again")
    async def resume(self, interaction: discord.Interaction) -> None:
        """Resume."""
        by = moderator(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._bot.services.moderation.policy.resume(by)
        words = gettext("▶️ New videos are taken again.")
        await interaction.edit_original_response(content=words)


class PolicyPages(commands.Cog):
    """What is pressed, chosen and filled in on the pages, whenever they were opened."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_admin_press(self, interaction: Interaction, press: Press) -> None:
        """Handle a button or select (the client's own event)."""
        by = moderator(interaction)
        if press.verb == "form":
            overview = await self._bot.services.moderation.policy.overview(by.guild_id)
            await interaction.response.send_modal(form_of("".join(press.args[:1]), overview))
            return
        await self._do(interaction, press)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle a filled form (discord.py's event); forms opened before a restart as well."""
        press = filled_form(interaction)
        if press is not None:
            await self._do(interaction, press)

    async def _do(self, interaction: Interaction, press: Press) -> None:
        by = moderator(interaction)
        services, zones = self._bot.services, await asyncio.to_thread(known_zones)
        edit = edit_of(press, zones, services.now())
        if press.args[:1] == ("log_channel_id",) and press.values:
            check_log_channel(interaction, int(press.values[0]))
        await interaction.response.defer()
        try:
            if edit is not None:
                await services.moderation.policy.change(by, edit)
        finally:
            # Also when it was refused: the page shows what holds now.
            view = await page(self._bot, interaction, page_of(press))
            await interaction.edit_original_response(view=view)


async def setup(bot: VideoBot) -> None:
    """Add the commands and the cog."""
    join(bot.tree, PolicyCommands(bot))
    await bot.add_cog(PolicyPages(bot))
