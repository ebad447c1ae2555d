"""HTTP routes for registering application commands, and the member's index of them."""

import json
from typing import Any

from aiohttp import web

from sandbox.discord_api.commands import Scope, checked_command
from sandbox.discord_api.errors import (
    FormErrors,
    form_error,
    invalid_json,
    missing_access,
    unauthorized,
    unknown_permissions,
)
from sandbox.discord_api.hub import Endpoint, Hub
from sandbox.discord_api.localising import localised
from sandbox.discord_api.rendering import application_json
from sandbox.discord_api.uploads import parse_object
from sandbox.discord_api.wire import Json, answer
from sandbox.discord_api.world import Channel, User

MOST_BULK = 130  # 100 chat input commands and 15 of each menu


class CommandRoutes:
    """Handlers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        routes = [
            Endpoint(
                method="GET",
                path="/guilds/{guild_id}/application-command-index",
                handler=self.guild_index,
            ),
            Endpoint(
                method="GET",
                path="/channels/{channel_id}/application-command-index",
                handler=self.channel_index,
            ),
        ]
        for base in (
            "/applications/{application_id}/commands",
            "/applications/{application_id}/guilds/{guild_id}/commands",
        ):
            one = base + "/{command_id}"
            if "guild_id" in base:  # before `one`, whose pattern fits the first of them as well
                routes += self._permission_endpoints(base)
            for method, path, handler in (
                ("GET", base, self.get_all),
                ("POST", base, self.post),
                ("PUT", base, self.put_all),
                ("GET", one, self.get),
                ("PATCH", one, self.patch),
                ("DELETE", one, self.delete),
            ):
                routes.append(
                    Endpoint(method=method, path=path, handler=handler, bucket="commands")
                )
        return routes

    def _permission_endpoints(self, base: str) -> list[Endpoint]:
        return [
            Endpoint(method="GET", path=base + "/permissions", handler=self.all_permissions),
            Endpoint(
                method="GET",
                path=base + "/{command_id}/permissions",
                handler=self.permissions,
            ),
        ]

    def _scope(self, request: web.Request) -> Scope:
        user = self._hub.caller(request)
        if not user.bot:
            raise unauthorized()
        if request.match_info["application_id"] != self._hub.world.application.id:
            raise missing_access()
        guild_id = request.match_info.get("guild_id")
        if guild_id is not None and guild_id not in [g.id for g in self._hub.bot_guilds()]:
            raise missing_access()
        return Scope(guild_id=guild_id)

    async def get_all(self, request: web.Request) -> web.Response:
        """All commands of a scope."""
        return answer(self._hub.commands.all(self._scope(request)))

    async def get(self, request: web.Request) -> web.Response:
        """One command."""
        scope = self._scope(request)
        return answer(self._hub.commands.get(scope, request.match_info["command_id"]))

    async def post(self, request: web.Request) -> web.Response:
        """Creates a command, or overwrites the one of that type and name."""
        scope = self._scope(request)
        command = checked_command(parse_object(await request.read()))
        registered, is_new = self._hub.commands.put(scope, command)
        self._announce(scope)
        return answer(registered, status=201 if is_new else 200)

    async def put_all(self, request: web.Request) -> web.Response:
        """Replaces all commands of a scope."""
        scope = self._scope(request)
        wanted = await _list(request)
        errors = FormErrors()
        commands = [
            checked_command(data, errors=errors, index=index) for index, data in enumerate(wanted)
        ]
        names = [(command["type"], command["name"]) for command in commands]
        for index, name in enumerate(names):
            if name in names[:index]:
                text = "Application command names must be unique"
                errors.add((index,), "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
        errors.raise_if_any()
        registered = self._hub.commands.put_all(scope, commands)
        self._announce(scope)
        return answer(registered)

    async def patch(self, request: web.Request) -> web.Response:
        """Changes parts of a command."""
        scope = self._scope(request)
        old = self._hub.commands.get(scope, request.match_info["command_id"])
        changes = parse_object(await request.read())
        command = checked_command({**old, **changes, "type": old["type"]})
        registered = self._hub.commands.replace(scope, old["id"], command)
        self._announce(scope)
        return answer(registered)

    async def delete(self, request: web.Request) -> web.Response:
        """Deletes a command."""
        scope = self._scope(request)
        self._hub.commands.remove(scope, request.match_info["command_id"])
        self._announce(scope)
        return answer()

    def _announce(self, scope: Scope) -> None:
        for guild in self._hub.world.guilds.values():
            if scope.guild_id in (None, guild.id):
                self._hub.guilds.tell_commands_changed(guild)

    async def all_permissions(self, request: web.Request) -> web.Response:
        """What moderators set for the commands of a guild."""
        guild_id = self._scope(request).guild_id or ""
        targets = self._hub.access.targets(guild_id)
        return answer([self._permissions_json(guild_id, target) for target in targets])

    async def permissions(self, request: web.Request) -> web.Response:
        """What moderators set for one command."""
        guild_id = self._scope(request).guild_id or ""
        target = request.match_info["command_id"]
        if not self._hub.access.rules(guild_id, target):
            raise unknown_permissions()
        return answer(self._permissions_json(guild_id, target))

    def _permissions_json(self, guild_id: str, target: str) -> Json:
        return {
            "id": target,
            "application_id": self._hub.world.application.id,
            "guild_id": guild_id,
            "permissions": self._hub.access.rules(guild_id, target),
        }

    async def guild_index(self, request: web.Request) -> web.Response:
        """The commands a member may use in a guild."""
        user = self._hub.caller(request)
        guild = self._hub.guild(request.match_info["guild_id"], user)
        channels = [c for c in self._hub.visible(guild, user) if not c.is_thread]
        return answer(self._index(channels, user))

    async def channel_index(self, request: web.Request) -> web.Response:
        """The commands a member may use in a channel."""
        user = self._hub.caller(request)
        channel, _bits = self._hub.channel(request.match_info["channel_id"], user)
        return answer(self._index([channel], user))

    def _index(self, channels: list[Channel], user: User) -> Json:
        usable = self._hub.usable_commands(channels[0], user.id) if channels else []
        offered = [
            command
            for command in usable
            if any(self._hub.access.offers(command, channel, user.id) for channel in channels)
        ]
        versions = [command["version"] for command in offered]
        return {
            "applications": [application_json(self._hub.world)],
            "application_commands": [localised(command, user.locale) for command in offered],
            "version": max(versions, key=int, default="0"),
        }


async def _list(request: web.Request) -> list[Any]:
    try:
        wanted = json.loads(await request.read())
    except ValueError as error:
        raise invalid_json() from error
    if not isinstance(wanted, list):
        raise form_error((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    if len(wanted) > MOST_BULK:
        text = f"Must be {MOST_BULK} or fewer in length."
        raise form_error((), "BASE_TYPE_MAX_LENGTH", text)
    return wanted
