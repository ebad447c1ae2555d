"""Rate limits, the CDN, the page, and the control API."""

from pathlib import Path

import aiohttp
import pytest

from sandbox.discord_api import DiscordStandIn, Member
from sandbox.discord_api.client_connection import MemberConnection
from tests.discord_bare_bot import Json, Stage, bare_bot
from tests.discord_kit import HandClock, control, until

pytest_plugins = ("tests.discord_fixtures",)

EPHEMERAL = 1 << 6
DAY_S = 24 * 3600


async def test_channel_messages_have_a_bucket(timed: DiscordStandIn, clock: HandClock) -> None:
    """Five posts in five seconds; the sixth is a 429 that says how long to wait."""
    async with bare_bot(timed) as bot:
        posts = [await bot.say(str(number)) for number in range(6)]
        elsewhere = await bot.say("other", timed.world.guilds[timed.guild_id].id)
        general = next(
            c.id
            for c in timed.world.guilds[timed.guild_id].channels.values()
            if c.name == "general"
        )
        neighbour = await bot.say("x", general)
        clock.forward(5)
        later = await bot.say("later")

    assert [post.status for post in posts] == [200] * 5 + [429]
    assert [post.headers["X-RateLimit-Remaining"] for post in posts[:5]] == list("43210")
    assert posts[0].headers["X-RateLimit-Limit"] == "5"
    assert posts[5].body["global"] is False
    assert 0 < posts[5].body["retry_after"] <= 5
    assert "Via" in posts[5].headers
    assert elsewhere.code == 10003
    assert neighbour.status == later.status == 200


async def test_global_limit_is_fifty_a_second(timed: DiscordStandIn, clock: HandClock) -> None:
    """The 51st request of a second is a global 429."""
    async with bare_bot(timed) as bot:
        paths = ["/users/@me", "/gateway/bot", "/applications/@me"]
        answers = [await bot.call("GET", paths[n % 3]) for n in range(51)]
        clock.forward(1)
        later = await bot.call("GET", "/users/@me")

    assert [answer.status for answer in answers] == [200] * 50 + [429]
    assert answers[50].body["global"] is True
    assert answers[50].headers["X-RateLimit-Global"] == "true"
    assert later.status == 200


async def test_callbacks_are_not_limited_and_webhooks_apart(timed_stage: Stage) -> None:
    """Callbacks carry no limit; each interaction's token has a bucket of its own."""
    one, two = await timed_stage.asked(), await timed_stage.asked()
    callback = await timed_stage.bot.reply(one, 5)
    await timed_stage.bot.reply(two, 5)
    answers = [
        await timed_stage.bot.hook(one, "PATCH", "/messages/@original", {"content": str(n)})
        for n in range(6)
    ]
    other = await timed_stage.bot.hook(two, "PATCH", "/messages/@original", {"content": "x"})

    assert "X-RateLimit-Limit" not in callback.headers
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert other.status == 200


async def test_speed_shortens_the_windows(clock: HandClock) -> None:
    """A sandbox that runs ten times faster limits per tenth of the time."""
    server = DiscordStandIn(clock=clock, speed=10)
    await server.start()
    async with bare_bot(server) as bot:
        answer = await bot.say("x")
    await server.stop()

    assert float(answer.headers["X-RateLimit-Reset-After"]) <= 0.5


async def test_limits_can_be_switched_off(stand_in: DiscordStandIn) -> None:
    """For tests that write a lot."""
    await control(stand_in, "rate-limits", {"enabled": False})
    async with bare_bot(stand_in) as bot:
        posts = [await bot.say(str(number)) for number in range(8)]

    assert {post.status for post in posts} == {200}
    assert "X-RateLimit-Limit" not in posts[0].headers


async def test_attachment_addresses_expire(timed: DiscordStandIn, clock: HandClock) -> None:
    """An address works for about a day; then 404, while a fresh one works again."""
    async with bare_bot(timed) as bot:
        path = f"/channels/{timed.channel_id}/messages"
        posted = await bot.call("POST", path, {}, files={"a.txt": b"hello"})
        url = posted.body["attachments"][0]["url"]
        async with bot.http.get(url) as response:
            fresh = await response.text()
        clock.forward(DAY_S + 1)
        async with bot.http.get(url) as response:
            old = response.status
        renewed = await bot.call("GET", f"{path}/{posted.body['id']}")
        async with bot.http.get(renewed.body["attachments"][0]["url"]) as response:
            again = await response.text()

    assert (fresh, old, again) == ("hello", 404, "hello")


