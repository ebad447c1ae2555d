"""Status cards and result messages: every state has its words, and all stay within the limits."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import MODELS, Model
from bot.discord_ui.cards import status_card
from bot.discord_ui.failures import FAILURE_WORDS
from bot.discord_ui.job_pages import exact_parameters, job_choice, job_page, jobs_page
from bot.discord_ui.looks import LOOKS
from bot.discord_ui.results import Delivery, file_name, plain_content, result_view
from bot.discord_ui.words import units
from bot.job import TERMINAL, FailureReason, JobState
from bot.jobs.ports import Link, Standing
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

LATER = NOW + timedelta(seconds=62)
RUNNING = Standing(processing=True, expected_s=100, elapsed_s=50)


def whole(view: object) -> str:
    """Return all text of a view."""
    return "\n".join(texts(view))


@pytest.mark.parametrize("state", JobState)
def test_every_state_has_a_card(state: JobState) -> None:
    """Symbol, title, model, prompt, seed, settings, price and number are on every card."""
    shown = whole(status_card(job(state, result_message_id=5)))

    assert shown.startswith(f"### {LOOKS[state].symbol} {LOOKS[state].title}\n")
    for fact in (
        "Wan 2.6 Image To Video",
        "A fox jumps",
        "seed `2147483647`",
        "5 s",
        "720p",
        "63 credits",
        "14000",
    ):
        assert fact in shown


def test_no_two_states_look_the_same() -> None:
    """A state is told by words and symbol, not by colour alone."""
    assert len({look.title for look in LOOKS.values()}) == len(JobState)


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_has_its_words(reason: FailureReason) -> None:
    """A failed card says why, what to do, and that the credits came back."""
    shown = whole(status_card(job(JobState.FAILED, failure=reason)))

    assert FAILURE_WORDS[reason].why in shown
    assert FAILURE_WORDS[reason].what_to_do in shown
    assert "Your 63 credits came back." in shown


def test_after_a_restore_no_connection_is_blamed() -> None:
    """A job of a backup is looked for although its connection never broke."""
    checked = whole(status_card(job(JobState.UNCERTAIN, restored_at=NOW)))
    lost = job(JobState.FAILED, failure=FailureReason.NOT_FOUND, restored_at=NOW)
    failed = whole(status_card(lost))

    for shown in (checked, failed):
        assert "went back to a backup" in shown
        assert "connection broke" not in shown
    assert "you will not pay twice" in checked
    assert "Your 63 credits came back." in failed


def test_no_two_failures_read_the_same() -> None:
    """Each reason can be told from its words."""
    assert len({words.why for words in FAILURE_WORDS.values()}) == len(FailureReason)


def test_the_provider_s_words_are_not_shown() -> None:
    """Details are for the host: they may hold addresses or keys."""
    shown = whole(status_card(job(JobState.FAILED, error_detail="HTTP 401: key SG_secret")))

    assert "SG_secret" not in shown


@pytest.mark.parametrize(
    ("place", "words"), [(None, "Waiting for its turn"), (1, "Next in line"), (1200, "1,200 in")]
)
def test_a_queued_card_shows_its_place(place: int | None, words: str) -> None:
    """Next, a number, or neither when it is not known."""
    assert words in whole(status_card(job(), Standing(place=place)))


def test_a_queued_card_waits_for_one_thing_alone() -> None:
    """For a free place, or for a service that is out of order: not for both."""
    place = "Waiting for a free place at the video service"

    assert place in whole(status_card(job(), Standing(place=3)))
    assert place not in whole(status_card(job(), Standing(place=3, hint="It is out of order.")))


def test_cancel_is_there_until_the_end() -> None:
    """Of a job that was sent it offers to drop the result; its id is in its custom id."""
    with_button = {
        state
        for state in JobState
        if any(
            part.get("custom_id") == "job:cancel:1400000000000000007"
            for part in components(status_card(job(state)))
        )
    }

    assert with_button == set(JobState) - TERMINAL


def test_a_running_card_shows_how_far_it_is() -> None:
    """Half of the usual time: half a bar, a clock for when it should be there."""
    shown = whole(status_card(job(JobState.RUNNING), RUNNING))

    assert "▰▰▰▰▰▰▱▱▱▱▱▱ about 50 %" in shown
    assert f"<t:{int((NOW + timedelta(seconds=100)).timestamp())}:R>" in shown


def test_a_late_job_is_said_to_be_late() -> None:
    """Past the usual time no date is promised, and the bar is still not full."""
    shown = whole(
        status_card(job(JobState.RUNNING), Standing(processing=True, expected_s=100, elapsed_s=400))
    )

    assert "Usually done after about 100 s; this one takes longer." in shown
    assert "▱" in shown


def test_waiting_at_the_provider_is_not_being_made() -> None:
    """The stage follows what the provider says."""
    not_asked, waiting, working = (
        whole(status_card(job(JobState.RUNNING), Standing(processing=said, expected_s=100)))
        for said in (None, False, True)
    )

    assert "With the video service" in not_asked
    assert "waiting for a machine" in waiting
    assert "Being made" in working
    assert "Being made" not in waiting + not_asked


def test_a_clock_does_not_change_the_picture() -> None:
    """A second later the card is the same, so that it is not edited for nothing."""
    later = Standing(processing=True, expected_s=100, elapsed_s=51)

    assert (
        status_card(job(JobState.RUNNING), RUNNING).to_components()  # type: ignore[no-untyped-call]  # discord.py's
        == status_card(job(JobState.RUNNING), later).to_components()  # type: ignore[no-untyped-call]  # discord.py's
    )


def test_a_hint_is_shown() -> None:
    """Why it waits."""
    assert "The service is busy." in whole(
        status_card(job(), Standing(hint="The service is busy."))
    )


@pytest.mark.parametrize(("guild", "place"), [(11, "11"), (None, "@me")])
def test_a_delivered_card_links_to_the_video(guild: int | None, place: str) -> None:
    """In a server and in direct messages."""
    delivered = job(
        JobState.DELIVERED,
        guild_id=guild,
        channel_id=22,
        result_channel_id=22,
        result_message_id=33,
    )
    address = f"(https://discord.com/channels/{place}/22/33)"

    assert f"[Jump to the video]{address}" in whole(status_card(delivered))
    assert whole(job_page(delivered)).count(address) == 1
    assert f"[open]{address}" in whole(jobs_page([delivered]))


SENT_DIRECTLY = job(
    JobState.DELIVERED,
    guild_id=11,
    channel_id=22,
    result_channel_id=44,
    result_message_id=33,
    result_direct=True,
)


def test_the_card_of_a_video_sent_directly_has_no_link() -> None:
    """Everybody in the channel sees the card; nobody but the member could follow the link."""
    shown = whole(status_card(SENT_DIRECTLY))

    assert "Sent to you by direct message." in shown
    assert "discord.com/channels" not in shown


def test_a_member_s_own_pages_link_into_their_direct_messages() -> None:
    """Only the member sees these, and for the member the link works."""
    page, pages = whole(job_page(SENT_DIRECTLY)), whole(jobs_page([SENT_DIRECTLY]))

    assert "Sent to you by direct message." in page
    assert "[Jump to the video](https://discord.com/channels/@me/44/33)" in page
    assert "[open](https://discord.com/channels/@me/44/33)" in pages


def test_settings_that_are_not_the_default_are_named() -> None:
    """Only those: a line full of defaults hides what was chosen."""
    chosen = {"fast": False, "high_noise_lora": "https://a.io/x.safetensors"}
    shown = whole(status_card(job(model=MODELS[4], options=chosen)))

    assert "5.06 s · 16:9 · 480p · fast off · high noise lora x.safetensors" in shown


def test_the_result_names_what_makes_it_again() -> None:
    """Member, model, prompt, seed, settings, price and job."""
    made = job(JobState.FINISHED, options={"seed": 77, "duration": 10}, finished_at=LATER)

    for shown in (whole(result_view(made, PRICES)), plain_content(made)):
        for part in (f"<@{made.user_id}>", "Wan 2.6", "A fox jumps", "`77`", "10 s", "125 credits"):
            assert part in shown
        assert "made in 62 s" in shown
    assert file_name(job(options={"seed": 77})) == "wan-2.6-i2v-77.mp4"


def test_a_link_says_when_it_ends() -> None:
    """The address is not unfurled, and its expiry ticks."""
    link = Delivery(link=Link(url="https://cdn.example.org/v.mp4", expires_at=NOW))

    for shown in (whole(result_view(job(), PRICES, link)), plain_content(job(), link)):
        assert "(<https://cdn.example.org/v.mp4>)" in shown
        assert f"<t:{int(NOW.timestamp())}:R>" in shown


@given(
    model=st.sampled_from(MODELS),
    state=st.sampled_from(JobState),
    failure=st.sampled_from(FailureReason),
    prompt=hostile_text(2000),
    negative=hostile_text(1000),
)
def test_the_longest_input_fits(
    model: Model, state: JobState, failure: FailureReason, prompt: str, negative: str
) -> None:
    """All views of any legal job stay within Discord's limits, whatever was typed."""
    shown = job(
        state, model, options=longest(model, prompt, negative), failure=failure, finished_at=NOW
    )
    for view in (status_card(shown, RUNNING), job_page(shown), jobs_page([shown] * 9)):
        assert sum(map(units, texts(view))) <= MOST_TEXT
        assert len(list(components(view))) <= MOST_COMPONENTS
        assert all(texts(view))
    assert 1 <= units(job_choice(shown)) <= 100


