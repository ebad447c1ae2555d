"""What a server's moderators have set in Integrations, asked for buttons: Discord itself does not.

https://docs.discord.com/developers/interactions/application-commands#permissions
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import AppCommandPermissionType as Target
from discord.ext import commands

from bot.catalogue import COMMANDS, Kind
from bot.discord_ui.absence import ruling_guild_id
from bot.discord_ui.services import Interaction
from bot.discord_ui.verdicts import DISCORD_ERRORS
from bot.errors import RefusedError
from bot.i18n import gettext
from bot.words import command_name

log = logging.getLogger(__name__)

# Moderators who change the rules wait no longer than this.
_KEPT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of Integrations, about a command (or, by the application's id, about all)."""

    command_id: int
    target: Target
    target_id: int
    allowed: bool


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who wants to use a command, and where.

    Attributes:
        role_ids: Without the server's own, which everybody has.
        channel_id: Of a thread: its parent's.
    """

    user_id: int
    role_ids: Collection[int]
    guild_id: int
    channel_id: int


def may_use(rules: Sequence[Rule], asker: Asker, *, command_id: int, application_id: int) -> bool:
    """Decide as Discord does for a command that everybody may use by default. Pure.

    A command's own rules win over those for the whole application; one for the channel over
    the one for all channels, one for the member over those for roles, these over everybody's.
    """
    own = [rule for rule in rules if rule.command_id == command_id]
    whole = [rule for rule in rules if rule.command_id == application_id]
    for find in (_of_channel, _of_member):
        said = find(own, asker)
        if said is None:
            said = find(whole, asker)
        if said is False:
            return False
    return True


def _of_channel(rules: Sequence[Rule], asker: Asker) -> bool | None:
    # "All channels" has the server's id less one.
    return _first(rules, Target.channel, ({asker.channel_id}, {asker.guild_id - 1}))


def _of_member(rules: Sequence[Rule], asker: Asker) -> bool | None:
    said = _first(rules, Target.user, ({asker.user_id},))
    roles = (set(asker.role_ids) - {asker.guild_id}, {asker.guild_id})
    return said if said is not None else _first(rules, Target.role, roles)


def _first(rules: Sequence[Rule], target: Target, ids: Sequence[set[int]]) -> bool | None:
    for wanted in ids:
        said = [r.allowed for r in rules if r.target is target and r.target_id in wanted]
        if said:
            return any(said)
    return None


class CommandRights:
    """Asks Discord for a server's rules, and keeps them for a minute."""

    def __init__(
        self, client: commands.Bot | commands.AutoShardedBot, clock: Callable[[], float]
    ) -> None:
        """Make one.

        Args:
            client: Logged in.
            clock: Seconds that only grow.
        """
        self._client = client
        self._clock = clock
        self._command_ids: dict[str, int] = {}
        self._rules: dict[int, tuple[float, list[Rule]]] = {}

    async def check(self, interaction: Interaction, kind: Kind) -> None:
        """Refuse whoever may not use the command that makes this kind of video here.

        When Discord does not tell the rules, there are none: they are a convenience of
        moderators, while blocks, channels and quotas are the bot's own and always asked.

        Raises:
            RefusedError: the rules of the server say no.
        """
        guild_id = ruling_guild_id(interaction)
        if guild_id is None or interaction.permissions.administrator:
            return  # where the bot is not, Discord would refuse to tell: too often gets it banned
        command = COMMANDS[kind]
        try:
            rules = await self._rules_of(guild_id)
            command_id = await self._command_id(command) if rules else 0
        except DISCORD_ERRORS as error:
            log.warning("guild %s: its command rules are not known: %s", guild_id, error)
            return
        asker, application_id = _asker(interaction), interaction.application_id
        if not may_use(rules, asker, command_id=command_id, application_id=application_id):
            raise RefusedError(
                gettext(
                    "This server's moderators do not let you use `{command}` here, nor the "
                    "buttons that do the same. Nothing was charged."
                ).format(command=f"/{command_name(command)}")
            )

    async def _rules_of(self, guild_id: int) -> list[Rule]:
        now_s = self._clock()
        self._rules = {id_: kept for id_, kept in self._rules.items() if kept[0] > now_s}
        if guild_id not in self._rules:
            application_id = self._client.application_id or 0
            answer: Any = await self._client.http.get_guild_application_command_permissions(
                application_id, guild_id
            )
            self._rules[guild_id] = (now_s + _KEPT_S, _read(answer))
        return self._rules[guild_id][1]

    async def _command_id(self, name: str) -> int:
        """Return a command's id at Discord, which stays the same when it is changed."""
        if name not in self._command_ids:
            registered = await self._client.tree.fetch_commands()
            self._command_ids = {command.name: command.id for command in registered}
        return self._command_ids.get(name, 0)


def _read(answer: Sequence[Any]) -> list[Rule]:
    return [
        Rule(
            command_id=int(part["id"]),
            target=Target(rule["type"]),
            target_id=int(rule["id"]),
            allowed=bool(rule["permission"]),
        )
        for part in answer
        for rule in part["permissions"]
    ]


def _asker(interaction: Interaction) -> Asker:
    user, channel = interaction.user, interaction.channel
    roles = user.roles if isinstance(user, discord.Member) else ()
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return Asker(
        user_id=user.id,
        role_ids=frozenset(role.id for role in roles),
        guild_id=interaction.guild_id or 0,
        channel_id=parent_id or interaction.channel_id or 0,
    )
