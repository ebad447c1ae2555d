"""Every state of a card and of a result: as it is on record, and within Discord's limits.

The record is `tests/snapshots/states/`: one readable file a group. After a wanted change
`RENEW_SNAPSHOTS=1 pytest tests/test_states.py` writes it anew; the difference is to be read.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import MODELS, Model
from bot.discord_ui.results import Delivery, alt_text, plain_content
from bot.discord_ui.words import units
from bot.i18n import LANGUAGES, speaking
from bot.job import FailureReason, JobState
from bot.jobs.ports import Link, Standing
from sandbox.discord_api.component_kinds import Kind, walk
from sandbox.discord_api.files import Attachment
from sandbox.discord_api.message_body import written
from sandbox.states import ASKED, State, all_states
from sandbox.states_page import drawn
from tests.face_kit import MOST_COMPONENTS, MOST_CONTENT, MOST_TEXT, PRICES, hostile_text, longest
from tests.face_kit import job as made_job

SNAPSHOTS = Path(__file__).parent / "snapshots" / "states"
STATES = all_states(PRICES)
GROUPS = [group for group, _ in groupby(STATES, attrgetter("group"))]
STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger"}


# -- the record ------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_every_state_looks_as_on_record(group: str) -> None:
    """No word, button or colour changes unnoticed."""
    path = SNAPSHOTS / f"{group.casefold().replace(' ', '_')}.txt"
    shown = "\n".join(readable(state) for state in STATES if state.group == group)
    if os.environ.get("RENEW_SNAPSHOTS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown, encoding="utf-8")

    assert shown == path.read_text(encoding="utf-8")


def readable(state: State) -> str:
    """Return a message as text: a line for each part, what belongs to a box indented."""
    message = drawn(state)
    lines = [f"== {state.name}", *message["content"].splitlines()]
    for part in message["components"]:
        lines += lines_of(part)
    lines += [f"file {file['filename']}" for file in message["attachments"]]
    return "\n".join(lines) + "\n"


def lines_of(part: dict[str, Any]) -> Iterator[str]:
    """Give the lines of one component."""
    match part["type"]:
        case Kind.CONTAINER:
            yield f"box #{part['accent_color']:06x}"
            yield from ("  " + line for child in part["components"] for line in lines_of(child))
        case Kind.TEXT_DISPLAY:
            yield from part["content"].splitlines()
        case Kind.MEDIA_GALLERY:
            for item in part["items"]:
                yield f"media {item['media']['url']}"
                yield f"  alt: {item['description']}"
        case Kind.ACTION_ROW:
            yield from (line for child in part["components"] for line in lines_of(child))
        case Kind.BUTTON:
            emoji = f"{part['emoji']['name']} " if part.get("emoji") else ""
            yield f"[{emoji}{part['label']}] {STYLES[part['style']]} {part['custom_id']}"
        case Kind.STRING_SELECT:
            yield f"<{part['placeholder']}> {part['custom_id']}"
            for option in part["options"]:
                yield f"  {option['value']}: {option['label']} ({option['description']})"
        case kind:
            raise ValueError(f"nothing is known of component {kind}")


# -- the list ----------------------------------------------------------------------------------


def test_the_list_is_complete() -> None:
    """Every state and every failure has its picture, and every one its own name."""
    cards = [state.job for state in STATES if state.delivery is None]
    failed = {job.failure for job in cards if job.state is JobState.FAILED}

    assert {job.state for job in cards} == set(JobState)
    assert failed == set(FailureReason)
    assert len({state.name for state in STATES}) == len(STATES)


@pytest.mark.parametrize("state", STATES, ids=attrgetter("name"))
def test_discord_takes_every_state(state: State) -> None:
    """By the rules of its own form, with the file that a result refers to."""
    assert_taken(state)


def test_no_meaning_by_colour_alone() -> None:
    """Whoever sees no colour reads the same: what looks different begins differently."""
    colours: dict[str, set[int]] = {}
    for state in STATES:
        (*_, box) = [p for p in drawn(state)["components"] if p["type"] == Kind.CONTAINER] or [None]
        if box is not None:
            first = box["components"][0]["content"]
            colours.setdefault(first, set()).add(box["accent_color"])

    assert all(len(found) == 1 for found in colours.values())
    assert len(colours) == len(JobState) + 2  # removed, and dropped but not over yet


def test_every_video_has_its_description() -> None:
    """Who cannot see it hears what it shows."""
    for state in STATES:
        for part in walk(drawn(state)["components"]):
            if part["type"] == Kind.MEDIA_GALLERY:
                assert state.job.prompt[:100] in part["items"][0]["description"]


def test_every_button_has_words() -> None:
    """A symbol alone is not read out."""
    for state in STATES:
        for part in walk(drawn(state)["components"]):
            assert part["type"] != Kind.BUTTON or part["label"].strip()


# -- the limits ----------------------------------------------------------------------------------


def assert_taken(state: State) -> None:
    """Check a message against Discord's form and limits, in UTF-16 units: the larger count."""
    message = drawn(state)
    parts = list(walk(message["components"]))
    uploads = {
        file["id"]: Attachment(
            id=file["id"],
            place="1",
            filename=file["filename"],
            path=Path("video.mp4"),
            size_bytes=1,
            content_type="video/mp4",
            width=None,
            height=None,
        )
        for file in message["attachments"]
    }
    payload = {key: message[key] for key in ("content", "flags", "components")}
    written(payload | {"attachments": [{"id": one} for one in uploads]}, uploads)

    assert sum(units(part.get("content", "")) for part in parts) <= MOST_TEXT
    assert len(parts) <= MOST_COMPONENTS
    assert units(message["content"]) <= MOST_CONTENT
    for part in parts:
        assert units(part.get("label") or "") <= 80
        assert units(part.get("custom_id") or "") <= 100
        assert units(part.get("placeholder") or "") <= 150
        for option in part.get("options", ()):
            assert 1 <= units(option["label"]) <= 100
            assert units(option["description"]) <= 100
    assert 1 <= units(alt_text(state.job)) <= 1024


