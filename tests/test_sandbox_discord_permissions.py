"""How roles and overwrites combine, and who may use which command."""

from random import Random
from typing import Any

import pytest

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import RefusedError
from sandbox.discord_api.permissions import ALL, Permission, in_channel, in_guild
from sandbox.discord_api.seed import (
    ANIMATOR_ROLE_ID,
    GUILD_ID,
    MIA_ID,
    MODERATOR_ROLE_ID,
    NIGHT_ID,
    NORA_ID,
    OLGA_ID,
    THEO_ID,
    THREAD_ID,
    VIDEO_ID,
    seed_world,
)
from sandbox.discord_api.world import Channel, Guild, Overwrite, Role, World
from tests.discord_bare_bot import COMMANDS, Stage

pytest_plugins = ("tests.discord_fixtures",)

SEND = int(Permission.SEND_MESSAGES)
VIEW = int(Permission.VIEW_CHANNEL)


@pytest.fixture
def world() -> World:
    """The seed world."""
    return seed_world(lambda: "token", now_s=0.0)


def video(world: World) -> tuple[Guild, Channel]:
    """The guild and its channel #video."""
    guild = world.guilds[GUILD_ID]
    return guild, guild.channels[VIDEO_ID]


def test_roles_add_up(world: World) -> None:
    """A member has what everyone and each of their roles has; the owner has all."""
    guild, _channel = video(world)

    assert not in_guild(guild, MIA_ID) & Permission.MANAGE_GUILD
    assert in_guild(guild, NORA_ID) & Permission.MANAGE_GUILD
    assert in_guild(guild, OLGA_ID) == ALL
    assert in_guild(guild, "1") == 0


def test_administrators_have_everything(world: World) -> None:
    """ADMINISTRATOR passes every overwrite."""
    guild, channel = video(world)
    admin = int(Permission.ADMINISTRATOR)
    guild.roles[ANIMATOR_ROLE_ID] = Role(
        id=ANIMATOR_ROLE_ID, name="Animator", permissions=admin, position=1
    )
    channel.overwrites = [Overwrite(id=GUILD_ID, is_member=False, deny=VIEW)]

    assert in_channel(world, channel, THEO_ID) == ALL


def test_overwrites_go_from_everyone_to_roles_to_members(world: World) -> None:
    """A role's overwrite wins over everyone's, a member's over both, allow over deny."""
    _guild, channel = video(world)
    channel.overwrites = [
        Overwrite(id=GUILD_ID, is_member=False, deny=SEND),
        Overwrite(id=ANIMATOR_ROLE_ID, is_member=False, allow=SEND),
        Overwrite(id=NORA_ID, is_member=True, allow=SEND),
        Overwrite(id=MODERATOR_ROLE_ID, is_member=False, deny=SEND),
    ]

    assert not in_channel(world, channel, MIA_ID) & SEND
    assert in_channel(world, channel, THEO_ID) & SEND
    assert in_channel(world, channel, NORA_ID) & SEND


def test_who_cannot_send_cannot_attach(world: World) -> None:
    """Without SEND_MESSAGES the permissions that need it are gone; unseen, all are."""
    _guild, channel = video(world)
    channel.overwrites = [Overwrite(id=GUILD_ID, is_member=False, deny=SEND)]
    silent = in_channel(world, channel, MIA_ID)
    channel.overwrites = [Overwrite(id=GUILD_ID, is_member=False, deny=VIEW)]

    assert silent & VIEW
    assert not silent & Permission.ATTACH_FILES
    assert in_channel(world, channel, MIA_ID) == 0


def test_thread_follows_its_parent(world: World) -> None:
    """Overwrites of the parent hold in its threads."""
    guild, channel = video(world)
    channel.overwrites = [Overwrite(id=GUILD_ID, is_member=False, deny=VIEW)]

    assert in_channel(world, guild.channels[THREAD_ID], MIA_ID) == 0


def test_timed_out_members_only_look(world: World) -> None:
    """A time-out leaves looking and reading, until it is over."""
    guild, channel = video(world)
    guild.members[MIA_ID].timed_out_until_s = 100.0

    assert not in_channel(world, channel, MIA_ID, now_s=99.0) & SEND
    assert in_channel(world, channel, MIA_ID, now_s=99.0) & VIEW
    assert in_channel(world, channel, MIA_ID, now_s=101.0) & SEND


def test_seeded_tokens_are_the_same_each_time() -> None:
    """A seeded random source gives the same tokens; without one they differ."""
    seeded = [DiscordStandIn(rng=Random(7)).bot_token for _ in range(2)]
    free = [DiscordStandIn().bot_token for _ in range(2)]

    assert seeded[0] == seeded[1]
    assert free[0] != free[1]


async def test_members_without_the_permission_cannot_use_commands(stage: Stage) -> None:
    """USE_APPLICATION_COMMANDS can be taken away in a channel."""
    _guild, channel = video(stage.stand_in.world)
    bits = int(Permission.USE_APPLICATION_COMMANDS)
    channel.overwrites = [Overwrite(id=GUILD_ID, is_member=False, deny=bits)]
    with pytest.raises(RefusedError) as refused:
        await stage.mia.run_command("make", {"prompt": "x"})

    assert (refused.value.status, refused.value.code) == (403, 50013)


async def test_age_restricted_commands_stay_in_their_channels(stage: Stage) -> None:
    """An age-restricted command is offered only in an age-restricted channel."""
    await stage.bot.register([{**COMMANDS[0], "nsfw": True}])

    assert await stage.mia.commands(VIDEO_ID) == []
    assert [c["name"] for c in await stage.mia.commands(NIGHT_ID)] == ["make"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"application_id": "1"}, 50035),
        ({"type": 1}, 50035),
        ({"channel_id": "1"}, 10003),
        ({"guild_id": "1"}, 50035),
        ({"data": None}, 50035),
        ({"type": 3, "message_id": "1"}, 10008),
        ({"type": 5, "data": {"id": "1"}}, 50035),
    ],
)
async def test_interactions_must_name_what_exists(
    stage: Stage, change: dict[str, Any], code: int
) -> None:
    """A made-up application, channel, guild, message or modal is refused."""
    body = {
        "type": 2,
        "application_id": stage.stand_in.application_id,
        "channel_id": stage.stand_in.channel_id,
        "data": {},
        **change,
    }
    with pytest.raises(RefusedError) as refused:
        await stage.mia.request("POST", "/interactions", json=body)

    assert refused.value.code == code
