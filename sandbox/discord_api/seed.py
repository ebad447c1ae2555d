"""The world a stand-in starts with: the guild "Wan Workshop" and its people.

Ids are constants, so that a bot's database made in one run still fits the next.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from sandbox.discord_api.permissions import Permission
from sandbox.discord_api.wire import DISCORD_EPOCH_MS, SEQUENCE_BITS
from sandbox.discord_api.world import (
    Application,
    Channel,
    ChannelType,
    Guild,
    GuildMember,
    Role,
    User,
    World,
)


def _day(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, 12, tzinfo=UTC).timestamp()


FOUNDED_S = _day(2025, 3, 1)


def _id(number: int) -> str:
    return str(((int(FOUNDED_S * 1000) - DISCORD_EPOCH_MS) << SEQUENCE_BITS) + number)


GUILD_ID = _id(1)
VIDEO_ID, GENERAL_ID, NIGHT_ID, THREAD_ID = (_id(n) for n in range(11, 15))
MODERATOR_ROLE_ID, ANIMATOR_ROLE_ID, BOT_ROLE_ID = (_id(n) for n in range(21, 24))
BOT_ID = APPLICATION_ID = _id(31)
OLGA_ID, NORA_ID, THEO_ID, MIA_ID = (_id(n) for n in range(41, 45))

EVERYONE = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
MODERATOR = (
    Permission.MANAGE_GUILD
    | Permission.MANAGE_MESSAGES
    | Permission.MANAGE_THREADS
    | Permission.MODERATE_MEMBERS
)
BOT = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.ATTACH_FILES
    | Permission.EMBED_LINKS
)

ROLES = (
    Role(id=GUILD_ID, name="@everyone", permissions=int(EVERYONE), position=0),
    Role(id=ANIMATOR_ROLE_ID, name="Animator", permissions=0, position=1, color=0x57F287),
    Role(id=BOT_ROLE_ID, name="Wan", permissions=int(BOT), position=2, color=0x5865F2),
    Role(
        id=MODERATOR_ROLE_ID,
        name="Moderator",
        permissions=int(MODERATOR),
        position=3,
        color=0xF0B232,
    ),
)

MEMBERS = (
    GuildMember(user_id=MIA_ID, joined_at_s=_day(2025, 6, 14)),
    GuildMember(user_id=THEO_ID, joined_at_s=_day(2025, 4, 2), roles=(ANIMATOR_ROLE_ID,)),
    GuildMember(user_id=NORA_ID, joined_at_s=_day(2025, 3, 3), roles=(MODERATOR_ROLE_ID,)),
    GuildMember(user_id=OLGA_ID, joined_at_s=FOUNDED_S),
    GuildMember(user_id=BOT_ID, joined_at_s=_day(2025, 3, 2), roles=(BOT_ROLE_ID,)),
)


def _channels() -> tuple[Channel, ...]:
    text = ChannelType.TEXT
    return (
        Channel(id=VIDEO_ID, type=text, name="video", topic="Make videos with /animate and /t2v"),
        Channel(id=GENERAL_ID, type=text, name="general", topic="Everything else", position=1),
        Channel(id=NIGHT_ID, type=text, name="after-dark", nsfw=True, position=2),
        Channel(
            id=THREAD_ID,
            type=ChannelType.PUBLIC_THREAD,
            name="storyboards",
            parent_id=VIDEO_ID,
            owner_id=THEO_ID,
        ),
    )


def seed_world(new_token: Callable[[], str]) -> World:
    """The starting world; each account gets a token from `new_token`."""
    guild = Guild(id=GUILD_ID, name="Wan Workshop", owner_id=OLGA_ID)
    guild.roles = {role.id: role for role in ROLES}
    for member in MEMBERS:
        guild.members[member.user_id] = GuildMember(
            user_id=member.user_id, joined_at_s=member.joined_at_s, roles=member.roles
        )
    for channel in _channels():
        channel.guild_id = guild.id
        guild.channels[channel.id] = channel
    names = {MIA_ID: "Mia", THEO_ID: "Theo", NORA_ID: "Nora", OLGA_ID: "Olga", BOT_ID: "Wan"}
    users = {
        user_id: User(id=user_id, name=name, token=new_token(), bot=user_id == BOT_ID)
        for user_id, name in names.items()
    }
    application = Application(
        id=APPLICATION_ID,
        name="Wan",
        description="Turns pictures and words into short videos.",
        bot_id=BOT_ID,
        owner_id=OLGA_ID,
    )
    return World(application=application, users=users, guilds={guild.id: guild})
