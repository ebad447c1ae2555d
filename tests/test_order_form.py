"""The form for the rest of an order, the question about a price, presets: pure, within limits."""

import asyncio
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.asking import (
    MOST_PRESETS,
    PRESET_NAME_CHARS,
    Draft,
    KeptFile,
    Preset,
    key_of,
    last_options,
    used_options,
)
from bot.catalogue import MODELS, JsonScalar, Kind, Model, find_model
from bot.discord_ui.confirming import confirm_view, retry_view
from bot.discord_ui.drafting import soon
from bot.discord_ui.form_choices import asked_options, takes, with_offers
from bot.discord_ui.preset_pages import preset_choices, preset_of, presets_page, saved_text
from bot.discord_ui.prompt_answers import FilledForm, filled, filled_form
from bot.discord_ui.prompt_form import OrderForm
from bot.errors import BadInputError, StorageTroubleError
from bot.i18n import speaking
from bot.request import build_request
from sandbox.discord_api.components import check_message, check_modal
from sandbox.discord_api.errors import FormErrors
from sandbox.discord_api.form import Form
from tests.face_kit import (
    LORA,
    MOST_CONTENT,
    MOST_TEXT,
    PRICES,
    components,
    hostile_text,
    job,
    longest,
    texts,
)

FLASH, WAN_26, WAN_21, WAN_25, T2V = MODELS
MANY = 2**64 - 1
FOX = KeptFile(name="fox.png", url="https://cdn.example.org/fox.png")


def draft(kind: Kind = "i2v", **changes: Any) -> Draft:
    """Return a draft with a picture where one is needed."""
    values: dict[str, Any] = {"id": MANY, "user_id": 1, "kind": kind}
    return Draft(**values | ({"images": (FOX,)} if kind == "i2v" else {}) | changes)


def form(one: Draft, last: dict[str, JsonScalar] | None = None) -> dict[str, Any]:
    """Return the form as it is sent to Discord."""
    return dict(OrderForm(with_offers(one, last or {}), prices=PRICES).to_dict())


def parts(modal: dict[str, Any]) -> dict[str, Any]:
    """Return a form's inputs by custom id."""
    found = [label["component"] for label in modal["components"]]
    return {part["custom_id"]: part for part in found}


def described(part: dict[str, Any]) -> dict[str, str]:
    """Return the descriptions of a select's options by their labels."""
    return {option["label"]: option["description"] for option in part["options"]}


def offers(one: Draft, **last: Any) -> dict[str, JsonScalar]:
    """Return what the form of a draft shows as chosen."""
    return dict(with_offers(one, last).offered)


# -- what the form shows -----------------------------------------------------------


@given(
    one=st.builds(
        draft,
        kind=st.sampled_from(("i2v", "t2v")),
        model=st.sampled_from([m.slug for m in MODELS] + ["gone", None]),
        options=st.dictionaries(
            st.sampled_from(("prompt", "duration", "resolution", "fps", "aspect_ratio", "frames")),
            st.one_of(hostile_text(2000), st.integers(), st.booleans()),
        ),
        images=st.lists(
            st.builds(KeptFile, name=st.text(max_size=200), url=st.just("https://a.io/b")),
            max_size=10,
        ).map(tuple),
    ),
    last=st.dictionaries(
        st.sampled_from(("model", "duration", "resolution", "aspect_ratio")),
        st.one_of(st.sampled_from([m.slug for m in MODELS]), st.integers(), st.text(max_size=9)),
    ),
)
def test_every_form_is_accepted_by_discord(one: Draft, last: dict[str, JsonScalar]) -> None:
    """Whatever was given, and used last."""
    modal, errors = form(one, last), FormErrors()
    check_modal(Form(modal, errors=errors))
    errors.raise_if_any()

    assert len(modal["custom_id"]) <= 100
    assert len(modal["components"]) <= 5


def test_the_form_shows_what_will_be_made_and_its_price() -> None:
    """The usual model with its usual values, at first."""
    modal = form(draft())

    assert offers(draft()) == {"model": FLASH.slug, "duration": 5, "resolution": "720P"}
    assert modal["components"][1]["description"] == "As it stands here: 18 credits, about 62 s"


def test_each_value_says_its_price_or_whose_alone_it_is() -> None:
    """Prices are those of the model that is shown as chosen, with what was given."""
    lengths = described(
        parts(form(draft(model=WAN_26.slug, options={"resolution": "1080p"})))["duration"]
    )

    assert list(lengths) == ["1 s", "2 s", "3 s", "4 s", "5 s", "10 s", "15 s"]
    assert lengths["10 s"] == "188 credits with Wan 2.6 Image To Video"
    assert lengths["3 s"] == "only with Wan 2.1 720p image to video"


