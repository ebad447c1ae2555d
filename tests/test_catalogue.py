import json
import re
from collections.abc import Callable

import pytest

from bot.catalogue import (
    MODELS,
    OPTIONS,
    JsonScalar,
    Kind,
    Model,
    ParameterType,
    as_json,
    find_model,
    models_of_kind,
    option_spec,
    union_bounds,
)
from tests.seed_pages import SLUGS, seed_page, split_run_together

BY_SLUG = {model.slug: model for model in MODELS}
KINDS: tuple[Kind, ...] = ("i2v", "t2v")
PYTHON_TYPES: dict[ParameterType, tuple[type, ...]] = {
    "string": (str,),
    "string (uri)": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)


# -- the pages ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digits", "default", "numbers"),
    [
        ("51015", 5, (5, 10, 15)),
        ("510", None, (5, 10)),
        ("7209601024", 720, (720, 960, 1024)),
        ("7", 7, (7,)),
        ("81216", None, (8, 12, 16)),
    ],
)
def test_run_together_numbers_are_told_apart(
    digits: str, default: int | None, numbers: tuple[int, ...]
) -> None:
    """The test's own reader parts `51015` into rising numbers that hold the default."""
    assert split_run_together(digits, default) == numbers


def test_every_page_has_a_model_and_every_model_a_page() -> None:
    """The catalogue holds the models of the seeds, no more and no less."""
    assert len(SLUGS) == 5
    assert sorted(BY_SLUG) == sorted(SLUGS)


@pytest.mark.parametrize("slug", SLUGS)
def test_title_and_latency_are_the_pages(slug: str) -> None:
    """Title and typical seconds are those of the page."""
    page = seed_page(slug)

    assert BY_SLUG[slug].title == page.title
    assert BY_SLUG[slug].typical_s == page.typical_s


@pytest.mark.parametrize("slug", SLUGS)
def test_a_model_has_the_pages_parameters_in_their_order(slug: str) -> None:
    """No parameter is missing, none is made up, and they stand in the page's order."""
    names = [parameter.name for parameter in BY_SLUG[slug].parameters]

    assert names == [parameter.name for parameter in seed_page(slug).parameters]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("slug", "name"),
    [(slug, parameter.name) for slug in SLUGS for parameter in seed_page(slug).parameters],
)
def test_a_parameter_is_what_the_page_says(slug: str, name: str) -> None:
    """Type, need, default, allowed values and range are the page's."""
    ours = BY_SLUG[slug].parameter(name)
    pages = next(p for p in seed_page(slug).parameters if p.name == name)

    assert ours == pages
    # Equality does not tell True from 1; the types do.
    assert type(ours.default) is type(pages.default)
    assert [type(choice) for choice in ours.choices] == [type(choice) for choice in pages.choices]


def _documented(model: Model) -> list[tuple[ParameterType, JsonScalar]]:
    return [
        (parameter.type, value)
        for parameter in model.parameters
        for value in (parameter.default, *parameter.choices)
        if value is not None
    ]


@every_model
def test_defaults_and_choices_have_the_declared_type(model: Model) -> None:
    """A default or choice has its parameter's type: 720 is a number, true is no 1."""
    for kind, value in _documented(model):
        assert isinstance(value, PYTHON_TYPES[kind])
        assert isinstance(value, bool) == (kind == "boolean")


# -- models and options ---------------------------------------------------------------


@every_model
def test_every_parameter_is_reached_by_one_option_or_is_constant(model: Model) -> None:
    """Nothing a page documents is out of a member's reach, and nothing is set twice."""
    reached = [option.parameter for option in model.options] + list(model.constants)

    assert sorted(reached) == sorted(parameter.name for parameter in model.parameters)


@every_model
def test_constants_are_values_the_parameter_takes(model: Model) -> None:
    """What is always sent has the type of its parameter."""
    for name, value in model.constants.items():
        assert isinstance(value, PYTHON_TYPES[model.parameter(name).type])


@every_model
def test_required_parameters_are_always_sent(model: Model) -> None:
    """A required parameter is a required option or has a default that is sent."""
    for option in model.options:
        if model.parameter(option.parameter).required:
            assert option.name in ("image", "prompt") or model.default_of(option.name) is not None


@every_model
def test_a_models_options_stand_in_the_commands_order(model: Model) -> None:
    """Every option is one of `OPTIONS`, none twice, in one order everywhere."""
    order = [spec.name for spec in OPTIONS]
    names = [option.name for option in model.options]

    assert names == sorted(set(names), key=order.index)


@every_model
def test_option_and_parameter_types_fit(model: Model) -> None:
    """An option's type can carry its parameter's values; choices may be told as text."""
    for option in model.options:
        spec, parameter = option_spec(option.name), model.parameter(option.parameter)
        if spec.type == "attachment":
            assert parameter.type == "string (uri)"
        elif spec.type == "string":
            assert parameter.type == "string" or parameter.choices
        else:
            assert spec.type == parameter.type


@every_model
def test_needs_name_a_boolean_option_of_the_same_model(model: Model) -> None:
    """An option can only depend on a switch that its model has."""
    for option in model.options:
        if option.needs is not None:
            assert model.parameter_of(option.needs).type == "boolean"


@every_model
def test_every_model_draws_its_seed(model: Model) -> None:
    """A seed is drawn from a range of its own; no other option is random."""
    drawn = {option.name: option.random_range for option in model.options if option.random_range}

    assert list(drawn) == ["seed"]
    assert 0 <= drawn["seed"][0] < drawn["seed"][1] <= 2**31 - 1


