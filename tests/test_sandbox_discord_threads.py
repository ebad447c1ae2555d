"""Threads that members and the bot start."""

from typing import Any

import discord
import pytest

from sandbox.discord_api.driver import RefusedError
from sandbox.discord_api.permissions import Permission
from sandbox.discord_api.seed import GUILD_ID, LOG_ID, NIGHT_ID, VIDEO_ID
from tests.discord_bare_bot import COMMANDS, Json, Stage
from tests.discord_kit import Running, member_driver, until

pytest_plugins = ("tests.discord_fixtures",)

HAS_THREAD = 1 << 5
THREAD_CREATED, THREAD_STARTER = 18, 21
PUBLIC, PRIVATE = 11, 12


async def test_a_thread_hangs_under_its_channel(stage: Stage) -> None:
    """Its starter writes in it, commands work in it, and the channel shows a line about it."""
    thread = await stage.mia.start_thread("night shots")
    await stage.mia.send_message("first", channel_id=thread["id"])
    interaction = await stage.asked(channel_id=thread["id"])
    lines = await stage.mia.messages()

    assert thread["parent_id"] == VIDEO_ID
    assert thread["owner_id"] == stage.mia.user["id"]
    assert stage.mia.channel_named("night shots") == thread["id"]
    assert interaction["channel"]["parent_id"] == VIDEO_ID
    assert interaction["guild_id"] == GUILD_ID
    assert [(m["type"], m["content"]) for m in lines] == [(THREAD_CREATED, "night shots")]
    assert lines[0]["message_reference"]["channel_id"] == thread["id"]
    assert "message_id" not in lines[0]["message_reference"]


async def test_a_thread_about_a_message_has_its_id(stage: Stage) -> None:
    """The message says so from then on, and the thread begins with it."""
    message = await stage.mia.send_message("what a shot")
    thread = await stage.mia.start_thread("about it", message=message)
    changed = await stage.heard("MESSAGE_UPDATE")
    history = await stage.mia.messages(thread["id"])

    assert thread["id"] == message["id"]
    assert changed[0]["flags"] & HAS_THREAD
    assert changed[0]["thread"]["name"] == "about it"
    assert changed[0]["edited_timestamp"] is None
    assert [m["type"] for m in history] == [THREAD_STARTER]
    assert history[0]["referenced_message"]["content"] == "what a shot"
    assert history[0]["message_reference"]["channel_id"] == VIDEO_ID


async def test_discord_py_hears_of_a_thread(running: Running) -> None:
    """The bot knows the thread, its parent and its archive time, and can write there."""
    async with running.member() as mia:
        thread = await mia.start_thread("night shots")
        guild = running.bot.get_guild(int(GUILD_ID))
        assert guild is not None
        await until(lambda: guild.get_thread(int(thread["id"])) is not None)
        known = guild.get_thread(int(thread["id"]))
        assert known is not None
        await known.send("hello thread")
        await mia.wait_for_message(lambda m: m["content"] == "hello thread")

    assert known.parent_id == int(VIDEO_ID)
    assert known.auto_archive_duration == 4320


async def test_discord_py_starts_threads(running: Running) -> None:
    """From a channel and from a message."""
    channel = running.bot.get_channel(int(VIDEO_ID))
    assert isinstance(channel, discord.TextChannel)
    message = await channel.send("the start")
    about = await message.create_thread(name="about it", auto_archive_duration=60)
    free = await channel.create_thread(name="free", type=discord.ChannelType.public_thread)

    assert about.id == message.id
    assert about.auto_archive_duration == 60
    assert free.parent == channel


async def test_an_age_restricted_parent_counts_in_its_thread(stage: Stage) -> None:
    """Commands for adults are offered in a thread of such a channel."""
    thread = await stage.mia.start_thread("late", NIGHT_ID)
    await stage.bot.register([{**COMMANDS[0], "nsfw": True}])

    assert [c["name"] for c in await stage.mia.commands(thread["id"])] == ["make"]


