"""The form for the rest of an order: what it asks; pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import ui

from bot.asking import Draft, KeptFile
from bot.catalogue import (
    Kind,
    Model,
    find_model,
    models_of_kind,
)
from bot.catalogue.options import PROMPT_MAX_LENGTH
from bot.discord_ui.form_choices import MODEL, PROMPT, asked_options, values_of
from bot.discord_ui.limits import CHOICE_NAME_CHARS, CHOICES
from bot.discord_ui.settings_words import value_key, value_text
from bot.discord_ui.suggestions import model_facts, parameters_with
from bot.discord_ui.words import about, cut, one_line
from bot.i18n import N_, gettext, number_text
from bot.pricing import PriceTable
from bot.words import credits_text

CUSTOM_ID = re.compile(r"draft:(?P<id>[0-9]{1,20})")
IMAGE, UPLOAD = "image", "upload"
_LABELS: Mapping[str, str] = {
    "duration": N_("Length"),
    "aspect_ratio": N_("Shape"),
    "resolution": N_("Resolution"),
}
_TITLES: Mapping[Kind, str] = {
    "i2v": N_("Animate this picture"),
    "t2v": N_("Make a video from words"),
}
_EXAMPLES: Mapping[Kind, str] = {
    "i2v": N_("She turns to the camera and smiles; slow zoom, warm evening light"),
    "t2v": N_("A red fox runs through fresh snow; low camera, morning light"),
}


class OrderForm(ui.Modal):
    """Asks for what a draft lacks, and offers to change what can be chosen from a list.

    Which draft it is about is in its custom id, so that any process understands it when it comes
    back: see `prompt_answers`.
    """

    def __init__(self, draft: Draft, *, prices: PriceTable) -> None:
        """Make it.

        Args:
            draft: As `with_offers` returns it.
            prices: Estimated prices.
        """
        super().__init__(title=gettext(_TITLES[draft.kind]), custom_id=f"draft:{draft.id}")
        if len(draft.images) > 1:
            self.add_item(_label(gettext("Which picture?"), _image_select(draft.images)))
        elif draft.kind == "i2v" and not draft.images:
            upload: ui.FileUpload[OrderForm] = ui.FileUpload(custom_id=UPLOAD)
            self.add_item(_label(gettext("The picture to bring to life"), upload))
        prompt = _prompt_input(draft)
        self.add_item(_label(gettext("What should happen?"), prompt))
        model = find_model(str(draft.offered[MODEL])) or models_of_kind(draft.kind)[0]
        select = _model_select(draft.kind, model, prices)
        self.add_item(_label(gettext("Model"), select, _price_text(draft, model, prices)))
        for option in asked_options(draft.kind):
            select = _option_select(draft, option, model, prices)
            self.add_item(_label(gettext(_LABELS[option]), select))
        # Nobody waits for it here, so discord.py need not keep it in memory.
        self.stop()


def _label(
    text: str, component: ui.Item[Any], description: str | None = None
) -> ui.Label[OrderForm]:
    return ui.Label(text=text, component=component, description=description)


def _price_text(draft: Draft, model: Model, prices: PriceTable) -> str:
    parameters = parameters_with(model, {**draft.options, **draft.offered}, prices)
    return gettext("As it stands here: {price}, {time}").format(
        price=credits_text(prices.credits(model, parameters)), time=about(model.typical_s)
    )


def _prompt_input(draft: Draft) -> ui.TextInput[OrderForm]:
    written = str(draft.options.get(PROMPT, ""))
    return ui.TextInput(
        custom_id=PROMPT,
        style=discord.TextStyle.paragraph,
        max_length=PROMPT_MAX_LENGTH,
        placeholder=gettext(_EXAMPLES[draft.kind])[:CHOICE_NAME_CHARS],
        default=written[:PROMPT_MAX_LENGTH] or None,
    )


def _select(
    custom_id: str, options: Iterable[discord.SelectOption], *, needed: bool = False
) -> ui.Select[OrderForm]:
    return ui.Select(
        custom_id=custom_id,
        options=list(options)[:CHOICES],
        required=needed,
        min_values=1 if needed else 0,
        max_values=1,
        placeholder=None if needed else gettext("As the model usually makes it"),
    )


def _image_select(images: Iterable[KeptFile]) -> ui.Select[OrderForm]:
    return _select(
        IMAGE,
        (
            discord.SelectOption(
                label=_cut(f"{number_text(n + 1)} · {one_line(image.name)}"),
                value=str(n),
                default=n == 0,
            )
            for n, image in enumerate(images)
        ),
        needed=True,
    )


def _model_select(kind: Kind, chosen: Model, prices: PriceTable) -> ui.Select[OrderForm]:
    return _select(
        MODEL,
        (
            discord.SelectOption(
                label=_cut(model.title),
                value=model.slug,
                description=_cut(model_facts(model, prices)),
                default=model is chosen,
            )
            for model in models_of_kind(kind)
        ),
        needed=True,
    )


def _option_select(
    draft: Draft, option: str, model: Model, prices: PriceTable
) -> ui.Select[OrderForm]:
    """Return all values that any model takes; beside each its price, or whose alone it is."""
    takers: dict[str, list[Model]] = {}
    texts: dict[str, str] = {}
    for one in models_of_kind(draft.kind):
        for value in values_of(one, option):
            key = value_key(option, value)
            takers.setdefault(key, []).append(one)
            texts[key] = value_text(option, value)
    shown = draft.offered.get(option)
    chosen = None if shown is None else value_key(option, shown)
    return _select(
        option,
        (
            discord.SelectOption(
                label=_cut(texts[key]),
                value=key,
                description=_cut(
                    _value_facts(draft, option, key, model=model, takers=takers[key], prices=prices)
                ),
                default=key == chosen,
            )
            for key in sorted(takers, key=_size)
        ),
    )


def _size(key: str) -> int:
    """Return what sorts lengths and resolutions; shapes stay in their order."""
    number = key.removesuffix("p")
    return int(number) if number.isdigit() else 0


def _value_facts(
    draft: Draft,
    option: str,
    key: str,
    *,
    model: Model,
    takers: list[Model],
    prices: PriceTable,
) -> str:
    if model not in takers:
        only = ", ".join(one.title for one in takers)
        return gettext("only with {models}").format(models=only)
    value = next(v for v in values_of(model, option) if value_key(option, v) == key)
    chosen = {**draft.options, **draft.offered, option: value}
    price = prices.credits(model, parameters_with(model, chosen, prices))
    return gettext("{price} with {model}").format(price=credits_text(price), model=model.title)


def _cut(text: str) -> str:
    return cut(text, CHOICE_NAME_CHARS)
