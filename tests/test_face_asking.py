"""Orders that lack something: forms, prices that members confirm, presets, what was used last."""

import asyncio
import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from discord import ui

from bot.discord_ui.confirming import DraftButton
from bot.job import Job, JobState
from bot.policy import GuildPolicy
from bot.storage import AskingStore
from sandbox.discord_api.driver import MemberDriver, Outcome
from tests.discord_kit import until
from tests.face_running import (
    ALLOWANCE,
    EPHEMERAL,
    SETTINGS,
    Face,
    all_text,
    buttons,
    now,
    start,
    stop,
)

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

DEAR: dict[str, Any] = {"prompt": "A fox jumps", "model": "wan-2.6-i2v"}  # 63 credits
FLASH = "wan-2.2-i2v-flash"


def asking(face: Face) -> AskingStore:
    """Return where the client keeps drafts, last options and presets."""
    return AskingStore(face.store._database)


def inputs(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """Return a form's inputs by custom id."""
    assert outcome.modal is not None
    found = (label["component"] for label in outcome.modal["components"])
    return {part["custom_id"]: part for part in found}


def chosen(part: dict[str, Any]) -> list[str]:
    """Return what a select shows as chosen."""
    return [option["value"] for option in part["options"] if option.get("default")]


async def sent(mia: MemberDriver, form: Outcome, **values: Any) -> Outcome:
    """Fill a form in and send it."""
    assert form.modal is not None
    return await mia.submit_modal(form.modal, values)


async def private(mia: MemberDriver, words: str, but: str = "") -> dict[str, Any]:
    """Wait for an answer that only the member sees."""
    return await mia.wait_for_message(
        lambda m: bool(m["flags"] & EPHEMERAL) and words in all_text(m) and m["id"] != but
    )


async def unfinished(face: Face) -> list[Job]:
    """Return all jobs that there are."""
    return list(await face.store.unfinished())


async def one_made(face: Face) -> None:
    """Wait for a first job."""

    async def made() -> bool:
        return len(await unfinished(face)) > 0

    await until(made)


# -- the form for the rest ---------------------------------------------------------


async def test_a_picture_alone_opens_a_form_for_the_rest(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Words of several lines; each choice with its price; the form's interaction is the job."""
    form = await mia.run_command("animate", {"image": photo})
    asked = inputs(form)
    described = [o["description"] for o in asked["model"]["options"]]
    outcome = await sent(mia, form, prompt="First line\nsecond line")
    job = await face.carded(int(outcome.id))
    posted = await asyncio.to_thread(photo.read_bytes)

    assert list(asked) == ["prompt", "model", "duration", "resolution"]
    assert described[0] == "about 62 s · from 8 credits"
    assert job.prompt == "First line\nsecond line"
    assert (job.model, job.user_id) == (FLASH, int(mia.user["id"]))
    assert await mia.download(str(job.parameters["image"])) == posted
    assert not (await face.card(job))["flags"] & EPHEMERAL


async def test_what_was_given_with_the_command_is_kept(face: Face, mia: MemberDriver) -> None:
    """The form shows what it asks for; the rest goes with it."""
    given: dict[str, Any] = {"motion": 7.5, "fast": False, "resolution": "720p", "seed": 5}
    form = await mia.run_command("t2v", given)
    outcome = await sent(mia, form, prompt="Rain")
    job = await face.carded(int(outcome.id))

    assert list(inputs(form)) == ["prompt", "model", "aspect_ratio", "resolution"]
    assert chosen(inputs(form)["resolution"]) == ["720p"]
    assert (job.parameters["sample_shift"], job.parameters["go_fast"], job.seed) == (7.5, False, 5)
    assert job.parameters["resolution"] == "720p"


async def test_what_is_wrong_already_is_told_before_the_form(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Nobody fills in a form for nothing."""
    form = await mia.run_command("animate", {"image": photo, "model": FLASH, "steps": 20})

    assert form.modal is None
    assert await private(mia, "has no `steps`")
    assert await unfinished(face) == []


async def test_a_form_sent_after_a_restart_is_taken(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """What was given with the command is in the database."""
    form = await mia.run_command("animate", {"image": photo, "model": "wan-2.5-i2v", "seed": 7})
    await face.bot.close()
    again = face.again()
    task = await start(again)
    outcome = await sent(mia, form, prompt="She smiles", duration=["10"])
    job = await again.carded(int(outcome.id))
    await stop(again, task)

    assert (job.model, job.seed, job.parameters["duration"]) == ("wan-2.5-i2v", 7, 10)


async def test_a_form_sent_twice_at_once_is_one_job(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """As by a client that thinks its first try was lost; the other is told, and pays nothing."""
    form = await mia.run_command("animate", {"image": photo})
    await asyncio.gather(*(sent(mia, form, prompt="She smiles") for _ in range(2)))
    await private(mia, "already")
    await one_made(face)

    assert len(await unfinished(face)) == 1


async def test_a_refused_form_is_changed_and_sent_again(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """What was written is not lost."""
    form = await mia.run_command("animate", {"image": photo})
    words = {"prompt": "A long thought", "model": ["wan-2.6-i2v"], "duration": ["3"]}
    await sent(mia, form, **words)
    answer = await private(mia, "takes `5`, `10`, `15` for `duration`")
    [(change, label)] = buttons(answer).items()
    again = await mia.press(answer, change)
    shown = inputs(again)
    outcome = await sent(mia, again, duration=["5"])
    job = await face.carded(int(outcome.id))

    assert label == "Change…"
    assert shown["prompt"]["value"] == "A long thought"
    assert chosen(shown["model"]) == ["wan-2.6-i2v"]
    assert (job.prompt, job.model) == ("A long thought", "wan-2.6-i2v")


async def test_one_of_several_pictures_is_chosen(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """By number and file name; files that are no pictures are not offered."""
    other, note = photo.with_name("badger.png"), photo.with_name("note.txt")
    await asyncio.to_thread(shutil.copy, photo, other)
    note.write_text("a note")
    message = await mia.send_message("Look", [photo, note, other])
    form = await mia.use_menu("Animate this", message)
    labels = [option["label"] for option in inputs(form)["image"]["options"]]
    outcome = await sent(mia, form, prompt="She smiles", image=["1"])
    job = await face.carded(int(outcome.id))

    assert labels == ["1 · fox.png", "2 · badger.png"]
    assert "badger.png" in str(job.parameters["image"])


async def test_a_slow_database_does_not_keep_the_form(
    face: Face, mia: MemberDriver, photo: Path, file: Path
) -> None:
    """It comes within Discord's three seconds; what was given is kept once that can be."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        form = await mia.run_command("animate", {"image": photo})
        before = await asking(face).draft(int(form.id), int(mia.user["id"]), now=now())
        other.execute("ROLLBACK")

    async def kept() -> bool:
        found = await asking(face).draft(int(form.id), int(mia.user["id"]), now=now())
        return found is not None

    await until(kept)
    outcome = await sent(mia, form, prompt="She smiles")

    assert before is None
    assert (await face.carded(int(outcome.id))).prompt == "She smiles"


async def test_two_processes_that_hear_the_same_make_one_video(
    careful: Face, mia: MemberDriver, photo: Path
) -> None:
    """One form, one job, one card, and nothing that looks like a refusal."""
    other = careful.again()
    task = await start(other)
    form = await mia.run_command("animate", {"image": photo, "model": "wan-2.6-i2v"})
    await sent(mia, form, prompt="She smiles")
    question = await private(mia, "This video costs")
    outcome = await mia.press(question, named(question, "Make it"))
    job = await careful.carded(int(outcome.id))
    await asyncio.sleep(0.3)  # for the slower one
    said = [all_text(m) for m in await careful.posted() if m["flags"] & EPHEMERAL]
    await stop(other, task)
    expected = ("This video costs", "This is ordered")

    assert [one.id for one in await unfinished(careful)] == [job.id]
    assert all(any(words in text for words in expected) for text in said)


# -- what was used last --------------------------------------------------------------


async def test_what_was_used_last_is_offered(face: Face, mia: MemberDriver, photo: Path) -> None:
    """In the form as chosen, and first in the lists of the command; for each member their own."""
    await face.ordered(mia, photo, model="wan-2.5-i2v", duration=10, resolution="480p", seed=3)

    async def remembered() -> bool:
        return bool(await asking(face).last_options(int(mia.user["id"]), "animate"))

    await until(remembered)
    form = inputs(await mia.run_command("animate", {"image": photo}))
    models = await mia.autocomplete("animate", "model")
    typed = await mia.autocomplete("animate", "model", "wan")
    async with face.member("Theo") as theo:
        theirs = inputs(await theo.run_command("animate", {"image": photo}))

    assert chosen(form["model"]) == ["wan-2.5-i2v"]
    assert chosen(form["duration"]) == ["10"]
    assert chosen(form["resolution"]) == ["480p"]
    assert "value" not in form["prompt"]
    assert (models[0]["value"], models[0]["name"].split(" · ")[-1]) == ("wan-2.5-i2v", "last time")
    assert not any("last time" in choice["name"] for choice in typed)
    assert chosen(theirs["model"]) == [FLASH]


# -- a price that is confirmed first ----------------------------------------------------


@pytest.fixture
async def careful(face: Face) -> Face:
    """A server that wants its members to be asked above 50 credits."""
    rules = GuildPolicy(confirm_above_credits=50)
    await face.policies.set_policy(int(face.stand_in.guild_id), rules, actor_id=1, now=now())
    return face


async def asked(face: Face, mia: MemberDriver, photo: Path, **options: Any) -> dict[str, Any]:
    """Order what is dear; return the question, with its buttons by their labels in `made_of`."""
    await mia.run_command("animate", {"image": photo, **DEAR, **options})
    question = await private(mia, "This video costs")
    assert await unfinished(face) == []
    return question


def named(message: dict[str, Any], label: str) -> str:
    """Return the custom id of a button."""
    return next(custom_id for custom_id, text in buttons(message).items() if text == label)


async def answered(mia: MemberDriver, question: dict[str, Any]) -> None:
    """Wait until a question says that it is answered, and has no buttons."""
    shown = await private(mia, "This is ordered")
    assert shown["id"] == question["id"]
    assert buttons(shown) == {}


async def test_what_is_dear_is_made_after_a_yes_only(
    careful: Face, mia: MemberDriver, photo: Path
) -> None:
    """The question is private, with price and rest; the card is public, the press is the job."""
    question = await asked(careful, mia, photo, seed=9)
    outcome = await mia.press(question, named(question, "Make it"))
    job = await careful.carded(int(outcome.id))
    await answered(mia, question)

    for words in ("63 credits", "137 credits left", "A fox jumps", "Wan 2.6", "about 2 min"):
        assert words in all_text(question)
    assert (job.seed, job.price_credits, job.state) == (9, 63, JobState.QUEUED)
    assert not (await careful.card(job))["flags"] & EPHEMERAL


async def test_what_is_no_dearer_is_made_at_once(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """The price itself is not above it."""
    rules = GuildPolicy(confirm_above_credits=63)
    await face.policies.set_policy(int(face.stand_in.guild_id), rules, actor_id=1, now=now())
    job = await face.ordered(mia, photo, **DEAR)

    assert (job.state, job.price_credits) == (JobState.QUEUED, 63)


async def test_a_yes_pressed_twice_at_once_is_one_job(
    careful: Face, mia: MemberDriver, photo: Path
) -> None:
    """The other press is told so; one price is reserved."""
    question = await asked(careful, mia, photo)
    make = named(question, "Make it")
    await asyncio.gather(*(mia.press(question, make) for _ in range(2)))
    await private(mia, "already")
    await one_made(careful)

    assert len(await unfinished(careful)) == 1


async def test_a_yes_after_a_restart_is_one(careful: Face, mia: MemberDriver, photo: Path) -> None:
    """The next process knows what was ordered."""
    question = await asked(careful, mia, photo)
    await careful.bot.close()
    again = careful.again()
    task = await start(again)
    outcome = await mia.press(question, named(question, "Make it"))
    job = await again.carded(int(outcome.id))
    await stop(again, task)

    assert job.price_credits == 63


async def test_not_now_makes_nothing(careful: Face, mia: MemberDriver, photo: Path) -> None:
    """What was ordered is forgotten at once."""
    question = await asked(careful, mia, photo)
    await mia.press(question, named(question, "Not now"))
    shown = await private(mia, "nothing was charged")
    mine = await asking(careful).draft(
        int(named(question, "Make it").rsplit(":", 1)[1]), int(mia.user["id"]), now=now()
    )

    assert mine is None
    assert shown["id"] == question["id"]
    assert buttons(shown) == {}
    assert await unfinished(careful) == []


async def test_a_yes_that_the_quota_refuses_can_be_given_again(
    careful: Face, mia: MemberDriver, photo: Path
) -> None:
    """Nothing was made; once there are credits, the same question makes the video."""
    question = await asked(careful, mia, photo, duration=15)  # 188 of 200
    await careful.ordered(mia, photo, model=FLASH)
    await careful.ordered(mia, photo, model=FLASH)
    await mia.press(question, named(question, "Make it"))
    await private(mia, "188", but=question["id"])
    refused = await unfinished(careful)
    await careful.store.grant(
        int(careful.stand_in.guild_id),
        int(mia.user["id"]),
        ALLOWANCE.daily_credits,
        expires_at=None,
        reason="a prize",
        actor_id=1,
        now=now(),
    )
    outcome = await mia.press(question, named(question, "Make it"))

    assert len(refused) == 2
    assert (await careful.carded(int(outcome.id))).price_credits == 188


async def test_somebody_else_s_yes_is_none(careful: Face, mia: MemberDriver, photo: Path) -> None:
    """A button's id is the client's word; the draft is its member's."""
    question = await asked(careful, mia, photo)
    draft_id = int(named(question, "Make it").rsplit(":", 1)[1])
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.ActionRow(*(DraftButton(a, draft_id) for a in ("make", "edit", "drop"))))
    channel = careful.bot.get_partial_messageable(int(careful.stand_in.channel_id))
    planted = await channel.send(view=view)
    message = next(m for m in await careful.posted() if m["id"] == str(planted.id))
    async with careful.member("Theo") as theo:
        forms = [await theo.press(message, custom_id) for custom_id in buttons(message)]
        await private(theo, "not yours")
    outcome = await mia.press(question, named(question, "Make it"))

    assert [form.modal for form in forms] == [None, None, None]
    assert (await careful.carded(int(outcome.id))).user_id == int(mia.user["id"])
    assert len(await unfinished(careful)) == 1


async def test_a_question_from_yesterday_is_too_old(
    careful: Face, mia: MemberDriver, photo: Path, file: Path
) -> None:
    """The picture's address is dead; the answer says what to do."""
    question = await asked(careful, mia, photo)
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE draft SET kept_at = datetime(kept_at, '-25 hours')")
    await mia.press(question, named(question, "Make it"))

    assert await private(mia, "open for too long")
    assert await unfinished(careful) == []


async def test_a_form_s_dear_order_is_asked_about_too(
    careful: Face, mia: MemberDriver, photo: Path
) -> None:
    """And changed before the yes: what is cheap then is made at once."""
    form = await mia.run_command("animate", {"image": photo})
    await sent(mia, form, prompt="She smiles", model=["wan-2.6-i2v"])
    question = await private(mia, "This video costs")
    again = await mia.press(question, named(question, "Change…"))
    outcome = await sent(mia, again, model=[FLASH], resolution=[])
    job = await careful.carded(int(outcome.id))
    await answered(mia, question)

    assert (job.prompt, job.model) == ("She smiles", FLASH)
    assert len(await unfinished(careful)) == 1


async def test_a_yes_to_a_picture_of_a_deleted_message_makes_nothing(
    careful: Face, mia: MemberDriver, photo: Path
) -> None:
    """Asked about its price, it is still somebody's message that it was found in."""
    message = await mia.send_message("Look", [photo])
    form = await mia.use_menu("Animate this", message)
    await sent(mia, form, prompt="She smiles", model=["wan-2.6-i2v"])
    question = await private(mia, "This video costs")
    messaging = careful.stand_in.hub.messaging
    found = messaging.store.get(message["channel_id"], message["id"])
    assert found is not None
    messaging.delete(found)
    await mia.press(question, named(question, "Make it"))
    await private(mia, "That message is gone")

    assert await unfinished(careful) == []


async def test_what_was_changed_is_asked_about_anew(
    careful: Face, mia: MemberDriver, photo: Path
) -> None:
    """Nobody has said yes to the price before; the old question goes."""
    question = await asked(careful, mia, photo, duration=15)
    form = await mia.press(question, named(question, "Change…"))
    await sent(mia, form, duration=["10"])
    anew = await private(mia, "This video costs 125 credits")

    async def one_question() -> bool:
        return [m["id"] for m in await careful.posted() if m["flags"] & EPHEMERAL] == [anew["id"]]

    await until(one_question)

    assert await unfinished(careful) == []


# -- presets ---------------------------------------------------------------------------


async def test_a_preset_makes_another_video_like_the_last(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Found by the list, with a new prompt and picture; the seed is drawn anew."""
    first = await face.ordered(mia, photo, resolution="1080p", multi_shot=True, seed=3)
    await mia.run_command("preset save", {"name": "Two Shots"})
    said = all_text(await private(mia, "Saved as"))
    [found] = await mia.autocomplete("preset use", "preset", "shot")
    outcome = await mia.run_command(
        "preset use", {"preset": "two shots", "prompt": "A badger digs", "image": photo}
    )
    job = await face.carded(int(outcome.id))
    apart = {
        name: (value, job.parameters[name])
        for name, value in first.parameters.items()
        if value != job.parameters[name]
    }

    assert "5 s · 1080p · `multi_shot`: true" in said
    assert found["value"] == "Two Shots"
    assert set(apart) == {"prompt", "image", "seed"}
    assert job.prompt == "A badger digs"


async def test_what_a_preset_lacks_is_asked_for(face: Face, mia: MemberDriver, photo: Path) -> None:
    """The form takes the picture; a prompt that was kept stands in it."""
    job = await face.ordered(mia, photo, resolution="1080p", prompt="Keep me")
    save: dict[str, Any] = {"name": "mine", "with_prompt": True, "job": str(job.id)}
    await mia.run_command("preset save", save)
    await private(mia, "Saved as")
    form = await mia.run_command("preset use", {"preset": "mine"})
    shown = inputs(form)
    outcome = await sent(mia, form, upload=photo)
    made = await face.carded(int(outcome.id))

    assert list(shown) == ["upload", "prompt", "model", "duration", "resolution"]
    assert chosen(shown["resolution"]) == ["1080p"]
    assert (made.prompt, made.parameters["resolution"]) == ("Keep me", "1080p")
    assert "fox.png" in str(made.parameters["image"])


async def test_a_preset_is_no_way_around_the_server_s_rules(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Whoever may not use /animate makes no video with /preset either."""
    await face.ordered(mia, photo)
    await mia.run_command("preset save", {"name": "Mine"})
    await private(mia, "Saved as")
    rule = {"id": mia.user["id"], "type": 2, "permission": False}
    await face.control(
        "command-permissions",
        guild_id=face.stand_in.guild_id,
        command="animate",
        permissions=[rule],
    )
    await mia.run_command("preset use", {"preset": "Mine", "prompt": "A fox", "image": photo})
    await private(mia, "do not let you use `/animate` here")

    assert len(await unfinished(face)) == 1


async def test_presets_are_listed_and_deleted(face: Face, mia: MemberDriver, photo: Path) -> None:
    """By their member; nobody else has them."""
    await face.ordered(mia, photo)
    await mia.run_command("preset save", {"name": "mine"})
    await private(mia, "Saved as")
    async with face.member("Theo") as theo:
        await theo.run_command("preset use", {"preset": "mine"})
        await private(theo, "no preset of that name")
        await theo.run_command("preset save", {"name": "theirs"})
        await private(theo, "no such video of yours")
    await mia.run_command("preset list")
    listed = all_text(await private(mia, "Your presets"))
    await mia.run_command("preset delete", {"preset": "MINE"})
    await private(mia, "is deleted")
    await mia.run_command("preset list")

    assert "mine" in listed
    assert "Wan 2.6 Image To Video" in listed
    assert await private(mia, "No presets yet")


async def test_somebody_else_s_job_is_no_source_of_a_preset(
    face: Face, mia: MemberDriver, photo: Path
) -> None:
    """Its prompt would be told."""
    job = await face.ordered(mia, photo)
    async with face.member("Theo") as theo:
        for number in (str(job.id), "x", str(2**70)):
            await theo.run_command("preset save", {"name": "theirs", "job": number})
        await private(theo, "no such video of yours")
        await theo.run_command("preset list")

        assert await private(theo, "No presets yet")


async def test_settings_name_the_shape(face: Face, mia: MemberDriver, photo: Path) -> None:
    """A preset of the text model needs no picture."""
    await mia.run_command("t2v", {"prompt": "Rain", "aspect_ratio": "9:16", "motion": 7.5})
    await mia.wait_for_message(lambda m: "Rain" in all_text(m))
    await mia.run_command("preset save", {"name": "tall"})
    said = all_text(await private(mia, "Saved as"))
    outcome = await mia.run_command("preset use", {"preset": "tall", "prompt": "Snow"})
    job = await face.carded(int(outcome.id))
    refused = await mia.run_command(
        "preset use", {"preset": "tall", "prompt": "Snow", "image": photo}
    )
    await private(mia, "has no `image`")

    assert "9:16" in said
    assert job.parameters["aspect_ratio"] == "9:16"
    assert refused.modal is None
    assert SETTINGS["model"] != job.model
