"""Members use the real client over a real gateway: every command, its answers and refusals."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.client import cog_names
from bot.job import JobState
from sandbox.discord_api.driver import MemberDriver, Outcome
from tests.discord_kit import until
from tests.face_running import EPHEMERAL, SETTINGS, Face, all_text, buttons, start, stop

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

GUILDS_INTENT = 1


async def told(mia: MemberDriver, words: str) -> dict[str, Any]:
    """Wait for an answer only the member sees."""
    return await mia.wait_for_message(
        lambda message: bool(message["flags"] & EPHEMERAL) and words in all_text(message)
    )


async def direct_channel(driver: MemberDriver, face: Face) -> str:
    """Open direct messages between a member and the bot."""
    body = {"recipient_id": str(face.bot.application_id)}
    return str((await driver.request("POST", "/users/@me/channels", json=body))["id"])


# -- the client itself -------------------------------------------------------------


async def test_least_intents_are_asked_for(face: Face) -> None:
    """Servers only: nothing privileged, no members, no messages."""
    sessions = (await face.state())["sessions"]

    assert [s["intents"] for s in sessions if s["user_id"] == str(face.bot.application_id)] == [
        GUILDS_INTENT
    ]


async def test_every_cog_is_loaded_and_no_name_is_taken_twice(face: Face) -> None:
    """Discord knows all commands, for servers and direct messages, installed to servers."""
    commands = (await face.state())["commands"]
    for_moderators = {"video-admin", "Moderate video"}

    assert set(face.bot.extensions) == set(cog_names())
    assert sorted(command["name"] for command in commands) == [
        "Animate this",
        "Moderate video",
        "animate",
        "help",
        "history",
        "jobs",
        "models",
        "preset",
        "privacy",
        "quota",
        "t2v",
        "video-admin",
    ]
    assert all(
        command["contexts"] == ([0] if command["name"] in for_moderators else [0, 1])
        for command in commands
    )
    assert all(command["integration_types"] == [0] for command in commands)


async def test_commands_are_registered_only_when_they_changed(face: Face) -> None:
    """The second look finds them known; another command makes them be sent again."""
    await face.bot.sync_if_changed()

    assert not await face.bot.sync_if_changed()

    face.bot.tree.remove_command("help")

    assert await face.bot.sync_if_changed()


async def test_commands_that_another_program_changed_are_registered_again(face: Face) -> None:
    """Under the same names, in one language: the next start sees it, and mends it once."""
    path = f"/applications/{face.bot.application_id}/commands"
    address = face.stand_in.api_url + path
    bot = {"Authorization": f"Bot {face.stand_in.bot_token}"}
    async with face.http.get(address, headers=bot) as answer:
        quota = next(one for one in await answer.json() if one["name"] == "quota")
    foreign = {"description_localizations": {**quota["description_localizations"], "de": "Anders"}}
    async with face.http.patch(f"{address}/{quota['id']}", headers=bot, json=foreign) as answer:
        assert answer.status == 200

    assert await face.bot.sync_if_changed()
    assert not await face.bot.sync_if_changed()


async def test_closing_ends_the_services_first(face: Face) -> None:
    """What runs on Discord's connection ends with it, and once more does no harm."""
    await face.bot.close()
    await face.bot.close()

    assert face.closed
    assert face.bot.is_closed()


# -- ordering ----------------------------------------------------------------------


