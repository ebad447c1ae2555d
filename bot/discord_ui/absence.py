"""Where the bot is not: a server, or a conversation, to which a member brought it along.

There it can be asked, by an app that a member installed for themselves, but it hears, sees and
says nothing except by an interaction's token, which lives for 15 minutes. No server's rules hold
there: what does are those of direct messages.
"""

from datetime import UTC, datetime

import discord

from bot.catalogue import Model
from bot.discord_ui.services import Interaction
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.errors import RefusedError
from bot.i18n import gettext
from bot.job import Job
from bot.words import ago

__all__ = [
    "absent_note",
    "check_reachable",
    "is_absent",
    "may_be_late",
    "pressed_result",
    "ruling_guild_id",
]


def is_absent(interaction: Interaction) -> bool:
    """Tell whether the bot itself is not where it is asked.

    What counts is whether it is a member, not by whose install it is asked: on a server with the
    bot its rules hold for those, too, who installed it for themselves. (A server may also have
    the commands without the bot.) The client knows all servers of its shards.
    """
    if interaction.guild_id is not None:
        return interaction.client.get_guild(interaction.guild_id) is None
    return bool(interaction.context.private_channel)


def ruling_guild_id(interaction: Interaction) -> int | None:
    """Return the server whose rules and credits hold; None where those of direct messages do."""
    return None if is_absent(interaction) else interaction.guild_id


def pressed_result(interaction: Interaction, job: Job) -> discord.Message | None:
    """Return the message with a job's video, where the bot is not and only a press brings it.

    None where the bot itself can read and delete it, or where something else was pressed.
    """
    message, there = interaction.message, job.bot_absent and not job.result_direct
    if message is None or not there or message.id != job.result_message_id:
        return None
    return message


def absent_note(job: Job) -> str:
    """Return what a member should know where the bot is not, before the video is made."""
    return gettext(
        "-# I am not a member here, so I can post here for a while only: that ends {when}. If the "
        "video is ready later, it comes to you by direct message. It uses your credits for direct "
        "messages; no server's rules hold."
    ).format(when=ago(job.token_expires_at))


def may_be_late(model: Model, *, expires_at: datetime, now: datetime) -> bool:
    """Tell whether a video usually takes longer than the token lives by which it is posted."""
    return model.typical_s >= (expires_at - now).total_seconds()


async def check_reachable(interaction: Interaction, model: Model) -> None:
    """Refuse, before anything is spent, where the video could not reach its member in time.

    Raises:
        RefusedError: it usually takes longer than can be answered here, and the bot cannot open
            direct messages with the member.
    """
    if not is_absent(interaction):
        return
    if not may_be_late(model, expires_at=interaction.expires_at, now=datetime.now(UTC)):
        return
    try:
        await interaction.client.create_dm(discord.Object(interaction.user.id))
    except DISCORD_ERRORS as error:
        raise RefusedError(
            gettext(
                "{model} usually takes longer than I can answer here, where I am not a member, "
                "and I cannot write you a direct message. Nothing was charged. Allow direct "
                "messages from me, or use the command on a server where the bot is."
            ).format(model=model.title)
        ) from error
