"""Channel messages over HTTP: history, replies, nonces, permissions, uploads."""

from typing import Any

import pytest

from sandbox.discord_api.driver import RefusedError
from tests.discord_bare_bot import Answer, Json, Stage
from tests.discord_kit import HandClock
from tests.discord_tiny_bot import dot

pytest_plugins = ("tests.discord_fixtures",)

VIEW, SEND, MANAGE_MESSAGES = 1 << 10, 1 << 11, 1 << 13
EMBED, ATTACH, READ_HISTORY = 1 << 14, 1 << 15, 1 << 16
SEND_IN_THREADS = 1 << 38
PNG = b"\x89PNG not really"


def path_of(stage: Stage, message: Json | None = None) -> str:
    """The route of the default channel's messages, or of one message."""
    base = f"/channels/{stage.stand_in.channel_id}/messages"
    return f"{base}/{message['id']}" if message else base


async def deny(stage: Stage, bits: int, channel_id: str | None = None) -> None:
    """Takes permissions from the bot in a channel."""
    where = channel_id or stage.stand_in.channel_id
    await stage.control("bot-permissions", {"channel_id": where, "deny": bits})


async def test_history_pages_as_discord_does(stage: Stage) -> None:
    """Newest first, with limit, before, after and around."""
    await stage.control("rate-limits", {"enabled": False})
    ids = [(await stage.bot.say(str(number))).body["id"] for number in range(7)]
    base = path_of(stage)

    async def page(query: str) -> list[int]:
        found = await stage.bot.call("GET", f"{base}?{query}")
        return [ids.index(message["id"]) for message in found.body]

    assert await page("limit=3") == [6, 5, 4]
    assert await page(f"limit=2&before={ids[3]}") == [2, 1]
    assert await page(f"limit=2&after={ids[3]}") == [5, 4]
    assert await page(f"limit=3&around={ids[3]}") == [4, 3, 2]
    assert (await stage.bot.call("GET", f"{base}?limit=101")).code == 50035


async def test_nonce_repeats_give_the_first_message(timed_stage: Stage, clock: HandClock) -> None:
    """With enforce_nonce a repeat within minutes is the first message; later it is new."""
    first = await timed_stage.bot.say("a", nonce="n", enforce_nonce=True)
    repeat = await timed_stage.bot.say("b", nonce="n", enforce_nonce=True)
    loose = await timed_stage.bot.say("c", nonce="n")
    clock.forward(400)
    later = await timed_stage.bot.say("d", nonce="n", enforce_nonce=True)

    assert repeat.body["id"] == first.body["id"]
    assert repeat.body["content"] == "a"
    assert repeat.body["nonce"] == "n"
    assert len({first.body["id"], loose.body["id"], later.body["id"]}) == 3


async def test_long_nonce_is_refused(stage: Stage) -> None:
    """A nonce has at most 25 characters."""
    answer = await stage.bot.say("a", nonce="n" * 26)

    assert answer.faults() == {"nonce:NONCE_TYPE_TOO_LONG"}


async def test_reply_to_a_missing_message(stage: Stage) -> None:
    """A reply to nothing is refused, or becomes a plain message when it may."""
    gone = {"message_id": "1"}
    strict = await stage.bot.say("a", message_reference=gone)
    loose = await stage.bot.say("a", message_reference={**gone, "fail_if_not_exists": False})

    assert strict.faults() == {"message_reference:REPLIES_UNKNOWN_MESSAGE"}
    assert loose.body["type"] == 0
    assert "message_reference" not in loose.body


async def test_reply_shows_what_it_answers(stage: Stage) -> None:
    """A reply carries the answered message, and pings its author unless told not to."""
    posted = await stage.mia.send_message("question")
    loud = await stage.bot.say("answer", message_reference={"message_id": posted["id"]})
    quiet = await stage.bot.say(
        "answer",
        message_reference={"message_id": posted["id"]},
        allowed_mentions={"parse": []},
    )

    assert loud.body["type"] == 19
    assert loud.body["referenced_message"]["id"] == posted["id"]
    assert [user["id"] for user in loud.body["mentions"]] == [stage.mia.user["id"]]
    assert quiet.body["mentions"] == []