async def test_an_order_becomes_a_job_with_a_card(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The interaction's own answer is the card, and its id is kept."""
    job = await face.ordered(mia, photo, duration=10, seed=77)
    shown = await face.card_text(job)

    assert job.state is JobState.QUEUED
    assert job.user_id == int(mia.user["id"])
    assert job.guild_id == int(face.stand_in.guild_id)
    assert (job.parameters["duration"], job.seed, job.price_credits) == (10, 77, 125)
    assert str(job.parameters["image"]).startswith(face.stand_in.page_url)
    assert job.card_message_id == int((await face.card(job))["id"])
    assert face.engine.waiting == [job.id]
    for words in ("In the queue", "Next in line", "A fox jumps", "10 s · 720p", "`77`", "125"):
        assert words in shown


async def test_text_to_video_takes_its_options(face: Face, mia: MemberDriver) -> None:
    """Switches, numbers and whole numbers arrive as such."""
    options: dict[str, Any] = {
        "prompt": "Rain",
        "fast": False,
        "motion": 7.5,
        "fps": 24,
        "aspect_ratio": "9:16",
    }
    outcome = await mia.run_command("t2v", options)
    job = await face.carded(int(outcome.id))

    wanted = {"go_fast": False, "sample_shift": 7.5, "frames_per_second": 24}
    assert wanted.items() <= job.parameters.items()
    assert job.parameters["aspect_ratio"] == "9:16"


async def test_it_works_in_direct_messages(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Without a server there are no permissions to lack, and the quota is the member's own."""
    channel = await direct_channel(mia, face)
    outcome = await mia.run_command("animate", {"image": photo, **SETTINGS}, channel)
    job = await face.carded(int(outcome.id))

    assert job.guild_id is None
    assert job.channel_id == int(channel)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt": "x" * 2001}, "Shorten it by 1."),
        ({"duration": 7}, "takes `5`, `10`, `15` for `duration`, not `7`"),
        ({"steps": 20}, "has no `steps`"),
        ({"model": "wan-9"}, "There is no model `wan-9`"),
        ({"model": "wan-2.2-t2v-fast"}, "use `/t2v` for it"),
    ],
)
async def test_bad_options_are_refused_at_once(
    face: Face, mia: MemberDriver, photo: Path, options: dict[str, Any], words: str
) -> None:
    """One ephemeral answer; nothing is public, nothing is charged."""
    outcome = await mia.run_command("animate", {"image": photo, **SETTINGS, **options})
    await told(mia, words)

    assert outcome.ok
    assert await face.store.unfinished() == []
    assert all(message["flags"] & EPHEMERAL for message in await face.posted())


async def test_a_file_that_is_no_picture_is_refused_after_a_look(
    face: Face, mia: MemberDriver, tmp_path: Path
) -> None:
    """The public "thinking" answer goes; the reason is for the member alone."""
    path = tmp_path / "fox.png"
    path.write_text("not a picture")
    outcome = await mia.run_command("animate", {"image": path, **SETTINGS})
    await told(mia, "picture")

    assert outcome.ok
    assert await face.store.unfinished() == []
    assert all(message["flags"] & EPHEMERAL for message in await face.posted())


async def test_the_reason_is_told_even_when_the_answer_cannot_be_deleted(
    face: Face, mia: MemberDriver, tmp_path: Path
) -> None:
    """One failing call does not take the other with it."""
    path = tmp_path / "fox.png"
    path.write_text("not a picture")
    await face.control("faults", method="DELETE", path="/webhooks/*", status=403, body={"code": 0})
    await mia.run_command("animate", {"image": path, **SETTINGS})

    assert await mia.wait_for_message(lambda message: "picture" in message["content"])


async def _has_unfinished(face: Face, number: int) -> bool:
    return len(await face.store.unfinished()) == number