def test_what_was_given_goes_before_what_was_used_last() -> None:
    """And what was used last before the usual, as far as the model is the same."""
    last = {"model": WAN_26.slug, "duration": 10, "resolution": "1080p"}
    given_length = draft(options={"duration": 15})
    other_model = draft(model=WAN_25.slug)

    assert offers(draft(), **last) == last
    assert offers(given_length, **last) == {**last, "duration": 15}
    assert offers(other_model, **last) == {
        "model": WAN_25.slug,
        "duration": 5,
        "resolution": "720p",
    }


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ({"options": {"steps": 20}}, WAN_21),
        ({"audio": FOX}, WAN_25),
        ({"options": {"watermark": True}}, FLASH),
        ({"options": {"prompt": "x"}}, WAN_25),
    ],
)
def test_the_model_shown_takes_what_was_given(changes: dict[str, Any], model: Model) -> None:
    """The last one used, if that does; else the first."""
    assert offers(draft(**changes), model=WAN_25.slug)["model"] == model.slug


async def test_a_first_answer_does_not_wait_for_a_slow_look_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It goes on to its end by itself; how that ended is logged."""
    go_on = asyncio.Event()

    async def slow() -> int:
        await go_on.wait()
        raise StorageTroubleError("the disk is full")

    with caplog.at_level("INFO"), pytest.raises(TimeoutError):
        await soon(slow())
    go_on.set()
    with caplog.at_level("INFO"):
        await asyncio.sleep(0.01)

    assert "the disk is full" in caplog.text


# -- what was filled in --------------------------------------------------------------


def sent(one: Draft, **values: str | None) -> Draft:
    """Return a draft whose form was shown and filled in; inputs not named are left as shown."""
    shown = with_offers(one, {})
    as_shown: dict[str, str | None] = {
        custom_id: next((o["value"] for o in part.get("options", ()) if o.get("default")), None)
        for custom_id, part in parts(form(one)).items()
    }
    return filled(shown, FilledForm(draft_id=one.id, values={**as_shown, **values}))


def ordered(one: Draft) -> dict[str, JsonScalar]:
    """Return the parameters that a draft's order sends."""
    model = find_model(one.model or "")
    assert model is not None
    options = {**one.options, **({"image": FOX.url} if one.kind == "i2v" else {})}
    request = build_request(model, options, prices=PRICES, draw_seed=lambda low, _high: low)
    return dict(request.parameters)


@pytest.mark.parametrize("shown", MODELS)
@pytest.mark.parametrize("chosen", MODELS)
def test_a_model_may_be_changed_without_a_look_at_the_rest(shown: Model, chosen: Model) -> None:
    """What the form had chosen for the first is not held against the other."""
    if shown.kind != chosen.kind:
        return
    made = ordered(sent(draft(shown.kind, model=shown.slug), prompt="x", model=chosen.slug))

    assert made["prompt"] == "x"


def test_what_is_shown_is_made_where_the_other_model_takes_it() -> None:
    """Five seconds were shown, so five are made, not that model's usual three."""
    made = ordered(sent(draft(), prompt="x", model=WAN_21.slug))

    assert (made["video_length"], made["resolution"]) == (5, 720)


def test_what_was_chosen_and_is_not_taken_is_refused() -> None:
    """Nobody pays for something else than was asked for."""
    one = sent(draft(), prompt="x", model=WAN_26.slug, duration="3")
    with pytest.raises(BadInputError, match="takes `5`, `10`, `15`"):
        ordered(one)


def test_what_is_chosen_means_the_same_in_every_language() -> None:
    """Seconds are written without a space in Japanese: only the label is in words."""
    with speaking("ja"):
        shown = parts(form(draft(model=WAN_26.slug)))["duration"]
    values = {option["label"]: option["value"] for option in shown["options"]}
    one = sent(draft(model=WAN_26.slug), prompt="x", duration=values["10秒"])

    assert ordered(one)["duration"] == 10


def test_what_was_left_empty_is_usual() -> None:
    """Also where something was given with the command."""
    one = sent(draft(model=WAN_26.slug, options={"duration": 10}), prompt="x", duration=None)

    assert ordered(one)["duration"] == 5


def test_only_an_existing_picture_is_chosen() -> None:
    """The number is the client's word; without one the first counts."""
    several = draft(images=(FOX, KeptFile(name="b", url="https://a.io/b")))
    names = [sent(several, prompt="x", image=n).images[0].name for n in ("1", "7", "x", None)]

    assert names == ["b", "fox.png", "fox.png", "fox.png"]


def interaction(custom_id: str, kind: discord.InteractionType) -> Any:
    """Return what `filled_form` reads of an interaction."""
    text = {"type": 4, "custom_id": "prompt", "value": "x"}
    upload = {"type": 19, "custom_id": "upload", "values": ["5"]}
    labels = [{"type": 18, "component": part} for part in (text, upload)]
    files = {"5": {"filename": "a.png", "url": "https://a.io/a"}}
    data = {
        "custom_id": custom_id,
        "components": labels,
        "resolved": {"attachments": files},
    }
    return SimpleNamespace(type=kind, data=data)


