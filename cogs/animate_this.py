"""The message command "Animate this": a picture somebody posted, and a form for the prompt."""

import asyncio
import logging
from pathlib import PurePath

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VideoBot
from bot.discord_ui.orders import (
    build_order,
    check_can_post,
    chosen_model,
    take_late_order,
)
from bot.discord_ui.prompt_form import FilledForm, PromptForm, filled_form
from bot.discord_ui.services import Interaction
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.errors import BadInputError, NotFoundError
from bot.jobs.intake import Order, SourceFile

log = logging.getLogger(__name__)

_NAME = "Animate this"
_IMAGE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".heic", ".heif", ".avif"})
# The member looks at "thinking" meanwhile.
_LOOK_TIMEOUT_S = 1.0
_GONE = "That message is gone, and its picture with it. Use `/animate` and attach a picture."
_TOO_LATE = (
    "This form was open for too long, and I no longer have the picture. Choose *Animate this* on "
    "the message again."
)


def first_image(message: discord.Message) -> discord.Attachment:
    """Return the message's first picture, by what its sender says it is.

    Raises:
        BadInputError: there is none.
    """
    for attachment in message.attachments:
        kind = attachment.content_type or ""
        ending = PurePath(attachment.filename).suffix.casefold()
        if kind.startswith("image/") or ending in _IMAGE_ENDINGS:
            return attachment
    raise BadInputError(
        "That message has no picture attached. Choose a message with an uploaded picture, or use "
        "`/animate` and attach one yourself."
    )


class AnimateThis(commands.Cog):
    """Offers the command on messages, and takes the order when its form comes back.

    The form may come back after a restart, or to another process. What it needs is kept in the
    database: without the message content intent Discord shows attachments only to the command.
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
        image = first_image(message)
        check_can_post(interaction)
        services, user_id = self._bot.services, interaction.user.id
        await services.store.keep_picture(message.id, user_id, image.url, now=services.now())
        form = PromptForm(
            channel_id=message.channel.id, message_id=message.id, prices=services.prices
        )
        await interaction.response.send_modal(form)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Take the order of a filled form, with the form's interaction as the job."""
        form = filled_form(interaction)
        if form is None:
            return
        model = chosen_model("i2v", form.model)

        async def ordered() -> Order:
            image = await self._image(form, interaction)
            return build_order(interaction, model, {"image": image, "prompt": form.prompt})

        await take_late_order(interaction, self._bot.services, ordered)

    async def _image(self, form: FilledForm, interaction: Interaction) -> SourceFile:
        services, user_id = self._bot.services, interaction.user.id
        url = await services.store.kept_picture(form.message_id, user_id, now=services.now())
        if url is None:
            raise NotFoundError(_TOO_LATE)
        if await self._is_gone(form):
            raise NotFoundError(_GONE)
        return SourceFile(url=url)

    async def _is_gone(self, form: FilledForm) -> bool:
        """Say whether the message was deleted: Discord's files outlive their messages a while."""
        channel = self._bot.get_partial_messageable(form.channel_id)
        try:
            async with asyncio.timeout(_LOOK_TIMEOUT_S):
                await channel.fetch_message(form.message_id)
        except discord.NotFound:
            return True
        except DISCORD_ERRORS as error:
            # Not allowed to look, or not now: then the picture itself shows whether it is there.
            log.info("message %s could not be looked at: %s", form.message_id, error)
        return False


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(AnimateThis(bot))
