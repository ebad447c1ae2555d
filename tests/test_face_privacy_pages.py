"""The pages of /privacy: what they say, whose button it is, and Discord's limits. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord_ui.privacy_pages import PrivacyButton, delete_page, deleted_page
from bot.errors import RefusedError
from bot.jobs.privacy_desk import Deleted
from bot.privacy import Forgotten, Holdings, KeptBlock
from sandbox.discord_api.components import check_message
from sandbox.discord_api.errors import FormErrors
from sandbox.discord_api.form import Form
from tests.face_kit import MOST_TEXT, NOW, components, texts

MIA, NORA = 1200000000000000001, 1200000000000000002
MANY = st.integers(0, 10**9)
BLOCKS = st.lists(
    st.builds(
        KeptBlock,
        guild_id=st.integers(1, 2**63 - 1),
        until=st.none()
        | st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)).map(  # noqa: DTZ001 - given its zone next
            lambda moment: moment.replace(tzinfo=UTC)
        ),
    ),
    max_size=200,
).map(tuple)
HOLDINGS = st.builds(
    Holdings,
    jobs=MANY,
    running=st.sampled_from((0, 0, 1, 7)),
    waiting=st.sampled_from((0, 0, 1, 7)),
    drafts=MANY,
    habits=MANY,
    events=MANY,
    entries=MANY,
    granted_credits=MANY,
    counted_credits=MANY,
    blocks=BLOCKS,
    allowances=MANY,
)


def buttons(view: Any) -> list[str]:
    """Return the ids of a page's buttons."""
    return [part["custom_id"] for part in components(view) if part["type"] == 2]


@given(HOLDINGS)
def test_every_page_is_accepted_and_offers_what_can_be_done(holdings: Holdings) -> None:
    """A button only where there is something, and nothing under way."""
    view: Any = delete_page(holdings, MIA, now=NOW)
    errors = FormErrors()
    check_message(Form({"components": view.to_components()}, errors=errors), layout=True)
    errors.raise_if_any()
    can = holdings.removable > 0 and not holdings.running + holdings.waiting

    assert sum(map(len, texts(view))) < MOST_TEXT
    assert buttons(view) == ([f"privacy:delete:{MIA}:{int(NOW.timestamp())}"] if can else [])


def test_the_page_says_what_goes_and_what_stays() -> None:
    """Each with its figures; nothing is said of what there is none of."""
    holdings = Holdings(
        jobs=12,
        entries=24,
        counted_credits=90,
        blocks=(KeptBlock(guild_id=5, until=None),),
    )
    said = "\n".join(texts(delete_page(holdings, MIA, now=NOW)))

    assert "12 videos: prompts, settings, pictures, links" in said
    assert "24 lines of the credits' books" in said
    assert "90 credits were used, without your name" in said
    assert "1 block, or deleting would lift it: until a moderator lifts it" in said
    assert "begun" not in said
    assert "gave you" not in said


@pytest.mark.parametrize(
    ("running", "waiting", "words"),
    [
        (1, 0, "You have 1 video under way, so nothing was deleted. Ask again when it has ended."),
        (0, 1, "has ended. 1 still waits and can be cancelled with `/jobs`."),
        (0, 2, "have ended. 2 still wait and can be cancelled with `/jobs`."),
        (2, 1, "You have 3 videos under way"),
        (1, 2, "2 still wait and can be cancelled"),
    ],
)
def test_videos_under_way_are_told_with_what_to_do(running: int, waiting: int, words: str) -> None:
    """How many, and which of them can be cancelled."""
    view = delete_page(Holdings(jobs=3, running=running, waiting=waiting), MIA, now=NOW)

    assert words in texts(view)[0]


@pytest.mark.parametrize("wiped", [True, False])
def test_the_figures_are_told_and_what_is_left_to_do(wiped: bool) -> None:
    """That the files' bytes have to wait is not hidden."""
    deleted = Deleted(forgotten=Forgotten(jobs=1, entries=2, events=1), wiped=wiped)
    said = "\n".join(texts(deleted_page(deleted)))

    assert "1 video forgotten" in said
    assert "2 lines of the credits' books and 1 line of moderators' logs" in said
    assert ("within the hour" in said) is not wiped


@pytest.mark.parametrize(
    ("user_id", "age", "words"),
    [
        (NORA, timedelta(0), "somebody else's"),
        (MIA, timedelta(minutes=15, seconds=1), "older than 15 minutes"),
        (MIA, timedelta(seconds=-5), "older than 15 minutes"),
    ],
)
def test_a_button_is_its_members_and_not_for_ever(user_id: int, age: timedelta, words: str) -> None:
    """Whoever forges or keeps one is told what to do."""
    button = PrivacyButton(MIA, int(NOW.timestamp()))
    button.check(MIA, now=NOW + timedelta(minutes=14))
    with pytest.raises(RefusedError, match=words):
        button.check(user_id, now=NOW + age)
