"""Two guilds, what moderators see there, and guilds that change while everybody watches."""

from datetime import UTC, datetime
from typing import Any

import discord
import pytest

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.client_guilds import ClientGuilds
from sandbox.discord_api.driver import MemberDriver, RefusedError
from sandbox.discord_api.permissions import Permission
from sandbox.discord_api.seed import (
    BOT_ID,
    BOT_ROLE_ID,
    CLIPS_ID,
    GUILD_ID,
    IVY_ID,
    LOG_ID,
    MIA_ID,
    MODERATOR_ROLE_ID,
    NORA_ID,
    PRODUCER_ROLE_ID,
    REMY_ID,
    SECOND_GUILD_ID,
    SECOND_LOG_ID,
    THEO_ID,
    VIDEO_ID,
)
from tests.discord_bare_bot import GUILDS, BareBot, Json, Socket, Stage, bare_bot
from tests.discord_kit import HandClock, Running, control, member_driver, running_bot, until
from tests.discord_tiny_bot import TinyBot

pytest_plugins = ("tests.discord_fixtures",)

VIEW = int(Permission.VIEW_CHANNEL)
MANAGE_GUILD = int(Permission.MANAGE_GUILD)


def names(member: MemberDriver) -> set[str]:
    """The channels and threads that a member sees in the guild looked at."""
    return {place["name"] for place in (*member.guild["channels"], *member.guild["threads"])}


async def give(stand_in: DiscordStandIn, user_id: str, *roles: str) -> None:
    """Gives roles in the first guild."""
    wish = {"guild_id": GUILD_ID, "user_id": user_id, "add": list(roles)}
    await control(stand_in, "member-roles", wish)


# -- the world ----------------------------------------------------------------------


async def test_people_are_in_one_guild_or_in_both(stand_in: DiscordStandIn) -> None:
    """Mia is in both, Nora only in the first, Sven only in the second; each has its moderator."""
    seen = {}
    for name in ("Mia", "Nora", "Sven"):
        async with member_driver(stand_in, name) as member:
            seen[name] = [guild["name"] for guild in member.known_guilds.all()]
    facts = {guild["name"]: guild for guild in stand_in.describe()["guilds"]}
    roles = {m["name"]: m["roles"] for m in facts["Second Studio"]["members"]}

    assert seen["Mia"] == ["Wan Workshop", "Second Studio"]
    assert seen["Nora"] == ["Wan Workshop"]
    assert seen["Sven"] == ["Second Studio"]
    assert roles == {"Mia": [], "Theo": ["Editor"], "Remy": ["Producer"], "Sven": []}
    assert [m["name"] for m in facts["Second Studio"]["members"] if m["owner"]] == ["Sven"]
    assert facts["Wan Workshop"]["id"] == stand_in.guild_id
    assert facts["Second Studio"]["channel_id"] == CLIPS_ID


async def test_rights_end_at_the_guilds_border(stand_in: DiscordStandIn) -> None:
    """Remy moderates the second guild and is nobody in particular in the first."""
    async with member_driver(stand_in, "Remy") as remy:
        guilds = await remy.request("GET", "/users/@me/guilds")
        with pytest.raises(RefusedError) as refused:
            await remy.messages(LOG_ID)
        log = await remy.messages(SECOND_LOG_ID)

    manages = {guild["name"]: bool(int(guild["permissions"]) & MANAGE_GUILD) for guild in guilds}
    assert manages == {"Wan Workshop": False, "Second Studio": True}
    assert refused.value.code == 50001
    assert log == []


async def test_a_guild_is_closed_to_outsiders(stand_in: DiscordStandIn) -> None:
    """Neither channels nor members nor commands of a guild are for who is not in it."""
    async with member_driver(stand_in, "Nora") as nora:
        codes = []
        for path in (
            f"/guilds/{SECOND_GUILD_ID}",
            f"/guilds/{SECOND_GUILD_ID}/members/{REMY_ID}",
            f"/guilds/{SECOND_GUILD_ID}/application-command-index",
            f"/channels/{CLIPS_ID}/messages",
            f"/channels/{CLIPS_ID}/application-command-index",
        ):
            with pytest.raises(RefusedError) as refused:
                await nora.request("GET", path)
            codes.append(refused.value.code)

    assert codes == [10004, 10004, 10004, 50001, 50001]


