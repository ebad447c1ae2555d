"""Who may use which command where: default permissions, and what moderators set in Integrations.

https://discord.com/developers/docs/interactions/application-commands#permissions
"""

from enum import IntEnum

from sandbox.discord_api.permissions import Permission, in_guild
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, Guild, World


class Target(IntEnum):
    """What a command permission is about."""

    ROLE = 1
    USER = 2
    CHANNEL = 3


class CommandAccess:
    """Decides whether a command is offered to a member.

    Attributes:
        checked: False offers every command to everyone, as a client that lies does: what then
            protects a command is the bot's own check.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rules: dict[tuple[str, str], list[Json]] = {}
        self.checked = True

    def rules(self, guild_id: str, target_id: str) -> list[Json]:
        """The permissions set for a command, or for all commands by the application's id."""
        return self._rules.get((guild_id, target_id), [])

    def targets(self, guild_id: str) -> list[str]:
        """The ids that have permissions in a guild."""
        return [target for guild, target in self._rules if guild == guild_id]

    def set_rules(self, guild_id: str, target_id: str, rules: list[Json]) -> None:
        """Replaces them; an empty list goes back to the command's defaults."""
        self._rules.pop((guild_id, target_id), None)
        if rules:
            self._rules[guild_id, target_id] = rules

    def offers(self, command: Json, channel: Channel, user_id: str) -> bool:
        """Whether a member may use a command in a channel."""
        guild = self._world.guild_of(channel)
        if guild is None:
            return True
        parent = guild.channels.get(channel.parent_id or "", channel)
        if command["nsfw"] and not (channel.nsfw or parent.nsfw):
            return False
        return not self.checked or self._permits(command, guild, parent, user_id)

    def _permits(self, command: Json, guild: Guild, channel: Channel, user_id: str) -> bool:
        bits = in_guild(guild, user_id)
        if bits & Permission.ADMINISTRATOR:
            return True
        own = self.rules(guild.id, command["id"])
        whole = self.rules(guild.id, self._world.application.id)
        here = _of_channel(own, guild, channel)
        if here is False or (here is None and _of_channel(whole, guild, channel) is False):
            return False
        for_member = _of_member(own, guild, user_id)
        if for_member is not None:
            return for_member
        needed = command["default_member_permissions"]
        if _of_member(whole, guild, user_id) is False:
            return False
        return needed is None or (int(needed) != 0 and not int(needed) & ~bits)


def _said(rules: list[Json], kind: Target, ids: set[str]) -> list[bool]:
    return [rule["permission"] for rule in rules if rule["type"] == kind and rule["id"] in ids]


def _of_channel(rules: list[Json], guild: Guild, channel: Channel) -> bool | None:
    everywhere = str(int(guild.id) - 1)  # Discord's constant for all channels
    for wanted in (channel.id, everywhere):
        said = _said(rules, Target.CHANNEL, {wanted})
        if said:
            return said[0]
    return None


def _of_member(rules: list[Json], guild: Guild, user_id: str) -> bool | None:
    """A rule for the user wins over those for roles, these over the one for everyone."""
    roles = set(guild.members[user_id].roles)
    for said in (
        _said(rules, Target.USER, {user_id}),
        _said(rules, Target.ROLE, roles),
        _said(rules, Target.ROLE, {guild.id}),
    ):
        if said:
            return any(said)
    return None
