"""The stand-in as the real discord.py client and a member's client see it together."""

from pathlib import Path
from typing import Any

import discord
import pytest

from sandbox.discord_api.driver import RefusedError
from tests.discord_kit import Running, running_bot, until
from tests.discord_tiny_bot import ShardedBot, TinyBot, dot

pytest_plugins = ("tests.discord_fixtures",)

EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15


async def test_bot_logs_in_and_knows_the_guild(running: Running) -> None:
    """READY and GUILD_CREATE give discord.py a guild with channels, a thread, roles and itself."""
    guild = running.bot.get_guild(int(running.stand_in.guild_id))

    assert guild is not None
    names = [channel.name for channel in guild.text_channels]
    assert names == ["video", "general", "after-dark", "mod-log"]
    assert [thread.name for thread in guild.threads] == ["storyboards"]
    assert guild.me.guild_permissions.attach_files
    assert guild.member_count == len(running.stand_in.members) + 1
    assert {role.name for role in guild.roles} >= {"Moderator", "@everyone"}


@pytest.mark.usefixtures("running")
async def test_wrong_token_cannot_log_in() -> None:
    """A wrong bot token is refused as Discord refuses it."""
    bot = TinyBot()
    with pytest.raises(discord.LoginFailure):
        await bot.login("not.the.token")
    await bot.close()

    assert bot.is_closed()


async def test_deferred_command_with_attachment(running: Running, picture: Path) -> None:
    """A deferred answer thinks, is filled by an edit, and a follow-up may be ephemeral."""
    async with running.member() as mia:
        outcome = await mia.run_command("animate", {"image": picture, "prompt": "run"})
        card = await mia.wait_for_message(lambda m: m["content"].startswith("run 3 plain"))
        note = await mia.wait_for_message(lambda m: m["content"] == "only for you")
        created = next(d for t, d in mia.events if t == "MESSAGE_CREATE" and d["id"] == card["id"])
        history = await mia.messages()

    size = len(dot().getvalue())
    assert outcome.ok
    assert card["content"] == f"run 3 plain 30x20 {size} image/png"
    assert created["flags"] & LOADING
    assert not created["content"]
    assert card["flags"] == 0
    assert card["edited_timestamp"] is None
    assert card["interaction"]["name"] == "animate"
    assert card["interaction_metadata"]["user"]["id"] == mia.user["id"]
    assert note["flags"] & EPHEMERAL
    assert [message["id"] for message in history] == [card["id"]]


async def test_interaction_payload_reaches_the_bot(running: Running, picture: Path) -> None:
    """The bot gets the member, permissions, locale, limits and the resolved attachment."""
    async with running.member("Nora") as nora:
        await nora.run_command("animate", {"image": picture, "prompt": "run", "steps": 10})
    interaction = running.bot.heard[-1]
    attachment: discord.Attachment = interaction.namespace.image

    assert isinstance(interaction.user, discord.Member)
    assert interaction.user.guild_permissions.manage_guild
    assert interaction.permissions.manage_messages
    assert interaction.app_permissions.attach_files
    assert interaction.filesize_limit == 10 * 1024 * 1024
    assert interaction.channel_id == int(running.stand_in.channel_id)
    assert interaction.locale is discord.Locale.american_english
    assert interaction.namespace.steps == 10
    assert attachment.filename == "my_cat.png"
    assert attachment.ephemeral


async def test_autocomplete_sees_the_other_options(running: Running) -> None:
    """Suggestions come back for the focused option and depend on what else is filled in."""
    async with running.member() as mia:
        choices = await mia.autocomplete("animate", "style", "oi", {"steps": 7})

    assert [choice["value"] for choice in choices] == ["oi-0-7", "oi-1-7", "oi-2-7"]


async def test_button_opens_modal_and_modal_answers(running: Running, picture: Path) -> None:
    """A button's modal reaches the member, and the bot hears what was typed into it."""
    async with running.member() as mia:
        await mia.run_command("animate", {"image": picture, "prompt": "run"})
        card = await mia.wait_for_message(lambda m: bool(m["components"]))
        opened = await mia.press(card, "ask")
        assert opened.modal is not None
        with pytest.raises(RefusedError) as refused:
            await mia.submit_modal(opened.modal, {"prompt": "x"})
        submitted = await mia.submit_modal(opened.modal, {"prompt": "faster"})
        said = await mia.wait_for_message(lambda m: m["content"] == "you said faster")

    assert opened.modal["title"] == "Tell me more"
    assert refused.value.code == 50035
    assert submitted.ok
    assert said["flags"] & EPHEMERAL
    assert said["interaction_metadata"]["triggering_interaction_metadata"]["type"] == 3