@given(prompt=hostile_text(2000))
def test_only_the_author_is_mentioned(prompt: str) -> None:
    """No prompt adds a mention, a line of its own or a link."""
    made = job(options={"prompt": prompt})

    for shown, lines in ((plain_content(made), 5), (whole(result_view(made, PRICES)), 6)):
        assert len(shown.split("\n")) == lines
        assert shown.replace("\\<", "").count("<@") == 1
        assert "@everyone" not in shown
        assert "@here" not in shown
        assert "https://" not in shown


def test_values_too_long_to_show_are_given_as_a_file() -> None:
    """Everything as it was sent can be had; a short job needs no file."""
    long = job(options={"prompt": "x" * 2000, "negative_prompt": "y"})

    assert exact_parameters(job()) is None
    assert '"negative_prompt": "y"' in (exact_parameters(long) or "")


@pytest.mark.parametrize("reason", FailureReason)
def test_what_failed_can_be_made_again_from_its_card(reason: FailureReason) -> None:
    """As it was, or changed; not where it would fail until the bot's own people act."""
    hopeless = reason in (FailureReason.HOST_KEY, FailureReason.HOST_CREDITS)
    failed = replace(job(JobState.FAILED), failure=reason)
    wanted = [] if hopeless else [f"job:{action}:{failed.id}" for action in ("again", "change")]

    for view in (status_card(failed), job_page(failed)):
        ids = [str(part["custom_id"]) for part in components(view) if "custom_id" in part]
        assert ids == wanted


def test_a_clock_without_its_date_follows_it_within_hours() -> None:
    """The date is written once; a video that took longer than that names another."""
    quick = replace(job(JobState.DELIVERED), created_at=NOW, submitting_at=NOW, ended_at=NOW)
    slow = replace(quick, ended_at=NOW + timedelta(hours=12))

    assert whole(job_page(quick)).count(":f>") == 1
    assert whole(job_page(slow)).count(":f>") == 2
    assert f"<t:{int(NOW.timestamp())}:T>" in whole(job_page(quick))


def test_a_failed_job_s_page_says_what_came_back() -> None:
    """And every parameter by the name it was sent."""
    shown = whole(job_page(job(JobState.FAILED)))

    assert "63 credits given back" in shown
    for name in ("duration", "enable_prompt_expansion", "image", "resolution", "seed"):
        assert f"`{name}`: " in shown


def test_an_empty_list_says_how_to_begin() -> None:
    """No jobs yet."""
    assert "No videos yet" in whole(jobs_page([]))