async def test_interactions_say_who_asks_and_since_when_they_are_there(stage: Stage) -> None:
    """Roles, permissions and joining dates of the guild in which somebody asks."""
    asked: dict[tuple[str, str], Json] = {}
    for name, guild in (("Remy", "Second Studio"), ("Remy", "Wan Workshop"), ("Ivy", "")):
        async with member_driver(stage.stand_in, name) as member:
            if guild:
                member.use_guild(guild)
            await member.run_command("make", {"prompt": "cat"}, wait=False)
            asked[name, guild] = (await stage.bot.interaction())["member"]

    here, there = asked["Remy", "Wan Workshop"], asked["Remy", "Second Studio"]
    assert there["roles"] == [PRODUCER_ROLE_ID]
    assert int(there["permissions"]) & MANAGE_GUILD
    assert here["roles"] == []
    assert not int(here["permissions"]) & MANAGE_GUILD
    assert there["joined_at"].startswith("2025-05-02")
    joined = datetime.fromisoformat(asked["Ivy", ""]["joined_at"])
    age_s = (datetime.now(UTC) - joined).total_seconds()
    assert 0.9 < age_s / 86400 < 1.1


async def test_the_bots_own_role_says_so(running: Running) -> None:
    """discord.py finds the role that Discord made for the bot."""
    guild = running.bot.get_guild(int(GUILD_ID))

    assert guild is not None
    assert guild.self_role is not None
    assert guild.self_role.id == int(BOT_ROLE_ID)
    assert len(running.bot.guilds) == 2


# -- what is hidden -----------------------------------------------------------------


async def test_the_log_is_for_moderators_and_the_bot(stage: Stage) -> None:
    """Members neither see #mod-log nor hear or read what is said there; the bot may write."""
    async with member_driver(stage.stand_in, "Nora") as nora:
        posted = await stage.bot.say("somebody was blocked", LOG_ID)
        await nora.wait_for_message(lambda m: m["content"] == "somebody was blocked")
        await stage.bot.say("hello all")
        await stage.mia.wait_for_message(lambda m: m["content"] == "hello all")
        read = await nora.messages(nora.channel_named("mod-log"))
        listed = await stage.mia.request("GET", f"/guilds/{GUILD_ID}/channels")
        with pytest.raises(RefusedError) as refused:
            await stage.mia.messages(LOG_ID)
        with pytest.raises(RefusedError) as not_written:
            await stage.mia.send_message("me too", channel_id=LOG_ID)

    assert posted.status == 200
    assert [m["content"] for m in read] == ["somebody was blocked"]
    assert "mod-log" not in names(stage.mia)
    assert "mod-log" not in {channel["name"] for channel in listed}
    assert all(m["channel_id"] != LOG_ID for m in stage.mia.seen.values())
    assert (refused.value.code, not_written.value.code) == (50001, 50001)


async def test_a_hidden_channel_is_known_to_the_bot_but_closed(stage: Stage) -> None:
    """Discord tells a bot of channels it cannot see; reading and writing there is refused."""
    await stage.control("bot-permissions", {"channel_id": LOG_ID, "deny": VIEW})
    socket = await stage.bot.identify()
    guild = await socket.event("GUILD_CREATE")
    said = await stage.bot.say("psst", LOG_ID)

    assert "mod-log" in {channel["name"] for channel in guild["channels"]}
    assert (said.status, said.code) == (403, 50001)


async def test_threads_of_a_hidden_channel_are_hidden_from_the_bot(
    stand_in: DiscordStandIn,
) -> None:
    """Of threads a bot is told only those it sees."""
    await control(stand_in, "bot-permissions", {"channel_id": VIDEO_ID, "deny": VIEW})
    async with bare_bot(stand_in) as bot:
        socket = await bot.identify()
        guild = await socket.event("GUILD_CREATE")

    assert guild["threads"] == []
    assert "video" in {channel["name"] for channel in guild["channels"]}


async def test_new_overwrites_open_and_close_channels_at_once(stage: Stage) -> None:
    """A channel comes into a member's view and goes out of it while they are connected."""
    await stage.control("overwrite", {"channel_id": LOG_ID, "id": MIA_ID, "allow": VIEW})
    await until(lambda: "mod-log" in names(stage.mia))
    await stage.control("overwrite", {"channel_id": LOG_ID, "id": MIA_ID})
    await until(lambda: "mod-log" not in names(stage.mia))
    await stage.control("overwrite", {"channel_id": VIDEO_ID, "id": "@everyone", "deny": VIEW})
    await until(lambda: not {"video", "storyboards"} & names(stage.mia))

    assert names(stage.mia) == {"general", "after-dark"}


