"""HTTP routes that read the gateway's address, users, the application and guilds."""

from aiohttp import web

from sandbox.discord_api.commands import checked_locale
from sandbox.discord_api.errors import unauthorized, unknown_member, unknown_user
from sandbox.discord_api.form import Form
from sandbox.discord_api.hub import Endpoint, Hub
from sandbox.discord_api.permissions import Permission, in_guild
from sandbox.discord_api.rendering import (
    channel_json,
    guild_json,
    member_json,
    own_application_json,
    own_user_json,
    role_json,
    user_json,
)
from sandbox.discord_api.uploads import parse_object
from sandbox.discord_api.wire import Json, answer


class WorldRoutes:
    """Handlers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        guild = "/guilds/{guild_id}"
        return [
            Endpoint(method="GET", path="/gateway", handler=self.gateway, open=True),
            Endpoint(method="GET", path="/gateway/bot", handler=self.gateway_bot),
            Endpoint(method="GET", path="/users/@me", handler=self.me),
            Endpoint(method="GET", path="/users/@me/guilds", handler=self.my_guilds),
            Endpoint(method="PATCH", path="/users/@me/settings", handler=self.change_settings),
            Endpoint(method="GET", path="/users/{user_id}", handler=self.user),
            Endpoint(method="GET", path="/applications/@me", handler=self.application),
            Endpoint(method="GET", path="/oauth2/applications/@me", handler=self.application),
            Endpoint(method="GET", path=guild, handler=self.guild),
            Endpoint(method="GET", path=guild + "/channels", handler=self.channels),
            Endpoint(method="GET", path=guild + "/threads/active", handler=self.threads),
            Endpoint(method="GET", path=guild + "/roles", handler=self.roles),
            Endpoint(method="GET", path=guild + "/members", handler=self.members),
            Endpoint(method="GET", path=guild + "/members/search", handler=self.search),
            Endpoint(method="GET", path=guild + "/members/{user_id}", handler=self.member),
        ]

    async def gateway(self, _request: web.Request) -> web.Response:
        """The gateway's address."""
        return answer({"url": self._hub.gateway.url})

    async def gateway_bot(self, request: web.Request) -> web.Response:
        """The gateway's address, with the advice on shards and identifies."""
        if not self._hub.caller(request).bot:
            raise unauthorized()
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return answer({"url": self._hub.gateway.url, "shards": 1, "session_start_limit": limit})

    async def me(self, request: web.Request) -> web.Response:
        """The caller's own account."""
        return answer(own_user_json(self._hub.caller(request)))

    async def change_settings(self, request: web.Request) -> web.Response:
        """The caller's settings, of which there is one: the language, as `locale`."""
        user = self._hub.caller(request)
        if user.bot:
            raise unauthorized()
        user.locale = checked_locale(Form(parse_object(await request.read())))
        return answer({"locale": user.locale})

    async def my_guilds(self, request: web.Request) -> web.Response:
        """The caller's guilds."""
        user = self._hub.caller(request)
        guilds: list[Json] = [
            {
                "id": guild.id,
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": guild.owner_id == user.id,
                "permissions": str(in_guild(guild, user.id)),
                "features": [],
            }
            for guild in self._hub.world.guilds_of(user.id)
        ]
        return answer(guilds)

    async def user(self, request: web.Request) -> web.Response:
        """A user."""
        user = self._hub.world.users.get(request.match_info["user_id"])
        if user is None:
            raise unknown_user()
        return answer(user_json(user))

    async def application(self, request: web.Request) -> web.Response:
        """The bot's application."""
        if not self._hub.caller(request).bot:
            raise unauthorized()
        return answer(own_application_json(self._hub.world))

    async def guild(self, request: web.Request) -> web.Response:
        """A guild."""
        guild = self._hub.guild(request.match_info["guild_id"], self._hub.caller(request))
        counted = request.query.get("with_counts", "").lower() in ("true", "1")
        counts = {
            "approximate_member_count": len(guild.members),
            "approximate_presence_count": len(guild.members),
        }
        return answer(guild_json(guild) | (counts if counted else {}))

    async def channels(self, request: web.Request) -> web.Response:
        """The guild's channels; a member's client is given only those the member sees."""
        user = self._hub.caller(request)
        guild = self._hub.guild(request.match_info["guild_id"], user)
        shown = [
            channel
            for channel in guild.channels.values()
            if not channel.is_thread
            and (user.bot or self._hub.bits(channel, user.id) & Permission.VIEW_CHANNEL)
        ]
        return answer([channel_json(self._hub.world, channel) for channel in shown])

    async def threads(self, request: web.Request) -> web.Response:
        """The guild's open threads."""
        user = self._hub.caller(request)
        guild = self._hub.guild(request.match_info["guild_id"], user)
        shown = [
            channel_json(self._hub.world, channel)
            for channel in guild.channels.values()
            if channel.is_thread
            and not channel.archived
            and self._hub.bits(channel, user.id) & Permission.VIEW_CHANNEL
        ]
        return answer({"threads": shown, "members": []})

    async def roles(self, request: web.Request) -> web.Response:
        """The guild's roles."""
        guild = self._hub.guild(request.match_info["guild_id"], self._hub.caller(request))
        return answer([role_json(role) for role in guild.roles.values()])

    async def members(self, request: web.Request) -> web.Response:
        """A page of the guild's members, by id."""
        guild = self._hub.guild(request.match_info["guild_id"], self._hub.caller(request))
        form = Form(dict(request.query))
        limit = form.number("limit", least=1, most=1000)
        after = form.number("after", least=0)
        form.errors.raise_if_any()
        ids = sorted((i for i in guild.members if int(i) > int(after or 0)), key=int)
        chosen = [guild.members[user_id] for user_id in ids[: int(limit or 1)]]
        return answer([member_json(self._hub.world, member) for member in chosen])

    async def search(self, request: web.Request) -> web.Response:
        """The guild's members whose name starts with `query`."""
        guild = self._hub.guild(request.match_info["guild_id"], self._hub.caller(request))
        prefix = request.query.get("query", "").lower()
        found = [
            member_json(self._hub.world, member)
            for member in guild.members.values()
            if self._hub.world.users[member.user_id].name.lower().startswith(prefix)
        ]
        return answer(found[: int(request.query.get("limit", "1"))])

    async def member(self, request: web.Request) -> web.Response:
        """One member."""
        guild = self._hub.guild(request.match_info["guild_id"], self._hub.caller(request))
        member = guild.members.get(request.match_info["user_id"])
        if member is None:
            raise unknown_member()
        return answer(member_json(self._hub.world, member))
