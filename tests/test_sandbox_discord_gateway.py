"""The gateway on the wire: opcodes, close codes, resuming, compression."""

from typing import Any

import aiohttp
import pytest

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import SECOND_GUILD_ID
from tests.discord_bare_bot import BareBot, Json, bare_bot
from tests.discord_kit import HandClock, control, until

pytest_plugins = ("tests.discord_fixtures",)

GUILDS, MEMBERS, CONTENT = 1 << 0, 1 << 1, 1 << 15
GUILD_MESSAGES = 1 << 9


def identify(stand_in: DiscordStandIn, **extra: Any) -> Json:
    """The data of an IDENTIFY."""
    return {"token": stand_in.bot_token, "intents": GUILDS, "properties": {}, **extra}


@pytest.mark.parametrize(
    ("payloads", "code"),
    [
        ([(2, {"token": "wrong"})], 4004),
        ([(6, {"token": "wrong", "session_id": "x", "seq": 1})], 4004),
        ([(3, {})], 4003),
        ([(8, {})], 4003),
        ([(77, {})], 4001),
        ([([], {})], 4001),
        ([(2, "text")], 4002),
        ([(2, {"shard": [2, 2]})], 4010),
        ([(2, {"shard": "0,1"})], 4010),
        ([(2, {"intents": None})], 4013),
        ([(2, {"intents": 1 << 40})], 4013),
        ([(2, {"intents": GUILDS | CONTENT})], 4014),
        ([(2, {"intents": MEMBERS})], 4014),
        ([(2, {}), (2, {})], 4005),
    ],
)
async def test_faulty_payloads_close_with_their_code(
    stand_in: DiscordStandIn, payloads: list[tuple[Any, Any]], code: int
) -> None:
    """Each misuse of the gateway closes the connection with Discord's code for it."""
    async with bare_bot(stand_in) as bot:
        socket = await bot.connect()
        for op, data in payloads:
            full = identify(stand_in) | data if op == 2 and isinstance(data, dict) else data
            await socket.send(op, full)

        assert await socket.close_code() == code


async def test_garbage_closes_with_a_decode_error(stand_in: DiscordStandIn) -> None:
    """What is no JSON closes with 4002."""
    async with bare_bot(stand_in) as bot:
        socket = await bot.connect()
        await socket.socket.send_str("{nope")

        assert await socket.close_code() == 4002


async def test_heartbeats_are_acknowledged(stand_in: DiscordStandIn) -> None:
    """A heartbeat is answered even before identifying."""
    async with bare_bot(stand_in) as bot:
        socket = await bot.connect()
        await socket.send(1, None)
        ack = await socket.op(11)
        await socket.socket.close()

    assert ack["op"] == 11


async def test_zlib_stream_is_one_stream(stand_in: DiscordStandIn) -> None:
    """With compress=zlib-stream every message inflates in one zlib context."""
    async with bare_bot(stand_in) as bot:
        socket = await bot.connect("?v=10&encoding=json&compress=zlib-stream", compressed=True)
        await socket.send(2, identify(stand_in))
        ready = await socket.event("READY")
        guild = await socket.event("GUILD_CREATE")
        await socket.socket.close()

    assert ready["guilds"] == [
        {"id": guild_id, "unavailable": True} for guild_id in (stand_in.guild_id, SECOND_GUILD_ID)
    ]
    assert guild["name"] == "Wan Workshop"


async def test_unknown_compression_is_refused(stand_in: DiscordStandIn) -> None:
    """A compression that is not there is refused before the connection is made."""
    async with bare_bot(stand_in) as bot:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await bot.connect("?compress=brotli")

    assert refused.value.status == 400


async def test_a_gateway_that_is_out_of_order_takes_no_connection(stand_in: DiscordStandIn) -> None:
    """A fault for its path hits the connection: who knows the address does not ask for it."""
    await control(stand_in, "faults", {"path": "/gateway*", "status": 503, "times": 1})
    async with bare_bot(stand_in) as bot:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await bot.connect()
        await bot.connect()

    assert refused.value.status == 503


