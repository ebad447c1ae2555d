"""Cards are kept true: the latest picture wins, edits are few, and a failed one hurts nobody."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.discord_ui.card_keeper import CardKeeper
from bot.job import FailureReason, Job, JobState, Wishes
from bot.jobs.ports import Standing
from sandbox.discord_api.driver import MemberDriver
from tests.discord_kit import until
from tests.face_running import AT_ONCE, Face, buttons, now

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

HOUR_S = 3600.0


# A new state at once, everything else hardly ever.
STATES_ONLY = replace(AT_ONCE, progress_s=HOUR_S)


def standing(percent: float) -> Standing:
    """Return a standing of a job that usually takes 1,000 seconds: in ten steps."""
    return Standing(processing=True, expected_s=1000, elapsed_s=percent * 10)


async def running(face: Face, job: Job) -> Job:
    """Move a queued job on to the provider."""
    return await face.moved(job, JobState.SUBMITTING, JobState.RUNNING)


async def edits(face: Face) -> dict[str, int]:
    """Return how many edits of messages were asked for, by way."""
    calls: dict[str, int] = (await face.state())["calls"]
    return {
        "token": sum(n for call, n in calls.items() if call.startswith("PATCH /webhooks")),
        "bot": sum(n for call, n in calls.items() if call.startswith("PATCH /channels")),
    }


def keeper(face: Face, **changes: Any) -> CardKeeper:
    """Return another keeper on the same client, as after a restart."""
    options: dict[str, Any] = {
        "on_card": face.keep_card,
        "pace": AT_ONCE,
        "sleep": face.sleep,
        **changes,
    }
    return CardKeeper(face.bot, **options)


async def test_progress_within_the_gap_is_one_edit_at_most(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """A new state is shown at once; ten pictures of the same state wait and the last one wins."""
    job = await face.ordered(mia, photo)
    cards = keeper(face, pace=STATES_ONLY)
    made = await running(face, job)
    cards.show(made, standing(0))
    await face.card_shows(job, "about 0 %")
    for percent in range(10, 100, 10):
        cards.show(made, standing(percent))
    finished = await face.moved(job, JobState.FINISHED)
    cards.show(finished, Standing())
    await face.card_shows(job, "Finished, uploading")
    history = (await face.card(job))["history"]
    await cards.close()

    # thinking, queued, running, finished: no picture in between
    assert len(history) == 4


async def test_the_newest_picture_wins(face: Face, mia: MemberDriver, photo: Path) -> None:
    """While an edit is under way, newer pictures replace each other."""
    job = await face.ordered(mia, photo)
    before = await edits(face)
    made = await running(face, job)
    await face.control("faults", method="PATCH", path="/webhooks/*", delay_s=0.3)
    for percent in range(0, 100, 10):
        face.cards.show(made, standing(percent))
        await asyncio.sleep(0)
    await face.card_shows(job, "about 90 %")

    assert (await edits(face))["token"] - before["token"] <= 2


async def test_the_same_picture_is_not_sent_again(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """A tick that changes nothing costs no request."""
    job = await face.ordered(mia, photo)
    made = await running(face, job)
    face.cards.show(made, standing(50))
    await face.card_shows(job, "about 50 %")
    before = await edits(face)
    for percent in (51, 52, 53):
        face.cards.show(made, standing(percent))
        await asyncio.sleep(0.02)
    face.cards.show(made, standing(60))
    await face.card_shows(job, "about 60 %")

    assert (await edits(face))["token"] == before["token"] + 1


async def test_in_one_process_wishes_are_read_once_and_when_their_member_presses(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Not before each picture; a press on one card is news for all cards of the member."""
    read: list[int] = []

    async def wishes(job_id: int) -> Wishes:
        read.append(job_id)
        return Wishes(dropped_at=None, tells=len(read) > 2)

    first, second = [await running(face, await face.ordered(mia, photo)) for _ in range(2)]
    cards = keeper(face, wishes=wishes)
    for percent in (10, 20, 30):
        for job in (first, second):
            cards.show(job, standing(percent))
            await face.card_shows(job, f"about {percent} %")
    before = sorted(read)
    cards.redraw(first)
    cards.show(second, standing(40))

    async def told() -> bool:
        shown = [buttons(await face.card(job)) for job in (first, second)]
        return all(any("hush" in one for one in ids) for ids in shown)

    await until(told)
    await cards.close()

    assert before == sorted([first.id, second.id])
    assert sorted(read[2:]) == sorted([first.id, second.id])


