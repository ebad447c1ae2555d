"""The one group `/video-admin`, to which each of its cogs adds its commands."""

import discord
from discord import app_commands

from bot.discord_ui.permissions import moderator
from bot.discord_ui.services import Interaction
from bot.errors import RefusedError

NAME = "video-admin"


class AdminGroup(app_commands.Group):
    """Commands for moderators.

    Discord hides them from everybody else, but a server can change that under Integrations:
    so each use is checked again. Autocomplete is not covered by this check (discord.py asks
    no group there): it must look at `is_moderator` itself.
    """

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Refuse who is no moderator. discord.py's hook, which passes on only its own errors."""
        try:
            moderator(interaction)
        except RefusedError as error:
            raise app_commands.CheckFailure(str(error)) from error
        return True


def admin_group(tree: app_commands.CommandTree[discord.Client]) -> AdminGroup:
    """Return the tree's group, made when the first cog asks for it."""
    found = tree.get_command(NAME)
    if isinstance(found, AdminGroup):
        return found
    made = AdminGroup(
        name=NAME,
        description="For moderators: who may make which videos here, and what for",
        guild_only=True,
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=False, private_channel=False
        ),
        default_permissions=discord.Permissions(manage_guild=True),
    )
    tree.add_command(made)
    return made


def join(tree: app_commands.CommandTree[discord.Client], part: AdminGroup) -> None:
    """Add a part's commands to the group itself, without a level between."""
    group = admin_group(tree)
    for command in part.commands:
        group.add_command(command)
