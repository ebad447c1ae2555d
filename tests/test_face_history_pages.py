"""Pages of /history: within Discord's limits, whatever was found and looked for."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue import MODELS
from bot.discord_ui.history_items import Leaf, custom_id, leaf_of, words_form
from bot.discord_ui.history_pages import history_page, thumbnail_files
from bot.discord_ui.looks import LOOKS
from bot.discord_ui.words import units
from bot.errors import BadInputError
from bot.history import PAGE_LENGTH, WORDS_CHARS, HistoryPage, Search, plain_words, search_words
from bot.job import JobState
from sandbox.discord_api.components import check_message, check_modal
from sandbox.discord_api.errors import FormErrors
from sandbox.discord_api.form import Form
from tests.face_kit import (
    MOST_COMPONENTS,
    MOST_TEXT,
    NOW,
    components,
    hostile_text,
    job,
    longest,
    texts,
)

GREATEST = 2**63 - 1
PICTURE = b"RIFF....WEBP"
BUTTON, THUMBNAIL = 2, 11
WORDS = (
    st.one_of(hostile_text(WORDS_CHARS), st.text(max_size=WORDS_CHARS))
    .map(plain_words)
    .filter(lambda text: units(text) <= WORDS_CHARS)
)
SEARCHES = st.builds(
    Search,
    model=st.none() | st.sampled_from([model.slug for model in MODELS]),
    words=WORDS,
    everything=st.booleans(),
    at=st.none() | st.integers(0, GREATEST),
    newer=st.booleans(),
)
LEAVES = st.builds(Leaf, channel=st.booleans(), search=SEARCHES)
OWN = Leaf(channel=False, search=Search())


def page_of(*states: JobState, **facts: Any) -> HistoryPage:
    """Return a page with jobs in these states, the newest first, all with pictures."""
    jobs = tuple(job(state, id=GREATEST - n, result_message_id=5) for n, state in enumerate(states))
    page = HistoryPage(
        jobs=jobs,
        thumbnails={one.id: PICTURE for one in jobs},
        hits=len(jobs),
        first=1,
    )
    return replace(page, **facts)


def whole(page: HistoryPage, leaf: Leaf = OWN, *, in_server: bool = True) -> str:
    """Return all text of a page."""
    return "\n".join(texts(history_page(page, leaf, in_server=in_server)))


def labels(page: HistoryPage, leaf: Leaf = OWN) -> list[str]:
    """Return the labels of the buttons that can be pressed."""
    parts = components(history_page(page, leaf, in_server=True))
    return [part["label"] for part in parts if part["type"] == BUTTON and not part.get("disabled")]


@settings(deadline=None)
@given(LEAVES, st.lists(st.sampled_from(JobState), max_size=PAGE_LENGTH), st.data())
def test_every_page_is_within_discords_limits(
    leaf: Leaf, states: list[JobState], data: st.DataObject
) -> None:
    """With the longest prompts, words and names, all pictures, and the longest ids."""
    model = MODELS[data.draw(st.integers(0, len(MODELS) - 1))]
    options = longest(model, data.draw(hostile_text(2000)), "n")
    jobs = tuple(
        job(state, model, options=options, id=GREATEST - n, price_credits=10**7)
        for n, state in enumerate(states)
    )
    page = HistoryPage(
        jobs=jobs,
        thumbnails={one.id: PICTURE for one in jobs},
        hits=10**6,
        first=10**6 - 9,
        cut=True,
    )
    view: Any = history_page(page, leaf, in_server=True)
    errors = FormErrors()
    check_message(Form({"components": view.to_components()}, errors=errors), layout=True)
    errors.raise_if_any()
    parts = list(components(view))
    ids = [part["custom_id"] for part in parts if "custom_id" in part]

    assert len(parts) <= MOST_COMPONENTS
    assert sum(units(text) for text in texts(view)) <= MOST_TEXT
    assert max(map(units, ids)) <= 100
    assert len(set(ids)) == len(ids)
    assert len(thumbnail_files(page)) == len(jobs)


@given(LEAVES, st.sampled_from(["older", "newer", "kind", "model", "form", "words"]))
def test_an_id_says_all_that_it_shows(leaf: Leaf, verb: str) -> None:
    """So that a page outlives a restart, and no filter is lost by leafing."""
    assert leaf_of(custom_id(verb, leaf)) == leaf


@given(LEAVES)
def test_the_form_shows_the_words_that_hold(leaf: Leaf) -> None:
    """And is one that Discord takes."""
    modal = words_form(leaf).to_dict()
    errors = FormErrors()
    check_modal(Form(modal, errors=errors))
    errors.raise_if_any()

    assert len(modal["title"]) <= 45
    assert leaf_of(modal["custom_id"]) == leaf
    assert modal["components"][0]["component"].get("value", "") == leaf.search.words


@pytest.mark.parametrize(
    "custom_id",
    ["", "history:", "history:older:x:vo:::", "history:older:m:vo:MODEL::", "job:show:1"],
)
def test_other_ids_are_none_of_the_historys(custom_id: str) -> None:
    """Whatever a client sends."""
    assert leaf_of(custom_id) is None


def test_an_id_of_a_client_names_no_impossible_job() -> None:
    """The database's integers end at 2^63."""
    leaf = leaf_of("history:older:m:vo::9999999999999999999:\0 fox")

    assert leaf == Leaf(channel=False, search=Search(at=GREATEST, words="fox"))


