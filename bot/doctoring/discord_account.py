"""Checks the bot's account at Discord: token, gateway, starts left, intents, installs, servers."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import discord

from bot.client import INTENTS
from bot.discord_ui.permissions import NEEDED
from bot.doctoring.diagnosis import Diagnosis, NotCheckedError, hint, well, wrong
from bot.doctoring.discord_rest import Application, DiscordRest, TokenRefusedError
from bot.doctoring.web import CALL_LIMIT_S, MS_IN_S, Seen, Witness
from bot.errors import BotError
from bot.settings import Settings

T = TypeVar("T")

PORTAL = "Discord's developer portal"
_HELLO = 10
# Discord's own limit of a page, and ours of calls.
_PAGE, _PAGES = 200, 5
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

    name: str
    has: discord.Permissions


class DiscordAccount:
    """Asks Discord; what several checks need is asked once.

    Args:
        session: For the calls.
        settings: The host's.
        witness: Sees the session's answers.
    """

    def __init__(
        self, session: aiohttp.ClientSession, settings: Settings, witness: Witness
    ) -> None:
        self.rest = DiscordRest(session, settings)
        self._session = session
        self._settings = settings
        self._witness = witness
        self._application = _once(self.rest.application)
        self._gateway = _once(lambda: self.rest.get("/gateway/bot"))

    async def seen(self) -> Seen | None:
        """Return what Discord's first answer told besides its content; raises what the call did."""
        with contextlib.suppress(TokenRefusedError):  # an answer, too, with its time
            await self._application()
        return self._witness.seen(self.rest.base)

    async def application(self) -> Application:
        """Return the application; NotCheckedError where that is another part's fault."""
        return await _of("discord", self._application())

    async def check_token(self) -> Diagnosis:
        """Log in. Raises what the call did."""
        try:
            application = await self._application()
        except TokenRefusedError:
            return wrong(
                "discord",
                "the bot's token is refused.",
                f"{PORTAL}, your application, Bot page: press Reset Token and set DISCORD_TOKEN.",
            )
        seen = self._witness.seen(self.rest.base)
        latency_ms = seen.latency_ms if seen is not None else 0
        words = f"the token is {application.name}'s; answers in {latency_ms} ms"
        return well("discord", words, latency_ms=latency_ms)

    async def check_gateway(self) -> Diagnosis:
        """Open the gateway's connection as far as its greeting, which uses up no start."""
        loop = asyncio.get_running_loop()
        advised = (await self._advice())["url"]
        address = f"{self._settings.discord_gateway_url or advised}?v=10&encoding=json"
        started_s = loop.time()
        async with (
            asyncio.timeout(CALL_LIMIT_S),
            self._session.ws_connect(address) as socket,
        ):
            greeting = await socket.receive()
        if not _is_greeting(greeting):
            raise BotError("what answers there is not Discord's gateway.")
        latency_ms = round((loop.time() - started_s) * MS_IN_S)
        return well("gateway", f"greets in {latency_ms} ms", latency_ms=latency_ms)

    async def check_starts(self) -> Diagnosis:
        """See how many times the bot may still connect, and on how many shards it should."""
        advice = await self._advice()
        return of_advice(advice, self._settings.shards[1])

    async def check_intents(self) -> Diagnosis:
        """Compare what the bot will ask to hear with what its application allows."""
        return of_intents(INTENTS, (await self.application()).flags)

    async def check_installs(self) -> Diagnosis:
        """See who can install the bot."""
        return of_installs(await self.application(), self._settings)

    async def check_permissions(self) -> Diagnosis:
        """See on which servers the bot lacks what its invite link asks for."""
        await self.application()
        found: list[Server] = []
        after = "0"
        for _ in range(_PAGES):
            page = await self.rest.get("/users/@me/guilds", limit=str(_PAGE), after=after)
            found += [
                Server(name=one["name"], has=discord.Permissions(int(one["permissions"])))
                for one in page
            ]
            if len(page) < _PAGE:
                return of_servers(found, all_seen=True)
            after = page[-1]["id"]
        return of_servers(found, all_seen=False)

    async def _advice(self) -> Mapping[str, Any]:
        await self.application()
        advice: Mapping[str, Any] = await self._gateway()
        return advice


def _is_greeting(message: aiohttp.WSMessage) -> bool:
    if message.type is not aiohttp.WSMsgType.TEXT:
        return False
    try:
        content = json.loads(message.data)
    except ValueError:
        return False
    return isinstance(content, dict) and content.get("op") == _HELLO


def _once(ask: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """Return what asks the first time, and then gives everybody the same answer or error."""
    asked: list[asyncio.Future[T]] = []

    def answer() -> Awaitable[T]:
        if not asked:
            asked.append(asyncio.ensure_future(ask()))
        # One who stops waiting takes it from nobody else.
        return asyncio.shield(asked[0])

    return answer


async def _of(part: str, answer: Awaitable[T]) -> T:
    """Return another part's answer; its fault is told once, there."""
    try:
        return await answer
    except (BotError, aiohttp.ClientError, TimeoutError) as error:
        raise NotCheckedError(f"see {part}") from error


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
