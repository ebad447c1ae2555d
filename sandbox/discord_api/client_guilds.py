"""What a member's client knows of its guilds, kept current by the gateway's events. Pure."""

from collections.abc import Callable

from sandbox.discord_api.wire import Json


class ClientGuilds:
    """The guilds as READY and GUILD_CREATE describe them, in that order."""

    def __init__(self) -> None:
        self._by_id: dict[str, Json] = {}

    def all(self) -> list[Json]:
        """The guilds the member is in."""
        return list(self._by_id.values())

    def find(self, id_or_name: str) -> Json:
        """A guild by id or name.

        Raises:
            LookupError: The member is in no such guild.
        """
        for guild in self.all():
            if id_or_name in (guild["id"], guild["name"]):
                return guild
        raise LookupError(f"no guild {id_or_name!r} among {[g['name'] for g in self.all()]}")

    def of_channel(self, channel_id: str) -> Json | None:
        """The guild of a channel or thread that the member sees; None for direct messages."""
        for guild in self.all():
            if any(place["id"] == channel_id for place in _places(guild)):
                return guild
        return None

    def apply(self, event: str, data: Json) -> None:
        """Takes in one event; those about other things change nothing."""
        if event == "READY":
            for guild in data["guilds"]:
                self._by_id[guild["id"]] = guild
        elif event == "GUILD_CREATE":
            self._by_id[data["id"]] = data
        elif event == "GUILD_DELETE":
            self._by_id.pop(data["id"], None)
        else:
            guild = self._by_id.get(str(data.get("guild_id")))
            handler = HANDLERS.get(event)
            if guild is not None and handler is not None:
                handler(guild, data)


def place_named(guild: Json, name: str) -> Json:
    """A channel or thread of a guild by its name.

    Raises:
        LookupError: There is none that the member sees.
    """
    for place in _places(guild):
        if place["name"] == name:
            return place
    raise LookupError(f"no channel {name!r} in {guild['name']}")


def _places(guild: Json) -> list[Json]:
    return [*guild["channels"], *guild["threads"]]


def _put(room: str, key: Callable[[Json], object]) -> Callable[[Json, Json], None]:
    """Replaces the item with the same key in a guild's list, or appends it."""

    def put(guild: Json, item: Json) -> None:
        items: list[Json] = guild[room]
        for index, known in enumerate(items):
            if key(known) == key(item):
                items[index] = item
                return
        items.append(item)

    return put


def _drop(room: str, key: Callable[[Json], object]) -> Callable[[Json, Json], None]:
    def drop(guild: Json, gone: Json) -> None:
        guild[room] = [item for item in guild[room] if key(item) != key(gone)]

    return drop


def _own_id(item: Json) -> object:
    return item["id"]


def _user_id(member: Json) -> object:
    return member["user"]["id"]


def _put_role(guild: Json, data: Json) -> None:
    _put("roles", _own_id)(guild, data["role"])


def _drop_role(guild: Json, data: Json) -> None:
    _drop("roles", _own_id)(guild, {"id": data["role_id"]})


HANDLERS: dict[str, Callable[[Json, Json], None]] = {
    "CHANNEL_CREATE": _put("channels", _own_id),
    "CHANNEL_UPDATE": _put("channels", _own_id),
    "CHANNEL_DELETE": _drop("channels", _own_id),
    "THREAD_CREATE": _put("threads", _own_id),
    "THREAD_UPDATE": _put("threads", _own_id),
    "THREAD_DELETE": _drop("threads", _own_id),
    "GUILD_MEMBER_ADD": _put("members", _user_id),
    "GUILD_MEMBER_UPDATE": _put("members", _user_id),
    "GUILD_MEMBER_REMOVE": _drop("members", _user_id),
    "GUILD_ROLE_CREATE": _put_role,
    "GUILD_ROLE_UPDATE": _put_role,
    "GUILD_ROLE_DELETE": _drop_role,
}
