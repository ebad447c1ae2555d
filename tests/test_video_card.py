"""The moderators' card of a video: its facts and buttons, within Discord's limits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.catalogue import MODELS, Model
from bot.discord_ui.admin.notices import notice_text
from bot.discord_ui.approval_card import approval_card
from bot.discord_ui.cards import status_card
from bot.discord_ui.job_pages import job_page, jobs_page
from bot.discord_ui.log_parts import is_cut
from bot.discord_ui.video_card import ROOM, moderators_card, removal_words, video_card, video_form
from bot.discord_ui.words import units
from bot.job import FailureReason, Job, JobState
from bot.jobs.changes import (
    Actor,
    Change,
    CreditsReturned,
    Member,
    Moderator,
    PromptRefused,
    VideoRemoved,
)
from bot.jobs.video_desk import Deletion, Removal
from bot.moderation import Found
from bot.wordfilter import FilterRule, Match
from sandbox.discord_api.components import check_modal
from sandbox.discord_api.errors import FormErrors
from sandbox.discord_api.form import Form
from tests.face_kit import (
    MOST_COMPONENTS,
    MOST_CONTENT,
    MOST_TEXT,
    NOW,
    components,
    hostile_text,
    job,
    longest,
    texts,
)

LINK = "https://discord.com/channels/1100000000000000001/1300000000000000001/6001"
NORA = 1250000000000000001


def made(model: Model = MODELS[1], **changes: Any) -> Job:
    """Return a job whose video was posted."""
    values: dict[str, Any] = {
        "ended_at": NOW,
        "cost_usd": 0.625,
        "result_channel_id": 1300000000000000001,
        "result_message_id": 6001,
    }
    return job(JobState.DELIVERED, model, **values | changes)


def removed(**changes: Any) -> Job:
    """Return a job whose video was taken down."""
    values: dict[str, Any] = {
        "removed_by": NORA,
        "removed_at": NOW,
        "removal_reason": "Not here",
        "result_message_id": None,
    }
    return made(**values | changes)


def buttons(shown: Job) -> list[str]:
    """Return the ids of a card's buttons, without the job's number, with their labels."""
    parts = (part for part in components(video_card(shown)) if part["type"] == 2)
    return [f"{part['custom_id'].removesuffix(f':{shown.id}')} {part['label']}" for part in parts]


def card_text(shown: Job) -> str:
    """Return all a card says."""
    return "\n".join(texts(video_card(shown)))


def test_the_card_tells_all_there_is_to_know() -> None:
    """Who, where, prompt, model, settings, seed, price, real cost, link, number."""
    shown = made(options={"negative_prompt": "No #cats"})
    asked = f"<@{shown.user_id}> in <#{shown.channel_id}> <t:{int(NOW.timestamp())}:R>"
    number = f"job `{shown.id}`"

    assert texts(video_card(shown)) == [
        "**Not wanted:** No \\#cats",
        f"[Jump to the video]({LINK})",
        f"-# {asked} · seed `{shown.seed}` · 5 s · 720p · 63 credits · cost 0.625 USD · {number}",
        "### ✅ Done · Wan 2.6 Image To Video",
        "> A fox jumps",
    ]
    assert buttons(shown) == [
        "video:delete Delete",
        "video:refund Delete and refund",
        "video:block Block member",
    ]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
def test_a_model_s_own_default_is_not_shown_as_the_member_s_words(model: Model) -> None:
    """What a model leaves out by itself is nothing that the member wrote."""
    assert "Not wanted" not in card_text(made(model))


def test_the_picture_stands_beside_the_words() -> None:
    """As a thumbnail; a video from words alone has none."""
    shown = made()
    pictures = [
        part["media"]["url"] for part in components(video_card(shown)) if part["type"] == 11
    ]
    from_words = [part["type"] for part in components(video_card(made(MODELS[-1])))]

    assert pictures == [shown.parameters["image"]]
    assert 11 not in from_words


@pytest.mark.parametrize(
    ("changes", "words", "offered"),
    [
        ({}, ["Removed by", "> Not here", "not given back"], ["refund Give credits back", "block"]),
        (
            {"refunded_at": NOW},
            ["63 credits were given back <t:"],
            ["block"],
        ),
        (
            {"result_message_id": 6001},
            [f"[The message]({LINK}) has not been deleted yet"],
            ["again Delete the message", "refund Give credits back", "block"],
        ),
    ],
)
def test_a_removed_video_offers_what_is_left(
    changes: dict[str, Any], words: list[str], offered: list[str]
) -> None:
    """Who, why, the credits; the message only while it is there."""
    shown = removed(**changes)

    assert all(word in card_text(shown) for word in (f"<@{NORA}>", *words))
    assert ("Jump to" in card_text(shown)) is False
    for button, start in zip(buttons(shown), offered, strict=True):
        assert button.startswith(f"video:{start}")


@pytest.mark.parametrize(
    ("state", "changes", "words"),
    [
        (JobState.FAILED, {"failure": FailureReason.BLOCKED}, "refused this content"),
        (JobState.CANCELLED, {"decided_by": NORA}, "took it back before it was sent"),
        (JobState.RUNNING, {}, "Not finished yet"),
    ],
)
def test_a_job_without_a_video_has_nothing_to_delete(
    state: JobState, changes: dict[str, Any], words: str
) -> None:
    """But its member can be blocked."""
    shown = job(state, **changes)

    assert words in card_text(shown)
    assert buttons(shown) == ["video:block Block member"]


def test_a_video_that_waits_to_be_sent_again_can_be_deleted() -> None:
    """No credits can be given back for it: they have come back."""
    shown = job(JobState.UNDELIVERED)

    assert "neither there nor in a direct message" in card_text(shown)
    assert buttons(shown) == ["video:delete Delete", "video:block Block member"]


def test_a_removed_video_that_was_never_posted_is_said_to_be_out_of_reach() -> None:
    """There was no message to delete."""
    gone = replace(removed(refunded_at=NOW), state=JobState.UNDELIVERED)
    removal = Removal(job=gone, removed_now=True, credits_back=0, message=Deletion.GONE)
    words = removal_words(removal)

    assert "never posted" in words
    assert "had been given back" in words


def test_a_video_by_direct_message_has_no_link() -> None:
    """It would be dead for everybody but the member."""
    shown = made(result_channel_id=8000, result_direct=True)

    assert f"Sent to <@{shown.user_id}> by direct message." in card_text(shown)
    assert "discord.com" not in card_text(shown)


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (None, "real cost not known"),
        (0.5, "cost 0.50 USD"),
        (0.0123, "cost 0.0123 USD"),
        (12.0, "cost 12.00 USD"),
    ],
)
def test_the_real_cost_is_told(cost: float | None, words: str) -> None:
    """Cents at least, and no more than there is to say."""
    assert f" · {words} · " in card_text(made(cost_usd=cost))


@pytest.mark.parametrize(
    ("shown", "question"),
    [
        (job(JobState.AWAITING_APPROVAL), True),
        (job(JobState.DENIED, decided_by=NORA), True),
        (job(JobState.CANCELLED, queued_at=None), True),
        (job(JobState.RUNNING, decided_by=NORA), True),
        (job(JobState.RUNNING), False),
        (job(JobState.FAILED, decided_by=NORA), False),
        (made(decided_by=NORA), False),
    ],
)
def test_a_question_becomes_the_video_s_card_at_the_end(shown: Job, *, question: bool) -> None:
    """A job that was approved keeps its one message, and the card still says by whom."""
    expected = approval_card(shown) if question else video_card(shown)

    assert texts(moderators_card(shown)) == texts(expected)
    if shown.decided_by and shown.state is JobState.DELIVERED:
        assert f"Approved by <@{NORA}>" in card_text(shown)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
@given(prompt=hostile_text(2000), negative=hostile_text(400), reason=hostile_text(300))
@settings(max_examples=40)
def test_any_words_fit(model: Model, prompt: str, negative: str, reason: str) -> None:
    """The longest of everything; what had to be cut can be read by a button."""
    shown = made(model, options=longest(model, prompt, negative), decided_by=NORA)
    gone = replace(shown, removed_by=NORA, removed_at=NOW, removal_reason=reason, refunded_at=NOW)
    for one in (shown, gone):
        view = video_card(one)

        assert sum(units(text) for text in texts(view)) <= MOST_TEXT
        assert len(list(components(view))) <= MOST_COMPONENTS
        assert any("Read all of it" in b for b in buttons(one)) == is_cut(one, ROOM)
        assert "@everyone" not in "".join(texts(view))


# -- what the member sees --------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"), [({}, "were not given back"), ({"refunded_at": NOW}, "were given back")]
)
def test_the_member_reads_what_became_of_their_video(changes: dict[str, Any], words: str) -> None:
    """On the status card, in the list and on the job's page; nothing offers a dead link."""
    shown = removed(**changes)
    card, page = ("\n".join(texts(view)) for view in (status_card(shown), job_page(shown)))
    line = "\n".join(texts(jobs_page([shown])))

    for told in (card, page):
        assert "A moderator removed this video." in told
        assert "> Not here" in told
        assert f"Its 63 credits {words}." in told
    assert "Removed by a moderator" in line
    for told in (card, page, line):
        assert "discord.com" not in told
        assert str(NORA) not in told


