"""What a member is told after a press: the truth about each state, within Discord's limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord_ui.cards import as_wished, status_card
from bot.discord_ui.looks import look_of
from bot.discord_ui.way_pages import cancel_page, drop_page, telling_page, told_page
from bot.discord_ui.words import units
from bot.job import DROPPABLE, NEWS, TERMINAL, JobState, Wishes
from bot.jobs.ports import Standing
from tests.face_kit import MOST_COMPONENTS, MOST_TEXT, NOW, components, hostile_text, job, texts

DROPPED = Wishes(dropped_at=NOW, tells=True)
RUNNING = Standing(processing=True, expected_s=100, elapsed_s=50)


def ids(view: object) -> list[str]:
    """Return what the buttons of a view do."""
    found = [part.get("custom_id") for part in components(view)]
    return [str(one).split(":")[1] for one in found if one]


@pytest.mark.parametrize("state", sorted(JobState))
def test_only_what_can_be_dropped_is_offered(state: JobState) -> None:
    """After a Cancel that came too late; else the page says how it stands."""
    offers = ids(cancel_page(job(state)))

    assert offers == (["drop"] if state in DROPPABLE else [])


@pytest.mark.parametrize("state", sorted(JobState))
def test_a_dropped_job_says_what_it_costs(state: JobState) -> None:
    """On its way, on the card and in the answers; an end is what it is, dropped or not."""
    shown, standing = as_wished(job(state), RUNNING, DROPPED)
    said = "\n".join(texts(status_card(shown, standing)))
    dropping = state in DROPPABLE

    assert ("it will not be posted" in said) == dropping
    assert (look_of(shown) != look_of(job(state))) == dropping
    assert ("will not be posted" in "\n".join(texts(drop_page(shown)))) == (
        dropping or state is JobState.DROPPED
    )
    assert "about 50 %" not in said


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("state", sorted(JobState))
def test_a_card_offers_the_other_setting_until_the_end(state: JobState, *, tells: bool) -> None:
    """In servers; in direct messages the video comes there anyway."""
    standing = Standing(tells=tells)
    here = set(ids(status_card(job(state), standing)))
    directly = set(ids(status_card(job(state, guild_id=None), standing)))

    offered = set() if state in TERMINAL else {"hush" if tells else "notify"}
    assert here & {"hush", "notify"} == offered
    assert directly & {"hush", "notify"} == set()


@pytest.mark.parametrize("state", sorted(NEWS))
def test_news_lead_to_what_there_is_to_see(state: JobState) -> None:
    """The message with the video, or the card; and they can be switched off."""
    view = told_page(job(state, result_channel_id=5, card_message_id=6))

    assert "/6)" in "\n".join(texts(view))
    assert ids(view) == ["hush"]


@given(
    state=st.sampled_from(sorted(JobState)),
    prompt=hostile_text(2000),
    wishes=st.sampled_from([DROPPED, Wishes(dropped_at=None, tells=False)]),
)
def test_any_words_fit(state: JobState, prompt: str, wishes: Wishes) -> None:
    """All of them, for the longest prompt."""
    shown, standing = as_wished(job(state, options={"prompt": prompt}), RUNNING, wishes)
    pages = [cancel_page(shown), drop_page(shown), telling_page(tells=wishes.tells)]
    news = [told_page(shown)] if state in NEWS else []
    for view in (*pages, *news, status_card(shown, standing)):
        assert sum(map(units, texts(view))) <= MOST_TEXT
        assert len(list(components(view))) <= MOST_COMPONENTS
        assert all(texts(view))
