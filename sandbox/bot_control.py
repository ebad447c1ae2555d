"""Control calls about the bots' processes, served beside the Segmind stand-in's own.

`GET /control/bot` shows `{"pid", "running", "starts", "ready"}`. `POST /control/bot/kill` is
kill -9, `…/stop` is SIGTERM, `…/start` starts it on the same data, `…/restart` is kill and start.
The last two answer when the bot is connected again and has registered its commands. Of several
bots these mean the first; `/control/bot/2`, `/control/bot/2/kill` and so on mean the others.
"""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from sandbox.bot_process import BotProcess
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.commands import Scope

READY_TIMEOUT_S = 90.0
_LOOK_EVERY_S = 0.05


class BotControl:
    """The bots of a running sandbox, as the control endpoint sees them; the first is number 1."""

    def __init__(self) -> None:
        self._bots: Sequence[BotProcess] = ()
        self._discord: DiscordStandIn | None = None

    def attach(self, bots: Sequence[BotProcess], discord: DiscordStandIn) -> None:
        """Say which bots this is about, and where they show up; until then calls answer 409.

        Of several, each has one shard: the first shard 0, and so on.
        """
        self._bots, self._discord = bots, discord

    def is_ready(self, number: int = 1) -> bool:
        """Whether Discord sees a bot connected, with commands that can be used."""
        bot = self._bot(number)
        if bot is None or bot.pid is None or self._discord is None:
            return False
        hub, guild_id = self._discord.hub, self._discord.guild_id
        connected = any(
            session.user.bot
            and session.connection is not None
            and (len(self._bots) == 1 or session.shard[0] == number - 1)
            for session in hub.gateway.sessions()
        )
        scopes = (Scope(), Scope(guild_id=guild_id))
        return connected and any(hub.commands.all(scope) for scope in scopes)

    @property
    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""
        return [
            route
            for path in ("/control/bot", r"/control/bot/{number:[1-9]\d*}")
            for route in (
                web.get(path, self._show),
                web.post(path + "/{action:start|stop|kill|restart}", self._act),
            )
        ]

    async def wait_ready(self, number: int = 1) -> bool:
        """Wait until a bot can take commands; False when it does not get there in time."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while True:
                    if self.is_ready(number):
                        return True
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            return False

    async def wait_all_ready(self) -> bool:
        """Wait until every bot can take commands; False when one does not get there in time."""
        return all([await self.wait_ready(n + 1) for n in range(len(self._bots))])

    async def _show(self, request: web.Request) -> web.Response:
        number = _number(request)
        return self._state(200 if self._bot(number) or not self._bots else 404, number)

    async def _act(self, request: web.Request) -> web.Response:
        number = _number(request)
        bot = self._bot(number)
        if bot is None:
            return self._state(404 if self._bots else 409, number)
        action = request.match_info["action"]
        if action in ("kill", "restart"):
            await bot.kill()
        if action == "stop":
            await bot.stop()
        if action in ("start", "restart"):
            await bot.start()
            return self._state(200 if await self.wait_ready(number) else 504, number)
        return self._state(200, number)

    def _bot(self, number: int) -> BotProcess | None:
        return self._bots[number - 1] if number <= len(self._bots) else None

    def _state(self, status: int, number: int) -> web.Response:
        bot = self._bot(number)
        body = {
            "pid": bot.pid if bot else None,
            "running": bot is not None and bot.pid is not None,
            "starts": bot.starts if bot else 0,
            "ready": self.is_ready(number),
        }
        return web.json_response(body, status=status)


def _number(request: web.Request) -> int:
    return int(request.match_info.get("number", "1"))
