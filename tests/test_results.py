"""What can be done about a finished video, and what its message says about where it comes from."""

from dataclasses import replace

import pytest

from bot.catalogue import MODELS, Kind, models_of_kind
from bot.discord_ui.result_actions import other_models, result_actions, result_controls
from bot.discord_ui.results import Delivery, alt_text, plain_content, plain_view, result_view
from bot.discord_ui.settings_words import SETTING_NAMES, facts_lines
from bot.job import Job, JobState
from bot.jobs.ports import Link
from tests.face_kit import NOW, PRICES, components, job, texts

GALLERY = (
    12  # https://docs.discord.com/developers/components/reference#component-object-component-types
)
RETIRED = replace(job(JobState.FINISHED), model="wan-1.0-retired")
PARENT = job(JobState.DELIVERED, id=1400000000000000001, result_channel_id=22, result_message_id=33)
CHILD = job(JobState.FINISHED, parent_id=PARENT.id)
LINK = "https://discord.com/channels/1100000000000000001/22/33"


def actions(made: Job, *, attached: bool = True) -> list[str]:
    """Return the names of a result's buttons in order."""
    return [name for row in result_actions(made, attached=attached) for name in row]


def test_a_video_can_be_made_again_changed_continued_looked_at_and_deleted() -> None:
    """All of it from the message."""
    assert actions(job()) == ["again", "change", "continue", "show", "delete"]


def test_what_a_model_that_was_taken_away_made_cannot_be_made_again() -> None:
    """It can still be continued: any model takes its last picture."""
    assert actions(RETIRED) == ["continue", "show", "delete"]
    assert other_models(RETIRED) == ()


def test_a_link_cannot_be_continued() -> None:
    """There is no video in the message, and none anywhere an hour later."""
    assert actions(job(), attached=False) == ["again", "change", "show", "delete"]


@pytest.mark.parametrize("kind", ["i2v", "t2v"])
def test_other_models_take_the_same_input(kind: Kind) -> None:
    """All of the kind but its own."""
    of_kind = models_of_kind(kind)

    for model in of_kind:
        others = [other.slug for other in other_models(job(model=model))]
        assert others == [other.slug for other in of_kind if other.slug != model.slug]


def test_the_price_stands_beside_each_other_model() -> None:
    """And how long it takes; the value is the model's slug."""
    rows = result_controls(job(), PRICES, attached=True)
    (select,) = [item.item for row in rows for item in row if hasattr(item.item, "options")]

    for option in select.options:
        (model,) = [model for model in MODELS if model.slug == option.value]
        assert option.label == model.title
        assert f"from {PRICES.cheapest[model.slug]} credits" in str(option.description)
        assert "about" in str(option.description)


def test_the_plain_form_has_the_same_controls() -> None:
    """Nothing is lost where Discord does not take the container."""
    ids = [
        [part["custom_id"] for part in components(view) if "custom_id" in part]
        for view in (result_view(job(), PRICES), plain_view(job(), PRICES))
    ]

    assert ids[0] == ids[1]


def test_a_link_is_in_no_gallery() -> None:
    """No file is sent with it."""
    link = Delivery(link=Link(url="https://cdn.example.org/v.mp4", expires_at=NOW))
    with_file, without = (
        [part["type"] for part in components(result_view(job(), PRICES, delivery))]
        for delivery in (Delivery(), link)
    )

    assert GALLERY in with_file
    assert GALLERY not in without


@pytest.mark.parametrize(
    ("parent", "seen"),
    [
        (PARENT, True),
        (None, False),
        (replace(PARENT, removed_at=NOW), False),
        (replace(PARENT, result_direct=True), False),
        (replace(PARENT, guild_id=1100000000000000002), False),
        (replace(PARENT, guild_id=None), False),
        (replace(PARENT, state=JobState.UNDELIVERED), False),
    ],
)
def test_lineage_links_only_to_what_the_readers_can_see(parent: Job | None, seen: bool) -> None:
    """A dead link is worse than none; that it was made from something is always said."""
    delivery = Delivery(parent=parent)
    plainly = plain_content(CHILD, delivery)

    for shown in ("\n".join(texts(result_view(CHILD, PRICES, delivery))), plainly):
        assert "Made from" in shown
        assert (LINK in shown) is seen
        assert ("discord.com/channels" in shown) is seen


def test_direct_messages_link_only_to_one_s_own() -> None:
    """Nobody follows a link into another's."""
    child = replace(CHILD, guild_id=None)
    own = replace(PARENT, guild_id=None)
    other = replace(own, user_id=own.user_id + 1)

    assert "channels/@me/22/33" in plain_content(child, Delivery(parent=own))
    assert "channels/@me" not in plain_content(child, Delivery(parent=other))


def test_lineage_has_no_mark() -> None:
    """A result is recognised by the mark of its own job alone."""
    for delivery in (Delivery(), Delivery(parent=PARENT)):
        shown = plain_content(CHILD, delivery)

        assert shown.count("job `") == 1
        assert f"job `{CHILD.id}`" in shown


def test_a_description_is_plain_and_cut() -> None:
    """No backslashes are read out, and no character is cut in two."""
    wide = job(options={"prompt": "🦊" * 1000})

    assert alt_text(job(options={"prompt": "a *fox*\nruns"})).endswith("Video: a *fox* runs")
    assert alt_text(wide).endswith("🦊…")


def test_every_setting_has_a_name() -> None:
    """A setting that is shown is shown in words that can be translated."""
    options = {option.name for model in MODELS for option in model.options}
    elsewhere = {
        *("image", "prompt", "negative_prompt", "seed", "duration"),
        *("resolution", "aspect_ratio", "audio"),
    }

    assert set(SETTING_NAMES) == options - elsewhere


def test_time_taken_is_known_only_at_the_end() -> None:
    """From when the service took it until it was made."""
    assert "made in" not in facts_lines(job(JobState.RUNNING))[1]
    assert facts_lines(job(JobState.FINISHED, finished_at=NOW))[1].endswith("made in 1 s")
