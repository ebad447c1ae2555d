"""The world a stand-in starts with: two guilds, and people who are in one of them or in both.

| who | Wan Workshop | Second Studio |
|---|---|---|
| Mia | no roles | no roles |
| Theo | Animator | Editor |
| Nora | Moderator | not there |
| Olga | owner | not there |
| Remy | no roles | Producer, who moderates there |
| Ivy | joined yesterday | not there |
| Sven | not there | owner |

Ids are constants, so that a bot's database made in one run still fits the next.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from sandbox.discord_api.permissions import Permission
from sandbox.discord_api.wire import DISCORD_EPOCH_MS, SEQUENCE_BITS
from sandbox.discord_api.world import (
    Application,
    Channel,
    ChannelType,
    Guild,
    GuildMember,
    Overwrite,
    Role,
    User,
    World,
)

DAY_S = 24 * 3600.0


def _day(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, 12, tzinfo=UTC).timestamp()


FOUNDED_S = _day(2025, 3, 1)
SECOND_FOUNDED_S = _day(2025, 5, 1)


def _snowflake(milliseconds: int, number: int) -> str:
    return str(((milliseconds - DISCORD_EPOCH_MS) << SEQUENCE_BITS) + number)


def place_id(number: int) -> str:
    """An id that is the same in every run."""
    return _snowflake(int(FOUNDED_S * 1000), number)


def _second_id(number: int) -> str:
    """An odd millisecond: of two shards, each hears one of the guilds."""
    return _snowflake(int(SECOND_FOUNDED_S * 1000) + 1, number)


GUILD_ID = place_id(1)
VIDEO_ID, GENERAL_ID, NIGHT_ID, THREAD_ID, LOG_ID = (place_id(n) for n in range(11, 16))
MODERATOR_ROLE_ID, ANIMATOR_ROLE_ID, BOT_ROLE_ID = (place_id(n) for n in range(21, 24))
BOT_ID = APPLICATION_ID = place_id(31)
OLGA_ID, NORA_ID, THEO_ID, MIA_ID, REMY_ID, IVY_ID, SVEN_ID = (place_id(n) for n in range(41, 48))

SECOND_GUILD_ID = _second_id(1)
CLIPS_ID, LOUNGE_ID, SECOND_LOG_ID = (_second_id(n) for n in range(11, 14))
PRODUCER_ROLE_ID, EDITOR_ROLE_ID, SECOND_BOT_ROLE_ID = (_second_id(n) for n in range(21, 24))

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

# In the order in which they are listed; Mia, who has no roles, comes first.
NAMES = {
    MIA_ID: "Mia",
    THEO_ID: "Theo",
    NORA_ID: "Nora",
    OLGA_ID: "Olga",
    BOT_ID: "Wan",
    REMY_ID: "Remy",
    IVY_ID: "Ivy",
    SVEN_ID: "Sven",
}


def _roles(guild_id: str, *, moderator: Role, other: Role, bot_role_id: str) -> dict[str, Role]:
    everyone = Role(id=guild_id, name="@everyone", permissions=int(EVERYONE), position=0)
    bot = Role(
        id=bot_role_id,
        name="Wan",
        permissions=int(BOT),
        position=2,
        color=0x5865F2,
        bot_id=BOT_ID,
    )
    return {role.id: role for role in (everyone, other, bot, moderator)}


def _moderators(role_id: str, name: str, color: int) -> Role:
    return Role(id=role_id, name=name, permissions=int(MODERATOR), position=3, color=color)


def _log(channel_id: str, guild_id: str, *role_ids: str) -> Channel:
    """A channel that only these roles see."""
    view = int(Permission.VIEW_CHANNEL)
    return Channel(
        id=channel_id,
        type=ChannelType.TEXT,
        name="mod-log",
        topic="For moderators: what the bot and they did",
        position=3,
        overwrites=[
            Overwrite(id=guild_id, is_member=False, deny=view),
            *(Overwrite(id=role_id, is_member=False, allow=view) for role_id in role_ids),
        ],
    )


def _workshop(now_s: float) -> Guild:
    text = ChannelType.TEXT
    guild = Guild(id=GUILD_ID, name="Wan Workshop", owner_id=OLGA_ID)
    guild.roles = _roles(
        GUILD_ID,
        moderator=_moderators(MODERATOR_ROLE_ID, "Moderator", 0xF0B232),
        other=Role(id=ANIMATOR_ROLE_ID, name="Animator", permissions=0, position=1, color=0x57F287),
        bot_role_id=BOT_ROLE_ID,
    )
    return _filled(
        guild,
        members=(
            GuildMember(user_id=MIA_ID, joined_at_s=_day(2025, 6, 14)),
            GuildMember(user_id=THEO_ID, joined_at_s=_day(2025, 4, 2), roles=(ANIMATOR_ROLE_ID,)),
            GuildMember(user_id=NORA_ID, joined_at_s=_day(2025, 3, 3), roles=(MODERATOR_ROLE_ID,)),
            GuildMember(user_id=OLGA_ID, joined_at_s=FOUNDED_S),
            GuildMember(user_id=BOT_ID, joined_at_s=_day(2025, 3, 2), roles=(BOT_ROLE_ID,)),
            GuildMember(user_id=REMY_ID, joined_at_s=_day(2025, 9, 20)),
            GuildMember(user_id=IVY_ID, joined_at_s=now_s - DAY_S),
        ),
        channels=(
            Channel(
                id=VIDEO_ID, type=text, name="video", topic="Make videos with /animate and /t2v"
            ),
            Channel(id=GENERAL_ID, type=text, name="general", topic="Everything else", position=1),
            Channel(id=NIGHT_ID, type=text, name="after-dark", nsfw=True, position=2),
            Channel(
                id=THREAD_ID,
                type=ChannelType.PUBLIC_THREAD,
                name="storyboards",
                parent_id=VIDEO_ID,
                owner_id=THEO_ID,
            ),
            _log(LOG_ID, GUILD_ID, MODERATOR_ROLE_ID, BOT_ROLE_ID),
        ),
    )


def _studio() -> Guild:
    text = ChannelType.TEXT
    guild = Guild(id=SECOND_GUILD_ID, name="Second Studio", owner_id=SVEN_ID)
    guild.roles = _roles(
        SECOND_GUILD_ID,
        moderator=_moderators(PRODUCER_ROLE_ID, "Producer", 0xEB459E),
        other=Role(id=EDITOR_ROLE_ID, name="Editor", permissions=0, position=1, color=0x3498DB),
        bot_role_id=SECOND_BOT_ROLE_ID,
    )
    return _filled(
        guild,
        members=(
            GuildMember(user_id=MIA_ID, joined_at_s=_day(2026, 1, 10)),
            GuildMember(user_id=THEO_ID, joined_at_s=_day(2025, 11, 5), roles=(EDITOR_ROLE_ID,)),
            GuildMember(user_id=REMY_ID, joined_at_s=_day(2025, 5, 2), roles=(PRODUCER_ROLE_ID,)),
            GuildMember(user_id=SVEN_ID, joined_at_s=SECOND_FOUNDED_S),
            GuildMember(user_id=BOT_ID, joined_at_s=_day(2025, 5, 3), roles=(SECOND_BOT_ROLE_ID,)),
        ),
        channels=(
            Channel(id=CLIPS_ID, type=text, name="clips", topic="Clips for the next cut"),
            Channel(id=LOUNGE_ID, type=text, name="lounge", position=1),
            _log(SECOND_LOG_ID, SECOND_GUILD_ID, PRODUCER_ROLE_ID, SECOND_BOT_ROLE_ID),
        ),
    )


def _filled(guild: Guild, *, members: Iterable[GuildMember], channels: Iterable[Channel]) -> Guild:
    guild.members = {member.user_id: member for member in members}
    guild.channels = {channel.id: replace(channel, guild_id=guild.id) for channel in channels}
    return guild


def seed_world(new_token: Callable[[], str], *, now_s: float) -> World:
    """The starting world.

    Args:
        new_token: Gives each account its token.
        now_s: The time; somebody joined a day before it.
    """
    users = {
        user_id: User(id=user_id, name=name, token=new_token(), bot=user_id == BOT_ID)
        for user_id, name in NAMES.items()
    }
    application = Application(
        id=APPLICATION_ID,
        name="Wan",
        description="Turns pictures and words into short videos.",
        bot_id=BOT_ID,
        owner_id=OLGA_ID,
    )
    guilds = {guild.id: guild for guild in (_workshop(now_s), _studio())}
    return World(application=application, users=users, guilds=guilds)