@pytest.mark.parametrize(
    ("denied", "status", "code"),
    [(VIEW, 403, 50001), (SEND, 403, 50013), (ATTACH, 403, 50013)],
)
async def test_channel_permissions_decide_posting(
    stage: Stage, denied: int, status: int, code: int
) -> None:
    """Not seeing is 50001; seeing but not writing or attaching is 50013."""
    await deny(stage, denied)
    files = {"a.png": PNG}
    answer = await stage.bot.call("POST", path_of(stage), {"content": "x"}, files=files)

    assert (answer.status, answer.code) == (status, code)


async def test_embeds_need_their_permission(stage: Stage) -> None:
    """Without EMBED_LINKS no embeds."""
    await deny(stage, EMBED)
    embed = await stage.bot.say("x", embeds=[{"title": "t"}])
    plain = await stage.bot.say("x")

    assert (embed.code, plain.status) == (50013, 200)


async def test_thread_has_its_own_send_permission(stage: Stage) -> None:
    """In a thread SEND_MESSAGES_IN_THREADS counts, with the parent's overwrites."""
    thread_id = stage.mia.guild["threads"][0]["id"]
    await deny(stage, SEND)
    in_thread = await stage.bot.say("x", thread_id)
    in_channel = await stage.bot.say("x")
    await deny(stage, SEND_IN_THREADS)
    in_closed_thread = await stage.bot.say("x", thread_id)

    assert in_thread.status == 200
    assert (in_channel.code, in_closed_thread.code) == (50013, 50013)


async def test_reading_needs_the_history_permission(stage: Stage) -> None:
    """Without READ_MESSAGE_HISTORY the history is empty, one message 50013, a reply 160002."""
    posted = await stage.bot.say("x")
    await deny(stage, READ_HISTORY)
    history = await stage.bot.call("GET", path_of(stage))
    single = await stage.bot.call("GET", path_of(stage, posted.body))
    reply = await stage.bot.say("x", message_reference={"message_id": posted.body["id"]})

    assert history.body == []
    assert (single.code, reply.code) == (50013, 160002)


async def test_only_authors_edit_and_moderators_delete(stage: Stage) -> None:
    """Foreign messages: editing is 50005, deleting 50013 without MANAGE_MESSAGES."""
    posted = await stage.mia.send_message("mine")
    edited = await stage.bot.call("PATCH", path_of(stage, posted), {"content": "yours"})
    refused = await stage.bot.call("DELETE", path_of(stage, posted))
    where = {"channel_id": stage.stand_in.channel_id, "allow": MANAGE_MESSAGES}
    await stage.control("bot-permissions", where)
    deleted = await stage.bot.call("DELETE", path_of(stage, posted))
    gone = await stage.bot.call("GET", path_of(stage, posted))

    assert (edited.status, edited.code) == (403, 50005)
    assert (refused.status, refused.code) == (403, 50013)
    assert deleted.status == 204
    assert (gone.status, gone.code) == (404, 10008)


async def test_unknown_channel_and_deleted_channel(stage: Stage) -> None:
    """A channel that never was or is gone: 10003; its threads go with it."""
    thread_id = stage.mia.guild["threads"][0]["id"]
    strange = await stage.bot.say("x", "123")
    await stage.control("delete-channel", {"channel_id": stage.stand_in.channel_id})
    gone = await stage.bot.say("x")
    thread = await stage.bot.say("x", thread_id)

    assert [a.code for a in (strange, gone, thread)] == [10003] * 3
    assert strange.status == 404


async def test_upload_limit_is_413(stage: Stage) -> None:
    """A file above the guild's limit: 413 and 40005; at the limit it is posted."""
    await stage.control("upload-limit", {"bytes": 1000})
    body = {"content": "x"}
    large = await stage.bot.call("POST", path_of(stage), body, files={"a.bin": b"x" * 1001})
    fits = await stage.bot.call("POST", path_of(stage), body, files={"a.bin": b"x" * 1000})

    assert (large.status, large.code) == (413, 40005)
    assert fits.body["attachments"][0]["size"] == 1000