def test_only_forms_about_a_draft_are_read() -> None:
    """Others are somebody else's."""
    modal, press = discord.InteractionType.modal_submit, discord.InteractionType.component
    found = filled_form(interaction("draft:7", modal))

    assert found == FilledForm(
        draft_id=7, values={"prompt": "x"}, upload=KeptFile(name="a.png", url="https://a.io/a")
    )
    assert filled_form(interaction("draft:make:7", modal)) is None
    assert filled_form(interaction("draft:7", press)) is None


# -- settings of a job -----------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_settings_make_the_same_video_but_for_words_picture_and_seed(model: Model) -> None:
    """What is left out is the model's default."""
    done = job(model=model, options=longest(model, "A fox", "no dogs"))
    settings = used_options(done.model, done.parameters)
    again = job(model=model, options={"prompt": "A fox", **settings})
    apart = {n for n, v in done.parameters.items() if again.parameters.get(n) != v}

    assert {"prompt", "image", "seed", "audio"}.isdisjoint(settings)
    assert apart <= {"image", "audio"}
    assert set(last_options(done)) == {
        "model",
        *(name for name in asked_options(model.kind) if model.option(name)),
    }


def test_of_a_model_that_is_gone_nothing_is_known() -> None:
    """It is offered no more."""
    old = job(model=WAN_26, parameters={"prompt": "x", "seed": 1, "size": 3})

    assert used_options("gone", old.parameters) == {}


@pytest.mark.parametrize("name", [" ", "\u200b\n", "\u202e"])
def test_a_preset_needs_a_name_to_be_seen(name: str) -> None:
    """Nothing could be chosen by it."""
    with pytest.raises(BadInputError, match="needs a name"):
        preset_of(job(), name, with_prompt=False)


def test_names_differ_by_more_than_case_and_spaces() -> None:
    """As members see them."""
    assert key_of("  Slow\tZOOM ") == key_of("slow zoom")


# -- pages -----------------------------------------------------------------------------


def accepted(view: Any) -> None:
    """Check that Discord takes a view."""
    errors = FormErrors()
    check_message(Form({"components": view.to_components()}, errors=errors), layout=True)
    errors.raise_if_any()
    assert sum(map(len, texts(view))) < MOST_TEXT
    assert all(len(part.get("custom_id", "")) <= 100 for part in components(view))


@given(
    prompt=hostile_text(2000),
    model=st.sampled_from(MODELS),
    price=st.integers(1, 10**9),
    left=st.integers(0, 10**9),
)
def test_every_question_is_accepted(prompt: str, model: Model, price: int, left: int) -> None:
    """With the longest words and settings."""
    asked = job(model=model, options=longest(model, prompt, "n" * 900))
    one = draft(model.kind, model=model.slug, options={"prompt": prompt}, confirmed_credits=price)
    view = confirm_view(one, used_options(asked.model, asked.parameters), left)
    accepted(view)

    assert [part["label"] for part in components(view) if part["type"] == 2] == [
        "Make it",
        "Change…",
        "Not now",
    ]


@given(hostile_text(6000))
def test_every_refusal_with_a_way_back_is_accepted(text: str) -> None:
    """However long its words are."""
    accepted(retry_view(text, MANY))


@given(
    names=st.lists(hostile_text(PRESET_NAME_CHARS), min_size=0, max_size=MOST_PRESETS),
    words=hostile_text(2000),
    typed=st.just("") | hostile_text(40),
)
def test_presets_are_shown_within_limits(names: list[str], words: str, typed: str) -> None:
    """As many as there may be, each at its longest."""
    options: dict[str, JsonScalar] = {
        "prompt": words,
        "high_noise_lora": LORA,
        "low_noise_lora": LORA,
        "motion": 1.5,
    }
    kept = [
        Preset(id=n, user_id=1, name=name, model=T2V.slug, options=options)
        for n, name in enumerate(names)
    ]
    accepted(presets_page(kept))
    choices = preset_choices(kept, typed)

    assert all(len(saved_text(preset)) <= MOST_CONTENT for preset in kept)
    assert len(choices) <= 25
    assert all(1 <= len(c.name) <= 100 and 1 <= len(str(c.value)) <= 100 for c in choices)


def test_a_value_is_taken_however_it_is_written() -> None:
    """720, "720P" and "720p" are the same."""
    assert all(takes(model, "resolution", "720p") for model in MODELS)
    assert not takes(FLASH, "resolution", "1080p")
    assert takes(FLASH, "duration", 5)
