"""Slash commands generated from the catalogue, and what autocomplete offers."""

import inspect
from typing import Any

import discord
import pytest
from discord import app_commands
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import MODELS, OPTIONS, Kind, models_of_kind, option_spec
from bot.discord_ui.services import Interaction
from bot.discord_ui.settings_words import value_text
from bot.discord_ui.signature import generation_command, option_specs, signature
from bot.discord_ui.suggestions import Suggestion, suggestions
from tests.face_kit import PRICES, hostile_text

KINDS: tuple[Kind, ...] = ("i2v", "t2v")


async def take(_interaction: Interaction, _options: Any) -> None:
    """Take nothing."""


async def suggest(_interaction: Interaction, _option: str, _typed: str) -> list[Suggestion]:
    """Suggest nothing."""
    return []


def command(kind: Kind) -> dict[str, Any]:
    """Return the command as it is registered with Discord."""
    made = generation_command(
        name="make", kind=kind, description="Make", take=take, suggest=suggest
    )
    client = discord.Client(intents=discord.Intents.none())
    payload: dict[str, Any] = made.to_dict(app_commands.CommandTree(client))
    return payload


def offered(kind: Kind, option: str, typed: str = "", **given: Any) -> list[tuple[str, Any]]:
    """Return names and values of what is suggested."""
    return [(c.name, c.value) for c in suggestions(kind, option, typed, given, PRICES)]


def test_the_commands_have_the_options_in_the_agreed_order() -> None:
    """`model` comes after `prompt`; the rest in the order of the vocabulary."""
    names = {
        kind: " ".join(option["name"] for option in command(kind)["options"]) for kind in KINDS
    }

    assert names["i2v"] == (
        "image prompt model duration resolution negative_prompt seed audio enhance_prompt "
        "multi_shot watermark steps"
    )
    assert names["t2v"] == (
        "prompt model aspect_ratio resolution frames fps fast negative_prompt seed motion "
        "high_noise_lora high_noise_scale low_noise_lora low_noise_scale"
    )


def test_every_option_of_every_model_is_on_its_command() -> None:
    """Adding a model or an option is adding data."""
    for model in MODELS:
        on_command = {spec.name for spec in option_specs(model.kind)}

        assert {option.name for option in model.options} <= on_command


@pytest.mark.parametrize("kind", KINDS)
def test_the_commands_keep_discord_s_limits(kind: Kind) -> None:
    """25 options, descriptions of 1 to 100 characters, required ones first."""
    options = command(kind)["options"]
    needed = [option["required"] for option in options]

    assert len(options) <= 25
    assert all(1 <= len(option["description"]) <= 100 for option in options)
    assert needed == sorted(needed, reverse=True)
    assert sum(needed) == (1 if kind == "i2v" else 0)


def test_ranges_are_those_of_the_models() -> None:
    """Discord itself refuses what no model takes; prompts are judged by us, with the excess."""
    t2v = {option["name"]: option for option in command("t2v")["options"]}

    assert (t2v["frames"]["min_value"], t2v["frames"]["max_value"]) == (81, 100)
    assert (t2v["motion"]["min_value"], t2v["motion"]["max_value"]) == (1.0, 20.0)
    assert "max_length" not in t2v["prompt"]


def test_types_are_those_of_the_vocabulary() -> None:
    """Attachments, whole numbers, numbers, yes or no, text."""
    types = {"attachment": 11, "string": 3, "integer": 4, "number": 10, "boolean": 5}
    for kind in KINDS:
        for option in command(kind)["options"]:
            if option["name"] != "model":
                assert option["type"] == types[option_spec(option["name"]).type]


def test_options_with_choices_complete_and_no_others() -> None:
    """A list helps where only certain values go."""
    completing = {
        kind: [o["name"] for o in command(kind)["options"] if o.get("autocomplete")]
        for kind in KINDS
    }

    assert completing == {
        "i2v": ["model", "duration", "resolution"],
        "t2v": ["model", "aspect_ratio", "resolution"],
    }


def test_only_the_picture_is_needed() -> None:
    """Everything else may be left out: a form asks for the prompt."""
    needed = [
        parameter.name
        for parameter in signature("i2v").parameters.values()
        if parameter.default is inspect.Parameter.empty
    ]

    assert needed == ["interaction", "image"]


def test_models_show_time_and_price() -> None:
    """As "title · about 62 s · from 8 credits"."""
    assert offered("i2v", "model")[0] == (
        "Wan 2.2 Image to Video Flash · about 62 s · from 8 credits",
        "wan-2.2-i2v-flash",
    )
    assert len(offered("i2v", "model")) == len(models_of_kind("i2v"))