def test_a_page_shows_what_is_needed_to_know_a_video() -> None:
    """Picture with an alternative text, prompt, model, when, price, and the way to it."""
    page = page_of(JobState.DELIVERED)
    parts = list(components(history_page(page, OWN, in_server=True)))
    (picture,) = [part for part in parts if part["type"] == THUMBNAIL]
    (file,) = thumbnail_files(page)

    for fact in ("A fox jumps", "Wan 2.6", "63 credits", f"<t:{int(NOW.timestamp())}:R>"):
        assert fact in whole(page)
    assert "[Jump to the video](https://discord.com/channels/" in whole(page)
    assert picture["description"] == file.description == "A picture from the video: A fox jumps"
    assert picture["media"]["url"] == f"attachment://{file.filename}"
    assert file.fp.read() == PICTURE


@pytest.mark.parametrize(
    ("state", "first"),
    [
        (JobState.DELIVERED, ["Again", "Details"]),
        (JobState.UNDELIVERED, ["Send again", "Details"]),
        (JobState.FAILED, ["Again", "Details"]),
        (JobState.RUNNING, ["Details"]),
    ],
)
def test_what_can_be_done_about_a_video(state: JobState, first: list[str]) -> None:
    """Depends on how far it is; without a video its state stands in words."""
    page = page_of(state)

    assert labels(page) == [*first, "Find…", "Show all"]
    assert (LOOKS[state].title in whole(page)) is (state is not JobState.DELIVERED)


def test_a_page_without_pictures_is_one_all_the_same() -> None:
    """Of videos from before there were thumbnails."""
    page = page_of(JobState.DELIVERED, thumbnails={})

    assert "A fox jumps" in whole(page)
    assert thumbnail_files(page) == []


@pytest.mark.parametrize(
    ("facts", "says", "leads"),
    [
        ({"hits": 1}, "1 video", []),
        ({"hits": 12, "first": 1}, "1 to 1 of 12 videos", ["Older"]),
        ({"hits": 1250, "first": 1250}, "1,250 to 1,250 of 1,250 videos", ["Newer"]),
        ({"hits": 12, "first": 6}, "6 to 6 of 12 videos", ["Newer", "Older"]),
    ],
)
def test_the_heading_says_where_one_is(facts: dict[str, int], says: str, leads: list[str]) -> None:
    """And the buttons lead only where there is something."""
    page = page_of(JobState.DELIVERED, **facts)

    assert f"\n{says}" in whole(page)
    assert [label for label in labels(page) if label in {"Newer", "Older"}] == leads


def test_the_heading_says_whose_and_which() -> None:
    """The filter stands in words, and a moderator reads who made a video."""
    search = Search(model="wan-2.6-i2v", words="fox *snow*", everything=True)
    page = page_of(JobState.DELIVERED, cut=True)
    shown = whole(page, Leaf(channel=True, search=search))

    assert "All members' videos in this channel" in shown
    assert "Only of the model **Wan 2.6" in shown
    assert "Only with the words “fox \\*snow\\*”" in shown
    assert "With those that are on their way, failed" in shown
    assert "Only the newest 10,000 were looked at." in shown
    assert f"<@{page.jobs[0].user_id}>" in shown
    assert f"<@{page.jobs[0].user_id}>" not in whole(page)
    assert "Your videos everywhere" in whole(page, in_server=False)


@pytest.mark.parametrize(
    ("search", "says"),
    [(Search(), "No videos yet"), (Search(words="zebra"), "Nothing was found.")],
)
def test_where_nothing_is_found_it_says_what_to_do(search: Search, says: str) -> None:
    """Make one, or look for something else; the filter can still be changed."""
    leaf = replace(OWN, search=search)

    assert says in whole(HistoryPage(), leaf)
    assert labels(HistoryPage(), leaf) == ["Find…", "Show all"]


@pytest.mark.parametrize("typed", ["x" * 41, "🦊" * 21])
def test_too_many_words_are_refused(typed: str) -> None:
    """They would not fit into a button's id; the text says how many do."""
    with pytest.raises(BadInputError, match="40 characters"):
        search_words(typed)


def test_words_are_tidied() -> None:
    """What no database can look for is left out."""
    assert search_words("  a\n fox\0 \ud800 ") == "a fox"
    assert search_words("\u202ea fox\u2069") == "a fox"