async def test_the_quota_s_refusal_is_shown_as_it_is(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """With the rule and its numbers."""
    await mia.run_command("animate", {"image": photo, **SETTINGS, "resolution": "1080p"})
    await mia.run_command(
        "animate", {"image": photo, **SETTINGS, "resolution": "1080p", "duration": 15}
    )

    assert await told(mia, "282 credits, more than the whole daily allowance of 200 credits")
    await until(lambda: _has_unfinished(face, 1))


@pytest.mark.parametrize(
    ("denied", "channel"),
    [
        ("Attach Files", "video"),
        ("Send Messages", "video"),
        ("Send Messages in Threads", "storyboards"),
    ],
)
async def test_a_missing_permission_is_named_before_anything_is_spent(
    face: Face, mia: MemberDriver, photo: Path, denied: str, channel: str
) -> None:
    """In a channel where the video could not be posted."""
    places = [*mia.guild["channels"], *mia.guild["threads"]]
    channel_id = next(place["id"] for place in places if place["name"] == channel)
    bits = discord.Permissions(**{denied.casefold().replace(" ", "_"): True}).value
    await face.control("bot-permissions", channel_id=channel_id, deny=bits)
    await mia.run_command("animate", {"image": photo, **SETTINGS}, channel_id)

    assert await told(mia, f"**{denied}**")
    assert await face.store.unfinished() == []


async def test_an_unexpected_error_is_an_apology_with_a_number(
    face: Face, mia: MemberDriver, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the trace under the same number; the member sees none of it."""
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE ledger_entry")
    outcome = await mia.run_command("quota")
    answer = await told(mia, f"`{outcome.id}`")

    assert "Something went wrong in the bot" in answer["content"]
    assert "ledger_entry" not in answer["content"]
    assert f"interaction {outcome.id} failed" in caplog.text
    assert "no such table" in caplog.text
    assert not face.bot.is_closed()


async def test_a_late_answer_is_only_logged(
    face: Face, mia: MemberDriver, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord no longer knows the interaction: there is nobody left to tell."""
    body = {"code": 10062, "message": "Unknown interaction"}
    await face.control(
        "faults", method="POST", path="/interactions/*", status=404, body=body, times=9
    )
    await mia.run_command("help", wait=False)
    await until(lambda: "was answered too late" in caplog.text)

    assert "Traceback" not in caplog.text


async def test_a_command_of_an_older_version_is_explained(face: Face, mia: MemberDriver) -> None:
    """The member's Discord still shows what this version no longer has."""
    face.bot.tree.remove_command("help")
    await mia.run_command("help")

    assert await told(mia, "This command has just changed")


async def test_autocomplete_of_an_older_version_is_only_logged(
    face: Face, mia: MemberDriver, caplog: pytest.LogCaptureFixture
) -> None:
    """A list takes no message."""
    face.bot.tree.remove_command("models")
    waiting = asyncio.create_task(mia.autocomplete("models", "model", "wan"))
    await until(lambda: "autocomplete of interaction" in caplog.text)
    waiting.cancel()

    assert await face.posted() == []


# -- autocomplete ------------------------------------------------------------------


@pytest.mark.usefixtures("face")
async def test_autocomplete_knows_the_other_options(mia: MemberDriver) -> None:
    """The chosen model's values, priced with the resolution chosen already."""
    given = {"model": "wan-2.6-i2v", "resolution": "1080p"}
    found = await mia.autocomplete("animate", "duration", "1", given)

    assert [(choice["name"], choice["value"]) for choice in found] == [
        ("10 s · 188 credits", 10),
        ("15 s · 282 credits", 15),
    ]


@pytest.mark.usefixtures("face")
async def test_autocomplete_offers_models(mia: MemberDriver) -> None:
    """By part of the name, with time and price."""
    found = await mia.autocomplete("animate", "model", "flash")

    assert [choice["name"] for choice in found] == [
        "Wan 2.2 Image to Video Flash · about 62 s · from 8 credits"
    ]


# -- Animate this ------------------------------------------------------------------


def inputs(outcome: Outcome) -> tuple[str, str]:
    """Return the custom ids of the form's prompt and model."""
    assert outcome.modal is not None
    prompt, model, *_ = (label["component"]["custom_id"] for label in outcome.modal["components"])
    return prompt, model


async def test_a_posted_picture_is_animated(face: Face, mia: MemberDriver, photo: Path) -> None:
    """The form's prompt and model, the message's picture, the member who asked."""
    note = photo.with_name("note.txt")
    note.write_text("a note")
    async with face.member("Theo") as theo:
        message = await theo.send_message("Look", [note, photo])
    form = await mia.use_menu("Animate this", message)
    prompt, model = inputs(form)
    assert form.modal is not None
    outcome = await mia.submit_modal(form.modal, {prompt: "She smiles", model: ["wan-2.6-i2v"]})
    job = await face.carded(int(outcome.id))

    assert job.prompt == "She smiles"
    assert job.model == "wan-2.6-i2v"
    assert job.user_id == int(mia.user["id"])
    assert "fox.png" in str(job.parameters["image"])


async def test_the_form_s_model_may_be_left_out(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Then it is the usual one."""
    message = await mia.send_message("Mine", [photo])
    form = await mia.use_menu("Animate this", message)
    assert form.modal is not None
    outcome = await mia.submit_modal(form.modal, {inputs(form)[0]: "She smiles"})

    assert (await face.carded(int(outcome.id))).model == "wan-2.2-i2v-flash"


async def test_a_message_without_a_picture_is_refused(face: Face, mia: MemberDriver) -> None:
    """Before a form is shown."""
    message = await mia.send_message("Only words")
    outcome = await mia.use_menu("Animate this", message)

    assert outcome.modal is None
    assert await told(mia, "has no picture attached")
    assert await face.store.unfinished() == []


async def test_a_bad_form_is_answered_as_a_command_is(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The one handler also serves forms."""
    message = await mia.send_message("Mine", [photo])
    form = await mia.use_menu("Animate this", message)
    assert form.modal is not None
    await mia.submit_modal(form.modal, {inputs(form)[0]: "   "})

    assert await told(mia, "`prompt` is empty")
    assert await face.store.unfinished() == []


# -- /jobs and its buttons ---------------------------------------------------------


async def test_the_list_shows_own_jobs_only(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Newest first, with a button for each."""
    first = await face.ordered(mia, photo, prompt="First")
    second = await face.ordered(mia, photo, prompt="Second")
    await mia.run_command("jobs")
    mine = await told(mia, "Your videos")
    async with face.member("Theo") as theo:
        await theo.run_command("jobs")
        theirs = await told(theo, "No videos yet")

    assert list(buttons(mine)) == [f"job:show:{second.id}", f"job:show:{first.id}"]
    assert "First" not in all_text(theirs)


async def test_details_show_everything_that_was_sent(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """From the list's button; what is too long to show comes as a file."""
    job = await face.ordered(mia, photo, prompt="y" * 1999)
    await mia.run_command("jobs")
    await mia.press(await told(mia, "Your videos"), f"job:show:{job.id}")
    page = await told(mia, "Sent to the model")
    note = await told(mia, "as they were sent")
    exact = await mia.download(note["attachments"][0]["url"])

    assert "`enable_prompt_expansion`: true" in all_text(page)
    assert "y" * 1999 in exact.decode()
    assert f"job:cancel:{job.id}" in buttons(page)


async def test_a_job_is_found_by_its_number(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Autocomplete offers own jobs; a number that is none's is refused."""
    job = await face.ordered(mia, photo)
    found = await mia.autocomplete("jobs", "job", "fox")
    await mia.run_command("jobs", {"job": found[0]["value"]})
    await told(mia, f"`{job.id}`")
    await mia.run_command("jobs", {"job": "12"})
    await told(mia, "not one of your videos")
    await mia.run_command("jobs", {"job": "the last one"})

    assert found[0]["value"] == str(job.id)
    assert await told(mia, "by its number")


async def test_a_waiting_job_is_cancelled_by_its_button(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The credits come back, and the card says so and has no button any more."""
    job = await face.ordered(mia, photo)
    outcome = await mia.press(await face.card(job), f"job:cancel:{job.id}")
    await told(mia, "Cancelled. Your 63 credits came back.")
    await face.card_shows(job, "Cancelled before it was sent. Your 63 credits came back.")

    assert outcome.ok
    assert (await face.job(job.id)).state is JobState.CANCELLED
    assert buttons(await face.card(job)) == {}


async def test_nobody_cancels_another_s_job(face: Face, mia: MemberDriver, photo: Path) -> None:
    """The button is there for all to see, and checked where it counts."""
    job = await face.ordered(mia, photo)
    async with face.member("Theo") as theo:
        await theo.press(await face.card(job), f"job:cancel:{job.id}")
        await told(theo, "not one of your videos")
        await theo.run_command("jobs", {"job": str(job.id)})
        await told(theo, "not one of your videos")

    assert (await face.job(job.id)).state is JobState.QUEUED


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([JobState.SUBMITTING], "handed to the video service"),
        ([JobState.FAILED], "has already ended"),
    ],
)
async def test_too_late_to_cancel_is_said_honestly(
    face: Face, mia: MemberDriver, photo: Path, states: list[JobState], words: str
) -> None:
    """A button pressed on an old picture of the card."""
    job = await face.ordered(mia, photo)
    old = await face.card(job)
    await face.moved(job, *states)
    await mia.press(old, f"job:cancel:{job.id}")

    assert await told(mia, words)
    assert (await face.job(job.id)).state is states[-1]


async def test_buttons_survive_a_restart(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Their meaning is in their id: the next process understands them."""
    job = await face.ordered(mia, photo)
    await face.bot.close()
    again = face.again()
    task = await start(again)
    await mia.press(await again.card(job), f"job:cancel:{job.id}")
    await told(mia, "Cancelled.")
    await again.card_shows(job, "Cancelled before it was sent")
    await stop(again, task)

    assert (await face.job(job.id)).state is JobState.CANCELLED


# -- questions ---------------------------------------------------------------------


async def test_quota_shows_what_is_reserved(face: Face, mia: MemberDriver, photo: Path) -> None:
    """Right after an order."""
    await face.ordered(mia, photo)
    await mia.run_command("quota")
    shown = all_text(await told(mia, "left to spend"))

    assert "137 credits left to spend" in shown
    assert "1 video in the making, with 63 credits reserved" in shown


@pytest.mark.usefixtures("face")
@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("help", {}, "Make a video"),
        ("models", {}, "Wan 2.1 720p image to video"),
        ("models", {"model": "wan-2.5-i2v"}, "enhance_prompt"),
        ("models", {"model": "wan-9"}, "no such model"),
    ],
)
async def test_questions_are_answered_to_the_asker(
    mia: MemberDriver, command: str, options: dict[str, Any], words: str
) -> None:
    """Only the member sees the answer."""
    await mia.run_command(command, options)

    assert await told(mia, words)


@pytest.mark.usefixtures("face")
async def test_the_models_option_completes(mia: MemberDriver) -> None:
    """Over all models, of both commands."""
    found = await mia.autocomplete("models", "model", "text to")

    assert [choice["value"] for choice in found] == ["wan-2.2-t2v-fast"]


async def test_the_bot_comes_back_after_the_gateway_drops(face: Face, mia: MemberDriver) -> None:
    """A resumed session hears commands as before."""
    await face.control("gateway", action="reconnect")

    async def connected() -> bool:
        sessions = (await face.state())["sessions"]
        return any(s["connected"] for s in sessions if s["user_id"] == str(face.bot.application_id))

    await until(connected)
    await mia.run_command("help")

    assert await told(mia, "Make a video")


async def test_an_accepted_command_makes_room_for_first_answers(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """It is acknowledged at once; its work in the database waits while others are unanswered."""
    precedence = face.bot.services.precedence
    precedence._patience_s = 3600.0
    with precedence.answering():
        outcome = await mia.run_command("animate", {"image": photo, **SETTINGS})
        # What is not held back is written down within this; a miss would only hide a fault.
        await asyncio.sleep(0.3)
        early = await face.store.get(int(outcome.id))
    job = await face.carded(int(outcome.id))

    assert early is None
    assert job.state is JobState.QUEUED