# -- roles --------------------------------------------------------------------------


async def test_a_role_given_brings_its_rights_at_once(stage: Stage) -> None:
    """Channels, commands and the next interaction know of it; taken away, all is as before."""
    await stage.bot.register([{"name": "rules", "description": "x", **for_managers()}])
    before = await stage.mia.commands()
    await give(stage.stand_in, MIA_ID, "Moderator")
    await until(lambda: "mod-log" in names(stage.mia))
    outcome = await stage.mia.run_command("rules", wait=False)
    asked = await stage.bot.interaction()
    wish = {"guild_id": GUILD_ID, "user_id": MIA_ID, "remove": ["Moderator"]}
    await stage.control("member-roles", wish)
    await until(lambda: "mod-log" not in names(stage.mia))
    after = await stage.mia.commands()

    assert outcome.ok
    assert (before, after) == ([], [])
    assert asked["member"]["roles"] == [MODERATOR_ROLE_ID]
    assert int(asked["member"]["permissions"]) & MANAGE_GUILD
    changed = await stage.heard("GUILD_MEMBER_UPDATE", 2)
    assert [event["roles"] for event in changed] == [[MODERATOR_ROLE_ID], []]


async def test_roles_are_made_changed_and_deleted(stage: Stage) -> None:
    """A new role gives what it says; with it go the rights of who had it."""
    made = await stage.control(
        "role", {"guild_id": GUILD_ID, "role": "Helper", "color": 0xFF0000, "permissions": 0}
    )
    await give(stage.stand_in, MIA_ID, "Helper")
    wish = {"guild_id": GUILD_ID, "role": made["id"], "permissions": MANAGE_GUILD}
    await stage.control("role", wish)
    manager = await permissions_in_first(stage.mia)
    await stage.control("role", {"guild_id": GUILD_ID, "role": "Helper", "delete": True})
    member = await permissions_in_first(stage.mia)
    created = (await stage.heard("GUILD_ROLE_CREATE"))[0]["role"]
    await stage.heard("GUILD_ROLE_DELETE")

    assert (created["name"], created["color"]) == ("Helper", 0xFF0000)
    assert manager & MANAGE_GUILD
    assert not member & MANAGE_GUILD
    assert "Helper" not in {role["name"] for role in stage.mia.guild["roles"]}


async def permissions_in_first(member: MemberDriver) -> int:
    """What a member may do in the first guild."""
    guilds = await member.request("GET", "/users/@me/guilds")
    return next(int(g["permissions"]) for g in guilds if g["id"] == GUILD_ID)


async def test_a_bot_hears_of_roles_but_of_no_members(stage: Stage) -> None:
    """Without the members intent only its own membership is told."""
    await give(stage.stand_in, THEO_ID, "Moderator")
    await stage.control("role", {"guild_id": GUILD_ID, "role": "Helper"})
    await give(stage.stand_in, BOT_ID, "Helper")
    assert stage.bot.gateway is not None
    update = await stage.bot.gateway.event("GUILD_MEMBER_UPDATE")

    heard = [payload["t"] for payload in stage.bot.gateway.heard]
    assert update["user"]["id"] == BOT_ID
    assert heard.count("GUILD_MEMBER_UPDATE") == 1
    assert "GUILD_ROLE_CREATE" in heard


# -- coming and going ---------------------------------------------------------------


async def test_the_bot_is_removed_and_added_again(running: Running) -> None:
    """discord.py hears that it left, and that it joined; meanwhile the guild is closed to it."""
    gone: list[int] = []
    came: list[int] = []

    @running.bot.event
    async def on_guild_remove(guild: discord.Guild) -> None:
        gone.append(guild.id)

    @running.bot.event
    async def on_guild_join(guild: discord.Guild) -> None:
        came.append(guild.id)

    wish = {"guild_id": GUILD_ID, "user_id": BOT_ID}
    async with running.member() as mia:
        await running.control("member", {**wish, "present": False})
        await until(lambda: bool(gone))
        offered = await mia.commands()
        elsewhere = await mia.commands(CLIPS_ID)
        with pytest.raises(discord.Forbidden):
            await running.bot.get_partial_messageable(int(VIDEO_ID)).send("still here")
        await running.control("member", wish)
        await until(lambda: bool(came))
        await running.bot.get_partial_messageable(int(VIDEO_ID)).send("back")
        offered_again = await mia.commands()

    assert gone == came == [int(GUILD_ID)]
    assert offered == []
    assert elsewhere != []
    assert offered_again != []
    guild = running.bot.get_guild(int(GUILD_ID))
    assert guild is not None
    assert guild.me.guild_permissions.attach_files


