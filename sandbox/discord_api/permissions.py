"""Discord's permission bits and the rule that combines roles and channel overwrites. Pure."""

from enum import IntFlag

from sandbox.discord_api.world import Channel, Guild, World


class Permission(IntFlag):
    """The bits this stand-in looks at or hands out."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40


ALL = (1 << 53) - 1

# Without SEND_MESSAGES these do nothing, so Discord clears them.
NEEDS_SEND = (
    Permission.MENTION_EVERYONE
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.SEND_MESSAGES_IN_THREADS
)

TIMED_OUT = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY

DIRECT_MESSAGE = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.ADD_REACTIONS
)


def in_guild(guild: Guild, user_id: str) -> int:
    """The guild-wide permissions of a user; 0 when not a member."""
    member = guild.members.get(user_id)
    if member is None:
        return 0
    if user_id == guild.owner_id:
        return ALL
    bits = 0
    for role_id in (guild.id, *member.roles):  # @everyone has the guild's own id
        role = guild.roles.get(role_id)
        bits |= role.permissions if role else 0
    return ALL if bits & Permission.ADMINISTRATOR else bits


def in_channel(world: World, channel: Channel, user_id: str, *, now_s: float = 0.0) -> int:
    """The permissions of a user in a channel, thread or direct message.

    A thread takes its parent's permissions. A timed-out member can only look (`now_s`).
    """
    if channel.guild_id is None:
        return int(DIRECT_MESSAGE) if user_id in channel.recipients else 0
    guild = world.guilds[channel.guild_id]
    bits = in_guild(guild, user_id)
    if bits == ALL or not bits:
        return bits
    parent = guild.channels.get(channel.parent_id or "") if channel.is_thread else None
    bits = _with_overwrites(bits, guild, parent or channel, user_id)
    member = guild.members[user_id]
    if member.timed_out_until_s is not None and member.timed_out_until_s > now_s:
        bits &= TIMED_OUT
    if not bits & Permission.VIEW_CHANNEL:
        return 0
    speak = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    return bits if bits & speak else bits & ~int(NEEDS_SEND)


def _with_overwrites(bits: int, guild: Guild, channel: Channel, user_id: str) -> int:
    overwrites = {overwrite.id: overwrite for overwrite in channel.overwrites}
    everyone = overwrites.get(guild.id)
    if everyone:
        bits = bits & ~everyone.deny | everyone.allow
    roles = [overwrites[r] for r in guild.members[user_id].roles if r in overwrites]
    denied = allowed = 0
    for overwrite in roles:
        denied |= overwrite.deny
        allowed |= overwrite.allow
    bits = bits & ~denied | allowed
    own = overwrites.get(user_id)
    return bits & ~own.deny | own.allow if own else bits


def sees(world: World, channel: Channel, user_id: str) -> bool:
    """Whether a user can look into a channel."""
    return bool(in_channel(world, channel, user_id) & Permission.VIEW_CHANNEL)


def visible_channels(world: World, guild: Guild, user_id: str) -> list[Channel]:
    """The channels and threads of a guild that a user can look into."""
    return [c for c in guild.channels.values() if sees(world, c, user_id)]


def may_send(channel: Channel, bits: int) -> bool:
    """Whether these permissions let one write in this channel."""
    speak = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    return bool(bits & Permission.VIEW_CHANNEL and bits & speak)
