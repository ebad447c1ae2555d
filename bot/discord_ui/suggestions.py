"""What autocomplete offers: only what the chosen model takes, with the price of each choice."""

from collections.abc import Iterable, Mapping
from typing import Any

from discord.app_commands import Choice

from bot.catalogue import (
    REQUIRED_OPTIONS,
    JsonScalar,
    Kind,
    Model,
    Parameter,
    find_model,
    models_matching,
    models_of_kind,
    option_spec,
)
from bot.discord_ui.limits import CHOICE_NAME_CHARS, CHOICES
from bot.discord_ui.settings_words import value_text
from bot.discord_ui.words import about
from bot.errors import BadInputError
from bot.pricing import PriceTable
from bot.request import build_request
from bot.words import credits_text

# Options that change the price, and so the price beside every other choice.
_PRICED = ("duration", "resolution", "aspect_ratio", "frames", "fps", "steps")

Suggestion = Choice[str | int | float]


def is_suggested(kind: Kind, option: str) -> bool:
    """Tell whether an option has autocomplete: at least one model takes only certain values."""
    if option == "model":
        return True
    models = models_of_kind(kind)
    return any(m.option(option) and m.parameter_of(option).choices for m in models)


def suggestions(
    kind: Kind, option: str, typed: str, given: Mapping[str, Any], prices: PriceTable
) -> list[Suggestion]:
    """Return at most 25 suggestions.

    Args:
        kind: The command's kind of models.
        option: The option being filled.
        typed: What was typed into it so far.
        given: The other options, as far as they are filled; may hold anything.
        prices: Estimated prices.
    """
    if option == "model":
        return _models(kind, typed, prices)
    named = given.get("model")
    model = find_model(named) if isinstance(named, str) and named else models_of_kind(kind)[0]
    if model is None or model.kind != kind or model.option(option) is None:
        return []
    parameters = _parameters(model, given, prices)
    values = (v for v in _values(model.parameter_of(option)) if _matches(v, typed))
    return _cut(_priced(model, option, value, parameters, prices) for value in values)


def _models(kind: Kind, typed: str, prices: PriceTable) -> list[Suggestion]:
    return _cut(
        Choice(name=_model_name(model, prices), value=model.slug)
        for model in models_matching(models_of_kind(kind), typed)
    )


def _model_name(model: Model, prices: PriceTable) -> str:
    cheapest = credits_text(prices.cheapest[model.slug])
    return f"{model.title} · {about(model.typical_s)} · from {cheapest}"


def _values(parameter: Parameter) -> Iterable[JsonScalar]:
    if parameter.choices or parameter.minimum is None or parameter.maximum is None:
        return parameter.choices
    return range(int(parameter.minimum), int(parameter.maximum) + 1)


def _matches(value: JsonScalar, typed: str) -> bool:
    return str(value).casefold().startswith(typed.strip().casefold())


def _parameters(
    model: Model, given: Mapping[str, Any], prices: PriceTable
) -> dict[str, JsonScalar]:
    """Return the model's parameters as they would be sent; what is no valid value is left out."""
    parameters: dict[str, JsonScalar] = dict(_built(model, {}, prices))
    for name in _PRICED:
        option, value = model.option(name), given.get(name)
        if option is None or not isinstance(value, str | int | float):
            continue
        try:
            parameters[option.parameter] = _built(model, {name: value}, prices)[option.parameter]
        except (BadInputError, ValueError, OverflowError):
            continue  # not a number yet, or not one this model takes: priced at the default
    return parameters


def _built(
    model: Model, options: Mapping[str, JsonScalar], prices: PriceTable
) -> Mapping[str, JsonScalar]:
    required = {name: "…" for name in REQUIRED_OPTIONS if model.option(name)}
    return build_request(
        model, {**required, **options}, prices=prices, draw_seed=lambda low, _high: low
    ).parameters


def _priced(
    model: Model,
    option: str,
    value: JsonScalar,
    parameters: Mapping[str, JsonScalar],
    prices: PriceTable,
) -> Suggestion:
    parameter = model.parameter_of(option)
    price = prices.credits(model, {**parameters, parameter.name: value})
    name = f"{value_text(option, value)} · {credits_text(price)}"
    if value == model.default_of(option):
        name += " · usual"
    typed_value = str(value) if option_spec(option).type == "string" else value
    return Choice(name=name, value=typed_value)


def _cut(choices: Iterable[Suggestion]) -> list[Suggestion]:
    return [
        Choice(name=choice.name[:CHOICE_NAME_CHARS], value=choice.value)
        for _, choice in zip(range(CHOICES), choices, strict=False)
    ]
