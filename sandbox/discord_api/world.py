"""The guilds, channels, roles and people of the stand-in: plain data."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

MEBIBYTE = 1024 * 1024
DEFAULT_UPLOAD_LIMIT_BYTES = 10 * MEBIBYTE


class ChannelType(IntEnum):
    """The kinds of channel that exist here."""

    TEXT = 0
    DM = 1
    VOICE = 2
    GROUP_DM = 3
    PUBLIC_THREAD = 11
    STAGE = 13
    FORUM = 15


class Context(IntEnum):
    """Where an interaction comes from: a guild, the bot's direct messages, others' ones."""

    GUILD = 0
    BOT_DM = 1
    PRIVATE_CHANNEL = 2


class Install(IntEnum):
    """To whom an application is installed: a guild, or a user, who takes it everywhere."""

    GUILD = 0
    USER = 1


@dataclass(kw_only=True)
class User:
    """An account, human or bot."""

    id: str
    name: str
    token: str = field(repr=False)
    bot: bool = False
    locale: str = "en-US"
    dms_open: bool = True


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role of one guild; the one with the guild's id is @everyone.

    `bot_id` is the bot whose own role it is: Discord makes it, nobody can give it to others.
    """

    id: str
    name: str
    permissions: int
    position: int
    color: int = 0
    bot_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Overwrite:
    """What a channel allows and denies a role (or, with `is_member`, one member)."""

    id: str
    is_member: bool
    allow: int = 0
    deny: int = 0


@dataclass(kw_only=True)
class GuildMember:
    """A user's place in a guild."""

    user_id: str
    joined_at_s: float
    roles: tuple[str, ...] = ()
    nick: str | None = None
    timed_out_until_s: float | None = None


@dataclass(kw_only=True)
class Channel:
    """A channel of a guild, a thread or a direct message."""

    id: str
    type: ChannelType
    name: str = ""
    guild_id: str | None = None
    parent_id: str | None = None
    owner_id: str | None = None
    topic: str | None = None
    nsfw: bool = False
    position: int = 0
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 4320
    recipients: tuple[str, ...] = ()
    overwrites: list[Overwrite] = field(default_factory=list)
    last_message_id: str | None = None

    @property
    def is_thread(self) -> bool:
        """Whether it hangs under another channel."""
        return self.type is ChannelType.PUBLIC_THREAD


@dataclass(kw_only=True)
class Guild:
    """A server."""

    id: str
    name: str
    owner_id: str
    locale: str = "en-US"
    upload_limit_bytes: int = DEFAULT_UPLOAD_LIMIT_BYTES
    upload_hint_bytes: int | None = None  # what interactions say; Discord's hint can be wrong
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, GuildMember] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    unavailable: bool = False

    def role(self, id_or_name: str) -> Role | None:
        """A role by its id or its name."""
        by_name = (role for role in self.roles.values() if role.name == id_or_name)
        return self.roles.get(id_or_name) or next(by_name, None)

    def first_channel(self) -> Channel:
        """The text channel at the top of the list."""
        texts = (c for c in self.channels.values() if c.type is ChannelType.TEXT)
        return min(texts, key=lambda channel: channel.position)


@dataclass(kw_only=True)
class Application:
    """The bot's application.

    Attributes:
        flags: Which privileged intents its owner switched on.
        takes_users: Whether its owner lets users install it, in the developer portal.
        installed_by: The users who did.
    """

    id: str
    name: str
    description: str
    bot_id: str
    owner_id: str
    flags: int = 0
    takes_users: bool = False
    installed_by: set[str] = field(default_factory=set)


@dataclass(kw_only=True)
class World:
    """Everything there is, by id."""

    application: Application
    users: dict[str, User] = field(default_factory=dict)
    guilds: dict[str, Guild] = field(default_factory=dict)
    dms: dict[str, Channel] = field(default_factory=dict)

    @property
    def bot(self) -> User:
        """The bot's own account."""
        return self.users[self.application.bot_id]

    def channel(self, channel_id: str) -> Channel | None:
        """Any channel, thread or direct message."""
        for guild in self.guilds.values():
            if channel_id in guild.channels:
                return guild.channels[channel_id]
        return self.dms.get(channel_id)

    def guild_of(self, channel: Channel) -> Guild | None:
        """The guild of a channel; None for a direct message."""
        return self.guilds[channel.guild_id] if channel.guild_id else None

    def context_of(self, channel: Channel) -> Context:
        """Where an interaction from this channel comes from."""
        if channel.guild_id is not None:
            return Context.GUILD
        return Context.BOT_DM if self.has_bot(channel) else Context.PRIVATE_CHANNEL

    def has_bot(self, channel: Channel) -> bool:
        """Whether the bot is in the channel's guild, or one of the two of a direct message."""
        guild = self.guild_of(channel)
        return self.bot.id in (channel.recipients if guild is None else guild.members)

    def installs(self, channel: Channel, user_id: str) -> dict[Install, str]:
        """By which installs a user may ask in a channel: the guild's or user's id of each.

        https://docs.discord.com/developers/interactions/receiving-and-responding
        """
        found = {Install.GUILD: channel.guild_id or "0"} if self.has_bot(channel) else {}
        by_user = {Install.USER: user_id} if user_id in self.application.installed_by else {}
        return found | by_user

    def guilds_of(self, user_id: str) -> Iterator[Guild]:
        """The guilds a user is in."""
        return (guild for guild in self.guilds.values() if user_id in guild.members)

    def shares_guild(self, user_id: str, other_id: str) -> bool:
        """Whether two users meet in a guild; everybody meets themselves."""
        return user_id == other_id or any(other_id in g.members for g in self.guilds_of(user_id))

    def user_by_token(self, token: str, *, bot: bool) -> User | None:
        """The account of a token; a bot's token works only as a bot's."""
        matches = (u for u in self.users.values() if u.token == token and u.bot is bot)
        return next(matches, None)

    def direct_channel(self, first_id: str, second_id: str) -> Channel | None:
        """The direct message channel of two users, when they have one."""
        pair = {first_id, second_id}
        return next((c for c in self.dms.values() if set(c.recipients) == pair), None)

    def upload_limit_bytes(self, channel: Channel) -> int:
        """How large one file may be there."""
        guild = self.guild_of(channel)
        return guild.upload_limit_bytes if guild else DEFAULT_UPLOAD_LIMIT_BYTES
