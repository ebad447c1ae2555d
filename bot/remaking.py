"""From what was sent for a video to the options of the next: the inverse of `bot.request`, pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.catalogue import REQUIRED_OPTIONS, JsonScalar, Kind, Model, find_model
from bot.errors import BadInputError
from bot.pricing import PriceTable
from bot.request import GenerationRequest, build_request

# What every model has had under one name so far, and so one that the catalogue no longer has.
_PLAIN = (*REQUIRED_OPTIONS, "seed")
# Stands for a picture or a prompt that does not matter here.
_ANY = "…"


@dataclass(frozen=True, kw_only=True)
class Carried:
    """Options for a model, from those of another.

    Attributes:
        options: Our option names to values, all of which the model takes.
        dropped: The names of those that it lacks or would refuse.
    """

    options: Mapping[str, JsonScalar]
    dropped: tuple[str, ...] = ()


def options_of(model: Model | None, parameters: Mapping[str, JsonScalar]) -> dict[str, JsonScalar]:
    """Return the options from which a model's parameters were made.

    What equals the model's default is left out: the member has not set it, and another model
    has its own. Building a request from the rest gives the same parameters.

    Args:
        model: Whose parameters they are; None when the catalogue no longer has it: then only
            prompt, picture and seed can be told.
        parameters: As they were sent.
    """
    if model is None:
        return {name: parameters[name] for name in _PLAIN if name in parameters}
    options: dict[str, JsonScalar] = {}
    for option in model.options:
        value = parameters.get(option.parameter)
        if value is None:
            continue
        always = option.name in REQUIRED_OPTIONS or option.random_range is not None
        if always or value != model.default_of(option.name):
            options[option.name] = value
    return options


def carried_over(options: Mapping[str, JsonScalar], model: Model, prices: PriceTable) -> Carried:
    """Return of another model's options those that this one takes; never raises BadInputError."""
    kept: dict[str, JsonScalar] = {}
    dropped = []
    for name, value in options.items():
        if name in REQUIRED_OPTIONS:
            if model.option(name) is not None:
                kept[name] = value
        elif _takes(model, kept | {name: value}, prices):
            kept[name] = value
        else:
            dropped.append(name)
    return Carried(options=kept, dropped=tuple(dropped))


def request_of(
    options: Mapping[str, JsonScalar], model: Model, prices: PriceTable
) -> GenerationRequest:
    """Return the request as it would be sent, for its price; a picture may be missing.

    Raises:
        BadInputError: an option that the model does not take.
    """
    needed = {name: _ANY for name in REQUIRED_OPTIONS if model.option(name)}
    return build_request(
        model, {**needed, **options}, prices=prices, draw_seed=lambda low, _high: low
    )


def kind_of(slug: str, parameters: Mapping[str, JsonScalar]) -> Kind:
    """Return which kind of model made a video, also of one that the catalogue no longer has."""
    model = find_model(slug)
    if model is not None:
        return model.kind
    return "i2v" if "image" in parameters else "t2v"


def _takes(model: Model, options: Mapping[str, JsonScalar], prices: PriceTable) -> bool:
    try:
        request_of(options, model, prices)
    except BadInputError:
        return False
    return True
