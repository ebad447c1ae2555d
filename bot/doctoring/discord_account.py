"""Checks the bot's account at Discord: token, gateway, starts left, intents, installs, servers."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import aiohttp

from bot.client import INTENTS
from bot.doctoring.diagnosis import Diagnosis, NotCheckedError, well, wrong
from bot.doctoring.discord_judging import (
    PORTAL,
    Server,
    of_advice,
    of_installs,
    of_intents,
    of_servers,
)
from bot.doctoring.discord_rest import (
    Application,
    DiscordRest,
    TokenRefusedError,
    as_discord,
)
from bot.doctoring.web import CALL_LIMIT_S, MS_IN_S, Seen, Witness
from bot.errors import BotError
from bot.settings import Settings

T = TypeVar("T")

_HELLO = 10
# Discord's own limit of a page, and ours of calls.
_PAGE, _PAGES = 200, 5


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
        latency_ms = self._witness.latency_ms(self.rest.base)
        words = f"the token is {application.name}'s; answers in {latency_ms} ms"
        return well("discord", words, latency_ms=latency_ms)

    async def check_gateway(self) -> Diagnosis:
        """Open the gateway's connection as far as its greeting, which uses up no start."""
        loop = asyncio.get_running_loop()
        advice = await self._advice()
        advised = as_discord(lambda: advice["url"])
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
        return as_discord(lambda: of_advice(advice, self._settings.shards[1]))

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
        after = 0
        for _ in range(_PAGES):
            page = await self.rest.get("/users/@me/guilds", limit=str(_PAGE), after=str(after))
            servers = as_discord(partial(_servers, page))
            found += servers
            if len(servers) < _PAGE:
                return of_servers(found, all_seen=True)
            after = servers[-1].id
        return of_servers(found, all_seen=False)

    async def _advice(self) -> Mapping[str, Any]:
        await self.application()
        advice: Mapping[str, Any] = await self._gateway()
        return advice


def _servers(page: Any) -> list[Server]:
    return [Server.of(one) for one in page]


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
