"""Control of the stand-in for tests and the page, under `/sandbox/control/`; JSON in and out.

| call | does |
|---|---|
| `GET state` | everything: messages by channel (ephemeral and deleted ones included, with every
  revision they showed), interactions with the times they came and were answered, the bot's
  calls by route, sessions, commands |
| `POST upload-limit {"bytes", "hint_bytes"?, "guild_id"?}` | how large one file may be, and what
  interactions claim about it |
| `POST token-life {"seconds"}` | how long interaction tokens live |
| `POST dms {"user_id", "open"}` | whether a user takes direct messages |
| `POST locale {"user_id", "locale"}` | the language of a user's client |
| `POST application {"flags"}` | the application's flags, so which privileged intents work |
| `POST rate-limits {"enabled"}` | rate limits on or off |
| `POST delete-message {"channel_id", "message_id"}` | as a moderator would |
| `POST gateway {"action": "reconnect" | "drop" | "forget", "code"?}` | op 7; close; close and
  forget the session |
| `POST faults {Fault fields}`, `DELETE faults` | see `faults.Fault` |

Members, roles and permissions: see `control_guilds`.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.discord_api.commands import Scope, checked_locale
from sandbox.discord_api.control_guilds import Action, GuildControl
from sandbox.discord_api.errors import (
    ApiError,
    form_error,
    unknown_message,
    unknown_user,
)
from sandbox.discord_api.form import Form
from sandbox.discord_api.hub import Hub
from sandbox.discord_api.interactions import Interaction
from sandbox.discord_api.message_json import body_json, message_json
from sandbox.discord_api.rendering import channel_json, member_json, role_json
from sandbox.discord_api.store import StoredMessage
from sandbox.discord_api.uploads import parse_object
from sandbox.discord_api.wire import Json, answer
from sandbox.discord_api.world import Guild

BASE = "/sandbox/control/"


class Control:
    """Handlers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Adds the routes."""
        actions: dict[str, Action] = {
            "upload-limit": self.upload_limit,
            "token-life": self.token_life,
            "dms": self.dms,
            "locale": self.locale,
            "application": self.application,
            "rate-limits": self.rate_limits,
            "delete-message": self.delete_message,
            "gateway": self.gateway,
            "faults": self.faults,
            **GuildControl(self._hub).actions(),
        }
        for name, action in actions.items():
            router.add_post(BASE + name, _handler(action))
        router.add_delete(BASE + "faults", self._clear_faults)
        router.add_get(BASE + "state", self._state)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._hub.faults.clear()
        return answer()

    async def _state(self, _request: web.Request) -> web.Response:
        return answer(self.state())

    def state(self) -> Json:
        """Everything there is to see."""
        hub = self._hub
        store = hub.messaging.store
        scopes = [Scope(), *(Scope(guild_id=guild_id) for guild_id in hub.world.guilds)]
        return {
            "messages": {
                channel_id: [self._message(message) for message in store.all(channel_id)]
                for channel_id in store.channels()
            },
            "guilds": [self._guild(guild) for guild in hub.world.guilds.values()],
            "dms": [channel_json(hub.world, channel) for channel in hub.world.dms.values()],
            "interactions": [_interaction(interaction) for interaction in hub.interactions],
            "calls": dict(hub.calls),
            "commands": [command for scope in scopes for command in hub.commands.all(scope)],
            "sessions": [
                {
                    "id": session.id,
                    "user_id": session.user.id,
                    "shard": list(session.shard),
                    "intents": session.intents,
                    "connected": session.connection is not None,
                    "sequence": session.sequence,
                }
                for session in hub.gateway.sessions()
            ],
        }

    def _message(self, message: StoredMessage) -> Json:
        hub = self._hub
        shown = message_json(hub.world, hub.files, hub.messaging.store, message)
        return shown | {
            "ephemeral_to": message.ephemeral_to,
            "deleted_at": message.deleted_s,
            "history": [
                {"at": r.at_s, "loading": r.loading, "flags": r.body.flags}
                | body_json(hub.files, r.body)
                for r in message.revisions
            ],
        }

    def _guild(self, guild: Guild) -> Json:
        world = self._hub.world
        return {
            "id": guild.id,
            "name": guild.name,
            "owner_id": guild.owner_id,
            "unavailable": guild.unavailable,
            "roles": [role_json(role) for role in guild.roles.values()],
            "members": [member_json(world, member) for member in guild.members.values()],
            "channels": [channel_json(world, channel) for channel in guild.channels.values()],
        }

    def upload_limit(self, wish: Json) -> None:
        """Sets a guild's upload limit; every guild's without `guild_id`."""
        for guild in self._hub.world.guilds.values():
            if wish.get("guild_id") in (None, guild.id):
                guild.upload_limit_bytes = int(wish["bytes"])
                hint = wish.get("hint_bytes")
                guild.upload_hint_bytes = None if hint is None else int(hint)

    def token_life(self, wish: Json) -> None:
        """Sets how long interaction tokens live."""
        self._hub.interactions.token_life_s = float(wish["seconds"])

    def dms(self, wish: Json) -> None:
        """Opens or closes a user's direct messages."""
        user = self._hub.world.users.get(str(wish.get("user_id")))
        if user is None:
            raise unknown_user()
        user.dms_open = bool(wish["open"])

    def locale(self, wish: Json) -> None:
        """Sets the language of a user's client, which goes with everything they do."""
        user = self._hub.world.users.get(str(wish.get("user_id")))
        if user is None:
            raise unknown_user()
        user.locale = checked_locale(Form(wish))

    def application(self, wish: Json) -> None:
        """Sets the application's flags."""
        self._hub.world.application.flags = int(wish["flags"])

    def rate_limits(self, wish: Json) -> None:
        """Switches rate limits on or off."""
        self._hub.limits.enabled = bool(wish["enabled"])

    def delete_message(self, wish: Json) -> None:
        """Deletes any message, ephemeral ones included."""
        message = self._hub.messaging.store.get(
            str(wish.get("channel_id")), str(wish.get("message_id"))
        )
        if message is None:
            raise unknown_message()
        self._hub.messaging.delete(message)

    def gateway(self, wish: Json) -> Json:
        """Disturbs the bot's gateway connections."""
        gateway = self._hub.gateway
        action = wish.get("action")
        if action == "reconnect":
            return {"connections": gateway.reconnect()}
        if action in ("drop", "forget"):
            code = int(wish.get("code", 4000))
            return {"connections": gateway.drop(code=code, forget=action == "forget")}
        raise form_error(("action",), "BASE_TYPE_CHOICES", "One of reconnect, drop, forget.")

    def faults(self, wish: Json) -> None:
        """Orders a fault."""
        self._hub.faults.order(wish)


def _interaction(interaction: Interaction) -> Json:
    return {
        "id": interaction.id,
        "type": int(interaction.kind),
        "user_id": interaction.user_id,
        "channel_id": interaction.channel_id,
        "guild_id": interaction.guild_id,
        "command": interaction.command_name,
        "data": interaction.data,
        "nonce": interaction.nonce,
        "received_at": interaction.created_s,
        "answered_at": interaction.answered_s,
        "answer": None if interaction.answer is None else int(interaction.answer),
        "failed": interaction.failed,
        "original_id": interaction.original_id,
        "messages": interaction.made,
    }


def _handler(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return answer(action(parse_object(await request.read())))
        except ApiError as error:
            return answer(error.body, status=error.status)
        except (KeyError, TypeError, ValueError) as error:
            return answer({"message": f"{type(error).__name__}: {error}"}, status=400)

    return handle