def test_wan_25_draws_seeds_from_the_pages_range() -> None:
    """The page of wan-2.5-i2v asks for seeds "between 1 and 100 for variation"."""
    option = BY_SLUG["wan-2.5-i2v"].option("seed")

    assert option is not None
    assert option.random_range == (1, 100)


def test_options_are_valid_on_discord() -> None:
    """Names are unique and match Discord's pattern, descriptions have 1 to 100 characters."""
    names = [spec.name for spec in OPTIONS]

    assert len(names) == len(set(names))
    for spec in OPTIONS:
        assert re.fullmatch(r"[a-z0-9_]{1,32}", spec.name)
        assert 1 <= len(spec.description) <= 100
        assert spec.max_length is None or 1 <= spec.max_length <= 6000


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_has_at_most_25_options(kind: Kind) -> None:
    """All options of a kind's models, and `model` itself, fit into one slash command."""
    names = {option.name for model in models_of_kind(kind) for option in model.options}

    assert len(names | {"model"}) <= 25


def test_every_option_is_taken_by_some_model() -> None:
    """`OPTIONS` holds nothing that no model takes."""
    taken = {option.name for model in MODELS for option in model.options}

    assert taken == {spec.name for spec in OPTIONS}


def test_required_options_come_first() -> None:
    """Discord wants required options before optional ones."""
    assert [spec.name for spec in OPTIONS[:2]] == ["image", "prompt"]


@every_model
def test_choices_fit_into_discords_list(model: Model) -> None:
    """A parameter has at most 25 choices, each at most 100 characters."""
    for parameter in model.parameters:
        assert len(parameter.choices) <= 25
        assert all(len(str(choice)) <= 100 for choice in parameter.choices)


# -- questions asked of the catalogue ---------------------------------------------------


def test_models_are_split_by_kind() -> None:
    """Four models animate a picture, one makes a video from text; each is of one kind."""
    assert [len(models_of_kind(kind)) for kind in KINDS] == [4, 1]
    assert sum((models_of_kind(kind) for kind in KINDS), ()) == MODELS


@every_model
@pytest.mark.parametrize("spell", [str, str.upper, lambda name: f"  {name} "])
def test_a_model_is_found_by_slug_and_title(model: Model, spell: Callable[[str], str]) -> None:
    """Case and spaces around the name do not matter."""
    assert find_model(spell(model.slug)) is model
    assert find_model(spell(model.title)) is model


def test_an_unknown_model_is_not_found() -> None:
    """A name of no model finds nothing, not something similar."""
    assert find_model("wan-9") is None
    assert find_model("") is None


@pytest.mark.parametrize(
    ("kind", "option", "bounds"),
    [
        ("t2v", "frames", (81, 100)),
        ("t2v", "fps", (5, 24)),
        ("t2v", "motion", (1, 20)),
        ("i2v", "steps", (10, 70)),
        ("i2v", "seed", (None, None)),
        ("i2v", "duration", (None, None)),
    ],
)
def test_union_bounds(kind: Kind, option: str, bounds: tuple[float | None, float | None]) -> None:
    """The widest range any model takes; none when one of them has no range."""
    assert union_bounds(kind, option) == bounds


@every_model
def test_asking_for_what_a_model_lacks(model: Model) -> None:
    """`option` says None, the others raise: a wrong name is never silently something else."""
    assert model.option("nonsense") is None
    for ask in (model.parameter, model.parameter_of, model.default_of, option_spec):
        with pytest.raises(KeyError):
            ask("nonsense")


# -- as JSON ------------------------------------------------------------------------------


def test_json_has_the_agreed_shape() -> None:
    """`python -m bot models --json` prints exactly these keys, in this order."""
    catalogue = as_json()

    assert list(catalogue) == ["models"]
    assert [model["slug"] for model in catalogue["models"]] == [model.slug for model in MODELS]
    for model in catalogue["models"]:
        assert list(model) == ["slug", "kind", "title", "typical_seconds", "parameters", "options"]
        assert model["kind"] in KINDS
        for parameter in model["parameters"]:
            assert list(parameter) == [
                *("name", "type", "required", "default", "choices", "min", "max")
            ]


@pytest.mark.parametrize("slug", SLUGS)
def test_json_says_what_the_page_says(slug: str) -> None:
    """The JSON survives a round trip and holds the page's own names, types and values."""
    printed = json.loads(json.dumps(as_json()))
    page = seed_page(slug)

    model = next(model for model in printed["models"] if model["slug"] == slug)
    assert (model["title"], model["typical_seconds"]) == (page.title, page.typical_s)
    assert model["parameters"] == [
        {
            "name": parameter.name,
            "type": parameter.type,
            "required": parameter.required,
            "default": parameter.default,
            "choices": list(parameter.choices) or None,
            "min": parameter.minimum,
            "max": parameter.maximum,
        }
        for parameter in page.parameters
    ]


@every_model
def test_json_names_every_option_with_its_parameter(model: Model) -> None:
    """A reader of the JSON sees which option becomes which parameter."""
    printed = next(entry for entry in as_json()["models"] if entry["slug"] == model.slug)

    assert [(option["name"], option["parameter"]) for option in printed["options"]] == [
        (option.name, option.parameter) for option in model.options
    ]