async def test_threads_of_hidden_channels_stay_hidden(stage: Stage) -> None:
    """A moderator's thread in the log is not told to members."""
    async with member_driver(stage.stand_in, "Nora") as nora:
        await nora.start_thread("case 1", LOG_ID)
        await nora.start_thread("open", VIDEO_ID)
        await stage.mia.wait_for_event("THREAD_CREATE", lambda event: event["name"] == "open")

    told = [event["name"] for event in await stage.heard("THREAD_CREATE")]
    assert told == ["open"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"type": PUBLIC}, "name:BASE_TYPE_REQUIRED"),
        ({"type": PUBLIC, "name": " "}, "name:BASE_TYPE_REQUIRED"),
        ({"type": PUBLIC, "name": "x" * 101}, "name:BASE_TYPE_BAD_LENGTH"),
        (
            {"type": PUBLIC, "name": "x", "auto_archive_duration": 7},
            "auto_archive_duration:BASE_TYPE_CHOICES",
        ),
        ({"type": PRIVATE, "name": "x"}, "type:BASE_TYPE_CHOICES"),
        ({"name": "x"}, "type:BASE_TYPE_REQUIRED"),
    ],
)
async def test_faulty_threads_are_refused(stage: Stage, body: Json, fault: str) -> None:
    """A name, a known archive time, and public: private threads do not exist here."""
    answer = await stage.bot.call("POST", f"/channels/{VIDEO_ID}/threads", body)

    assert answer.faults() == {fault}


async def test_threads_need_a_place_a_message_and_the_permission(stage: Stage) -> None:
    """No thread in a thread, none about what is not there, none twice, none without the right."""
    mia = stage.mia
    thread = await mia.start_thread("one")
    message = await mia.send_message("x")
    await mia.start_thread("two", message=message)
    asked = await stage.asked()
    await stage.bot.reply(asked, 4, {"content": "psst", "flags": 1 << 6})
    private = await mia.wait_for_message(lambda m: m["content"] == "psst")
    right = int(Permission.CREATE_PUBLIC_THREADS)
    wish = {"channel_id": NIGHT_ID, "id": mia.user["id"], "deny": right}
    await stage.control("overwrite", wish)
    codes = []
    attempts: list[dict[str, Any]] = [
        {"channel_id": thread["id"]},
        {"message": message},
        {"message": {**message, "id": "1"}},
        {"message": private},
        {"channel_id": NIGHT_ID},
    ]
    for attempt in attempts:
        with pytest.raises(RefusedError) as refused:
            await mia.start_thread("again", **attempt)
        codes.append(refused.value.code)

    assert codes == [50024, 160004, 10008, 10008, 50013]


async def test_a_deleted_thread_leaves_its_message(stage: Stage) -> None:
    """The message is without a thread again."""
    message = await stage.mia.send_message("x")
    thread = await stage.mia.start_thread("gone soon", message=message)
    await stage.control("delete-channel", {"channel_id": thread["id"]})
    await stage.mia.wait_for_event("THREAD_DELETE")
    read = (await stage.mia.messages())[0]

    assert read["id"] == message["id"]
    assert not read["flags"] & HAS_THREAD
    assert "thread" not in read


async def test_archived_and_locked_threads_keep_their_rules(stage: Stage) -> None:
    """Nothing is edited in an archived one until somebody writes; in a locked one nobody does."""
    thread = await stage.mia.start_thread("night shots")
    said = await stage.mia.send_message("first", channel_id=thread["id"])
    path = f"/channels/{thread['id']}/messages"
    await stage.control("thread", {"channel_id": thread["id"], "archived": True})
    with pytest.raises(RefusedError) as edited:
        await stage.mia.request("PATCH", f"{path}/{said['id']}", json={"content": "changed"})
    await stage.mia.send_message("second", channel_id=thread["id"])
    await stage.mia.request("PATCH", f"{path}/{said['id']}", json={"content": "changed"})
    await stage.control("thread", {"channel_id": thread["id"], "locked": True})
    with pytest.raises(RefusedError) as locked:
        await stage.mia.send_message("third", channel_id=thread["id"])

    assert (edited.value.status, edited.value.code) == (400, 50083)
    assert (locked.value.status, locked.value.code) == (403, 160005)
