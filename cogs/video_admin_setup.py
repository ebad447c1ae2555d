"""/video-admin setup and log: whether all is in order here, and where moderators are told."""

import discord
from discord import app_commands

from bot.client import VideoBot
from bot.discord_ui.admin.checks import examine
from bot.discord_ui.admin.group import AdminGroup, admin_group, join
from bot.discord_ui.admin.setup import check_log_channel, guild_facts, setup_page
from bot.discord_ui.permissions import invite_link, moderator
from bot.i18n import gettext
from bot.jobs.policy_edits import setting


class SetupCommands(AdminGroup):
    """The check."""

    def __init__(self, bot: VideoBot) -> None:
        super().__init__(name="setup", description="Whether all is in order")
        self._bot = bot

    @app_commands.command(description="Check permissions, balance and rules, and how to mend them")
    async def setup(self, interaction: discord.Interaction) -> None:
        """Check everything."""
        by = moderator(interaction)
        guild = guild_facts(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        services = self._bot.services
        desks = services.moderation
        findings = examine(
            await desks.policy.overview(by.guild_id),
            await desks.members.allowances(by.guild_id),
            guild,
            await desks.account.account(),
            cheapest_credits=services.prices.cheapest_credits,
            figure=await self._bot.is_owner(interaction.user),
        )
        link = invite_link(interaction.application_id)
        await interaction.edit_original_response(view=setup_page(findings, link))


class LogCommands(AdminGroup):
    """The log channel."""

    def __init__(self, bot: VideoBot) -> None:
        super().__init__(name="log", description="Where moderators are told what happens")
        self._bot = bot

    @app_commands.command(description="Where changes and requests for approval are shown")
    @app_commands.describe(channel="One that only moderators see; left out: no log channel")
    async def channel(
        self,
        interaction: discord.Interaction,
        channel: discord.TextChannel | discord.Thread | None = None,
    ) -> None:
        """Set or remove the log channel."""
        by = moderator(interaction)
        if channel is None:
            edit = setting(log_channel_id=None)
        else:
            check_log_channel(interaction, channel.id)
            edit = setting(log_channel_id=channel.id)
        await interaction.response.defer(ephemeral=True, thinking=True)
        policy = await self._bot.services.moderation.policy.change(by, edit)
        where = f"<#{policy.log_channel_id}>" if policy.log_channel_id else gettext("none")
        words = gettext("📋 Log channel: {channel}")
        await interaction.edit_original_response(content=words.format(channel=where))


async def setup(bot: VideoBot) -> None:
    """Add the commands."""
    join(bot.tree, SetupCommands(bot))
    admin_group(bot.tree).add_command(LogCommands(bot))
