"""What the doctor finds at Discord; each fault is made on purpose."""

from typing import Any

import discord
import pytest

from bot.client import INTENTS
from bot.discord_ui.permissions import NEEDED
from bot.doctoring import Application, State, discord_rest
from bot.doctoring.discord_judging import lacking_permissions, of_installs, of_intents
from bot.settings import Settings
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.seed import GUILD_ID
from tests.doctor_kit import NOBODY, fault, found, suggestion, told

pytest_plugins = ("tests.doctor_fixtures",)

DISCORD = ("discord", "gateway", "starts", "intents", "installs", "permissions", "commands")
# Which intents the application's owner has switched on, as Discord numbers them.
MEMBERS_ALLOWED = 1 << 15


def answering(stand_in: DiscordStandIn, path: str, **answer: Any) -> None:
    """Let the next call of a route be answered so."""
    stand_in.hub.faults.order({"path": path, **answer})


async def test_a_refused_token_is_one_fault(settings: Settings) -> None:
    """With what to do; what cannot be asked without it is no fault of its own."""
    wrong = settings.model_validate({**dict(settings), "discord_token": "made.up.token"})

    findings = await found(wrong, *DISCORD)

    assert "DISCORD_TOKEN" in told(findings.pop("discord"), State.WRONG).remedy
    assert {one.words for one in findings.values()} == {"not checked: see discord."}
    assert {one.state for one in findings.values()} == {State.UNKNOWN}


@pytest.mark.parametrize(
    ("answer", "words", "remedy"),
    [
        ({"status": 503}, "answers with an error (HTTP 503)", "wait some minutes"),
        ({"status": 429, "body": {"retry_after": 9}}, "answers with an error (HTTP 429)", "wait"),
        ({"drop": True, "times": 9}, "does not answer (ServerDisconnectedError", "network"),
        ({"status": 403}, "Discord refuses this machine", "network"),
        ({"status": 200, "body": ["hello"]}, "not Discord's API", "DISCORD_API_BASE"),
        ({"status": 404}, "not Discord's API", "DISCORD_API_BASE"),
    ],
)
async def test_a_discord_in_trouble_is_told(
    settings: Settings,
    discord_stand_in: DiscordStandIn,
    answer: dict[str, Any],
    words: str,
    remedy: str,
) -> None:
    """After one try: nobody waits for a diagnosis."""
    answering(discord_stand_in, "/applications/@me", **answer)

    one = await fault(settings, "discord")

    assert words in one.words
    assert remedy in one.remedy


async def test_an_unreachable_discord_is_told(settings: Settings) -> None:
    """Once, with what to do; and Segmind, which answers."""
    findings = await found(settings, "discord", "starts", "segmind", discord_api_base=NOBODY)

    assert told(findings["discord"], State.WRONG).words.startswith("does not answer")
    assert findings["starts"].state is State.UNKNOWN
    assert findings["segmind"].state is State.OK
    assert findings["segmind"].figures["latency_ms"] >= 0


async def test_a_gateway_that_cannot_be_reached_is_told(settings: Settings) -> None:
    """A firewall lets the HTTP API through alone."""
    gateway = await fault(settings, "gateway", discord_gateway_url="ws://127.0.0.1:9/gateway")

    assert gateway.words.startswith("does not answer")


