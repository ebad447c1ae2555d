"""Who presses a result's button, and what they may do with it, as Discord says with the press."""

from bot.discord_ui.services import Interaction
from bot.errors import RefusedError
from bot.i18n import gettext
from bot.job import Job
from bot.jobs.changes import Moderator
from bot.jobs.viewing import Viewer


def viewer_of(interaction: Interaction) -> Viewer:
    """Return who presses, and where."""
    return Viewer(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
    )


def check_may_ask(interaction: Interaction) -> None:
    """Refuse whoever may not use commands here: a button is no way around that.

    Raises:
        RefusedError: they lack the permission.
    """
    if interaction.guild_id is not None and not interaction.permissions.use_application_commands:
        raise RefusedError(
            gettext(
                "You may not use commands in this channel, and these buttons are no way around "
                "it: the permission **Use Application Commands** is missing. Nothing was charged."
            )
        )


def channel_moderator(interaction: Interaction, job: Job) -> Moderator:
    """Return who deletes somebody else's video: they need the right where the video is.

    Raises:
        RefusedError: they lack Manage Messages there.
    """
    here = interaction.channel_id == job.result_channel_id
    guild_id = interaction.guild_id
    if (
        guild_id is not None
        and guild_id == job.guild_id
        and here
        and interaction.permissions.manage_messages
    ):
        return Moderator(guild_id=guild_id, user_id=interaction.user.id)
    raise RefusedError(
        gettext(
            "Only whoever made this video can delete it, or somebody with the permission **Manage "
            "Messages** in its channel. Nothing was deleted."
        )
    )