async def test_a_bot_that_left_gets_no_more_interactions(
    timed_stage: Stage, clock: HandClock
) -> None:
    """A button of a message that is still there fails."""
    stage = timed_stage
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    await stage.bot.say("press", components=[{"type": 1, "components": [button]}])
    card = await stage.mia.wait_for_message(lambda m: m["content"] == "press")
    wish = {"guild_id": GUILD_ID, "user_id": BOT_ID, "present": False}
    await stage.control("member", wish)
    await stage.mia.press(card, "go", wait=False)
    clock.forward(4)

    assert await stage.heard("INTERACTION_FAILURE")


async def test_an_outage_is_not_a_removal(running: Running) -> None:
    """discord.py calls the guild unavailable, and available later; it never left."""
    events: list[str] = []
    for name in ("guild_unavailable", "guild_available", "guild_remove", "guild_join"):

        async def note(_guild: discord.Guild, name: str = name) -> None:
            events.append(name)

        setattr(running.bot, f"on_{name}", note)
    await running.control("outage", {"guild_id": GUILD_ID, "unavailable": True})
    await until(lambda: events == ["guild_unavailable"])
    await running.control("outage", {"guild_id": GUILD_ID, "unavailable": False})
    await until(lambda: len(events) > 1)

    assert events == ["guild_unavailable", "guild_available"]


async def test_an_unavailable_guild_is_missing_after_identifying(stand_in: DiscordStandIn) -> None:
    """READY lists it, GUILD_CREATE comes only for the other one."""
    await control(stand_in, "outage", {"guild_id": GUILD_ID, "unavailable": True})
    async with bare_bot(stand_in) as bot:
        socket = await bot.identify()
        created = await socket.event("GUILD_CREATE")

    assert created["id"] == SECOND_GUILD_ID


async def test_people_join_and_leave(stage: Stage) -> None:
    """A newcomer is told of the guild, the others of the newcomer; the reverse when leaving."""
    wish = {"guild_id": SECOND_GUILD_ID, "user_id": NORA_ID}
    stage.mia.use_guild("Second Studio")
    async with member_driver(stage.stand_in, "Nora") as nora:
        await stage.control("member", {**wish, "roles": ["Producer"], "joined_at": 1_760_000_000})
        await nora.wait_for_event("GUILD_CREATE")
        nora.use_guild("Second Studio")
        inside = names(nora)
        await stage.heard("GUILD_MEMBER_ADD")
        listed = {m["user"]["id"]: m["joined_at"] for m in stage.mia.guild["members"]}
        await stage.control("member", {**wish, "present": False})
        await nora.wait_for_event("GUILD_DELETE")
        await stage.heard("GUILD_MEMBER_REMOVE")
        with pytest.raises(LookupError):
            nora.use_guild("Second Studio")

    assert inside == {"clips", "lounge", "mod-log"}
    assert listed[NORA_ID].startswith("2025-10-09")
    assert NORA_ID not in {m["user"]["id"] for m in stage.mia.guild["members"]}


async def test_a_membership_can_be_changed_in_place(stage: Stage) -> None:
    """Somebody can be made to have joined long ago, or under another name."""
    wish = {"guild_id": GUILD_ID, "user_id": IVY_ID, "joined_at": 1_750_000_000, "nick": "Poison"}
    await stage.control("member", wish)
    member = await stage.bot.call("GET", f"/guilds/{GUILD_ID}/members/{IVY_ID}")
    state = await stage.control("state")

    assert member.body["joined_at"].startswith("2025-06-15")
    assert member.body["nick"] == "Poison"
    first = next(guild for guild in state["guilds"] if guild["id"] == GUILD_ID)
    assert member.body in first["members"]


# -- who may use a command ----------------------------------------------------------


def for_managers() -> Json:
    """What hides a command from members."""
    return {"default_member_permissions": str(MANAGE_GUILD)}


async def managers_only(stage: Stage) -> Json:
    """A command for moderators, registered."""
    answer = await stage.bot.register([{"name": "rules", "description": "x", **for_managers()}])
    command: Json = answer.body[0]
    return command


async def raw_command(member: MemberDriver, command: Json, guild_id: str, channel_id: str) -> Any:
    """Uses a command that the index does not offer, as a client that lies would."""
    body = {
        "type": 2,
        "application_id": command["application_id"],
        "guild_id": guild_id,
        "channel_id": channel_id,
        "data": {"id": command["id"], "version": command["version"], "name": "rules", "type": 1},
    }
    return await member.request("POST", "/interactions", json=body)


