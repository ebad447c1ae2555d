"""Control of guilds, under `/sandbox/control/`; JSON in and out. Roles go by id or by name.

| call | does |
|---|---|
| `POST member {"guild_id", "user_id", "present"?, "roles"?, "joined_at"?, "nick"?}` | lets somebody
  join, changes their membership, or with `"present": false` lets them leave; for the bot's own
  `user_id` the bot is added (GUILD_CREATE) or removed (GUILD_DELETE). `joined_at` is in seconds
  since the Unix epoch |
| `POST member-roles {"guild_id", "user_id", "add"?, "remove"?}` | gives and takes roles |
| `POST role {"guild_id", "role", "permissions"?, "color"?, "position"?, "delete"?}` | makes,
  changes or deletes a role |
| `POST overwrite {"channel_id", "id", "allow"?, "deny"?}` | a role's or member's overwrite (bits);
  in a thread, its parent's |
| `POST bot-permissions {"channel_id", "allow"?, "deny"?}` | the same for the bot |
| `POST delete-channel {"channel_id"}` | as a moderator would |
| `POST thread {"channel_id", "archived"?, "locked"?}` | the same, to a thread |
| `POST outage {"guild_id", "unavailable"}` | tells the bot that the guild cannot be reached |
| `POST command-checks {"enabled"}` | off: every command is offered to everyone and can be used, so
  that only the bot's own check is left |
| `POST command-permissions {"guild_id", "command"?, "permissions": [{"id", "type", "permission"}]}`
  | what a moderator sets in Integrations, for one command or for all; type 1 is a role, 2 a user,
  3 a channel |
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sandbox.discord_api.command_access import Target
from sandbox.discord_api.commands import Scope
from sandbox.discord_api.errors import (
    form_error,
    unknown_channel,
    unknown_command,
    unknown_guild,
    unknown_member,
    unknown_role,
    unknown_user,
)
from sandbox.discord_api.hub import Hub
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, Guild, GuildMember, Overwrite, Role

Action: TypeAlias = Callable[[Json], Json | None]


class GuildControl:
    """The actions."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def actions(self) -> dict[str, Action]:
        """The actions by name."""
        return {
            "member": self.member,
            "member-roles": self.member_roles,
            "role": self.role,
            "overwrite": self.overwrite,
            "bot-permissions": self.bot_permissions,
            "delete-channel": self.delete_channel,
            "thread": self.thread,
            "outage": self.outage,
            "command-checks": self.command_checks,
            "command-permissions": self.command_permissions,
        }

    def _guild(self, wish: Json) -> Guild:
        guild = self._hub.world.guilds.get(str(wish.get("guild_id")))
        if guild is None:
            raise unknown_guild()
        return guild

    def _channel(self, wish: Json) -> tuple[Guild, Channel]:
        channel = self._hub.world.channel(str(wish.get("channel_id")))
        guild = self._hub.world.guild_of(channel) if channel else None
        if channel is None or guild is None:
            raise unknown_channel()
        return guild, channel

    def _member(self, guild: Guild, wish: Json) -> GuildMember:
        member = guild.members.get(str(wish.get("user_id")))
        if member is None:
            raise unknown_member()
        return member

    @staticmethod
    def _roles(guild: Guild, names: list[str]) -> list[str]:
        found = [guild.role(str(name)) for name in names]
        ids = [role.id for role in found if role is not None]
        if len(ids) != len(found):
            raise unknown_role()
        return ids

    def member(self, wish: Json) -> None:
        """Puts somebody into a guild, changes their membership, or takes them out."""
        guild, user_id = self._guild(wish), str(wish.get("user_id"))
        if user_id not in self._hub.world.users:
            raise unknown_user()
        if not wish.get("present", True):
            self._member(guild, wish)
            self._hub.guilds.remove_member(guild, user_id)
            return
        fresh = GuildMember(
            user_id=user_id, joined_at_s=self._hub.clock(), roles=self._own_roles(guild, user_id)
        )
        member = guild.members.get(user_id, fresh)
        if "roles" in wish:
            member = replace(member, roles=tuple(self._roles(guild, wish["roles"])))
        member = replace(
            member,
            joined_at_s=float(wish.get("joined_at", member.joined_at_s)),
            nick=wish.get("nick", member.nick),
        )
        self._hub.guilds.put_member(guild, member)

    @staticmethod
    def _own_roles(guild: Guild, user_id: str) -> tuple[str, ...]:
        """A bot that is added gets its own role back."""
        return tuple(role.id for role in guild.roles.values() if role.bot_id == user_id)

    def member_roles(self, wish: Json) -> None:
        """Gives roles to a member and takes roles away."""
        guild = self._guild(wish)
        member = self._member(guild, wish)
        removed = self._roles(guild, wish.get("remove", []))
        kept = [role for role in member.roles if role not in removed]
        roles = dict.fromkeys([*kept, *self._roles(guild, wish.get("add", []))])
        self._hub.guilds.put_member(guild, replace(member, roles=tuple(roles)))

    def role(self, wish: Json) -> Json | None:
        """Makes, changes or deletes a role; answers with its id."""
        guild, name = self._guild(wish), str(wish["role"])
        role = guild.role(name)
        if wish.get("delete"):
            if role is None or role.id == guild.id:
                raise unknown_role()
            self._hub.guilds.remove_role(guild, role.id)
            return None
        if role is None:
            role = Role(id=self._hub.ids.new(), name=name, permissions=0, position=1)
        role = replace(
            role,
            permissions=int(wish.get("permissions", role.permissions)),
            color=int(wish.get("color", role.color)),
            position=int(wish.get("position", role.position)),
        )
        self._hub.guilds.put_role(guild, role)
        return {"id": role.id}

    def overwrite(self, wish: Json) -> None:
        """Sets an overwrite in a channel; in a thread, in its parent."""
        guild, channel = self._channel(wish)
        if channel.is_thread:
            channel = guild.channels.get(channel.parent_id or "", channel)
        role = guild.role(str(wish["id"]))
        overwrite = Overwrite(
            id=role.id if role else str(wish["id"]),
            is_member=role is None,
            allow=int(wish.get("allow", 0)),
            deny=int(wish.get("deny", 0)),
        )
        if overwrite.is_member and overwrite.id not in guild.members:
            raise unknown_member()
        self._hub.guilds.set_overwrite(guild, channel, overwrite)

    def bot_permissions(self, wish: Json) -> None:
        """Sets the bot's overwrite in a channel; in a thread, in its parent."""
        self.overwrite({**wish, "id": self._hub.world.bot.id})

    def delete_channel(self, wish: Json) -> None:
        """Deletes a guild's channel with its threads."""
        self._hub.guilds.remove_channel(*self._channel(wish))

    def thread(self, wish: Json) -> None:
        """Archives or locks a thread, or opens it again."""
        guild, channel = self._channel(wish)
        if not channel.is_thread:
            raise unknown_channel()
        channel.archived = bool(wish.get("archived", channel.archived))
        channel.locked = bool(wish.get("locked", channel.locked))
        self._hub.guilds.tell_of_channel(guild, "THREAD_UPDATE", channel)

    def outage(self, wish: Json) -> None:
        """Begins or ends an outage of a guild, for the bot."""
        self._hub.guilds.set_outage(self._guild(wish), unavailable=bool(wish["unavailable"]))

    def command_checks(self, wish: Json) -> None:
        """Switches Discord's own check of command permissions."""
        self._hub.access.checked = bool(wish["enabled"])
        for guild in self._hub.world.guilds.values():
            self._hub.guilds.tell_commands_changed(guild)

    def command_permissions(self, wish: Json) -> None:
        """Sets who may use a command, or all commands, in a guild."""
        guild, name = self._guild(wish), wish.get("command")
        scopes = (Scope(), Scope(guild_id=guild.id))
        known = [c for scope in scopes for c in self._hub.commands.all(scope)]
        found = [c["id"] for c in known if name in (c["id"], c["name"])]
        if name is not None and not found:
            raise unknown_command()
        target = found[0] if found else self._hub.world.application.id
        rules = [self._rule(guild, rule) for rule in wish["permissions"]]
        self._hub.access.set_rules(guild.id, target, rules)
        self._hub.guilds.tell_command_permissions(guild, target, rules)

    def _rule(self, guild: Guild, rule: Json) -> Json:
        kind = Target(int(rule["type"]))
        wanted = str(rule["id"])
        known = {
            Target.ROLE: guild.roles.keys(),
            Target.USER: guild.members.keys(),
            Target.CHANNEL: {*guild.channels, str(int(guild.id) - 1)},
        }
        if wanted not in known[kind]:
            text = f"Unknown {kind.name.lower()} {wanted}"
            raise form_error(("permissions",), "UNKNOWN_TARGET", text)
        return {"id": wanted, "type": int(kind), "permission": bool(rule["permission"])}