@pytest.mark.parametrize(
    ("old", "new"),
    [("hm=", "hm=0"), ("ex=", "ex=f"), ("a.txt", "b.txt"), ("&hm=", "&no="), ("?ex=", "?xx=")],
)
async def test_altered_addresses_are_refused(stand_in: DiscordStandIn, old: str, new: str) -> None:
    """An address that was changed, or lost its signature, is 404."""
    async with bare_bot(stand_in) as bot:
        path = f"/channels/{stand_in.channel_id}/messages"
        posted = await bot.call("POST", path, {}, files={"a.txt": b"hello"})
        url = posted.body["attachments"][0]["url"].replace(old, new)
        async with bot.http.get(url) as response:
            status = response.status

    assert status == 404


async def test_videos_can_be_sought(stand_in: DiscordStandIn) -> None:
    """A range request gets its part, with the type that the name claims."""
    async with bare_bot(stand_in) as bot:
        path = f"/channels/{stand_in.channel_id}/messages"
        posted = await bot.call("POST", path, {}, files={"a.mp4": bytes(range(100))})
        url = posted.body["attachments"][0]["url"]
        async with bot.http.get(url, headers={"Range": "bytes=10-19"}) as response:
            part = await response.read()

    assert response.status == 206
    assert part == bytes(range(10, 20))
    assert response.headers["Content-Range"] == "bytes 10-19/100"
    assert response.content_type == "video/mp4"


async def test_files_are_gone_after_the_stop(stand_in: DiscordStandIn) -> None:
    """Nothing is left behind."""
    async with bare_bot(stand_in) as bot:
        path = f"/channels/{stand_in.channel_id}/messages"
        await bot.call("POST", path, {}, files={"a.txt": b"hello"})
    folder = stand_in.hub.files.folder
    kept = folder.exists()
    await stand_in.stop()

    assert kept
    assert not folder.exists()


async def test_page_and_its_configuration(tmp_path: Path) -> None:
    """The page's files are served from its folder only; its configuration has no bot token."""
    folder = tmp_path / "page"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>hi</h1>")
    (folder / "js" / "main.js").write_text("1")
    (tmp_path / "secret.txt").write_text("no")
    server = DiscordStandIn(page_folder=folder)
    await server.start()
    async with aiohttp.ClientSession(server.page_url) as http:

        async def get(path: str) -> tuple[int, str]:
            async with http.get(path) as response:
                return response.status, await response.text()

        index = await get("/")
        script = await get("/page/js/main.js")
        outside = await get("/page/..%2Fsecret.txt")
        missing = await get("/page/nothing.css")
        config = await get("/sandbox/config.json")
    await server.stop()

    assert index == (200, "<h1>hi</h1>")
    assert script == (200, "1")
    assert (outside[0], missing[0]) == (404, 404)
    assert "Wan Workshop" in config[1]
    assert server.members[0].token in config[1]
    assert server.bot_token not in config[1]


def test_describe_names_everything_a_driver_needs() -> None:
    """describe() has addresses, ids, tokens and members; tokens stay out of reprs."""
    server = DiscordStandIn(host="127.0.0.1", port=1)
    facts = server.describe()
    mia = next(m for m in facts["members"] if m["name"] == "Mia")

    assert facts["api"] == "http://127.0.0.1:1/api/v10"
    assert facts["gateway"] == "ws://127.0.0.1:1/gateway"
    assert facts["bot_token"] == server.bot_token
    assert mia["roles"] == []
    assert any("Moderator" in m["roles"] for m in facts["members"])
    assert mia["token"] not in repr(server.members)
    assert isinstance(server.members[0], Member)
    assert server.bot_token not in repr(server.world)


async def test_state_shows_what_a_card_showed_over_time(stage: Stage) -> None:
    """The state has every revision, deletions, private messages, times and calls by route."""
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 5, {"flags": EPHEMERAL})
    for text in ("one", "two"):
        await stage.bot.hook(interaction, "PATCH", "/messages/@original", {"content": text})
    await stage.bot.hook(interaction, "DELETE", "/messages/@original")
    state = await stage.control("state")
    card = state["messages"][stage.stand_in.channel_id][0]
    about = state["interactions"][0]

    assert [(r["content"], r["loading"]) for r in card["history"]] == [
        ("", True),
        ("one", False),
        ("two", False),
    ]
    assert card["ephemeral_to"] == stage.mia.user["id"]
    assert card["deleted_at"] >= card["history"][-1]["at"]
    assert about["command"] == "make"
    assert about["answer"] == 5
    assert about["answered_at"] >= about["received_at"]
    assert about["messages"] == [card["id"]]
    assert state["calls"]["PATCH /webhooks/{webhook_id}/{token}/messages/{message_id}"] == 2
    assert state["calls"]["POST /interactions/{interaction_id}/{token}/callback"] == 1
    assert [c["name"] for c in state["commands"]] == ["make", "Inspect", "Greet"]
    assert stage.stand_in.bot_token not in str(state)


