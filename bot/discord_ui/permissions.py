"""Which permissions the bot needs, and who counts as a moderator."""

import logging
from collections.abc import Mapping
from typing import Any

import discord

from bot.discord_ui.absence import is_absent, ruling_guild_id
from bot.discord_ui.services import Interaction
from bot.errors import RefusedError
from bot.i18n import gettext
from bot.jobs.changes import Moderator

log = logging.getLogger(__name__)

# All it ever uses: to see a channel, post cards and videos there, and find its own posts again.
NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    attach_files=True,
    read_message_history=True,
)

SCOPES = ("bot", "applications.commands")
# Discord's number for "for oneself" on the page where an application is installed.
_FOR_A_USER = 1


def missing_permissions(has: discord.Permissions, *, in_thread: bool) -> list[str]:
    """Return the permissions that posting a video needs and the bot lacks, by Discord's names."""
    needed = {
        gettext("View Channel"): has.view_channel,
        gettext("Attach Files"): has.attach_files,
    }
    if in_thread:
        needed[gettext("Send Messages in Threads")] = has.send_messages_in_threads
    else:
        needed[gettext("Send Messages")] = has.send_messages
    return [name for name, granted in needed.items() if not granted]


def missing_for_videos(has: discord.Permissions, *, in_thread: bool) -> list[str]:
    """Return what the bot lacks of all that it uses where videos are made, by Discord's names.

    Without the history it posts all the same, but cannot reply, nor find after a crash what it
    has posted.
    """
    missing = missing_permissions(has, in_thread=in_thread)
    return missing if has.read_message_history else [*missing, gettext("Read Message History")]


def is_locked(channel: object, has: discord.Permissions) -> bool:
    """Tell whether a channel is a locked thread, in which only those who manage threads write.

    One that is merely archived opens again by writing into it.
    """
    return isinstance(channel, discord.Thread) and channel.locked and not has.manage_threads


def invite_link(application_id: int) -> str:
    """Return the address by which a server invites the bot with exactly what it needs."""
    return discord.utils.oauth_url(application_id, permissions=NEEDED, scopes=SCOPES)


def user_install_link(application_id: int) -> str:
    """Return the address by which a person installs the bot for themselves."""
    link = discord.utils.oauth_url(application_id, scopes=("applications.commands",))
    return f"{link}&integration_type={_FOR_A_USER}"


def is_moderator(interaction: Interaction) -> bool:
    """Tell whether a member may administer the bot in the guild they are in right now.

    Discord sends the permissions with every interaction, so this is never older than the press.
    """
    has = interaction.permissions
    manages = has.manage_guild or has.administrator
    return manages and ruling_guild_id(interaction) is not None


def moderator(interaction: Interaction) -> Moderator:
    """Return who acts in which guild: the only way to one, so that no check can be forgotten.

    What a member without the right tries is logged.

    Raises:
        RefusedError: they lack Manage Server here, or the bot is not here.
    """
    if interaction.guild_id is not None and is_moderator(interaction):
        return Moderator(guild_id=interaction.guild_id, user_id=interaction.user.id)
    log.warning(
        "moderation refused: interaction %s, guild %s, member %s, tried %s",
        interaction.id,
        interaction.guild_id,
        interaction.user.id,
        _tried(interaction),
    )
    if is_absent(interaction):
        raise RefusedError(
            gettext(
                "I am not a member of this server, so there is nothing to moderate here. Somebody "
                "with **Manage Server** can [invite me]({link}). Nothing was changed."
            ).format(link=f"<{invite_link(interaction.application_id)}>")
        )
    raise RefusedError(
        gettext(
            "This is for this server's moderators: it needs the permission **Manage Server** here. "
            "Nothing was changed."
        )
    )


def _tried(interaction: Interaction) -> str:
    if interaction.command is not None:
        return interaction.command.qualified_name
    data: Mapping[str, Any] = interaction.data or {}
    return str(data.get("custom_id"))