async def test_default_upload_limit_is_ten_mebibytes(stage: Stage) -> None:
    """Without a boost 10 MiB pass and one byte more does not."""
    limit = 10 * 1024 * 1024
    body = {"content": "x"}
    fits = await stage.bot.call("POST", path_of(stage), body, files={"a.bin": b"x" * limit})
    large = await stage.bot.call("POST", path_of(stage), body, files={"a.bin": b"x" * (limit + 1)})

    assert (fits.status, large.status) == (200, 413)


async def test_hint_of_the_upload_limit_may_be_wrong(stage: Stage) -> None:
    """The interaction's hint can be above the truth, which is the 413."""
    await stage.control("upload-limit", {"bytes": 1000, "hint_bytes": 5000})
    interaction = await stage.asked()
    body = {"type": 4, "data": {"content": "x"}}
    path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
    large = await stage.bot.call("POST", path, body, files={"a.bin": b"x" * 2000}, token="")

    assert interaction["attachment_size_limit"] == 5000
    assert (large.status, large.code) == (413, 40005)


WEIRD: list[Any] = [
    [],
    "text",
    7,
    {"content": {"a": 1}, "attachments": 5},
    {"content": "\ud800", "embeds": "x"},
    {"embeds": [None, 5, {"fields": [[]], "author": "x", "image": {"url": 5}}]},
    {"components": [{"type": "1"}, {"type": {}}, None], "flags": 1 << 15},
    {"components": [{"type": 1, "components": [{"type": 3, "options": [5]}]}]},
    {"content": "x", "flags": "many", "allowed_mentions": {"parse": 5, "users": 7}},
    {"content": "x", "message_reference": {"message_id": {"a": []}}, "nonce": {}},
    {"content": "x", "attachments": [5, {"id": [], "description": 7}], "nonce": 1.5},
    {"type": "4", "data": 5},
    {"type": 4, "data": {"flags": "x"}},
    {"type": 5, "data": {"flags": []}},
    {"type": 9, "data": {"title": 5, "components": {"a": 1}}},
    {"name": 5, "type": [], "options": [{"type": None, "choices": [5, {"name": []}]}]},
    {"type": 2, "data": [], "application_id": {}, "channel_id": []},
    {"recipient_id": []},
]


@pytest.mark.parametrize("body", WEIRD)
async def test_no_body_makes_the_stand_in_stumble(stage: Stage, body: Any) -> None:
    """Whatever is sent, the answer is Discord's: never a 500."""
    await stage.control("rate-limits", {"enabled": False})
    interaction = await stage.asked()
    posted = await stage.bot.say("x")
    stand_in, token = stage.stand_in, stage.stand_in.members[0].token
    commands = f"/applications/{stand_in.application_id}/commands"
    callback = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
    hook = f"/webhooks/{stand_in.application_id}/{interaction['token']}"
    calls = [
        await stage.bot.call("POST", path_of(stage), body),
        await stage.bot.call("PATCH", path_of(stage, posted.body), body),
        await stage.bot.call("POST", commands, body),
        await stage.bot.call("PUT", commands, [body]),
        await stage.bot.call("POST", "/users/@me/channels", body),
        await stage.bot.call("POST", "/interactions", body, token=token),
        await stage.bot.call("POST", callback, body, token=""),
        await stage.bot.call("POST", hook, body, token=""),
        await stage.bot.call("PATCH", hook + "/messages/@original", body, token=""),
    ]

    assert [call.status for call in calls if call.status >= 500] == []


async def staged(stage: Stage, name: str, content: bytes) -> str:
    """Uploads a file ahead as Discord's client does; how to refer to it."""
    path = f"/channels/{stage.stand_in.channel_id}/attachments"
    ask = {"files": [{"id": "1", "filename": name, "file_size": len(content)}]}
    offer = (await stage.mia.request("POST", path, json=ask))["attachments"][0]
    async with stage.bot.http.put(offer["upload_url"], data=content) as response:
        assert response.status == 200
    uploaded: str = offer["upload_filename"]
    return uploaded


