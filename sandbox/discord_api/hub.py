"""What the request handlers share."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web

from sandbox.discord_api.command_access import CommandAccess
from sandbox.discord_api.commands import CommandRegistry
from sandbox.discord_api.errors import (
    missing_access,
    unauthorized,
    unknown_channel,
    unknown_guild,
)
from sandbox.discord_api.faults import Faults
from sandbox.discord_api.files import FileStore
from sandbox.discord_api.gateway import Gateway
from sandbox.discord_api.guilds import Guilds
from sandbox.discord_api.interactions import Interactions
from sandbox.discord_api.messaging import Messaging
from sandbox.discord_api.permissions import Permission, in_channel, visible_channels
from sandbox.discord_api.rate_limits import RateLimits
from sandbox.discord_api.staged import LARGEST_BYTES, StagedUploads
from sandbox.discord_api.uploads import Body, read_body
from sandbox.discord_api.wire import Clock, Json, Snowflakes
from sandbox.discord_api.world import Channel, ChannelType, Guild, User, World

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One API route.

    Attributes:
        path: Below `/api/v10`.
        bucket: The rate limit bucket's name; None for a route without limits.
        open: Whether it works without an Authorization header.
    """

    method: str
    path: str
    handler: Handler
    bucket: str | None = "other"
    open: bool = False


@dataclass(kw_only=True)
class Hub:
    """The parts of a running stand-in."""

    world: World
    clock: Clock
    ids: Snowflakes
    gateway: Gateway
    files: FileStore
    staged: StagedUploads
    messaging: Messaging
    guilds: Guilds
    commands: CommandRegistry
    access: CommandAccess
    interactions: Interactions
    limits: RateLimits
    faults: Faults
    calls: Counter[str] = field(default_factory=Counter)

    def authenticate(self, request: web.Request) -> User:
        """The account of the Authorization header: `Bot <token>`, or a member's bare token.

        Raises:
            ApiError: 401.
        """
        header = request.headers.get("Authorization", "")
        is_bot = header.startswith("Bot ")
        user = self.world.user_by_token(header.removeprefix("Bot "), bot=is_bot)
        if user is None:
            raise unauthorized()
        return user

    def caller(self, request: web.Request) -> User:
        """The account behind a request whose token was checked on arrival."""
        return self.authenticate(request)

    def guild(self, guild_id: str, user: User) -> Guild:
        """A guild the user is in.

        Raises:
            ApiError: 10004.
        """
        guild = self.world.guilds.get(guild_id)
        if guild is None or user.id not in guild.members:
            raise unknown_guild()
        return guild

    def bot_guilds(self) -> list[Guild]:
        """The guilds the bot is in."""
        return list(self.world.guilds_of(self.world.bot.id))

    def usable_commands(self, channel: Channel, user_id: str) -> list[Json]:
        """The commands there are for a user in a channel, by whichever install."""
        if channel.type is ChannelType.FORUM:
            return []  # only in its posts
        context, installs = self.world.context_of(channel), self.world.installs(channel, user_id)
        return list(self.commands.usable(context, installs, channel.guild_id))

    def visible(self, guild: Guild, user: User) -> list[Channel]:
        """The channels of a guild that a user can look into."""
        return visible_channels(self.world, guild, user.id)

    def channel(self, channel_id: str, user: User) -> tuple[Channel, int]:
        """A channel the user can see, and their permissions in it.

        Raises:
            ApiError: 10003 when there is none, 50001 when it is hidden from them.
        """
        channel = self.world.channel(channel_id)
        if channel is None:
            raise unknown_channel()
        bits = self.bits(channel, user.id)
        if not bits & Permission.VIEW_CHANNEL:
            raise missing_access()
        return channel, bits

    def bits(self, channel: Channel, user_id: str) -> int:
        """A user's permissions in a channel now."""
        return in_channel(self.world, channel, user_id, now_s=self.clock())

    async def body(self, request: web.Request, channel: Channel | None) -> Body:
        """A request's body, its files within the channel's upload limit.

        Without a channel (it is named in the body) the caller checks the limit.
        """
        limit = self.world.upload_limit_bytes(channel) if channel else LARGEST_BYTES
        body = await read_body(request, self.files.folder, limit_bytes=limit)
        return self.staged.claim(body, limit_bytes=limit)
