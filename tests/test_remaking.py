"""From what was sent back to the options that ask for it."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import MODELS, JsonScalar, Model, Parameter, models_of_kind, option_spec
from bot.catalogue.options import SEED_MAX
from bot.pricing import load_prices
from bot.remaking import carried_over, kind_of, options_of, request_of
from bot.request import build_request

PRICES = load_prices()
BY_SLUG = {model.slug: model for model in MODELS}
FLASH, WAN_26, WAN_21 = (
    BY_SLUG[slug] for slug in ("wan-2.2-i2v-flash", "wan-2.6-i2v", "wan2.1-i2v-720p")
)
IMAGE = "https://cdn.example.org/fox.png"
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)


def values(name: str, parameter: Parameter) -> st.SearchStrategy[JsonScalar]:
    """Return values that an option takes."""
    spec = option_spec(name)
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.type in ("integer", "number"):
        low, high = (0, SEED_MAX) if name == "seed" else _ends(parameter)
        whole = st.integers(low, high)
        return whole if parameter.type == "integer" else whole | st.floats(low, high)
    if parameter.type == "boolean":
        return st.booleans()
    addresses = [f"https://example.org/{one}.safetensors" for one in "ab"]
    text = st.text(min_size=1, max_size=50).map(lambda text: f"a {text}".strip())
    return st.sampled_from(addresses) if spec.url_suffix or spec.type == "attachment" else text


def _ends(parameter: Parameter) -> tuple[int, int]:
    return int(parameter.minimum or 0), int(parameter.maximum or 0)


@st.composite
def requests(draw: st.DrawFn, models: tuple[Model, ...]) -> tuple[Model, Mapping[str, JsonScalar]]:
    """Return a model and what was sent to it for some of its options."""
    model = draw(st.sampled_from(models))
    optional = {
        option.name: values(option.name, model.parameter(option.parameter))
        for option in model.options
        if option.name not in ("image", "prompt")
    }
    needed: dict[str, st.SearchStrategy[JsonScalar]] = {
        name: st.just(IMAGE) for name in ("image",) if model.option(name)
    }
    needed["prompt"] = values("prompt", model.parameter_of("prompt"))
    options = draw(st.fixed_dictionaries(needed, optional=optional))
    if options.get("multi_shot"):
        options["enhance_prompt"] = True
    return model, sent(model, options)


def sent(model: Model, options: Mapping[str, Any]) -> Mapping[str, JsonScalar]:
    """Return what is sent for options."""
    given = {"prompt": "a fox", **options}
    if model.kind == "i2v":
        given.setdefault("image", IMAGE)
    draw = random.Random(7).randint
    return build_request(model, given, prices=PRICES, draw_seed=draw).parameters


@every_model
@given(data=st.data())
def test_options_of_is_the_inverse_of_build_request(model: Model, data: st.DataObject) -> None:
    """What they ask for is sent again to the letter, whatever was set."""
    _, parameters = data.draw(requests((model,)))
    options = options_of(model, parameters)

    assert sent(model, options) == parameters


@given(asked=requests(models_of_kind("i2v")), target=st.sampled_from(models_of_kind("i2v")))
def test_another_model_takes_all_that_is_carried_over(
    asked: tuple[Model, Mapping[str, JsonScalar]], target: Model
) -> None:
    """It never refuses; each option is taken with the value it had, or is named as dropped."""
    source, parameters = asked
    options = options_of(source, parameters)
    carried = carried_over(options, target, PRICES)

    assert request_of(carried.options, target, PRICES).price_credits > 0
    assert set(carried.options) | set(carried.dropped) == set(options)
    assert all(options[name] == value for name, value in carried.options.items())
    assert not set(carried.options) & set(carried.dropped)


def test_what_was_not_set_is_left_to_the_other_model() -> None:
    """A default is the model's own, and no wish of the member's."""
    options = options_of(WAN_21, sent(WAN_21, {"seed": 5}))

    assert options == {"image": IMAGE, "prompt": "a fox", "seed": 5}


def test_what_the_other_model_lacks_or_refuses_is_named() -> None:
    """Sound and steps it lacks, 1080p it does not make; the resolution it has is kept."""
    wide = options_of(WAN_26, sent(WAN_26, {"resolution": "1080p", "audio": IMAGE}))
    small = options_of(FLASH, sent(FLASH, {"resolution": "480P", "watermark": True}))

    assert carried_over(wide, FLASH, PRICES).dropped == ("resolution", "audio")
    assert carried_over(small, BY_SLUG["wan-2.5-i2v"], PRICES).dropped == ("watermark",)
    assert carried_over(small, BY_SLUG["wan-2.5-i2v"], PRICES).options["resolution"] == "480P"


def test_of_a_model_that_is_gone_the_plain_things_are_known() -> None:
    """Prompt, picture and seed have one name in every model."""
    parameters: dict[str, JsonScalar] = {
        "image": IMAGE,
        "prompt": "a fox",
        "seed": 5,
        "shininess": 3,
    }

    assert options_of(None, parameters) == {"image": IMAGE, "prompt": "a fox", "seed": 5}
    assert kind_of("wan-0.9", parameters) == "i2v"
    assert kind_of("wan-0.9", {"prompt": "a fox", "seed": 5}) == "t2v"
