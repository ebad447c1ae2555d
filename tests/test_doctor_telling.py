"""What the doctor finds of the places where the host is told; each fault is made on purpose."""

from typing import Any

import discord
import pytest

from bot.doctoring import State
from bot.doctoring.telling import permissions_in
from bot.settings import Settings
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.seed import GUILD_ID, LOG_ID
from sandbox.discord_api.world import Overwrite
from tests.doctor_kit import fault, found, suggestion

pytest_plugins = ("tests.doctor_fixtures",)

LOG, NOBODY_ID = int(LOG_ID), 4040


def forbid(stand_in: DiscordStandIn, permissions: discord.Permissions) -> None:
    """Take permissions from everybody in the log channel, and from the bot's own role."""
    guild = stand_in.world.guilds[GUILD_ID]
    guild.channels[LOG_ID].overwrites[:] = [
        Overwrite(id=id_, is_member=is_member, deny=permissions.value)
        for id_, is_member in ((guild.id, False), (str(user_id(stand_in, bot=True)), True))
    ]


def user_id(stand_in: DiscordStandIn, *, bot: bool) -> int:
    """Return the id of some user."""
    return next(int(user.id) for user in stand_in.world.users.values() if user.bot is bot)


async def test_a_host_who_is_not_told_gets_a_hint(settings: Settings) -> None:
    """No fault: it may be meant so."""
    assert "HOST_CHANNEL_ID" in (await suggestion(settings, "telling")).remedy


async def test_places_that_take_messages_are_well(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Both are named; nobody got a message and no conversation was opened."""
    before = {**discord_stand_in.world.dms}
    host = user_id(discord_stand_in, bot=False)
    there = await found(settings, "telling", host_channel_id=LOG, host_user_id=host)

    assert there["telling"].state is State.OK, there
    assert f"HOST_CHANNEL_ID {LOG} and HOST_USER_ID {host}" in there["telling"].words
    assert discord_stand_in.world.dms == before


async def test_ids_that_are_nobody_s_are_told_together(settings: Settings) -> None:
    """What is wrong with each, and what to do about it."""
    both = await fault(settings, "telling", host_channel_id=NOBODY_ID, host_user_id=NOBODY_ID)

    assert "HOST_CHANNEL_ID 4040 does not exist, or the bot may not see it." in both.words
    assert "HOST_USER_ID 4040 is nobody." in both.words
    assert "View Channels" in both.remedy
    assert "your own id" in both.remedy


async def test_a_bot_cannot_be_told(settings: Settings, discord_stand_in: DiscordStandIn) -> None:
    """The id of the application is near at hand, and the wrong one."""
    wrong = await fault(settings, "telling", host_user_id=user_id(discord_stand_in, bot=True))

    assert "is a bot" in wrong.words


async def test_a_category_takes_no_messages(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """Its id is copied as easily."""
    body = {"id": str(LOG), "type": 4, "guild_id": GUILD_ID}
    discord_stand_in.hub.faults.order({"path": "/channels/*", "status": 200, "body": body})

    assert (
        "no channel for messages" in (await fault(settings, "telling", host_channel_id=LOG)).words
    )


async def test_a_channel_where_the_bot_may_not_write_is_a_fault(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """It sees the channel, so only the first message would show it."""
    forbid(discord_stand_in, discord.Permissions(send_messages=True))

    one = await fault(settings, "telling", host_channel_id=LOG)

    assert one.words == f"in HOST_CHANNEL_ID {LOG} the bot lacks Send Messages."
    assert "Permissions" in one.remedy


async def test_in_a_thread_another_permission_counts(
    settings: Settings, discord_stand_in: DiscordStandIn
) -> None:
    """By the rules of the channel that it is in."""
    forbid(discord_stand_in, discord.Permissions(send_messages_in_threads=True))
    body = {"id": "77", "type": 11, "guild_id": GUILD_ID, "parent_id": LOG_ID}
    discord_stand_in.hub.faults.order({"path": "/channels/77", "status": 200, "body": body})

    one = await fault(settings, "telling", host_channel_id=77)

    assert one.words == "in HOST_CHANNEL_ID 77 the bot lacks Send Messages in Threads."


BITS = discord.Permissions(read_messages=True, send_messages=True).value
SEND = discord.Permissions(send_messages=True).value


@pytest.mark.parametrize(
    ("overwrites", "may"),
    [
        ([], True),
        ([("1", 0, SEND)], False),
        ([("1", 0, SEND), ("7", SEND, 0)], True),
        ([("7", SEND, 0), ("8", 0, SEND)], True),
        ([("7", SEND, 0), ("9", 0, SEND)], False),
        ([("6", 0, SEND)], True),
    ],
)
def test_permissions_follow_discord_s_rule(
    overwrites: list[tuple[str, int, int]], *, may: bool
) -> None:
    """Everybody's, then the roles' together, where allowing wins, then the member's own."""
    guild: dict[str, Any] = {
        "id": "1",
        "owner_id": "2",
        "roles": [
            {"id": "1", "permissions": str(BITS)},
            {"id": "6", "permissions": "8"},
        ],
    }
    member = {"user": {"id": "9"}, "roles": ["7", "8"]}
    changes = [{"id": id_, "allow": str(a), "deny": str(d)} for id_, a, d in overwrites]

    has = permissions_in({"permission_overwrites": changes}, guild, member)

    assert has.send_messages is may
    assert has.read_messages
