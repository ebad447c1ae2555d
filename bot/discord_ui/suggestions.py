"""What autocomplete offers: only what the chosen model takes, with the price of each choice."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from discord.app_commands import Choice

from bot.asking import Options, is_choice, taken_values
from bot.catalogue import (
    JsonScalar,
    Kind,
    Model,
    find_model,
    models_matching,
    models_of_kind,
    option_spec,
)
from bot.discord_ui.limits import CHOICE_NAME_CHARS, CHOICES
from bot.discord_ui.settings_words import value_key, value_text
from bot.discord_ui.words import about
from bot.errors import BadInputError
from bot.i18n import gettext
from bot.pricing import PriceTable
from bot.remaking import request_of
from bot.words import credits_text

# Options that change the price, and so the price beside every other choice.
_PRICED = ("duration", "resolution", "aspect_ratio", "frames", "fps", "steps")

Suggestion = Choice[str | int | float]
T = TypeVar("T")


def is_suggested(kind: Kind, option: str) -> bool:
    """Tell whether an option has autocomplete: at least one model takes only certain values."""
    return option == "model" or is_choice(kind, option)


def suggestions(
    kind: Kind,
    option: str,
    typed: str,
    given: Mapping[str, Any],
    prices: PriceTable,
    *,
    last: Options = MappingProxyType({}),
) -> list[Suggestion]:
    """Return at most 25 suggestions; what the member chose last comes first, and says so.

    Args:
        kind: The command's kind of models.
        option: The option being filled.
        typed: What was typed into it so far.
        given: The other options, as far as they are filled; may hold anything.
        prices: Estimated prices.
        last: What the member chose last: `model` and options.
    """
    if option == "model":
        return _models(kind, typed, prices, last)
    named = given.get("model")
    model = find_model(named) if isinstance(named, str) and named else models_of_kind(kind)[0]
    if model is None or model.kind != kind or model.option(option) is None:
        return []
    parameters = parameters_with(model, given, prices)
    values = [v for v in taken_values(model, option) if _matches(v, typed)]
    # The same value in another model's way of writing it is the same.
    used = value_key(option, last[option]) if option in last else None
    return _cut(
        _priced(model, option, value, parameters, prices, is_last=was_last)
        for value, was_last in _last_first(values, lambda v: value_key(option, v) == used)
    )


def _models(kind: Kind, typed: str, prices: PriceTable, last: Options) -> list[Suggestion]:
    found = models_matching(models_of_kind(kind), typed)
    return _cut(
        Choice(name=f"{model.title} · {_marked(model_facts(model, prices), was)}", value=model.slug)
        for model, was in _last_first(found, lambda model: model.slug == last.get("model"))
    )


def _last_first(found: Iterable[T], is_last: Callable[[T], bool]) -> Iterator[tuple[T, bool]]:
    """Yield each with whether it was chosen last, that one first."""
    marked = [(one, is_last(one)) for one in found]
    yield from sorted(marked, key=lambda pair: not pair[1])


def _marked(words: str, was_last: bool) -> str:
    return gettext("{choice} · last time").format(choice=words) if was_last else words


def model_facts(model: Model, prices: PriceTable) -> str:
    """Return how long a model usually takes, and the least that it costs."""
    return gettext("{time} · from {price}").format(
        time=about(model.typical_s), price=credits_text(prices.cheapest[model.slug])
    )


def _matches(value: JsonScalar, typed: str) -> bool:
    return str(value).casefold().startswith(typed.strip().casefold())


def parameters_with(
    model: Model, given: Mapping[str, Any], prices: PriceTable
) -> dict[str, JsonScalar]:
    """Return the model's parameters as they would be sent; what is no valid value is left out."""
    parameters: dict[str, JsonScalar] = dict(request_of({}, model, prices).parameters)
    for name in _PRICED:
        option, value = model.option(name), given.get(name)
        if option is None or not isinstance(value, str | int | float):
            continue
        try:
            priced = request_of({name: value}, model, prices).parameters
            parameters[option.parameter] = priced[option.parameter]
        except (BadInputError, ValueError, OverflowError):
            continue  # not a number yet, or not one this model takes: priced at the default
    return parameters


def _priced(
    model: Model,
    option: str,
    value: JsonScalar,
    parameters: Mapping[str, JsonScalar],
    prices: PriceTable,
    *,
    is_last: bool,
) -> Suggestion:
    parameter = model.parameter_of(option)
    price = prices.credits(model, {**parameters, parameter.name: value})
    name = _marked(f"{value_text(option, value)} · {credits_text(price)}", is_last)
    if value == model.default_of(option):
        name = gettext("{choice} · usual").format(choice=name)
    typed_value = str(value) if option_spec(option).type == "string" else value
    return Choice(name=name, value=typed_value)


def _cut(choices: Iterable[Suggestion]) -> list[Suggestion]:
    return [
        Choice(name=choice.name[:CHOICE_NAME_CHARS], value=choice.value)
        for _, choice in zip(range(CHOICES), choices, strict=False)
    ]
