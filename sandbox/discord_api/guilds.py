"""Changes of guilds while the stand-in runs, told to every session that may know of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.discord_api.gateway import Gateway, Session
from sandbox.discord_api.gateway_protocol import Intent
from sandbox.discord_api.greeting import send_guild
from sandbox.discord_api.permissions import sees, visible_channels
from sandbox.discord_api.rendering import channel_json, member_json, role_json, user_json
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, Guild, GuildMember, Overwrite, Role, World

COMMANDS_CHANGED = "GUILD_APPLICATION_COMMAND_INDEX_UPDATE"


@dataclass(frozen=True, kw_only=True)
class Guilds:
    """Changes members, roles, channels and their visibility."""

    world: World
    gateway: Gateway

    def put_member(self, guild: Guild, member: GuildMember) -> None:
        """Lets a user, the bot included, join; or changes their membership."""
        known = member.user_id in guild.members
        with self._changing(guild):
            guild.members[member.user_id] = member
        if known:
            self._tell_of_member("GUILD_MEMBER_UPDATE", guild, member)
            return
        self._tell_of_member("GUILD_MEMBER_ADD", guild, member)
        for session in self.gateway.sessions():
            own = session.user.id == member.user_id and session.hears(guild.id)
            if own and session.wants(Intent.GUILDS):
                send_guild(self.world, session, guild, joined=True)

    def remove_member(self, guild: Guild, user_id: str) -> None:
        """Lets a user, the bot included, leave."""
        with self._changing(guild):
            del guild.members[user_id]
        gone = {"guild_id": guild.id, "user": user_json(self.world.users[user_id])}
        self._tell(guild, "GUILD_MEMBER_REMOVE", gone, intent=Intent.GUILD_MEMBERS)
        self._tell_own(guild, user_id, "GUILD_DELETE", {"id": guild.id})

    def put_role(self, guild: Guild, role: Role) -> None:
        """Adds a role or changes it."""
        event = "GUILD_ROLE_UPDATE" if role.id in guild.roles else "GUILD_ROLE_CREATE"
        with self._changing(guild):
            guild.roles[role.id] = role
        self._tell(guild, event, {"guild_id": guild.id, "role": role_json(role)})

    def remove_role(self, guild: Guild, role_id: str) -> None:
        """Deletes a role, which takes it from everyone."""
        with self._changing(guild):
            del guild.roles[role_id]
            for member in guild.members.values():
                member.roles = tuple(role for role in member.roles if role != role_id)
        self._tell(guild, "GUILD_ROLE_DELETE", {"guild_id": guild.id, "role_id": role_id})

    def set_overwrite(self, guild: Guild, channel: Channel, overwrite: Overwrite) -> None:
        """Replaces a channel's overwrite for a role or member; an empty one goes away."""
        kept = [other for other in channel.overwrites if other.id != overwrite.id]
        fresh = [overwrite] if overwrite.allow or overwrite.deny else []
        with self._changing(guild):
            channel.overwrites = [*kept, *fresh]
        self.tell_of_channel(guild, "CHANNEL_UPDATE", channel)

    def add_channel(self, guild: Guild, channel: Channel) -> None:
        """Adds a channel or thread."""
        guild.channels[channel.id] = channel
        extra = {"newly_created": True} if channel.is_thread else {}
        event = "THREAD_CREATE" if channel.is_thread else "CHANNEL_CREATE"
        self.tell_of_channel(guild, event, channel, extra)

    def remove_channel(self, guild: Guild, channel: Channel) -> None:
        """Deletes a channel with its threads."""
        threads = [c for c in guild.channels.values() if c.parent_id == channel.id and c.is_thread]
        for gone in (*threads, channel):
            event = "THREAD_DELETE" if gone.is_thread else "CHANNEL_DELETE"
            self.tell_of_channel(guild, event, gone)
            del guild.channels[gone.id]

    def set_outage(self, guild: Guild, *, unavailable: bool) -> None:
        """Tells the bot that a guild cannot be reached, which is not the same as having left it."""
        guild.unavailable = unavailable
        bot_id = self.world.application.bot_id
        if unavailable:
            self._tell_own(guild, bot_id, "GUILD_DELETE", {"id": guild.id, "unavailable": True})
            return
        for session in self.gateway.sessions():
            if session.user.id == bot_id and session.hears(guild.id):
                send_guild(self.world, session, guild)

    def tell_of_channel(
        self, guild: Guild, event: str, channel: Channel, extra: Json | None = None
    ) -> None:
        """Tells of a channel: people who see it, and the bot, for whom only threads are hidden."""
        data = channel_json(self.world, channel) | (extra or {})

        def build(session: Session) -> Json | None:
            told = session.user.bot and not channel.is_thread
            told = told or sees(self.world, channel, session.user.id)
            return data if told and self._hears(session, guild, Intent.GUILDS) else None

        self.gateway.publish(event, build)

    def tell_commands_changed(self, guild: Guild) -> None:
        """Tells members' clients that their index of commands is out of date."""
        changed = {"guild_id": guild.id, "application_command_counts": {}}
        for user_id in guild.members:
            if not self.world.users[user_id].bot:
                self.gateway.tell_user(user_id, COMMANDS_CHANGED, changed)

    def tell_command_permissions(self, guild: Guild, target_id: str, rules: list[Json]) -> None:
        """Tells the bot, and members' clients, who may use a command from now on."""
        application_id = self.world.application.id
        data: Json = {"id": target_id, "application_id": application_id, "guild_id": guild.id}
        data["permissions"] = rules

        def build(session: Session) -> Json | None:
            return data if session.user.bot and session.hears(guild.id) else None

        self.gateway.publish("APPLICATION_COMMAND_PERMISSIONS_UPDATE", build)
        self.tell_commands_changed(guild)

    @contextmanager
    def _changing(self, guild: Guild) -> Iterator[None]:
        """Around a change: tells people which channels come into their view and which go."""
        before = self._views(guild)
        yield
        after = self._views(guild)
        for user_id in before.keys() & after.keys():
            for channel_id in before[user_id].keys() - after[user_id].keys():
                self._tell_view(user_id, before[user_id][channel_id], gone=True)
            for channel_id in after[user_id].keys() - before[user_id].keys():
                self._tell_view(user_id, after[user_id][channel_id], gone=False)
        self.tell_commands_changed(guild)

    def _views(self, guild: Guild) -> dict[str, dict[str, Channel]]:
        people = [user_id for user_id in guild.members if not self.world.users[user_id].bot]
        return {
            user_id: {c.id: c for c in visible_channels(self.world, guild, user_id)}
            for user_id in people
        }

    def _tell_view(self, user_id: str, channel: Channel, *, gone: bool) -> None:
        kind = "THREAD" if channel.is_thread else "CHANNEL"
        event = f"{kind}_{'DELETE' if gone else 'CREATE'}"
        self.gateway.tell_user(user_id, event, channel_json(self.world, channel))

    def _tell_of_member(self, event: str, guild: Guild, member: GuildMember) -> None:
        """A bot without the members intent hears only of itself, and not of its own coming."""
        data = member_json(self.world, member) | {"guild_id": guild.id}

        def build(session: Session) -> Json | None:
            own = session.user.id == member.user_id
            if own and event == "GUILD_MEMBER_ADD":
                return None
            intent = Intent.GUILDS if own else Intent.GUILD_MEMBERS
            return data if self._hears(session, guild, intent) else None

        self.gateway.publish(event, build)

    def _tell(
        self, guild: Guild, event: str, data: Json, *, intent: Intent = Intent.GUILDS
    ) -> None:
        self.gateway.publish(
            event, lambda session: data if self._hears(session, guild, intent) else None
        )

    def _tell_own(self, guild: Guild, user_id: str, event: str, data: Json) -> None:
        def build(session: Session) -> Json | None:
            own = session.user.id == user_id and session.hears(guild.id)
            return data if own and session.wants(Intent.GUILDS) else None

        self.gateway.publish(event, build)

    @staticmethod
    def _hears(session: Session, guild: Guild, intent: Intent) -> bool:
        inside = session.user.id in guild.members and session.hears(guild.id)
        return inside and session.wants(intent)
