"""The message command "Animate this": a picture somebody posted, and a form for the prompt."""

from pathlib import PurePath

import discord
from discord import app_commands
from discord.ext import commands

from bot.asking import Draft, KeptFile, MessagePlace
from bot.client import VideoBot
from bot.discord_ui.drafting import open_form
from bot.errors import BadInputError
from bot.i18n import gettext

_NAME = "Animate this"
_IMAGE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".heic", ".heif", ".avif"})


def images_of(message: discord.Message) -> tuple[KeptFile, ...]:
    """Return the message's pictures, by what its sender says they are.

    Raises:
        BadInputError: there is none.
    """
    found = [
        KeptFile(name=attachment.filename, url=attachment.url)
        for attachment in message.attachments
        if (attachment.content_type or "").startswith("image/")
        or PurePath(attachment.filename).suffix.casefold() in _IMAGE_ENDINGS
    ]
    if not found:
        raise BadInputError(
            gettext(
                "That message has no picture attached. Choose a message with an uploaded picture, "
                "or use `/animate` and attach one yourself."
            )
        )
    return tuple(found)


class AnimateThis(commands.Cog):
    """Offers the command on messages.

    What its form needs is kept as a draft: without the message content intent Discord shows
    attachments only to the command.
    """

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        self._command = app_commands.ContextMenu(name=_NAME, callback=self._animate_this)

    async def cog_load(self) -> None:
        """Add the command."""
        self._bot.tree.add_command(self._command)

    async def cog_unload(self) -> None:
        """Take the command away."""
        self._bot.tree.remove_command(self._command.name, type=self._command.type)

    async def _animate_this(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> None:
        draft = Draft(
            id=interaction.id,
            user_id=interaction.user.id,
            kind="i2v",
            images=images_of(message),
            message=MessagePlace(channel_id=message.channel.id, message_id=message.id),
        )
        await open_form(interaction, self._bot.services, draft)


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(AnimateThis(bot))