async def test_fault_answers_the_next_calls(stage: Stage) -> None:
    """The next N calls of a route answer what was ordered; then all is well again."""
    fault: Json = {
        "method": "POST",
        "path": "/channels/*/messages",
        "times": 2,
        "status": 503,
        "body": {"message": "down"},
        "headers": {"Retry-After": "1"},
    }
    await stage.control("faults", fault)
    other = await stage.bot.call("GET", "/users/@me")
    answers = [await stage.bot.say("x") for _ in range(3)]

    assert other.status == 200
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert answers[0].body == {"message": "down"}
    assert answers[0].headers["Retry-After"] == "1"


async def test_fault_may_lose_the_answer(stage: Stage) -> None:
    """A late fault does what was asked and then cuts the connection: posted, but unknown."""
    fault = {"method": "POST", "path": "/channels/*/messages", "drop": True, "late": True}
    await stage.control("faults", fault)
    with pytest.raises(aiohttp.ClientError):
        await stage.bot.say("posted all the same")
    seen = await stage.mia.wait_for_message(lambda m: m["content"] == "posted all the same")

    assert seen["author"]["bot"] is True


async def test_fault_may_cut_before_anything_happens(stage: Stage) -> None:
    """A fault that is not late leaves nothing behind."""
    fault = {"method": "POST", "path": "/channels/*/messages", "drop": True, "delay_s": 0.01}
    await stage.control("faults", fault)
    with pytest.raises(aiohttp.ClientError):
        await stage.bot.say("never")
    messages = await stage.mia.messages()

    assert messages == []


async def test_faults_can_be_cleared(stage: Stage) -> None:
    """DELETE forgets the faults that were not used up."""
    await stage.control("faults", {"status": 500, "times": 100})
    url = f"{stage.stand_in.page_url}sandbox/control/faults"
    async with stage.bot.http.delete(url) as response:
        cleared = response.status
    answer = await stage.bot.call("GET", "/users/@me")

    assert (cleared, answer.status) == (204, 200)


@pytest.mark.parametrize(
    ("name", "wish", "status"),
    [
        ("faults", {"nonsense": 1}, 400),
        ("upload-limit", {}, 400),
        ("dms", {"user_id": "1", "open": True}, 404),
        ("delete-message", {"channel_id": "1", "message_id": "2"}, 404),
        ("delete-channel", {"channel_id": "1"}, 404),
        ("gateway", {"action": "explode"}, 400),
    ],
)
async def test_control_says_what_is_wrong(
    stand_in: DiscordStandIn, name: str, wish: Json, status: int
) -> None:
    """A control call that makes no sense is refused with a reason."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{stand_in.page_url}sandbox/control/{name}", json=wish) as response,
    ):
        body = await response.json()

    assert response.status == status
    assert body["message"]


async def test_moderator_deletes_by_control(stage: Stage) -> None:
    """Deleting by control reaches ephemeral messages too, and is told."""
    interaction = await stage.asked()
    await stage.bot.reply(interaction, 4, {"content": "psst", "flags": EPHEMERAL})
    message = await stage.mia.wait_for_message(lambda m: m["content"] == "psst")
    where = {"channel_id": message["channel_id"], "message_id": message["id"]}
    await stage.control("delete-message", where)
    await until(lambda: message["id"] not in stage.mia.seen)
    answer = await stage.bot.hook(interaction, "PATCH", "/messages/@original", {"content": "x"})

    assert answer.code == 10008


async def test_driver_says_what_it_waited_for(stage: Stage) -> None:
    """Waiting in vain ends with what was seen instead."""
    await stage.bot.say("something else")
    await stage.mia.wait_for_message(lambda m: m["content"] == "something else")
    with pytest.raises(TimeoutError, match="something else"):
        await stage.mia.wait_for_message(lambda m: m["content"] == "never", timeout_s=0.05)

    assert isinstance(stage.mia, MemberConnection)
