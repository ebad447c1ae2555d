"""What Discord's answers mean for the bot: starts, intents, installs, permissions. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.discord_ui.permissions import NEEDED
from bot.doctoring.diagnosis import Diagnosis, hint, well, wrong
from bot.doctoring.discord_rest import Application
from bot.doctoring.web import MS_IN_S
from bot.settings import Settings

PORTAL = "Discord's developer portal"
_NAMED_SERVERS = 3
_MINUTE_S = 60
# Where discord.py has a name of its own.
_ITS_NAMES = {"read_messages": "View Channels"}
# Each privileged intent with the switches of the application that allow it.
_PRIVILEGED = {
    "members": ("gateway_guild_members", "gateway_guild_members_limited"),
    "presences": ("gateway_presence", "gateway_presence_limited"),
    "message_content": ("gateway_message_content", "gateway_message_content_limited"),
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that the bot is in, with what it may do everywhere there."""

    id: int
    name: str
    has: discord.Permissions

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Server":
        """Read Discord's JSON; for what it raises see `discord_rest.as_discord`."""
        return cls(
            id=int(facts["id"]),
            name=str(facts["name"]),
            has=discord.Permissions(int(facts["permissions"])),
        )


def of_advice(advice: Mapping[str, Any], shard_count: int | None) -> Diagnosis:
    """Judge Discord's advice on starts and shards. Pure.

    Args:
        advice: The answer of `GET /gateway/bot`.
        shard_count: What the host has set; None: as Discord advises.
    """
    advised, limit = int(advice["shards"]), advice["session_start_limit"]
    left, needed = int(limit["remaining"]), shard_count or advised
    figures = {"starts_left": left, "shards_advised": advised}
    if left < needed:
        minutes = -(-int(limit["reset_after"]) // (_MINUTE_S * MS_IN_S))
        return wrong(
            "starts",
            f"{left} of {limit['total']} starts a day are left; a start needs {needed}.",
            f"Do not start the bot again and again. There are more in {minutes} minutes.",
            **figures,
        )
    if needed < advised:
        return hint(
            "starts",
            f"{left} starts are left; Discord advises {advised} shards, SHARD_COUNT is {needed}.",
            f"Set SHARD_COUNT={advised}, before it has to be.",
            **figures,
        )
    words = f"{left} of {limit['total']} starts a day are left; shards advised: {advised}"
    return well("starts", words, **figures)


def of_intents(needed: discord.Intents, flags: discord.ApplicationFlags) -> Diagnosis:
    """Compare what the bot asks to hear with what its application allows. Pure."""
    allowed = {
        name for name, switches in _PRIVILEGED.items() if any(getattr(flags, s) for s in switches)
    }
    asked = {name for name in _PRIVILEGED if getattr(needed, name)}
    where = f"{PORTAL}, your application, Bot page, Privileged Gateway Intents"
    if missing := sorted(asked - allowed):
        words = f"the gateway would refuse the bot: it needs {_spoken(missing)}."
        return wrong("intents", words, f"{where}: switch that on.")
    if idle := sorted(allowed - asked):
        words = f"{_spoken(idle)} is switched on, which the bot does not use."
        return hint("intents", words, f"{where}: switch it off.")
    return well("intents", "no privileged ones are needed, and none is on")


def of_installs(application: Application, settings: Settings) -> Diagnosis:
    """Judge who can install the bot. Pure."""
    if settings.user_installs and not application.takes_users:
        return wrong(
            "installs",
            "USER_INSTALLS is set, but nobody can install the bot for themselves.",
            f"{PORTAL}, your application, Installation page: switch on User Install, or set "
            "USER_INSTALLS=false.",
        )
    if settings.monthly_usd_cap is not None:
        return well("installs", "MONTHLY_USD_CAP limits what all servers together cost")
    if settings.user_installs:
        words = "anybody can install the bot for themselves and spend your money, without a limit."
        return hint("installs", words, "Set MONTHLY_USD_CAP.")
    if application.anybody_invites:
        words = "anybody may invite the bot and spend your money, without a limit."
        remedy = f"{PORTAL}, Bot page: switch Public Bot off, or set MONTHLY_USD_CAP."
        return hint("installs", words, remedy)
    return well("installs", "only you can invite the bot")


def of_servers(servers: Sequence[Server], *, all_seen: bool) -> Diagnosis:
    """Judge what the bot may do on its servers, as their roles say. Pure.

    Args:
        servers: All, or the first of them.
        all_seen: Which of the two.
    """
    lacking = [(server.name, lacking_permissions(server.has)) for server in servers]
    lacking = [(name, permissions) for name, permissions in lacking if permissions]
    count = f"{len(servers)} servers" if all_seen else f"the first {len(servers)} servers"
    figures = {"servers": len(servers), "servers_lacking": len(lacking)}
    if not servers:
        return hint(
            "permissions",
            "the bot is on no server yet.",
            "Invite it with the link of: python -m bot invite",
            **figures,
        )
    if not lacking:
        return well("permissions", f"the bot has what it needs on {count}", **figures)
    named = "; ".join(
        f"{name} (lacks {', '.join(permissions)})" for name, permissions in lacking[:_NAMED_SERVERS]
    )
    more = len(lacking) - _NAMED_SERVERS
    return wrong(
        "permissions",
        f"on {len(lacking)} of {count}: {named}{f' and {more} more' if more > 0 else ''}.",
        "Give the bot's role these permissions there (Server Settings, Roles), or invite it again: "
        "python -m bot invite",
        **figures,
    )


def lacking_permissions(has: discord.Permissions) -> list[str]:
    """Return the permissions that the invite link asks for and the bot lacks. Pure."""
    if has.administrator:
        return []
    return [permission_name(name) for name, needed in NEEDED if needed and not getattr(has, name)]


def permission_name(name: str) -> str:
    """Return a permission's name as Discord's pages write it, from discord.py's. Pure."""
    return _ITS_NAMES.get(name) or name.replace("_", " ").title().replace(" In ", " in ")


def _spoken(intents: Sequence[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} intent" for name in intents)