async def test_button_changes_its_card(running: Running, picture: Path) -> None:
    """Answering a button with an update edits the message in place and removes its buttons."""
    async with running.member() as mia:
        await mia.run_command("animate", {"image": picture, "prompt": "run"})
        card = await mia.wait_for_message(lambda m: bool(m["components"]))
        await mia.press(card, "cancel")
        changed = await mia.wait_for_message(lambda m: m["content"] == "cancelled")
        with pytest.raises(RefusedError) as refused:
            await mia.press(card, "cancel")

    assert changed["id"] == card["id"]
    assert changed["components"] == []
    assert changed["edited_timestamp"] is not None
    assert refused.value.code == 50035


async def test_select_values_are_checked_and_delivered(running: Running, picture: Path) -> None:
    """A select gives its values to the bot; values it does not offer are refused."""
    async with running.member() as mia:
        await mia.run_command("animate", {"image": picture, "prompt": "run"})
        card = await mia.wait_for_message(lambda m: bool(m["components"]))
        with pytest.raises(RefusedError):
            await mia.select(card, "size", ["huge"])
        await mia.select(card, "size", ["s"])
        chosen = await mia.wait_for_message(lambda m: m["content"] == "chose s")

    assert chosen["flags"] & EPHEMERAL


async def test_reply_with_file_and_nonce_is_posted_once(running: Running) -> None:
    """A repeated nonce gives the first message again; the file downloads from a signed address."""
    async with running.member() as mia:
        await mia.run_command("deliver")
        card = await mia.wait_for_message(lambda m: m["content"].startswith("sent"))
        history = await mia.messages()
        content = await mia.download(history[0]["attachments"][0]["url"])

    assert len(history) == 2
    assert card["content"] == f"sent {history[0]['id']}"
    assert history[0]["referenced_message"]["id"] == card["id"]
    assert [user["id"] for user in history[0]["mentions"]] == [mia.user["id"]]
    assert history[0]["attachments"][0]["content_type"] == "video/mp4"
    assert content == b"video"


async def test_layout_message_shows_its_upload(running: Running) -> None:
    """Components V2: the gallery's attachment becomes an address and is not listed apart."""
    async with running.member() as mia:
        await mia.run_command("layout")
        card = await mia.wait_for_message(lambda m: bool(m["flags"] & COMPONENTS_V2))
        media = card["components"][0]["components"][1]["items"][0]["media"]
        content = await mia.download(media["url"])

    assert card["attachments"] == []
    assert (media["width"], media["height"]) == (30, 20)
    assert content.startswith(b"\x89PNG")


async def test_direct_message_reaches_only_its_recipient(running: Running) -> None:
    """A direct message is told to its recipient and stays out of the guild's channels."""
    async with running.member() as mia, running.member("Theo") as theo:
        await mia.run_command("dm")
        message = await mia.wait_for_message(lambda m: m["content"] == "hello in private")
        await mia.wait_for_message(lambda m: m["content"] == "sent")
        channel = await mia.request("GET", f"/channels/{message['channel_id']}")
        seen_by_theo = list(theo.seen)
        with pytest.raises(RefusedError) as refused:
            await theo.messages(message["channel_id"])

    assert channel["recipients"][0]["id"] == str(running.bot.application_id)
    assert seen_by_theo == []
    assert refused.value.code == 50001


async def test_closed_direct_messages_are_refused(running: Running) -> None:
    """A member who takes no direct messages: 50007."""
    async with running.member() as mia:
        await running.control("dms", {"user_id": mia.user["id"], "open": False})
        await mia.run_command("dm")
        answer = await mia.wait_for_message(lambda m: m["content"].startswith("closed"))

    assert answer["content"] == "closed 50007"


async def test_message_command_resolves_its_target(running: Running, picture: Path) -> None:
    """A message command brings the message with content and attachments, without any intent."""
    async with running.member() as mia, running.member("Theo") as theo:
        posted = await theo.send_message("look", [picture])
        await mia.use_menu("Look at this", posted)
        answer = await mia.wait_for_message(lambda m: m["content"].startswith("look ["))

    assert answer["content"] == "look ['my_cat.png']"