async def test_files_uploaded_ahead_are_attached(stage: Stage) -> None:
    """Discord's client uploads first and then names the file, in messages and commands."""
    first = await staged(stage, "a.png", dot().getvalue())
    entry = {"id": "0", "filename": "a.png", "uploaded_filename": first}
    body = {"content": "", "attachments": [entry]}
    posted = await stage.mia.request("POST", path_of(stage), json=body)
    with pytest.raises(RefusedError) as used_up:
        await stage.mia.request("POST", path_of(stage), json=body)
    command = (await stage.mia.commands())[0]
    options = [
        {"type": 3, "name": "prompt", "value": "x"},
        {"type": 11, "name": "image", "value": 0},
    ]
    entry = {**entry, "uploaded_filename": await staged(stage, "b.png", dot().getvalue())}
    data = {"id": command["id"], "options": options, "attachments": [entry]}
    ask = {
        "type": 2,
        "application_id": stage.stand_in.application_id,
        "channel_id": stage.stand_in.channel_id,
        "data": data,
    }
    await stage.mia.request("POST", "/interactions", json=ask)
    interaction = await stage.bot.interaction()
    attachments = list(interaction["data"]["resolved"]["attachments"].values())

    assert posted["attachments"][0]["width"] == 30
    assert used_up.value.code == 50035
    assert [a["height"] for a in attachments] == [20]


async def test_upload_ahead_obeys_the_limit(stage: Stage) -> None:
    """A file that would be too large is not offered an address; a made-up address is refused."""
    path = f"/channels/{stage.stand_in.channel_id}/attachments"
    large = {"files": [{"id": "1", "filename": "a", "file_size": 1 << 30}]}
    answer = await stage.bot.call("POST", path, large)
    url = f"{stage.stand_in.page_url}sandbox/upload/unknown"
    async with stage.bot.http.put(url, data=b"x") as response:
        refused = response.status

    assert (answer.status, answer.code) == (413, 40005)
    assert refused == 403


async def test_broken_multipart_is_refused(stage: Stage) -> None:
    """A multipart body without its boundary is a bad request."""
    headers = {
        "Authorization": f"Bot {stage.stand_in.bot_token}",
        "Content-Type": "multipart/form-data",
    }
    url = stage.stand_in.api_url + path_of(stage)
    async with stage.bot.http.post(url, headers=headers, data=b"nothing") as response:
        body = await response.json()

    assert (response.status, body["code"]) == (400, 50035)


async def test_attachments_are_named_described_and_typed(stage: Stage) -> None:
    """File names are made safe, types follow from names, pictures are measured."""
    body: Json = {
        "content": "",
        "attachments": [{"id": 0, "filename": "renamed.png", "description": "a cat"}],
    }
    files = {"../my cat.png": dot().getvalue(), "fake.png": b"text", "unknown": b"?"}
    answer = await stage.bot.call("POST", path_of(stage), body, files=files)
    renamed, fake, unknown = answer.body["attachments"]

    assert (renamed["filename"], renamed["description"]) == ("renamed.png", "a cat")
    assert (renamed["width"], renamed["height"]) == (30, 20)
    assert (fake["content_type"], fake.get("width")) == ("image/png", None)
    assert "content_type" not in unknown


async def test_edit_keeps_and_drops_attachments(stage: Stage) -> None:
    """An edit without `attachments` keeps them, with a list keeps only those listed."""
    files = {"a.txt": b"a", "b.txt": b"b"}
    posted = await stage.bot.call("POST", path_of(stage), {"content": "x"}, files=files)
    one = path_of(stage, posted.body)
    kept = await stage.bot.call("PATCH", one, {"content": "y"})
    first = posted.body["attachments"][0]["id"]
    fewer = await stage.bot.call("PATCH", one, {"attachments": [{"id": first}]})

    assert [a["filename"] for a in kept.body["attachments"]] == ["a.txt", "b.txt"]
    assert [a["filename"] for a in fewer.body["attachments"]] == ["a.txt"]
    assert fewer.body["edited_timestamp"] is not None


async def test_embed_shows_its_upload(stage: Stage) -> None:
    """An upload that an embed shows has its address there and is not listed apart."""
    body = {"embeds": [{"image": {"url": "attachment://a.png"}}]}
    answer = await stage.bot.call("POST", path_of(stage), body, files={"a.png": PNG})

    assert answer.body["attachments"] == []
    assert answer.body["embeds"][0]["image"]["url"].startswith(stage.stand_in.page_url)
    assert answer.body["embeds"][0]["type"] == "rich"


