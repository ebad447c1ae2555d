"""The forms of a result's buttons, and the page of Details: pure, and within Discord's limits."""

from typing import Any

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import MODELS, Model, models_of_kind
from bot.discord_ui.deletion import question_view
from bot.discord_ui.job_pages import exact_parameters, job_page
from bot.discord_ui.remake_forms import (
    FilledForm,
    change_form,
    chosen_settings,
    continue_form,
    deletion_form,
    erasing_form,
    model_options,
)
from bot.discord_ui.words import units
from bot.i18n import LANGUAGES, speaking
from bot.job import Job, JobState
from tests.face_kit import (
    MOST_COMPONENTS,
    MOST_TEXT,
    NOW,
    PRICES,
    components,
    hostile_text,
    job,
    longest,
    texts,
)

SIGNED = "https://cdn.discordapp.com/attachments/1/2/fox.png?ex=1&is=2&hm=abc"
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)


def finished(model: Model = MODELS[1], **changes: Any) -> Job:
    """Return a delivered job."""
    values: dict[str, Any] = {
        "result_channel_id": 1300000000000000001,
        "result_message_id": 1400000000000000099,
        "ended_at": NOW,
    }
    return job(JobState.DELIVERED, model, **values | changes)


def parts(form: ui.Modal) -> list[dict[str, Any]]:
    """Return the labels of a form."""
    return list(form.to_dict()["components"])


@every_model
@given(prompt=hostile_text(2000), negative=hostile_text(1000))
def test_forms_fit(model: Model, prompt: str, negative: str) -> None:
    """Whatever was asked for, at its longest."""
    made = finished(model, options=longest(model, prompt, negative))
    for form in (change_form(made, PRICES), continue_form(made, PRICES), deletion_form(made)):
        shown = form.to_dict()

        assert units(shown["title"]) <= 45
        assert len(shown["custom_id"]) <= 100
        assert 1 <= len(shown["components"]) <= 5
        for label in shown["components"]:
            assert units(label["label"]) <= 45
            assert units(label.get("description") or "") <= 100
            options = label["component"].get("options", [])
            assert len(options) <= 25
            assert sum(option["default"] for option in options) <= 1
            assert all(units(o["label"]) <= 100 >= units(o["description"]) for o in options)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_question_fits_as_a_form(locale: str) -> None:
    """In every language: where the bot is not it is asked in a form."""
    with speaking(locale):
        shown = erasing_form(finished(id=2**63 - 1)).to_dict()

    assert units(shown["title"]) <= 45
    assert len(shown["custom_id"]) <= 100
    assert units(shown["components"][1]["label"]) <= 45
    answers = shown["components"][1]["component"]["options"]
    assert [answer["value"] for answer in answers] == ["erase", "keep"]


@every_model
@given(prompt=hostile_text(2000), negative=hostile_text(1000), own=st.booleans())
def test_pages_with_a_family_fit(model: Model, prompt: str, negative: str, own: bool) -> None:
    """The most relatives, the longest request."""
    made = finished(model, options=longest(model, prompt, negative), parent_id=1)
    page = job_page(made, parent=finished(), children=[finished()] * 10, own=own)

    assert sum(map(units, texts(page))) <= MOST_TEXT
    assert len(list(components(page))) <= MOST_COMPONENTS


def test_no_page_shows_a_signature() -> None:
    """Whoever had the whole address could fetch a private picture."""
    made = finished(options={"image": SIGNED, "prompt": "x" * 1500})
    shown = "\n".join(texts(job_page(made, own=False)))

    assert "fox.png" in shown
    for text in (shown, exact_parameters(made) or ""):
        assert "abc" not in text


def test_a_relative_in_direct_messages_is_not_linked_for_others() -> None:
    """The link would be dead for them, and tell where the member talks."""
    child = finished(id=8, result_direct=True)
    others = "\n".join(texts(job_page(finished(), children=[child], own=False)))
    mine = "\n".join(texts(job_page(finished(), children=[child], own=True)))

    assert "@me" not in others
    assert "job `8`" in others
    assert "@me" in mine


def test_a_parent_elsewhere_is_only_said_to_be() -> None:
    """Without a number or a link."""
    shown = "\n".join(texts(job_page(finished(parent_id=77), parent=None)))

    assert "Made from a video of another place" in shown
    assert "77" not in shown


def test_a_form_offers_what_the_model_takes() -> None:
    """The flash model has one length, the text model no picture to go on from."""
    names = {
        model.slug: [label["component"]["custom_id"] for label in parts(change_form(made, PRICES))]
        for model in (MODELS[0], MODELS[1])
        for made in (finished(model),)
    }
    image_models = [model.slug for model in models_of_kind("i2v")]
    text = finished(models_of_kind("t2v")[0])

    assert names[MODELS[0].slug] == ["prompt", "model", "resolution"]
    assert names[MODELS[1].slug] == ["prompt", "model", "duration", "resolution"]
    assert [o.value for o in model_options(text, PRICES, goes_on=True)] == image_models


def test_prices_are_those_of_the_request_as_it_is() -> None:
    """Ten seconds cost more than five with a model that is paid by the second."""
    five, ten = (
        {o.value: o.description for o in model_options(made, PRICES, goes_on=False)}
        for made in (finished(options={"duration": 5}), finished(options={"duration": 10}))
    )

    assert five["wan-2.6-i2v"] != ten["wan-2.6-i2v"]
    assert five["wan-2.2-i2v-flash"] == ten["wan-2.2-i2v-flash"]  # it has one length


def test_only_what_was_changed_is_a_wish() -> None:
    """A select that was left alone says what the job had."""
    made = finished(options={"duration": 10, "resolution": "720p"})
    form = FilledForm(
        action="change", job_id=made.id, values={"duration": "10", "resolution": "1080p"}
    )

    assert chosen_settings(form, made) == {"resolution": "1080p"}


def test_the_question_has_two_answers() -> None:
    """Their ids say which video."""
    ids = [c["custom_id"] for c in components(question_view(finished(id=5))) if "custom_id" in c]

    assert ids == ["job:erase:5", "job:keep:5"]
