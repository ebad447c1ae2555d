"""Control calls about the bot's process, served beside the Segmind stand-in's own.

`GET /control/bot` shows `{"pid", "running", "starts", "ready"}`. `POST /control/bot/kill` is
kill -9, `…/stop` is SIGTERM, `…/start` starts it on the same data, `…/restart` is kill and start.
The last two answer when the bot is connected again and has registered its commands.
"""

import asyncio

from aiohttp import web

from sandbox.bot_process import BotProcess
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.commands import Scope

READY_TIMEOUT_S = 90.0
_LOOK_EVERY_S = 0.05


class BotControl:
    """The bot of a running sandbox, as the control endpoint sees it."""

    def __init__(self) -> None:
        self._bot: BotProcess | None = None
        self._discord: DiscordStandIn | None = None

    def attach(self, bot: BotProcess, discord: DiscordStandIn) -> None:
        """Say which bot this is about, and where it shows up; until then calls answer 409."""
        self._bot, self._discord = bot, discord

    def is_ready(self) -> bool:
        """Whether Discord sees the bot connected, with commands that can be used."""
        if self._bot is None or self._bot.pid is None or self._discord is None:
            return False
        hub, guild_id = self._discord.hub, self._discord.guild_id
        connected = any(
            session.user.bot and session.connection is not None
            for session in hub.gateway.sessions()
        )
        scopes = (Scope(), Scope(guild_id=guild_id))
        return connected and any(hub.commands.all(scope) for scope in scopes)

    @property
    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""
        return [
            web.get("/control/bot", self._show),
            web.post("/control/bot/{action:start|stop|kill|restart}", self._act),
        ]

    async def wait_ready(self) -> bool:
        """Wait until the bot can take commands; False when it does not get there in time."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while True:
                    if self.is_ready():
                        return True
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            return False

    async def _show(self, _request: web.Request) -> web.Response:
        return self._state(200)

    async def _act(self, request: web.Request) -> web.Response:
        bot = self._bot
        if bot is None:
            return self._state(409)
        action = request.match_info["action"]
        if action in ("kill", "restart"):
            await bot.kill()
        if action == "stop":
            await bot.stop()
        if action in ("start", "restart"):
            await bot.start()
            return self._state(200 if await self.wait_ready() else 504)
        return self._state(200)

    def _state(self, status: int) -> web.Response:
        bot = self._bot
        body = {
            "pid": bot.pid if bot else None,
            "running": bot is not None and bot.pid is not None,
            "starts": bot.starts if bot else 0,
            "ready": self.is_ready(),
        }
        return web.json_response(body, status=status)
