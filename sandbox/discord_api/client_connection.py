"""A member's connection: HTTP calls as that member, and what the gateway tells them."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from sandbox.discord_api.client_guilds import ClientGuilds, place_named
from sandbox.discord_api.gateway_protocol import Op
from sandbox.discord_api.wire import Json, dump

FIRST_ERROR_STATUS = 400


class RefusedError(Exception):
    """Discord refused a call.

    Attributes:
        status: The HTTP status.
        body: The JSON body, with Discord's `code` and `message`.
    """

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {dump(body)}")
        self.status = status
        self.body: Any = body

    @property
    def code(self) -> int:
        """Discord's JSON error code."""
        return int(self.body.get("code", 0)) if isinstance(self.body, dict) else 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an interaction went.

    Attributes:
        id: The interaction's id; empty when not waited for.
        nonce: The client's own id of it.
        ok: Whether the bot answered in time.
        modal: The modal it opened.
    """

    id: str
    nonce: str
    ok: bool
    modal: Json | None = None


class MemberConnection:
    """One member's session.

    Args:
        api_url: The API's base, as `http://…/api/v10`.
        gateway_url: The gateway, as `ws://…/gateway`.
        token: The member's token.
        timeout_s: How long to wait for anything that does not say otherwise.
    """

    def __init__(
        self, api_url: str, gateway_url: str, token: str, *, timeout_s: float = 10.0
    ) -> None:
        self._api = api_url.rstrip("/")
        self._gateway = gateway_url
        self._token = token
        self._timeout_s = timeout_s
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._close_code: int | None = None
        self.user: Json = {}
        self.known_guilds = ClientGuilds()
        self.guild: Json = {}
        """The guild that is looked at; `use_guild` chooses another."""
        self.session_id = ""
        self.seen: dict[str, Json] = {}
        """Every message this member was told of, by id, as it looks now; deleted ones are gone."""
        self.events: list[tuple[str, Json]] = []
        """Everything the gateway said, in order."""

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connects to the gateway and waits until it is ready.

        Raises:
            ConnectionError: The gateway closed the connection, as for a wrong token.
        """
        self._http = aiohttp.ClientSession(headers={"Authorization": self._token})
        self._socket = await self._http.ws_connect(self._gateway, max_msg_size=0)
        identify = {"token": self._token, "properties": {"os": "member-driver"}}
        await self._socket.send_str(dump({"op": int(Op.IDENTIFY), "d": identify}))
        self._reader = asyncio.create_task(self._read(self._socket))
        ready = await self.wait_for_event("READY")
        self.user, self.session_id = ready["user"], ready["session_id"]
        self.guild = next(iter(self.known_guilds.all()), {})

    async def close(self) -> None:
        """Disconnects."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader
        if self._http is not None:
            await self._http.close()

    def use_guild(self, id_or_name: str) -> Json:
        """Looks at another guild: its first text channel is used when none is named.

        Raises:
            LookupError: The member is in no such guild.
        """
        self.guild = self.known_guilds.find(id_or_name)
        return self.guild

    @property
    def channel_id(self) -> str:
        """The guild's first text channel, which is used when none is named."""
        return str(self.guild["channels"][0]["id"])

    def channel_named(self, name: str) -> str:
        """The id of a channel or thread of the guild that is looked at.

        Raises:
            LookupError: There is none that this member sees.
        """
        return str(place_named(self.guild, name)["id"])

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        beat: asyncio.Task[None] | None = None
        async for message in socket:
            payload = json.loads(message.data)
            if payload["op"] == Op.HELLO:
                interval_s = payload["d"]["heartbeat_interval"] / 1000
                beat = asyncio.create_task(_beat(socket, interval_s))
            elif payload["op"] == Op.DISPATCH:
                await self._receive(payload["t"], payload["d"])
        if beat is not None:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
        async with self._changed:
            self._close_code = socket.close_code or 1006
            self._changed.notify_all()

    async def _receive(self, event: str, data: Json) -> None:
        async with self._changed:
            if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
                self.seen[data["id"]] = data
            elif event == "MESSAGE_DELETE":
                self.seen.pop(data["id"], None)
            self.known_guilds.apply(event, data)
            self.events.append((event, data))
            self._changed.notify_all()

    async def request(self, method: str, path: str, **arguments: Any) -> Any:
        """Calls the API as this member; the JSON answer, None when it has no body.

        Raises:
            RefusedError: Any status of 400 and above.
        """
        async with self._session.request(method, self._api + path, **arguments) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            body = json.loads(text) if is_json and text else text or None
            if response.status >= FIRST_ERROR_STATUS:
                raise RefusedError(response.status, body)
            return body

    async def download(self, url: str) -> bytes:
        """The bytes behind an attachment's address."""
        async with self._session.get(url) as response:
            response.raise_for_status()
            return await response.read()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("connect() first")
        return self._http

    async def wait_for_message(
        self, predicate: Callable[[Json], bool], timeout_s: float | None = None
    ) -> Json:
        """The first message, seen already or yet to come, that fits, as it looks then.

        Raises:
            TimeoutError: None fitted in time; says what was seen.
            ConnectionError: The gateway closed the connection.
        """
        return await self._wait(
            lambda: next((m for m in self.seen.values() if predicate(m)), None), timeout_s
        )

    async def wait_for_event(
        self,
        name: str,
        predicate: Callable[[Json], bool] = lambda _data: True,
        timeout_s: float | None = None,
    ) -> Json:
        """The first event of that name, heard already or yet to come, that fits.

        Raises:
            TimeoutError: None fitted in time.
            ConnectionError: The gateway closed the connection.
        """
        return await self._wait(
            lambda: next((d for event, d in self.events if event == name and predicate(d)), None),
            timeout_s,
        )

    async def _wait(self, find: Callable[[], Json | None], timeout_s: float | None) -> Json:
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        started = time.monotonic()
        async with self._changed:
            while (found := find()) is None:
                if self._close_code is not None:
                    raise ConnectionError(f"the gateway closed: {self._close_code}")
                left_s = limit_s - (time.monotonic() - started)
                try:
                    async with asyncio.timeout(left_s):
                        await self._changed.wait()
                except TimeoutError:
                    seen = [(m["content"], m["flags"]) for m in self.seen.values()]
                    raise TimeoutError(f"not seen within {limit_s} s; messages: {seen}") from None
            return found


async def _beat(socket: aiohttp.ClientWebSocketResponse, interval_s: float) -> None:
    while True:
        await asyncio.sleep(interval_s)
        await socket.send_str(dump({"op": int(Op.HEARTBEAT), "d": None}))
