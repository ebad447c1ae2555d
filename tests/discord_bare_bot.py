"""A bot made of plain HTTP calls and a plain websocket, to send what discord.py never would."""

import asyncio
import io
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from tests.discord_kit import control, until

Json = dict[str, Any]

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12
THREE_S = 3.0

COMMANDS: list[Json] = [
    {
        "name": "make",
        "description": "Makes something",
        "options": [
            {"type": 3, "name": "prompt", "description": "What", "required": True, "max_length": 9},
            {"type": 4, "name": "steps", "description": "How", "min_value": 1, "max_value": 5},
            {
                "type": 3,
                "name": "size",
                "description": "Size",
                "choices": [{"name": "Small", "value": "s"}, {"name": "Big", "value": "b"}],
            },
            {"type": 11, "name": "image", "description": "From"},
            {"type": 5, "name": "audio", "description": "Sound"},
            {"type": 10, "name": "motion", "description": "Motion", "max_value": 1},
            {"type": 3, "name": "style", "description": "Style", "autocomplete": True},
            {"type": 6, "name": "who", "description": "Whose"},
        ],
    },
    {"name": "Inspect", "type": 3},
    {"name": "Greet", "type": 2},
]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int:
        """Discord's error code, 0 without one."""
        return int(self.body["code"]) if isinstance(self.body, dict) else 0

    def faults(self) -> set[str]:
        """The dotted paths of a 50035 with their codes, as `data.content:CODE`."""
        return set(_faults(self.body.get("errors", {}), ""))


def _faults(tree: Json, path: str) -> list[str]:
    found = [f"{path}:{fault['code']}" for fault in tree.get("_errors", ())]
    for key, branch in tree.items():
        if key != "_errors":
            found += _faults(branch, f"{path}.{key}" if path else key)
    return found


class Socket:
    """A raw gateway connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._inflate = zlib.decompressobj() if compressed else None
        self.heard: list[Json] = []
        self.session_id = ""

    async def send(self, op: Any, data: Any) -> None:
        """Sends a payload."""
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def receive(self) -> Json:
        """The next payload."""
        message = await asyncio.wait_for(self.socket.receive(), 10)
        if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
            raise ConnectionError(str(self.socket.close_code))
        raw = message.data
        payload: Json = json.loads(self._inflate.decompress(raw) if self._inflate else raw)
        self.heard.append(payload)
        if payload["t"] == "READY":
            self.session_id = payload["d"]["session_id"]
        return payload

    async def event(self, name: str) -> Json:
        """The data of the next event of that name."""
        while True:
            payload = await self.receive()
            if payload["t"] == name:
                data: Json = payload["d"]
                return data

    async def op(self, number: int) -> Json:
        """The next payload with that opcode."""
        while True:
            payload = await self.receive()
            if payload["op"] == number:
                return payload

    async def close_code(self) -> int:
        """How the stand-in closes the connection."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), 10)
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                return self.socket.close_code or 0


