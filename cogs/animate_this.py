"""The message command "Animate this": a picture somebody posted, and a modal for the prompt."""

from pathlib import PurePath

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.catalogue import models_of_kind
from bot.catalogue.options import PROMPT_MAX_LENGTH
from bot.client import VideoBot
from bot.discord_ui.answers import answer_error
from bot.discord_ui.orders import build_order, check_can_post, chosen_model, take_order
from bot.discord_ui.services import Interaction
from bot.discord_ui.words import about, credits_text
from bot.errors import BadInputError

_NAME = "Animate this"
_IMAGE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".heic", ".heif", ".avif"})
# As long as a member may think before the form is forgotten.
_FORM_TIMEOUT_S = 900.0


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


class PromptForm(ui.Modal, title="Animate this picture"):
    """Asks what should happen, and optionally which model."""

    def __init__(self, bot: VideoBot, image: discord.Attachment) -> None:
        super().__init__(timeout=_FORM_TIMEOUT_S)
        self._bot = bot
        self._image = image
        self._prompt: ui.TextInput[PromptForm] = ui.TextInput(
            style=discord.TextStyle.paragraph,
            max_length=PROMPT_MAX_LENGTH,
            placeholder="She turns to the camera and smiles; slow zoom, warm evening light",
        )
        self._model: ui.Select[PromptForm] = ui.Select(
            options=_model_options(bot), required=False, min_values=0, max_values=1
        )
        self.add_item(ui.Label(text="What should happen?", component=self._prompt))
        self.add_item(
            ui.Label(
                text="Model",
                description="May be left as it is; /animate has more settings",
                component=self._model,
            )
        )

    async def on_submit(self, interaction: Interaction, /) -> None:
        """Take the order, with the form's interaction as the job."""
        model = chosen_model("i2v", next(iter(self._model.values), None))
        options = {"image": self._image, "prompt": self._prompt.value}
        order = build_order(interaction, model, options)
        await take_order(interaction, self._bot.services, order)

    async def on_error(  # type: ignore[override]  # a modal's differs from a view's, says discord.py
        self, interaction: Interaction, error: Exception, /
    ) -> None:
        """Answer as every other error is."""
        await answer_error(interaction, error)


def _model_options(bot: VideoBot) -> list[discord.SelectOption]:
    cheapest = bot.services.prices.cheapest
    models = models_of_kind("i2v")
    return [
        discord.SelectOption(
            label=model.title,
            value=model.slug,
            description=f"{about(model.typical_s)} · from {credits_text(cheapest[model.slug])}",
            default=model is models[0],
        )
        for model in models
    ]


class AnimateThis(commands.Cog):
    """Offers the command on messages."""

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
        await interaction.response.send_modal(PromptForm(self._bot, image))


async def setup(bot: VideoBot) -> None:
    """Add the cog."""
    await bot.add_cog(AnimateThis(bot))