async def test_ready_and_guild_follow_the_intents(stand_in: DiscordStandIn) -> None:
    """A bot without the members intent is shown only itself; people see everyone."""
    async with bare_bot(stand_in) as bot:
        socket = await bot.connect()
        await socket.send(2, identify(stand_in, shard=[0, 1]))
        ready = await socket.event("READY")
        guild = await socket.event("GUILD_CREATE")
        await socket.socket.close()
    token = stand_in.members[0].token
    async with MemberDriver(stand_in.api_url, stand_in.gateway_url, token) as member:
        people = member.guild["members"]

    assert ready["shard"] == [0, 1]
    assert ready["application"]["id"] == stand_in.application_id
    assert ready["resume_gateway_url"] == stand_in.gateway_url
    assert [m["user"]["id"] for m in guild["members"]] == [stand_in.application_id]
    assert len(people) == len(stand_in.members) + 1


async def test_privileged_intents_work_once_switched_on(stand_in: DiscordStandIn) -> None:
    """With the application's flags a bot may see members and content."""
    stand_in.world.application.flags = 1 << 15 | 1 << 19
    async with bare_bot(stand_in) as bot:
        intents = GUILDS | MEMBERS | CONTENT | GUILD_MESSAGES
        socket = await bot.identify(intents)
        guild = await socket.event("GUILD_CREATE")
        token = stand_in.members[0].token
        async with MemberDriver(stand_in.api_url, stand_in.gateway_url, token) as member:
            await member.send_message("hello")
        message = await socket.event("MESSAGE_CREATE")

    assert len(guild["members"]) == len(stand_in.members) + 1
    assert message["content"] == "hello"
    assert message["guild_id"] == stand_in.guild_id


async def test_bot_without_message_intents_hears_none(stand_in: DiscordStandIn) -> None:
    """Messages are told only to who asked for them."""
    async with bare_bot(stand_in) as bot:
        socket = await bot.identify(GUILDS)
        await bot.say("quiet")
        await socket.send(1, None)
        await socket.op(11)

    assert "MESSAGE_CREATE" not in [payload["t"] for payload in socket.heard]


async def resume(bot: BareBot, session_id: str, seq: Any) -> Any:
    """A connection that asked to resume."""
    socket = await bot.connect()
    data = {"token": bot.stand_in.bot_token, "session_id": session_id, "seq": seq}
    await socket.send(6, data)
    return socket


async def test_resume_replays_what_was_missed(stand_in: DiscordStandIn) -> None:
    """A resumed session gets the missed events in order, numbered on, then RESUMED."""
    async with bare_bot(stand_in) as bot:
        lost = await bot.identify(GUILDS | GUILD_MESSAGES)
        for _guild in range(2):
            await lost.event("GUILD_CREATE")
        await lost.socket.close(code=4000)
        session_id = lost.session_id
        for text in ("one", "two"):
            await bot.say(text)
        socket = await resume(bot, session_id, 3)
        await socket.event("RESUMED")
        await socket.socket.close()

    events = [(p["s"], p["t"], p["d"].get("content")) for p in socket.heard if p["op"] == 0]
    assert events == [
        (4, "MESSAGE_CREATE", "one"),
        (5, "MESSAGE_CREATE", "two"),
        (6, "RESUMED", None),
    ]


async def test_resume_of_an_unknown_session_is_invalid(stand_in: DiscordStandIn) -> None:
    """Op 9 with false: identify anew."""
    async with bare_bot(stand_in) as bot:
        socket = await resume(bot, "nothing", 1)
        invalid = await socket.op(9)
        await socket.socket.close()

    assert invalid["d"] is False