async def test_subcommand_resolves_member_and_channel(running: Running) -> None:
    """A sub-command's user and channel options arrive as discord.py objects."""
    stand_in = running.stand_in
    theo = next(m.id for m in stand_in.members if m.name == "Theo")
    async with running.member() as mia:
        await mia.run_command("policy show", {"who": theo, "where": stand_in.channel_id})
        answer = await mia.wait_for_message(lambda m: "video" in m["content"])

    assert answer["content"] == "Theo in video"


async def test_command_in_thread_knows_the_thread(running: Running, picture: Path) -> None:
    """An interaction in a thread has the thread as its channel, and the card lands there."""
    async with running.member() as mia:
        thread_id = mia.guild["threads"][0]["id"]
        await mia.run_command("animate", {"image": picture, "prompt": "run"}, thread_id)
        card = await mia.wait_for_message(lambda m: m["content"].startswith("run"))

    assert isinstance(running.bot.heard[-1].channel, discord.Thread)
    assert card["channel_id"] == thread_id


async def test_moderator_command_is_hidden_from_members(running: Running) -> None:
    """default_member_permissions hides a command from members and offers it to moderators."""
    async with running.member() as mia, running.member("Nora") as nora:
        with pytest.raises(LookupError):
            await mia.run_command("moderate")
        outcome = await nora.run_command("moderate")

    assert outcome.ok


async def test_bot_hears_messages_without_their_content(running: Running) -> None:
    """Without the message content intent a bot sees that a member wrote, not what."""
    async with running.member() as mia:
        await mia.send_message("secret words")
        await until(lambda: bool(running.bot.messages))
        channel = running.bot.get_channel(int(mia.channel_id))
        assert isinstance(channel, discord.TextChannel)
        fetched = [message async for message in channel.history(limit=1)]

    assert running.bot.messages[0].content == ""
    assert running.bot.messages[0].author.id == int(mia.user["id"])
    assert fetched[0].content == ""


async def test_bot_resumes_without_losing_events(running: Running, picture: Path) -> None:
    """An interaction sent while the connection is down arrives after the resume."""
    async with running.member() as mia:
        await running.control("gateway", {"action": "drop"})
        outcome = await mia.run_command("animate", {"image": picture, "prompt": "run"})

    assert outcome.ok
    assert running.bot.resumed == 1


async def test_bot_identifies_anew_when_its_session_is_gone(running: Running) -> None:
    """After an invalid session discord.py identifies again and goes on working."""

    async def is_back() -> bool:
        sessions = (await running.state())["sessions"]
        return [s["connected"] for s in sessions if s["intents"]] == [True]

    before = [s["id"] for s in (await running.state())["sessions"]]
    await running.control("gateway", {"action": "forget"})
    await until(is_back)
    after = [s["id"] for s in (await running.state())["sessions"]]

    assert len(after) == 1
    assert after != before
    assert running.bot.resumed == 0


async def test_bot_follows_a_reconnect_request(running: Running) -> None:
    """Op 7 makes discord.py reconnect and resume."""
    await running.control("gateway", {"action": "reconnect"})
    await until(lambda: running.bot.resumed == 1)

    assert running.bot.resumed == 1


async def test_sharded_bot_gets_the_guild_on_its_shard(running: Running, picture: Path) -> None:
    """With two shards the guild and its interactions belong to one of them."""
    guild_id = int(running.stand_in.guild_id)
    await running.bot.close()
    async with running_bot(running.stand_in, lambda: ShardedBot(shard_count=2)) as bot:
        async with running.member() as mia:
            outcome = await mia.run_command("animate", {"image": picture, "prompt": "run"})
        guild: Any = bot.get_guild(guild_id)

    assert outcome.ok
    assert guild.shard_id == (guild_id >> 22) % 2


async def test_bot_edits_its_interaction_message_with_its_own_token(running: Running) -> None:
    """What an interaction made can be edited and deleted through the channel's routes."""
    async with running.member() as mia:
        await mia.run_command("deliver")
        card = await mia.wait_for_message(lambda m: m["content"].startswith("sent"))
        channel = running.bot.get_partial_messageable(int(card["channel_id"]))
        await channel.get_partial_message(int(card["id"])).edit(content="later")
        await mia.wait_for_message(lambda m: m["content"] == "later")
        await channel.get_partial_message(int(card["id"])).delete()
        await until(lambda: card["id"] not in mia.seen)
        history = await mia.messages()

    assert [message["content"] for message in history if message["id"] == card["id"]] == []
    assert history[0]["referenced_message"] is None