async def test_a_members_raw_call_of_an_admin_command_is_refused(stage: Stage) -> None:
    """Hidden is also forbidden, in each guild by itself."""
    command = await managers_only(stage)
    async with member_driver(stage.stand_in, "Remy") as remy:
        with pytest.raises(RefusedError) as refused:
            await raw_command(remy, command, GUILD_ID, VIDEO_ID)
        offered = [len(await remy.commands(place)) for place in (VIDEO_ID, CLIPS_ID)]

    assert (refused.value.status, refused.value.code) == (403, 50013)
    assert offered == [0, 1]


async def test_discords_check_can_be_switched_off(stage: Stage) -> None:
    """Then a member's call reaches the bot, with permissions that show what the member is not."""
    await managers_only(stage)
    await stage.control("command-checks", {"enabled": False})
    await stage.mia.run_command("rules", wait=False)
    asked = await stage.bot.interaction()
    await stage.control("command-checks", {"enabled": True})

    assert not int(asked["member"]["permissions"]) & MANAGE_GUILD
    assert await stage.mia.commands() == []


USER, ROLE, CHANNEL = 2, 1, 3
ALL_CHANNELS = str(int(GUILD_ID) - 1)


@pytest.mark.parametrize(
    ("own", "whole", "offered"),
    [
        ([(GUILD_ID, ROLE, True)], [], {"Mia", "Theo", "Nora"}),
        ([(THEO_ID, USER, True)], [], {"Theo", "Nora"}),
        ([(NORA_ID, USER, False)], [], set()),
        ([(MODERATOR_ROLE_ID, ROLE, False), (GUILD_ID, ROLE, True)], [], {"Mia", "Theo"}),
        ([(VIDEO_ID, CHANNEL, False)], [], set()),
        ([(ALL_CHANNELS, CHANNEL, False)], [], set()),
        ([(ALL_CHANNELS, CHANNEL, False), (VIDEO_ID, CHANNEL, True)], [], {"Nora"}),
        ([], [(GUILD_ID, ROLE, False)], set()),
        ([], [(GUILD_ID, ROLE, True)], {"Nora"}),
        ([], [(VIDEO_ID, CHANNEL, False)], set()),
        ([(GUILD_ID, ROLE, True)], [(GUILD_ID, ROLE, False)], {"Mia", "Theo", "Nora"}),
    ],
)
async def test_integrations_decide_who_is_offered_a_command(
    stage: Stage,
    own: list[tuple[str, int, bool]],
    whole: list[tuple[str, int, bool]],
    offered: set[str],
) -> None:
    """What a moderator set for a command wins over its default; users over roles, over everyone."""
    await managers_only(stage)
    for command, rules in (("rules", own), (None, whole)):
        permissions = [{"id": i, "type": t, "permission": p} for i, t, p in rules]
        wish = {"guild_id": GUILD_ID, "permissions": permissions}
        await stage.control("command-permissions", wish | ({"command": command} if command else {}))
    found = set()
    for name in ("Mia", "Theo", "Nora", "Olga"):
        async with member_driver(stage.stand_in, name) as member:
            if await member.commands(VIDEO_ID):
                found.add(name)

    assert found == offered | {"Olga"}  # nobody shuts out an administrator


async def test_the_bot_can_read_what_integrations_say(stage: Stage) -> None:
    """And it hears of a change."""
    command = await managers_only(stage)
    rules = [{"id": MIA_ID, "type": USER, "permission": True}]
    wish = {"guild_id": GUILD_ID, "command": "rules", "permissions": rules}
    await stage.control("command-permissions", wish)
    base = f"/applications/{stage.stand_in.application_id}/guilds/{GUILD_ID}/commands"
    one = await stage.bot.call("GET", f"{base}/{command['id']}/permissions")
    every = await stage.bot.call("GET", f"{base}/permissions")
    none = await stage.bot.call("GET", f"{base}/1/permissions")
    assert stage.bot.gateway is not None
    told = await stage.bot.gateway.event("APPLICATION_COMMAND_PERMISSIONS_UPDATE")

    assert one.body["permissions"] == rules
    assert every.body == [one.body] == [told]
    assert none.code == 10066


