"""Where the files of the next video come from, and what its member is told; one bot for all."""

import asyncio
import math
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
import pytest_asyncio
import yarl

from bot.discord_ui.remarks import say_remarks
from bot.errors import StorageTroubleError
from bot.job import Job, JobState
from bot.policy import GuildPolicy
from tests.discord_kit import until
from tests.face_running import all_text, buttons, now
from tests.results_room import (
    FIRST,
    LAST,
    Result,
    Room,
    colour_of,
    in_steps,
    opened_room,
    red_to_blue,
)
from tests.segmind_running import data_url

pytest_plugins = ("tests.storage_fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="module")

FLASH, WAN_26, T2V = "wan-2.2-i2v-flash", "wan-2.6-i2v", "wan-2.2-t2v-fast"
REFRESH = {"method": "POST", "path": "/attachments/refresh-urls"}
YELLOW = (250, 250, 0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Room]:
    """The room of all tests."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    folder = tmp_path_factory.mktemp("room")
    file = folder / "bot.sqlite3"
    await asyncio.to_thread(file.write_bytes, await asyncio.to_thread(migrated_file.read_bytes))
    async with opened_room(folder, file, restarted=False) as room:
        yield room
    discord.http.Route.BASE = base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(str(gateway))


@pytest_asyncio.fixture(loop_scope="module")
async def room(shared: Room) -> AsyncIterator[Room]:
    """The room with nothing on its way."""
    yield shared
    await shared.forget_jobs()


@pytest.fixture
def other_photo(room: Room, tmp_path: Path) -> Path:
    """A copy of the picture, for a message of its own."""
    path = tmp_path / "other.png"
    path.write_bytes((room.face.data_dir / "fox.png").read_bytes())
    return path


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    """Four seconds of sound."""
    path = tmp_path / "tune.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        waves = (int(9000 * math.sin(at / 9)) for at in range(4 * 8000))
        sound.writeframes(b"".join(struct.pack("<h", value) for value in waves))
    return path


async def again(room: Room, result: Result) -> None:
    """Press Again."""
    await room.mia.press(result.message, result.button("again"))


async def picture_of(room: Room, job: Job) -> bytes:
    """Return the picture that the provider will take."""
    return await room.mia.download(str(job.parameters["image"]))


# -- the picture -------------------------------------------------------------------------


async def test_an_expired_address_is_refreshed(room: Room) -> None:
    """Discord has the file still, under another address."""
    old = room.expired(room.photo_url)
    result = await room.made(options={"image": old})
    await again(room, result)
    child = await room.child(result)

    assert child.parameters["image"] != old
    assert colour_of(await picture_of(room, child)) == YELLOW


async def test_an_address_that_works_long_enough_is_used_as_it_is(room: Room) -> None:
    """Discord is not asked."""
    await room.face.control("faults", **REFRESH, status=500)
    result = await room.made()
    await again(room, result)
    child = await room.child(result)
    room.face.stand_in.hub.faults._ordered.clear()

    assert child.parameters["image"] == result.job.parameters["image"]


async def test_of_a_lost_picture_the_first_frame_is_used_and_told(
    room: Room, other_photo: Path
) -> None:
    """The member alone hears of it, once their card is there."""
    url = await room.posted_file(other_photo)
    result = await room.made(options={"image": url})
    room.lose_file(url)
    await again(room, result)
    child = await room.child(result)
    await room.told(room.mia, "the first frame of the video is used in its place")

    assert colour_of(await picture_of(room, child)) == in_steps(FIRST)


async def test_what_is_dear_is_remarked_on_before_and_after_the_yes(
    room: Room, other_photo: Path, tune: Path
) -> None:
    """What another model lacks goes with the question, what stands in for a file with the card."""
    url, sound = await room.posted_file(other_photo), await room.posted_file(tune)
    result = await room.made(WAN_26, options={"image": url, "audio": sound})
    rules = GuildPolicy(confirm_above_credits=1)
    guild_id = int(room.face.stand_in.guild_id)
    await room.face.policies.set_policy(guild_id, rules, actor_id=1, now=now())
    room.lose_file(url)
    await room.mia.select(result.message, f"job:model:{result.job.id}", [FLASH])
    question = await room.told(room.mia, "This video costs")
    await room.told(room.mia, "does not take these settings")
    yes = next(id_ for id_, label in buttons(question).items() if label == "Make it")
    await room.mia.press(question, yes)
    await room.child(result)
    await room.told(room.mia, "the first frame of the video is used in its place")
    await room.face.policies.set_policy(guild_id, GuildPolicy(), actor_id=1, now=now())


async def test_a_database_in_trouble_does_not_make_an_order_look_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The job is made by then: telling its member that nothing was charged would be a lie."""

    class Broken:
        async def get(self, job_id: int) -> Job | None:
            raise StorageTroubleError(f"job {job_id}: the disk is full")

    interaction, services = SimpleNamespace(id=7), SimpleNamespace(store=Broken())
    await say_remarks(cast("Any", interaction), cast("Any", services), ["A word."], "made")

    assert "could not be told ['A word.']" in caplog.text


async def test_without_picture_and_video_nothing_is_made(room: Room, other_photo: Path) -> None:
    """It says what to do, and nothing was charged."""
    url = await room.posted_file(other_photo)
    result = await room.made(options={"image": url})
    room.lose_file(url)
    channel = room.face.bot.get_partial_messageable(int(result.message["channel_id"]))
    await channel.get_partial_message(int(result.message["id"])).delete()
    await asyncio.gather(
        room.told(room.mia, "attach the picture again"), pressed_blindly(room, result)
    )

    assert await room.children(result) == []


async def test_while_discord_is_in_trouble_no_other_picture_is_taken(room: Room) -> None:
    """The picture may be there after all."""
    result = await room.made(options={"image": room.expired(room.photo_url)})
    await room.face.control("faults", **REFRESH, drop=True)
    await again(room, result)
    await room.told(room.mia, "could not be read from Discord just now")
    room.face.stand_in.hub.faults._ordered.clear()

    assert await room.children(result) == []


# -- the sound ---------------------------------------------------------------------------


async def test_the_sound_comes_along(room: Room, tune: Path) -> None:
    """Under a fresh address."""
    url = await room.posted_file(tune)
    sound = await asyncio.to_thread(tune.read_bytes)
    result = await room.made(options={"audio": room.expired(url)})
    await again(room, result)
    child = await room.child(result)

    assert await room.mia.download(str(child.parameters["audio"])) == sound


async def test_a_lost_sound_is_said_to_be(room: Room, tune: Path) -> None:
    """A video without it would not be what was asked for."""
    url = await room.posted_file(tune)
    result = await room.made(options={"audio": url})
    room.lose_file(url)
    await again(room, result)
    await room.told(room.mia, "The sound of this video is no longer on Discord")

    assert await room.children(result) == []


async def test_what_another_model_lacks_is_left_out_and_told(room: Room, tune: Path) -> None:
    """Sound and length are not for the flash model."""
    url = await room.posted_file(tune)
    result = await room.made(options={"audio": url, "duration": 10})
    await room.mia.select(result.message, f"job:model:{result.job.id}", [FLASH])
    child = await room.child(result)
    told = all_text(await room.told(room.mia, "does not take these settings"))

    assert child.model == FLASH
    assert "`duration`" in told
    assert "`audio`" in told


# -- going on ----------------------------------------------------------------------------


async def test_a_video_from_words_goes_on_with_an_image_model(room: Room) -> None:
    """The form offers those, each with its price."""
    result = await room.made(T2V)
    form = (await room.mia.press(result.message, result.button("continue"))).modal
    assert form is not None
    options = form["components"][1]["component"]["options"]
    await room.mia.submit_modal(form, {"model": [WAN_26]})
    child = await room.child(result)

    assert T2V not in {option["value"] for option in options}
    assert all("credit" in option["description"] for option in options)
    assert (child.model, child.prompt) == (WAN_26, result.job.prompt)
    assert colour_of(await picture_of(room, child)) == in_steps(LAST)


async def test_buttons_work_as_soon_as_they_are_seen(room: Room) -> None:
    """The message is there a moment before its delivery is written down."""
    result = await room.made(state=JobState.FINISHED)
    press = asyncio.create_task(room.mia.press(result.message, result.button("continue")))
    await room.face.store.transition(result.job.id, JobState.DELIVERED, now=now())
    form = (await press).modal

    assert form is not None


async def test_a_video_still_on_its_way_is_not_used(room: Room) -> None:
    """As when a button is pressed of a message that a crash left unwritten."""
    result = await room.made(state=JobState.FINISHED)
    await again(room, result)
    await room.told(room.mia, "still on its way")

    assert await room.children(result) == []


async def test_a_video_that_was_too_large_to_post_goes_on(room: Room) -> None:
    """Its message has only a link; the provider has the video for an hour."""
    async with room.face.http.post(
        f"{room.segmind.api_url}/upload-asset",
        headers={"x-api-key": room.segmind.api_key},
        json={"data_urls": [data_url(red_to_blue(), "video/mp4")]},
    ) as answer:
        [url] = (await answer.json())["file_urls"]
    result = await room.made(link=url)
    form = (await room.mia.press(result.message, result.button("continue"))).modal
    assert form is not None
    await room.mia.submit_modal(form, {})

    assert colour_of(await picture_of(room, await room.child(result))) == in_steps(LAST)


async def test_a_message_that_cannot_be_deleted_is_said_to_be(room: Room) -> None:
    """It is written down; pressing Delete again does what is left."""
    result = await room.made()
    gone = {"method": "DELETE", "path": "/channels/*/messages/*"}
    await room.mia.press(result.message, result.button("delete"))
    await room.face.control("faults", **gone, status=403, body={"code": 50013})
    question = await room.told(room.mia, "Delete this video?")
    await room.mia.press(question, result.button("erase"))
    await room.told(room.mia, "does not let the bot delete")
    await room.mia.press(result.message, result.button("delete"))
    question = await room.told(room.mia, "Delete this video?")
    await room.mia.press(question, result.button("erase"))

    await until(lambda: room.gone(result))


async def test_a_clip_that_goes_on_has_not_the_first_one_s_sound(room: Room, tune: Path) -> None:
    """It would begin from its beginning once more."""
    url = await room.posted_file(tune)
    result = await room.made(options={"audio": url})
    form = (await room.mia.press(result.message, result.button("continue"))).modal
    assert form is not None
    await room.mia.submit_modal(form, {})

    assert "audio" not in (await room.child(result)).parameters


async def test_a_chosen_length_that_the_chosen_model_lacks_is_refused(room: Room) -> None:
    """What was left as it was may be dropped, what was chosen may not: nothing is charged."""
    result = await room.made()
    form = (await room.mia.press(result.message, result.button("change"))).modal
    assert form is not None
    await room.mia.submit_modal(form, {"model": [FLASH], "duration": ["15"]})
    await room.told(room.mia, "has no `duration`")

    assert await room.children(result) == []


async def test_what_was_written_into_a_refused_form_is_not_lost(room: Room) -> None:
    """It opens again as it was filled in; sent, it is made from the same video and picture."""
    result = await room.made()
    form = (await room.mia.press(result.message, result.button("change"))).modal
    assert form is not None
    words = "A fox jumps,\nthen looks back"
    filled = {"prompt": words, "model": [FLASH], "duration": ["15"]}
    await room.mia.submit_modal(form, filled)
    refused = await room.told(room.mia, "has no `duration`")
    (again,) = buttons(refused)
    opened = (await room.mia.press(refused, again)).modal
    assert opened is not None
    assert opened["components"][0]["component"]["value"] == words
    await room.mia.submit_modal(opened, {"model": [WAN_26]})
    child = await room.child(result)

    assert (child.prompt, child.model, child.seed) == (words, WAN_26, result.job.seed)
    assert child.parameters["image"] == result.job.parameters["image"]
    assert child.parameters["duration"] == 15


async def test_the_form_of_a_change_prices_each_choice(room: Room) -> None:
    """Models and lengths; what the job had is chosen already."""
    result = await room.made(options={"duration": 10})
    form = (await room.mia.press(result.message, result.button("change"))).modal
    assert form is not None
    prompt, model, length, _ = (part["component"] for part in form["components"])
    chosen = [option["value"] for option in length["options"] if option.get("default")]

    assert prompt["value"] == result.job.prompt
    assert [o["value"] for o in model["options"] if o.get("default")] == [WAN_26]
    assert chosen == ["10"]
    assert len({option["description"] for option in length["options"]}) == 3


async def test_the_family_is_linked(room: Room) -> None:
    """A child's page leads to its parent."""
    parent = await room.made()
    result = await room.made(parent_id=parent.job.id)
    await room.mia.press(result.message, result.button("show"))
    page = all_text(await room.told(room.mia, "Made from"))

    assert f"/{parent.message['channel_id']}/{parent.message['id']}" in page


async def pressed_blindly(room: Room, result: Result) -> None:
    """Press Again elsewhere: the message with the button is gone."""
    message = await room.planted(result, "again")
    await room.mia.press(message, result.button("again"))