# -- forms and answers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "shown", "title", "fields"),
    [
        ("delete", made(), "Delete this video", ["reason"]),
        ("refund", made(), "Delete and give the credits back", ["reason"]),
        ("refund", removed(), "Give the credits back", ["reason"]),
        ("block", made(), "Block this member", ["reason", "duration"]),
    ],
)
def test_a_form_carries_its_job(action: str, shown: Job, title: str, fields: list[str]) -> None:
    """So that it works after a restart; Discord takes it."""
    modal, errors = video_form(action, shown).to_dict(), FormErrors()
    check_modal(Form(modal, errors=errors))
    errors.raise_if_any()

    assert modal["title"] == title
    assert modal["custom_id"].startswith(f"admin:{action}:{shown.id}:")
    assert [part["component"]["custom_id"] for part in modal["components"]] == fields


@pytest.mark.parametrize(
    ("removal", "words"),
    [
        (
            Removal(job=removed(), removed_now=True, credits_back=63, message=Deletion.GONE),
            ["This video is removed.", "63 credits went back to <@12", "is gone"],
        ),
        (
            Removal(
                job=removed(),
                removed_now=True,
                credits_back=63,
                message=Deletion.GONE,
                lapsed=True,
            ),
            ["63 credits went back", "month that is over cannot be spent", "/video-admin grant"],
        ),
        (
            Removal(job=removed(), removed_now=False, credits_back=0, message=Deletion.GONE),
            [f"<@{NORA}> has removed this video", "No credits went back."],
        ),
        (
            Removal(
                job=removed(refunded_at=NOW),
                removed_now=False,
                credits_back=0,
                message=Deletion.GONE,
            ),
            ["The credits had been given back <t:"],
        ),
        (
            Removal(
                job=removed(result_message_id=6001),
                removed_now=True,
                credits_back=0,
                message=Deletion.LATER,
            ),
            ["This video is removed.", f"could not delete [the message]({LINK}) just now"],
        ),
        (
            Removal(
                job=removed(result_message_id=6001),
                removed_now=True,
                credits_back=0,
                message=Deletion.FORBIDDEN,
            ),
            ["does not let the bot delete", "delete it yourself"],
        ),
    ],
)
def test_the_moderator_is_told_what_is_done_and_what_is_not(
    removal: Removal, words: list[str]
) -> None:
    """Removal, credits and message, each for itself."""
    told = removal_words(removal)

    assert all(word in told for word in words)
    assert units(told) <= MOST_CONTENT


