"""What the gateway says first: READY, the guilds, and member lists on request."""

from typing import Any, Protocol

from sandbox.discord_api.gateway_protocol import Intent
from sandbox.discord_api.permissions import visible_channels
from sandbox.discord_api.rendering import (
    channel_json,
    full_guild_json,
    member_json,
    own_user_json,
    user_json,
)
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, Guild, GuildMember, User, World

CHUNK_MEMBERS = 1000


class Listener(Protocol):
    """The part of a session that greeting needs."""

    id: str
    user: User
    shard: tuple[int, int]

    def hears(self, guild_id: str | None) -> bool:
        """Whether the shard gets the events of a guild."""
        ...

    def wants(self, intent: Intent) -> bool:
        """Whether the session asked for an intent."""
        ...

    def dispatch(self, event: str, data: Json) -> None:
        """Sends an event."""
        ...


def send_ready(world: World, session: Listener, gateway_url: str) -> None:
    """Sends READY and, to a bot that wants guilds, a GUILD_CREATE for each of its shard's."""
    user = session.user
    guilds = [guild for guild in world.guilds_of(user.id) if session.hears(guild.id)]
    dms = [c for c in world.dms.values() if user.id in c.recipients and not user.bot]
    ready: Json = {
        "v": 10,
        "user": own_user_json(user),
        "session_id": session.id,
        "session_type": "normal",
        "resume_gateway_url": gateway_url,
        "private_channels": [channel_json(world, c, viewer_id=user.id) for c in dms],
        "relationships": [],
        "_trace": [],
    }
    if user.bot:
        application = {"id": world.application.id, "flags": world.application.flags}
        ready |= {
            "application": application,
            "shard": list(session.shard),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
        }
    else:
        ready |= {
            "guilds": [_guild(world, session, guild) for guild in guilds],
            "users": [
                user_json(other)
                for other in world.users.values()
                if world.shares_guild(user.id, other.id)
            ],
        }
    session.dispatch("READY", ready)
    if user.bot and session.wants(Intent.GUILDS):
        for guild in guilds:
            if not guild.unavailable:
                send_guild(world, session, guild)


def send_guild(world: World, session: Listener, guild: Guild, *, joined: bool = False) -> None:
    """Sends GUILD_CREATE, with the members that the session's intents show.

    A client tells a guild that was `joined` just now by what is missing: whether it is available.
    """
    created = _guild(world, session, guild)
    if joined:
        del created["unavailable"]
    session.dispatch("GUILD_CREATE", created)


def _guild(world: World, session: Listener, guild: Guild) -> Json:
    everyone = session.wants(Intent.GUILD_MEMBERS)
    members = _known(guild, session.user.id, everyone=everyone)
    channels = _told_channels(world, guild, session.user)
    return full_guild_json(world, guild, members=members, channels=channels)


def _told_channels(world: World, guild: Guild, user: User) -> list[Channel]:
    """Discord tells a bot of every channel, also of those it cannot see; threads are different."""
    seen = visible_channels(world, guild, user.id)
    if not user.bot:
        return seen
    return [c for c in guild.channels.values() if not c.is_thread or c in seen]


def _known(guild: Guild, own_id: str, *, everyone: bool) -> list[GuildMember]:
    own = guild.members[own_id]
    return [own, *(m for m in guild.members.values() if m is not own)] if everyone else [own]


def send_members(world: World, session: Listener, asked: Any) -> None:
    """Answers a request for guild members with one GUILD_MEMBERS_CHUNK."""
    guild = world.guilds.get(str(asked.get("guild_id"))) if isinstance(asked, dict) else None
    if guild is None or session.user.id not in guild.members:
        return
    wanted = asked.get("user_ids")
    ids = [str(i) for i in (wanted if isinstance(wanted, list) else [wanted])] if wanted else None
    prefix = str(asked.get("query") or "").lower()
    found = [
        member
        for member in guild.members.values()
        if (
            member.user_id in ids
            if ids
            else world.users[member.user_id].name.lower().startswith(prefix)
        )
    ]
    limit = asked.get("limit") or CHUNK_MEMBERS
    chunk: Json = {
        "guild_id": guild.id,
        "members": [member_json(world, member) for member in found[:limit]],
        "not_found": [i for i in ids or () if i not in guild.members],
        "chunk_index": 0,
        "chunk_count": 1,
    }
    if asked.get("nonce"):
        chunk["nonce"] = asked["nonce"]
    session.dispatch("GUILD_MEMBERS_CHUNK", chunk)