def test_models_are_found_by_part_of_their_name() -> None:
    """Any part, in any case."""
    assert [value for _, value in offered("i2v", "model", "2.6 IM")] == ["wan-2.6-i2v"]


def test_choices_are_those_of_the_chosen_model_with_prices() -> None:
    """And the one that is taken when nothing is said is marked."""
    assert offered("i2v", "duration", model="wan-2.6-i2v") == [
        ("5 s · 63 credits · usual", 5),
        ("10 s · 125 credits", 10),
        ("15 s · 188 credits", 15),
    ]


def test_prices_follow_the_other_options() -> None:
    """10 s at 1080p cost more than at 720p."""
    assert ("10 s · 188 credits", 10) in offered(
        "i2v", "duration", model="wan-2.6-i2v", resolution="1080P"
    )
    assert ("1080p · 282 credits", "1080p") in offered(
        "i2v", "resolution", model="wan-2.6-i2v", duration=15
    )


def test_a_range_is_offered_value_by_value() -> None:
    """One to five seconds, of the model that takes any whole number of them."""
    values = [value for _, value in offered("i2v", "duration", model="wan2.1-i2v-720p")]

    assert values == [1, 2, 3, 4, 5]


def test_without_a_model_the_default_s_choices_are_offered() -> None:
    """The default has a fixed length, so no duration is offered for it."""
    assert [value for _, value in offered("i2v", "resolution")] == ["480P", "720P"]
    assert offered("i2v", "duration") == []


@pytest.mark.parametrize("model", ["wan-2.2-t2v-fast", "no such model"])
def test_a_model_of_another_kind_gets_nothing(model: str) -> None:
    """The command itself says what is wrong."""
    assert offered("i2v", "duration", model=model) == []


def test_what_is_typed_narrows_the_list() -> None:
    """By the beginning of the value, not of the price."""
    assert [v for _, v in offered("i2v", "duration", "1", model="wan-2.6-i2v")] == [10, 15]


def test_what_was_used_last_comes_first_and_says_so() -> None:
    """However the chosen model writes it; what it does not take is not offered."""
    last: dict[str, Any] = {"model": "wan-2.5-i2v", "duration": 10, "resolution": "1080P"}
    models = suggestions("i2v", "model", "", {}, PRICES, last=last)
    chosen = {"model": "wan-2.6-i2v"}
    lengths = suggestions("i2v", "duration", "", chosen, PRICES, last=last)
    sizes = suggestions("i2v", "resolution", "", chosen, PRICES, last=last)
    flash = suggestions("i2v", "resolution", "", {}, PRICES, last=last)

    assert [models[0].value, len(models)] == ["wan-2.5-i2v", len(models_of_kind("i2v"))]
    assert models[0].name.endswith("· last time")
    assert [c.name for c in lengths][:2] == [
        "10 s · 125 credits · last time",
        "5 s · 63 credits · usual",
    ]
    assert [c.value for c in sizes] == ["1080p", "720p"]
    assert not any("last time" in c.name for c in flash)


ANYTHING = st.one_of(
    hostile_text(50), st.integers(), st.floats(), st.booleans(), st.none(), st.just("1080p")
)


@given(
    kind=st.sampled_from(KINDS),
    option=st.sampled_from([spec.name for spec in OPTIONS] + ["model", "nonsense"]),
    typed=st.one_of(st.just(""), hostile_text(100), st.text(max_size=100)),
    model=st.sampled_from([m.slug for m in MODELS] + [None, "", "x", 7]),
    given_options=st.dictionaries(st.sampled_from([spec.name for spec in OPTIONS]), ANYTHING),
    last=st.dictionaries(st.sampled_from(("model", "duration", "resolution")), ANYTHING),
)
def test_autocomplete_never_breaks_discord_s_limits(
    *,
    kind: Kind,
    option: str,
    typed: str,
    model: object,
    given_options: dict[str, Any],
    last: dict[str, Any],
) -> None:
    """Whatever was typed anywhere: at most 25, names of 1 to 100, values of the option's type."""
    given_all = {**given_options, "model": model}
    found = suggestions(kind, option, typed, given_all, PRICES, last=last)

    assert len(found) <= 25
    assert all(1 <= len(choice.name) <= 100 for choice in found)
    if option not in ("model", "nonsense"):
        wanted: dict[str, Any] = {"string": str, "integer": int, "number": (int, float)}
        assert all(isinstance(c.value, wanted[option_spec(option).type]) for c in found)


def test_values_read_as_members_write_them() -> None:
    """720, "720P" and "720p" are the same."""
    assert [value_text("resolution", value) for value in (720, "720P", "720p")] == ["720p"] * 3