async def test_the_first_picture_never_replaces_a_later_one(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The workflow may have been faster than the command that opens the card."""
    job = await face.ordered(mia, photo)
    made = await running(face, job)
    face.cards.show(made, standing(50))
    face.cards.open(job, Standing(place=1))
    await face.card_shows(job, "about 50 %")
    face.cards.open(job, Standing(place=1))
    await asyncio.sleep(0.05)

    assert "In the making" in await face.card_text(job)


async def test_the_end_is_the_last_picture(face: Face, mia: MemberDriver, photo: Path) -> None:
    """After it, nothing edits the card: not a late picture, nor the same end again."""
    job = await face.ordered(mia, photo)
    failed = await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED)
    await face.cards.finish(failed)
    before = await edits(face)
    face.cards.show(job, Standing(place=1))
    await face.cards.finish(failed)
    await asyncio.sleep(0.05)

    assert "The video service refused this content." in await face.card_text(job)
    assert await edits(face) == before


async def test_the_end_waits_for_the_edit_under_way(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """A slow edit cannot overwrite the end."""
    job = await face.ordered(mia, photo)
    made = await running(face, job)
    await face.control("faults", method="PATCH", path="/webhooks/*", delay_s=0.2)
    face.cards.show(made, standing(50))
    await asyncio.sleep(0.05)
    failed = await face.moved(job, JobState.FAILED, failure=FailureReason.INFERENCE)
    await face.cards.finish(failed)
    history = (await face.card(job))["history"]

    assert len(history) == 4
    assert "Failed" in await face.card_text(job)


async def test_the_end_is_tried_again(face: Face, mia: MemberDriver, photo: Path) -> None:
    """A cut connection is not the last word."""
    job = await face.ordered(mia, photo)
    failed = await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED)
    await face.control("faults", method="PATCH", path="/webhooks/*", drop=True, times=2)
    await face.cards.finish(failed)

    assert face.waits_s == [1.0, 4.0]
    assert "Failed" in await face.card_text(job)


async def test_the_end_is_given_up_after_a_few_tries(
    face: Face, mia: MemberDriver, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord being down for long does not hold the job."""
    job = await face.ordered(mia, photo)
    failed = await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED)
    await face.control("faults", method="PATCH", path="*", drop=True, times=99)
    await face.cards.finish(failed)

    assert face.waits_s == [1.0, 4.0, 15.0]
    assert "its card could not be edited" in caplog.text


async def test_a_token_that_is_limited_for_long_is_left_alone(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """discord.py would wait for half an hour: the bot's own token shows the end instead."""
    job = await face.ordered(mia, photo)
    failed = await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED)
    await face.control(
        "faults",
        method="PATCH",
        path="/webhooks/*",
        status=429,
        headers={"Via": "1.1 discord"},
        body={"retry_after": 1800.0, "message": "limited", "global": False},
    )
    await keeper(face, edit_limit_s=0.5).finish(failed)

    assert face.waits_s == [1.0]
    assert (await edits(face))["bot"] == 1
    assert "Failed" in await face.card_text(job)


async def test_a_lost_edit_is_shown_later(face: Face, mia: MemberDriver, photo: Path) -> None:
    """A state whose first edit broke appears without another picture being given."""
    job = await face.ordered(mia, photo)
    made = await running(face, job)
    await face.control("faults", method="PATCH", path="/webhooks/*", drop=True)
    face.cards.show(made, standing(50))

    await face.card_shows(job, "about 50 %")