class BareBot:
    """The bot's side of the stand-in, raw."""

    def __init__(self, stand_in: DiscordStandIn, http: aiohttp.ClientSession) -> None:
        self.stand_in = stand_in
        self.http = http
        self.gateway: Socket | None = None

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: dict[str, bytes] | None = None,
        token: str | None = None,
    ) -> Answer:
        """An API call; with files a multipart one."""
        arguments: Json = {} if body is None else {"json": body}
        if files is not None:
            form = aiohttp.FormData()
            form.add_field("payload_json", json.dumps(body), content_type="application/json")
            for number, (name, content) in enumerate(files.items()):
                form.add_field(f"files[{number}]", io.BytesIO(content), filename=name)
            arguments = {"data": form}
        authorization = token if token is not None else f"Bot {self.stand_in.bot_token}"
        headers = {"Authorization": authorization} if authorization else {}
        url = self.stand_in.api_url + path
        async with self.http.request(method, url, headers=headers, **arguments) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            parsed = json.loads(text) if is_json and text else text
            return Answer(status=response.status, body=parsed, headers=dict(response.headers))

    async def connect(self, query: str = "", *, compressed: bool = False) -> Socket:
        """A gateway connection that has heard HELLO."""
        socket = await self.http.ws_connect(self.stand_in.gateway_url + query, max_msg_size=0)
        connection = Socket(socket, compressed=compressed)
        await connection.op(10)
        return connection

    async def identify(self, intents: int = GUILDS, **extra: Any) -> Socket:
        """A connection that is ready; interactions are taken from it."""
        socket = await self.connect()
        token = self.stand_in.bot_token
        await socket.send(2, {"token": token, "intents": intents, "properties": {}, **extra})
        await socket.event("READY")
        self.gateway = socket
        return socket

    async def register(self, commands: list[Json]) -> Answer:
        """Registers global commands."""
        path = f"/applications/{self.stand_in.application_id}/commands"
        return await self.call("PUT", path, commands)

    async def interaction(self) -> Json:
        """The next interaction."""
        assert self.gateway is not None
        return await self.gateway.event("INTERACTION_CREATE")

    async def reply(
        self, interaction: Json, kind: int, data: Json | None = None, **extra: Any
    ) -> Answer:
        """Answers an interaction and asks for the response object."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
        body: Json = {"type": kind} | ({} if data is None else {"data": data})
        return await self.call("POST", path + "?with_response=true", body, token="", **extra)

    async def hook(
        self, interaction: Json, method: str, tail: str = "", body: Any = None, **extra: Any
    ) -> Answer:
        """Uses an interaction's token as a webhook; `tail` as `/messages/@original`."""
        path = f"/webhooks/{self.stand_in.application_id}/{interaction['token']}{tail}"
        return await self.call(method, path, body, token="", **extra)

    async def say(self, content: str, channel_id: str | None = None, **extra: Any) -> Answer:
        """Posts a message."""
        path = f"/channels/{channel_id or self.stand_in.channel_id}/messages"
        return await self.call("POST", path, {"content": content, **extra})


@dataclass(kw_only=True)
class Stage:
    """A stand-in with a bare bot and Mia's client, both connected."""

    stand_in: DiscordStandIn
    bot: BareBot
    mia: MemberDriver

    async def asked(self, options: Json | None = None, channel_id: str | None = None) -> Json:
        """Mia runs /make; the interaction as the bot gets it."""
        given = {"prompt": "cat"} if options is None else options
        await self.mia.run_command("make", given, channel_id, wait=False)
        return await self.bot.interaction()

    async def control(self, name: str, wish: Json | None = None) -> Any:
        """Calls the control API."""
        return await control(self.stand_in, name, wish)

    async def heard(self, event: str, count: int = 1) -> list[Json]:
        """Mia's events of one name, once there are that many."""
        await until(lambda: sum(name == event for name, _ in self.mia.events) >= count)
        return [data for name, data in self.mia.events if name == event]


@asynccontextmanager
async def bare_bot(stand_in: DiscordStandIn) -> AsyncIterator[BareBot]:
    """A bare bot, not connected to the gateway."""
    async with aiohttp.ClientSession() as http:
        bot = BareBot(stand_in, http)
        yield bot
        if bot.gateway is not None:
            await bot.gateway.socket.close()


@asynccontextmanager
async def on_stage(stand_in: DiscordStandIn, *, commands: bool = True) -> AsyncIterator[Stage]:
    """Mia and a bare bot with its commands."""
    token = next(m.token for m in stand_in.members if m.name == "Mia")
    async with bare_bot(stand_in) as bot:
        await bot.identify()
        if commands:
            await bot.register(COMMANDS)
        async with MemberDriver(stand_in.api_url, stand_in.gateway_url, token) as mia:
            yield Stage(stand_in=stand_in, bot=bot, mia=mia)