async def test_goodbye_ends_the_session(stand_in: DiscordStandIn) -> None:
    """A client that closes with 1000 cannot resume."""
    async with bare_bot(stand_in) as bot:
        socket = await bot.identify()
        session_id = socket.session_id
        await socket.socket.close(code=1000)
        await until(lambda: not list(stand_in.hub.gateway.sessions()))
        again = await resume(bot, session_id, 1)
        invalid = await again.op(9)
        await again.socket.close()

    assert invalid["d"] is False


async def test_lost_session_expires(timed: DiscordStandIn, clock: HandClock) -> None:
    """A lost session can be resumed for some two minutes only."""
    async with bare_bot(timed) as bot:
        socket = await bot.identify()
        session_id = socket.session_id
        await socket.socket.close(code=4000)
        await until(lambda: all(s.connection is None for s in timed.hub.gateway.sessions()))
        clock.forward(200)
        again = await resume(bot, session_id, 1)
        invalid = await again.op(9)
        await again.socket.close()

    assert invalid["d"] is False


async def test_resume_from_the_future_is_refused(stand_in: DiscordStandIn) -> None:
    """A sequence number that was never sent closes with 4007."""
    async with bare_bot(stand_in) as bot:
        lost = await bot.identify()
        await lost.socket.close(code=4000)
        socket = await resume(bot, lost.session_id, 99)

        assert await socket.close_code() == 4007


async def test_events_beyond_the_replay_buffer_are_lost(
    stand_in: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who missed more than is kept must identify anew."""
    monkeypatch.setattr("sandbox.discord_api.gateway.REPLAY_EVENTS", 2)
    async with bare_bot(stand_in) as bot:
        lost = await bot.identify(GUILDS | GUILD_MESSAGES)
        await lost.socket.close(code=4000)
        for number in range(3):
            await bot.say(str(number))
        socket = await resume(bot, lost.session_id, 1)
        invalid = await socket.op(9)
        await socket.socket.close()

    assert invalid["d"] is False


async def test_guild_belongs_to_one_shard(stand_in: DiscordStandIn) -> None:
    """Of several shards only the right one is told of a guild; two shards share the two guilds."""
    told = []
    async with bare_bot(stand_in) as bot:
        for number in range(2):
            socket = await bot.connect()
            await socket.send(2, identify(stand_in, shard=[number, 2]))
            guilds = (await socket.event("READY"))["guilds"]
            told.append([guild["id"] for guild in guilds])
            await socket.socket.close()

    assert told == [[stand_in.guild_id], [SECOND_GUILD_ID]]
    assert [(int(guild_id) >> 22) % 2 for (guild_id,) in told] == [0, 1]


async def test_members_are_listed_on_request(stand_in: DiscordStandIn) -> None:
    """Op 8 finds members by name or id."""
    theo = next(m for m in stand_in.members if m.name == "Theo")
    async with bare_bot(stand_in) as bot:
        socket = await bot.identify()
        ask = {"guild_id": stand_in.guild_id, "limit": 5, "nonce": "a"}
        await socket.send(8, {**ask, "query": "th"})
        by_name = await socket.event("GUILD_MEMBERS_CHUNK")
        await socket.send(8, {**ask, "user_ids": [theo.id, "1"]})
        by_id = await socket.event("GUILD_MEMBERS_CHUNK")

    assert [m["user"]["id"] for m in by_name["members"]] == [theo.id]
    assert by_name["nonce"] == "a"
    assert [m["user"]["id"] for m in by_id["members"]] == [theo.id]
    assert by_id["not_found"] == ["1"]


async def test_member_with_wrong_token_is_turned_away(stand_in: DiscordStandIn) -> None:
    """The driver says so when the gateway does not want it."""
    driver = MemberDriver(stand_in.api_url, stand_in.gateway_url, "wrong")
    with pytest.raises(ConnectionError, match="4004"):
        async with driver:
            pass

    assert driver.session_id == ""