@pytest.mark.parametrize(
    ("name", "wish", "status"),
    [
        ("member", {"guild_id": "1", "user_id": MIA_ID}, 404),
        ("member", {"guild_id": GUILD_ID, "user_id": "1"}, 404),
        ("member", {"guild_id": SECOND_GUILD_ID, "user_id": NORA_ID, "present": False}, 404),
        ("member-roles", {"guild_id": GUILD_ID, "user_id": MIA_ID, "add": ["Producer"]}, 404),
        ("role", {"guild_id": GUILD_ID, "role": "@everyone", "delete": True}, 404),
        ("role", {"guild_id": GUILD_ID}, 400),
        ("overwrite", {"channel_id": VIDEO_ID, "id": "nobody", "deny": 1}, 404),
        ("overwrite", {"channel_id": "1", "id": MIA_ID}, 404),
        ("command-permissions", {"guild_id": GUILD_ID, "command": "x", "permissions": []}, 404),
        (
            "command-permissions",
            {"guild_id": GUILD_ID, "permissions": [{"id": "1", "type": 1, "permission": True}]},
            400,
        ),
    ],
)
async def test_control_of_guilds_says_what_is_wrong(
    stand_in: DiscordStandIn, name: str, wish: Json, status: int
) -> None:
    """A call that makes no sense changes nothing and says why."""
    async with bare_bot(stand_in) as bot:
        url = f"{stand_in.page_url}sandbox/control/{name}"
        async with bot.http.post(url, json=wish) as response:
            body = await response.json()

    assert response.status == status
    assert body["message"]


# -- the driver ---------------------------------------------------------------------


async def test_the_driver_chooses_guild_and_channel(stage: Stage) -> None:
    """By name or id; what is not named goes to the first channel of the guild looked at."""
    stage.mia.use_guild(SECOND_GUILD_ID)
    lounge = stage.mia.channel_named("lounge")
    await stage.mia.run_command("make", {"prompt": "cat"}, wait=False)
    first = await stage.bot.interaction()
    await stage.mia.run_command("make", {"prompt": "cat"}, lounge, wait=False)
    second = await stage.bot.interaction()
    with pytest.raises(LookupError, match="mod-log"):
        stage.mia.channel_named("mod-log")
    with pytest.raises(LookupError, match="Third"):
        stage.mia.use_guild("Third Place")

    assert (first["guild_id"], first["channel_id"]) == (SECOND_GUILD_ID, CLIPS_ID)
    assert second["channel_id"] == lounge


def test_a_client_ignores_what_is_not_about_its_guilds() -> None:
    """Events of other guilds, and of other things, change nothing."""
    known = ClientGuilds()
    known.apply("READY", {"guilds": [{"id": "1", "name": "One", "channels": [], "threads": []}]})
    known.apply("CHANNEL_CREATE", {"guild_id": "2", "id": "5"})
    known.apply("TYPING_START", {"guild_id": "1", "id": "5"})

    assert known.all() == [{"id": "1", "name": "One", "channels": [], "threads": []}]
    assert known.of_channel("5") is None


async def test_bots_join_only_their_own_shards_guilds(stand_in: DiscordStandIn) -> None:
    """Being added to a guild is told on the shard that the guild belongs to."""
    async with bare_bot(stand_in) as bot:
        sockets = [await shard(bot, number) for number in range(2)]
        wish = {"guild_id": SECOND_GUILD_ID, "user_id": BOT_ID}
        await control(stand_in, "member", {**wish, "present": False})
        left = await sockets[1].event("GUILD_DELETE")
        await sockets[0].send(1, None)
        await sockets[0].op(11)
        heard = [payload["t"] for payload in sockets[0].heard]
        for socket in sockets:
            await socket.socket.close()

    assert left == {"id": SECOND_GUILD_ID}
    assert "GUILD_DELETE" not in heard


async def shard(bot: BareBot, number: int) -> Socket:
    """One of two shards, connected."""
    socket = await bot.connect()
    data = {"token": bot.stand_in.bot_token, "intents": GUILDS, "properties": {}}
    await socket.send(2, {**data, "shard": [number, 2]})
    await socket.event("GUILD_CREATE")
    return socket


async def test_a_bot_that_starts_while_absent_sees_only_where_it_is(
    stand_in: DiscordStandIn,
) -> None:
    """A guild it was removed from is not in READY."""
    wish = {"guild_id": GUILD_ID, "user_id": BOT_ID, "present": False}
    await control(stand_in, "member", wish)
    async with running_bot(stand_in, TinyBot) as bot:
        guilds = [guild.id for guild in bot.guilds]

    assert guilds == [int(SECOND_GUILD_ID)]