@pytest.mark.parametrize("locale", LANGUAGES)
@given(
    state=st.sampled_from(STATES),
    model=st.sampled_from(MODELS),
    prompt=hostile_text(2000),
    negative=hostile_text(1000),
)
def test_the_longest_input_fits_in_every_language(
    locale: str, state: State, model: Model, prompt: str, negative: str
) -> None:
    """Whatever was typed, in whichever state: with the longest names, links and reasons."""
    with speaking(locale):
        assert_taken(stretched(state, model, prompt, negative))


def stretched(state: State, model: Model, prompt: str, negative: str) -> State:
    """Return the state with everything in it as long as it can be."""
    options = longest(model, prompt, negative)
    long = made_job(model=model, options=options)
    job = replace(
        state.job,
        id=2**63 - 1,
        guild_id=state.job.guild_id and 2**63 - 1,
        channel_id=2**63 - 1,
        user_id=2**63 - 1,
        model=model.slug,
        parameters=long.parameters,
        price_credits=10**9,
        decision_reason=prompt,
        removal_reason=prompt,
    )
    standing = replace(state.standing, hint=state.standing.hint and negative)
    delivery = state.delivery and stretched_delivery(state.delivery, ASKED)
    return replace(state, job=job, standing=standing, delivery=delivery)


def stretched_delivery(delivery: Delivery, now: datetime) -> Delivery:
    """Return the delivery with links as long as any seen, to a member who is told why."""
    link = Link(url="https://cdn.example.org/" + "v" * 1400, expires_at=now)
    return replace(
        delivery,
        link=delivery.link and link,
        original=delivery.original and link,
        direct=True,
    )


def test_a_long_link_leaves_the_plain_text_its_facts() -> None:
    """The prompt gives way: without link and mark the message would be worth nothing."""
    link = Link(url="https://cdn.example.org/" + "v" * 1640, expires_at=ASKED)
    job = made_job(options={"prompt": "x" * 2000})
    shown = plain_content(job, Delivery(link=link, direct=True))

    assert link.url in shown
    assert f"job `{job.id}`" in shown
    assert units(shown) <= MOST_CONTENT
    assert "xxxx" not in shown


def test_a_hint_is_on_the_card() -> None:
    """Why it waits is said below what it does."""
    state = State(group="", name="", job=made_job(), standing=Standing(hint="It is busy."))

    assert "It is busy." in readable(state)