async def test_a_call_without_an_answer_has_a_time_limit(
    settings: Settings, discord_stand_in: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A firewall swallows it; the check ends long before its own time is over."""
    monkeypatch.setattr(discord_rest, "CALL_LIMIT_S", 0.2)
    answering(discord_stand_in, "/applications/@me", delay_s=1.0)

    one = await fault(settings, "discord")

    assert one.words == "does not answer in time."
    assert "network" in one.remedy


async def test_what_is_no_gateway_is_told(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """A page answers there, which is no WebSocket."""
    page = discord_stand_in.page_url.replace("http", "ws")

    gateway = await fault(settings, "gateway", discord_gateway_url=page)

    assert "does not answer (200, message='Invalid response status'" in gateway.words


async def test_too_few_starts_left_are_a_fault(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Discord would reset the token of a bot that goes on starting."""
    limit = {"total": 1000, "remaining": 1, "reset_after": 5_400_000, "max_concurrency": 1}
    body = {"url": discord_stand_in.gateway_url, "shards": 2, "session_start_limit": limit}
    answering(discord_stand_in, "/gateway/bot", status=200, body=body)

    starts = await fault(settings, "starts")

    assert starts.words == "1 of 1000 starts a day are left; a start needs 2."
    assert "in 90 minutes" in starts.remedy


async def test_fewer_shards_than_advised_are_a_hint(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Before Discord refuses them."""
    limit = {"total": 1000, "remaining": 900, "reset_after": 1000, "max_concurrency": 1}
    body = {"url": discord_stand_in.gateway_url, "shards": 4, "session_start_limit": limit}
    answering(discord_stand_in, "/gateway/bot", status=200, body=body)

    starts = await suggestion(settings, "starts", shard_count=2)

    assert "SHARD_COUNT=4" in starts.remedy


async def test_a_privileged_intent_that_is_on_for_nothing_is_a_hint(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """The bot needs none: who does not have them cannot lose what they show."""
    discord_stand_in.world.application.flags = MEMBERS_ALLOWED

    intents = await suggestion(settings, "intents")

    assert "members intent is switched on" in intents.words
    assert "switch it off" in intents.remedy


def test_an_intent_that_the_bot_needs_and_lacks_is_a_fault() -> None:
    """Should a version ever need one, the gateway would refuse it."""
    flags = discord.ApplicationFlags()
    wanted = discord.Intents(guilds=True, message_content=True)

    told(of_intents(wanted, flags), State.WRONG)

    assert of_intents(INTENTS, flags).state is State.OK


async def test_user_installs_need_a_switch_in_discord_s_portal(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Wanted here and not there: what to do in both places is said."""
    missing = await fault(settings, "installs", user_installs=True)
    discord_stand_in.world.application.takes_users = True
    there = (await found(settings, "installs", user_installs=True))["installs"]
    uncapped = await suggestion(settings, "installs", user_installs=True, monthly_usd_cap=None)

    assert "switch on User Install" in missing.remedy
    assert "USER_INSTALLS=false" in missing.remedy
    assert there.state is State.OK
    assert "MONTHLY_USD_CAP" in uncapped.remedy


async def test_a_public_bot_without_a_limit_is_a_hint(settings: Settings) -> None:
    """No fault: it may be meant so. With a limit nothing is said."""
    open_ = await suggestion(settings, "installs", monthly_usd_cap=None)
    capped = (await found(settings, "installs"))["installs"]

    assert "switch Public Bot off" in open_.remedy
    assert capped.state is State.OK


async def test_permissions_that_a_server_s_role_lacks_are_named(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """The server, what is missing there, and the link that gives it; the other one is well."""
    guild = discord_stand_in.world.guilds[GUILD_ID]
    history = discord.Permissions(read_message_history=True, attach_files=True).value
    for role in [*guild.roles.values()]:
        guild.roles[role.id] = role.__class__(
            **{**vars(role), "permissions": role.permissions & ~history}
        )

    permissions = await fault(settings, "permissions")

    assert permissions.words == (
        "on 1 of 2 servers: Wan Workshop (lacks Attach Files, Read Message History)."
    )
    assert "python -m bot invite" in permissions.remedy
    assert permissions.figures == {"servers": 2, "servers_lacking": 1}


async def test_many_servers_are_asked_for_in_few_calls(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Of a thousand and more the first thousand are looked at."""
    page = [
        {"id": str(number + 1), "name": f"Server {number}", "permissions": "0"}
        for number in range(200)
    ]
    answering(discord_stand_in, "/users/@me/guilds", status=200, body=page, times=99)

    permissions = await fault(settings, "permissions")

    assert "on 1000 of the first 1000 servers: Server 0 (lacks View Channels, " in permissions.words
    assert permissions.words.endswith(" and 997 more.")
    assert discord_stand_in.hub.faults.left == 94


async def test_a_bot_on_no_server_is_a_hint(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """The next step of a new host."""
    answering(discord_stand_in, "/users/@me/guilds", status=200, body=[])

    permissions = await suggestion(settings, "permissions")

    assert "python -m bot invite" in permissions.remedy


def test_an_administrator_lacks_nothing() -> None:
    """Whatever else its roles say."""
    assert lacking_permissions(discord.Permissions(administrator=True)) == []
    assert lacking_permissions(NEEDED) == []
    assert len(lacking_permissions(discord.Permissions.none())) == 5


def test_a_bot_that_only_its_owner_invites_needs_no_limit(lone_settings: Settings) -> None:
    """Public Bot is off: the owner knows every server."""
    private = Application(
        id=1,
        name="Wan",
        flags=discord.ApplicationFlags(),
        anybody_invites=False,
        takes_users=False,
    )

    assert of_installs(private, lone_settings).words == "only you can invite the bot"


@pytest.mark.parametrize(
    ("part", "path"), [("starts", "/gateway/bot"), ("permissions", "/users/@me/guilds")]
)
async def test_answers_of_another_shape_are_told(
    settings: Settings, discord_stand_in: DiscordStandIn, part: str, path: str
) -> None:
    """DISCORD_API_BASE leads to something else."""
    answering(discord_stand_in, path, status=200, body={"hello": "world"})

    assert "not Discord's API" in (await fault(settings, part)).words