async def test_age_restricted_and_private_channels_for_members(stage: Stage) -> None:
    """A member's own token obeys the same rules: no reading of foreign direct messages."""
    theo = next(m for m in stage.stand_in.members if m.name == "Theo")
    opened = await stage.bot.call("POST", "/users/@me/channels", {"recipient_id": theo.id})
    again = await stage.bot.call("POST", "/users/@me/channels", {"recipient_id": theo.id})
    with pytest.raises(RefusedError) as refused:
        await stage.mia.messages(opened.body["id"])

    assert opened.body["recipients"][0]["id"] == theo.id
    assert again.body["id"] == opened.body["id"]
    assert refused.value.code == 50001


async def test_typing_is_shown_to_members(stage: Stage) -> None:
    """Typing reaches members who see the channel."""
    answer = await stage.bot.call("POST", f"/channels/{stage.stand_in.channel_id}/typing")
    event = (await stage.heard("TYPING_START"))[0]

    assert answer.status == 204
    assert event["user_id"] == stage.stand_in.application_id


@pytest.mark.parametrize(
    "path",
    [
        "/users/@me",
        "/applications/@me",
        "/gateway/bot",
        "/channels/{channel}/messages",
        "/guilds/{guild}",
    ],
)
@pytest.mark.parametrize("token", ["", "Bot wrong", "wrong", "Bearer x", "{bare}"])
async def test_wrong_tokens_are_unauthorized(stage: Stage, path: str, token: str) -> None:
    """Without a right token, or with the bot's used as a member's: 401, and no hint."""
    stand_in = stage.stand_in
    address = path.format(channel=stand_in.channel_id, guild=stand_in.guild_id)
    answer = await stage.bot.call("GET", address, token=token.format(bare=stand_in.bot_token))

    assert answer.status == 401
    assert answer.body == {"message": "401: Unauthorized", "code": 0}


async def test_bodies_that_are_no_json(stage: Stage) -> None:
    """A body that is no JSON object is refused, not stumbled over."""
    channel = path_of(stage)
    form = await stage.bot.call("POST", channel, [1, 2])
    url = stage.stand_in.api_url + channel
    headers = {"Authorization": f"Bot {stage.stand_in.bot_token}"}
    async with stage.bot.http.post(url, headers=headers, data=b"{nope") as response:
        text = Answer(status=response.status, body=await response.json(), headers={})

    assert form.code == 50035
    assert (text.status, text.code) == (400, 50109)


async def test_unknown_route_is_404(stage: Stage) -> None:
    """A route that Discord does not have."""
    answer = await stage.bot.call("GET", "/no/such/route")

    assert (answer.status, answer.body) == (404, {"message": "404: Not Found", "code": 0})


async def test_world_can_be_read(stage: Stage) -> None:
    """Guild, channels, threads, roles, members and users answer for bot and member."""
    guild = f"/guilds/{stage.stand_in.guild_id}"
    mia = stage.mia.user["id"]
    paths = {
        guild: "Wan Workshop",
        f"{guild}/members/{mia}": "Mia",
        f"/users/{mia}": "Mia",
        f"/channels/{stage.stand_in.channel_id}": "video",
        f"{guild}/channels": "after-dark",
        f"{guild}/threads/active": "storyboards",
        f"{guild}/roles": "Moderator",
        f"{guild}/members?limit=10": "Nora",
        f"{guild}/members/search?query=th": "Theo",
        "/users/@me/guilds": "Wan Workshop",
    }
    for path, expected in paths.items():
        for token in (None, stage.stand_in.members[0].token):
            answer = await stage.bot.call("GET", path, token=token)

            assert answer.status == 200
            assert expected in str(answer.body)


async def test_strangers_are_not_found(stage: Stage) -> None:
    """Unknown guilds, members and users have their own codes."""
    guild = f"/guilds/{stage.stand_in.guild_id}"
    codes = {"/guilds/1": 10004, f"{guild}/members/1": 10007, "/users/1": 10013}
    answers = {path: (await stage.bot.call("GET", path)).code for path in codes}

    assert answers == codes
