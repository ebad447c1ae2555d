"""The form of "Animate this": what it asks, and what was filled in; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.catalogue import models_of_kind
from bot.catalogue.options import PROMPT_MAX_LENGTH
from bot.discord_ui.words import about
from bot.pricing import PriceTable
from bot.words import credits_text

_CUSTOM_ID = re.compile(r"animate:(?P<channel>[0-9]{1,20}):(?P<message>[0-9]{1,20})")
_PROMPT, _MODEL = "prompt", "model"


class PromptForm(ui.Modal, title="Animate this picture"):
    """Asks what should happen, and optionally which model.

    Whose picture it is about is in its custom id, so that any process understands it when it
    comes back: see `filled_form`.
    """

    def __init__(self, *, channel_id: int, message_id: int, prices: PriceTable) -> None:
        super().__init__(custom_id=f"animate:{channel_id}:{message_id}")
        prompt: ui.TextInput[PromptForm] = ui.TextInput(
            custom_id=_PROMPT,
            style=discord.TextStyle.paragraph,
            max_length=PROMPT_MAX_LENGTH,
            placeholder="She turns to the camera and smiles; slow zoom, warm evening light",
        )
        model: ui.Select[PromptForm] = ui.Select(
            custom_id=_MODEL,
            options=_model_options(prices),
            required=False,
            min_values=0,
            max_values=1,
        )
        self.add_item(ui.Label(text="What should happen?", component=prompt))
        self.add_item(
            ui.Label(
                text="Model",
                description="May be left as it is; /animate has more settings",
                component=model,
            )
        )
        # Nobody waits for it here, so discord.py need not keep it in memory.
        self.stop()


@dataclass(frozen=True, kw_only=True)
class FilledForm:
    """What a member sent; the model is None when it was left as it is."""

    channel_id: int
    message_id: int
    prompt: str
    model: str | None


def filled_form(interaction: discord.Interaction[Any]) -> FilledForm | None:
    """Return the form that this interaction submits; None when it is about anything else."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return None
    data: Mapping[str, Any] = interaction.data or {}
    about_what = _CUSTOM_ID.fullmatch(data["custom_id"])
    if about_what is None:
        return None
    inputs = [label["component"] for label in data["components"] if "component" in label]
    filled: Mapping[str, Mapping[str, Any]] = {item["custom_id"]: item for item in inputs}
    return FilledForm(
        channel_id=int(about_what["channel"]),
        message_id=int(about_what["message"]),
        prompt=filled[_PROMPT]["value"],
        model=next(iter(filled[_MODEL]["values"]), None),
    )


def _model_options(prices: PriceTable) -> list[discord.SelectOption]:
    models, cheapest = models_of_kind("i2v"), prices.cheapest
    return [
        discord.SelectOption(
            label=model.title,
            value=model.slug,
            description=f"{about(model.typical_s)} · from {credits_text(cheapest[model.slug])}",
            default=model is models[0],
        )
        for model in models
    ]