RULE = FilterRule(id=3, kind="word", pattern="weasel")
BY_RULE = Found(match=Match(rule=RULE, list_name=None, excerpt="w•••••"), field="prompt")
BY_LIST = Found(match=Match(rule=None, list_name="gore", excerpt="g•••"), field="negative prompt")
BY = Moderator(guild_id=1, user_id=NORA)
MIA = Member(guild_id=1, user_id=7)


@pytest.mark.parametrize(
    ("by", "change", "words"),
    [
        (
            BY,
            VideoRemoved(job=removed(), credits_back=63),
            ["🛡️ <@125", "removed the video of job `14", "and gave 63 credits back", "> Not here"],
        ),
        (
            BY,
            VideoRemoved(job=removed(result_message_id=6001), credits_back=0),
            ["removed the video", "has not deleted the message yet"],
        ),
        (
            BY,
            CreditsReturned(job=removed(), credits_back=63, reason="A mistake"),
            ["gave 63 credits back for the removed video", "> A mistake"],
        ),
        (
            MIA,
            PromptRefused(channel_id=9, found=BY_RULE, untold=0, untold_since=NOW),
            ["🧹 <@7> was refused in <#9>", "rule `3`, word ||weasel||, at ||w•••••||"],
        ),
        (
            MIA,
            PromptRefused(
                channel_id=9, found=BY_LIST, untold=1, untold_since=NOW - timedelta(minutes=6)
            ),
            ["their negative prompt", "list **gore**, at ||g•••||", "and 1 more time since"],
        ),
    ],
)
def test_the_log_channel_is_told(by: Actor, change: Change, words: list[str]) -> None:
    """Who did what to whom and why; what is not nice to read is hidden."""
    told = notice_text(by, change)

    assert all(word in told for word in words)
    assert units(told) <= MOST_CONTENT