async def test_a_dead_token_is_never_used_again(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Refused once, the bot's own token edits the card by its id."""
    job = await face.ordered(mia, photo)
    await face.control("token-life", seconds=0)
    before = await edits(face)
    made = await running(face, job)
    face.cards.show(made, standing(10))
    await face.card_shows(job, "about 10 %")
    face.cards.show(made, standing(20))
    await face.card_shows(job, "about 20 %")

    assert await edits(face) == {"token": before["token"] + 1, "bot": 2}


async def test_an_expired_token_is_not_even_tried(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """After its 15 minutes; the last seconds count as over."""
    job = replace(await face.ordered(mia, photo), token_expires_at=now() + timedelta(seconds=5))
    before = await edits(face)
    face.cards.show(replace(job, state=JobState.SUBMITTING), Standing())
    await face.card_shows(job, "Sending")

    assert await edits(face) == {"token": before["token"], "bot": 1}


async def test_a_card_is_found_when_the_token_died_before_its_id_was_kept(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The bot was killed just after the card was made, and was away for more than 15 minutes."""
    job = await face.ordered(mia, photo)
    known: list[tuple[int, int]] = []

    async def on_card(job_id: int, message_id: int) -> None:
        known.append((job_id, message_id))

    lost = replace(job, token_expires_at=now(), card_message_id=None, state=JobState.FAILED)
    await mia.send_message("what about my video?")
    before = await edits(face)
    await keeper(face, on_card=on_card).finish(lost)

    assert "Failed" in await face.card_text(job)
    assert known == [(job.id, job.card_message_id)]
    assert await edits(face) == {"token": before["token"], "bot": 1}


async def test_without_any_way_the_keeper_stops(
    face: Face, mia: MemberDriver, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither token nor message: one look for it, one line in the log, no edit."""
    job = await face.ordered(mia, photo)
    await face.control(
        "delete-message", channel_id=str(job.channel_id), message_id=str(job.card_message_id)
    )
    lost = replace(job, token_expires_at=now(), card_message_id=None, state=JobState.RUNNING)
    before = await edits(face)
    cards = keeper(face)
    for percent in (10, 20, 30):
        cards.show(lost, standing(percent))
        await asyncio.sleep(0.1)
    await cards.finish(replace(lost, state=JobState.FAILED))

    assert await edits(face) == before
    assert caplog.text.count("cannot be edited any more") == 1


async def test_a_deleted_card_is_left_alone(
    face: Face, mia: MemberDriver, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A moderator took it away: one look by each way, then never again."""
    job = await face.ordered(mia, photo)
    await face.control(
        "delete-message", channel_id=str(job.channel_id), message_id=str(job.card_message_id)
    )
    before = await edits(face)
    made = await running(face, job)
    for percent in (10, 20, 30):
        face.cards.show(made, standing(percent))
        await asyncio.sleep(0.1)
    await face.cards.finish(replace(made, state=JobState.FAILED, failure=FailureReason.BLOCKED))

    assert await edits(face) == {"token": before["token"] + 1, "bot": 1}
    assert "cannot be edited any more" in caplog.text


async def test_a_restarted_bot_finds_the_card_by_the_token(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The crash came before the card's id was kept: it is the same message, and now known."""
    job = await face.ordered(mia, photo)
    known: list[tuple[int, int]] = []

    async def on_card(job_id: int, message_id: int) -> None:
        known.append((job_id, message_id))

    cards = keeper(face, on_card=on_card)
    cards.show(replace(job, card_message_id=None, state=JobState.SUBMITTING), Standing())
    await face.card_shows(job, "Sending")
    await until(lambda: bool(known))

    assert known == [(job.id, job.card_message_id)]


async def test_an_ended_job_is_shown_with_the_token_seen_before(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The database forgets the token when the job ends; the card still gets its end by it."""
    job = await face.ordered(mia, photo)
    await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED)
    ended = await face.job(job.id)
    await face.cards.finish(ended)

    assert not ended.interaction_token
    assert "Failed" in await face.card_text(job)
    assert (await edits(face))["bot"] == 0


async def test_a_card_that_cannot_be_kept_hurts_nobody(
    face: Face, mia: MemberDriver, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The database failing to note the card's id is logged; the card is shown."""
    job = await face.ordered(mia, photo)

    async def on_card(_job_id: int, _message_id: int) -> None:
        raise OSError("disk full")

    cards = keeper(face, on_card=on_card)
    cards.show(replace(job, card_message_id=None, state=JobState.SUBMITTING), Standing())
    await face.card_shows(job, "Sending")
    await until(lambda: "its card's id could not be kept" in caplog.text)


async def test_closing_ends_what_waits(face: Face, mia: MemberDriver, photo: Path) -> None:
    """A picture that waits for its turn is dropped, and no task is left."""
    job = await face.ordered(mia, photo)
    cards = keeper(face, pace=STATES_ONLY)
    made = await running(face, job)
    cards.show(made, standing(0))
    await face.card_shows(job, "about 0 %")
    cards.show(made, standing(50))
    await asyncio.sleep(0)
    await cards.close()
    cards.show(made, standing(60))

    assert not [task for task in asyncio.all_tasks() if task.get_name() == f"card-{job.id}"]


# -- a card that two processes show ---------------------------------------------------


async def test_a_picture_that_waited_never_covers_an_end_elsewhere(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The process that shows places in the queue had one to show; another ended the job."""
    job = await face.ordered(mia, photo)
    ended, looks = asyncio.Event(), 0

    async def stored(job_id: int) -> Job | None:
        nonlocal looks
        looks += 1
        if looks > 2:  # before the first picture, after it; then it is the second's turn
            await ended.wait()
        return await face.store.get(job_id)

    here = keeper(face, stored=stored, fresh_s=0.0)
    here.show(job, Standing(place=2, hint="A first picture"))
    await face.card_shows(job, "A first picture")
    here.show(job, Standing(place=1, hint="A second picture"))
    await face.cards.finish(await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED))
    before = await edits(face)
    ended.set()
    await until(lambda: job.id not in here._slots)

    assert "The video service refused this content." in await face.card_text(job)
    assert await edits(face) == before


async def test_an_end_that_came_during_an_edit_is_shown_again(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """An edit of one process arrives after the end that another has shown: it mends it."""
    job = await face.ordered(mia, photo)
    looks: list[Job | None] = []

    async def stored(job_id: int) -> Job | None:
        looks.append(await face.store.get(job_id))
        if len(looks) == 1:  # the end comes between the look and the edit
            failed = await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED)
            await face.cards.finish(failed)
        return looks[-1]

    here = keeper(face, stored=stored, fresh_s=0.0)
    here.show(job, Standing(place=7))
    await until(lambda: job.id not in here._slots)
    shown = [str(picture) for picture in (await face.card(job))["history"]]

    assert "7" in shown[-2]
    assert "The video service refused this content." in await face.card_text(job)


async def test_a_fresh_picture_costs_one_look(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Whoever gave it has just read the job; the look after the edit finds an end all the same."""
    job = await face.ordered(mia, photo)
    looks: list[int] = []

    async def stored(job_id: int) -> Job | None:
        looks.append(job_id)
        return await face.store.get(job_id)

    here = keeper(face, stored=stored)
    here.show(job, Standing(place=7))
    await until(lambda: bool(looks))
    text = await face.card_text(job)
    await face.cards.finish(await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED))
    here.show(job, Standing(place=6))
    await until(lambda: job.id not in here._slots)

    assert "Number 7 in line" in text
    assert looks == [job.id] * 2
    assert "The video service refused this content." in await face.card_text(job)


async def test_a_database_that_does_not_answer_hides_no_progress(
    face: Face, mia: MemberDriver, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether the job has ended elsewhere is not known then: the card goes on."""

    async def stored(_job_id: int) -> Job | None:
        raise OSError("connection lost")

    job = await face.ordered(mia, photo)
    keeper(face, stored=stored).show(await running(face, job), standing(50))
    await face.card_shows(job, "about 50 %")

    assert "whether it has ended could not be read" in caplog.text


# -- a stop ------------------------------------------------------------------------------


async def test_at_a_stop_every_card_says_that_the_bot_is_restarting(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """One last edit each, beside what it showed; then no more, until the next start shows more."""
    queued, made, ended = [await face.ordered(mia, photo) for _ in range(3)]
    made = await running(face, made)
    ended = await face.moved(ended, JobState.CANCELLED)
    cards = keeper(face, pace=STATES_ONLY)
    cards.show(queued, Standing(place=7))
    cards.show(made, standing(50))
    await cards.finish(ended)
    await face.card_shows(queued, "Number 7 in line")
    await face.card_shows(made, "about 50 %")
    before = await edits(face)

    told = await cards.park([queued, made, ended], timeout_s=10)
    cards.show(made, standing(60))
    await cards.close()

    assert told == 2
    assert (await edits(face))["token"] == before["token"] + 2
    for job, words in ((queued, "Number 7 in line"), (made, "about 50 %")):
        text = await face.card_text(job)
        assert words in text
        assert "The bot is being restarted. Nothing is lost: this goes on by itself" in text
    assert "restarted" not in await face.card_text(ended)
    again = keeper(face)
    again.open(made, Standing())
    await until(lambda: _no_longer_restarting(face, made))


async def _no_longer_restarting(face: Face, job: Job) -> bool:
    return "restarted" not in await face.card_text(job)


async def test_cards_that_do_not_fit_into_the_time_are_left(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """One card's edit hangs: the others are told, and the stop goes on."""
    stuck, other = [await face.ordered(mia, photo) for _ in range(2)]
    cards = keeper(face)
    async with cards._slot(stuck).lock:
        told = await cards.park([stuck, other], timeout_s=1.0)
    await cards.close()

    assert told == 1
    assert "restarted" in await face.card_text(other)
    assert "restarted" not in await face.card_text(stuck)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("park-")]


async def test_an_end_that_was_covered_is_shown_again(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """An edit of a killed process came to Discord after the end: the card is mended."""
    job = await face.ordered(mia, photo)
    here, killed = keeper(face), keeper(face)
    failed = await face.moved(job, JobState.FAILED, failure=FailureReason.BLOCKED)
    await here.finish(failed)
    killed.show(job, Standing(place=7))
    await face.card_shows(job, "Number 7 in line")
    await here.finish(failed)
    covered = await face.card_text(job)
    await here.finish_again(failed)

    assert "Number 7 in line" in covered
    assert "The video service refused this content." in await face.card_text(job)
