"""The gateway: connections, sessions, replay and the fan-out of events."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, TypeAlias

from aiohttp import WSMsgType, web

from sandbox.discord_api import greeting
from sandbox.discord_api.gateway_protocol import (
    HEARTBEAT_INTERVAL_S,
    Close,
    Intent,
    Op,
    compressor,
    intents_fault,
    shard_fault,
    shard_of,
)
from sandbox.discord_api.wire import Clock, Json, dump
from sandbox.discord_api.world import User, World

REPLAY_EVENTS = 2000
MOST_BYTES = 64 * 1024  # of one message from a client; Discord takes 4096 from bots
CLOSE_WITHIN_S = 3.0  # how long a client may take to answer a close
OPS: dict[int, Op] = {int(op): op for op in Op}
RESUME_WINDOW_S = 120.0  # Discord keeps a lost session for about this long

Farewell: TypeAlias = tuple[int, bytes]  # close code and reason

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Session:
    """What one identify made; survives its connection for a while."""

    id: str
    user: User
    intents: int
    shard: tuple[int, int]
    sequence: int = 0
    replay: deque[tuple[int, Json]] = field(default_factory=lambda: deque(maxlen=REPLAY_EVENTS))
    connection: "Connection | None" = None
    lost_at_s: float | None = None

    def hears(self, guild_id: str | None) -> bool:
        """Whether this shard gets the events of a guild (None: direct messages, shard 0)."""
        number, count = self.shard
        return number == (shard_of(guild_id, count) if guild_id else 0)

    def wants(self, intent: Intent) -> bool:
        """Whether the session asked for an intent; people get everything."""
        return not self.user.bot or bool(self.intents & intent)

    def dispatch(self, event: str, data: Json) -> None:
        """Numbers an event, keeps it for a resume and sends it when connected."""
        self.sequence += 1
        payload = {"op": int(Op.DISPATCH), "t": event, "s": self.sequence, "d": data}
        self.replay.append((self.sequence, payload))
        if self.connection is not None:
            self.connection.send(payload)


def _unheard(_payload: Json) -> None:
    """Nobody wants to know when a message was sent."""


class Connection:
    """One websocket. A single writer keeps messages, and the compression stream, in order.

    Attributes:
        on_send: Called with each message just before it is sent: for whoever takes the time.
    """

    def __init__(
        self, socket: web.WebSocketResponse, compress: Callable[[str], bytes] | None
    ) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.closing = False
        self.done = asyncio.Event()
        self.on_send: Callable[[Json], None] = _unheard
        self._compress = compress
        self._outbox: asyncio.Queue[Json | Farewell] = asyncio.Queue()

    def send(self, payload: Json) -> None:
        """Queues a message."""
        self._outbox.put_nowait(payload)

    def close(self, code: int, reason: str = "") -> None:
        """Queues the end of the connection, after everything queued before."""
        self.closing = True
        self._outbox.put_nowait((code, reason.encode()))

    async def write(self) -> Farewell | None:
        """Sends what is queued; returns how to close, or None when the far end is gone."""
        while True:
            item = await self._outbox.get()
            if isinstance(item, tuple):
                return item
            self.on_send(item)
            try:
                if self._compress is None:
                    await self.socket.send_str(dump(item))
                else:
                    await self.socket.send_bytes(self._compress(dump(item)))
            except ConnectionError:
                log.debug("gateway connection lost while sending")
                return None


class Gateway:
    """All sessions, and the `/gateway` websocket handler."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self.url = ""

    def sessions(self) -> Iterator[Session]:
        """The sessions that are connected or can still be resumed."""
        now = self._clock()
        for session in list(self._sessions.values()):
            if session.lost_at_s is not None and now - session.lost_at_s > RESUME_WINDOW_S:
                del self._sessions[session.id]
            else:
                yield session

    def publish(self, event: str, build: Callable[[Session], Json | None]) -> None:
        """Tells each session what `build` makes for it; None tells it nothing."""
        for session in self.sessions():
            data = build(session)
            if data is not None:
                session.dispatch(event, data)

    def tell_user(self, user_id: str, event: str, data: Json) -> None:
        """Tells every session of one user."""
        self.publish(event, lambda session: data if session.user.id == user_id else None)

    def reconnect(self, *, bots_only: bool = True) -> int:
        """Asks clients to reconnect (op 7); the number asked."""
        chosen = [
            c for c in self._connections if c.session and (c.session.user.bot or not bots_only)
        ]
        for connection in chosen:
            connection.send({"op": int(Op.RECONNECT), "d": None, "s": None, "t": None})
        return len(chosen)

    def drop(self, *, code: int, forget: bool, bots_only: bool = True) -> int:
        """Closes connections; with `forget` their sessions cannot be resumed. The number closed."""
        chosen = [
            c for c in self._connections if c.session and (c.session.user.bot or not bots_only)
        ]
        for connection in chosen:
            if forget and connection.session:
                self._sessions.pop(connection.session.id, None)
            connection.close(code)
        return len(chosen)

    async def close(self) -> None:
        """Closes every connection."""
        connections = list(self._connections)
        for connection in connections:
            connection.close(1001, "stand-in stops")
        with suppress(TimeoutError):  # a frozen client is left to the server's own clean-up
            async with asyncio.timeout(2 * CLOSE_WITHIN_S):
                await asyncio.gather(*(connection.done.wait() for connection in connections))

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """The websocket endpoint."""
        socket = web.WebSocketResponse(max_msg_size=MOST_BYTES, timeout=CLOSE_WITHIN_S)
        try:
            compress = compressor(request.query.get("compress"))
        except LookupError as missing:
            raise web.HTTPBadRequest(text=f"cannot compress with {missing}") from missing
        await socket.prepare(request)
        connection = Connection(socket, compress)
        self._connections.add(connection)
        interval_ms = int(HEARTBEAT_INTERVAL_S * 1000)
        hello = {"heartbeat_interval": interval_ms, "_trace": []}
        connection.send({"op": int(Op.HELLO), "d": hello, "s": None, "t": None})
        try:
            farewell = await self._converse(connection)
            if farewell is not None:
                await socket.close(code=farewell[0], message=farewell[1])
        finally:
            self._connections.discard(connection)
            connection.done.set()
        return socket

    async def _converse(self, connection: Connection) -> Farewell | None:
        """Reads and writes until one side ends it; how to close when it is ours to say."""
        writer = asyncio.create_task(connection.write())
        reader = asyncio.create_task(self._read(connection))
        try:
            done, _ = await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # a fault of ours is raised, not lost
            return await writer if connection.closing else None
        finally:
            # Nobody may be reading while the close is negotiated, or its code gets lost.
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            self._lost(connection)

    def _lost(self, connection: Connection) -> None:
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        session.lost_at_s = self._clock()
        said_goodbye = connection.socket.close_code in (1000, 1001)
        if said_goodbye and not connection.closing:
            self._sessions.pop(session.id, None)

    async def _read(self, connection: Connection) -> None:
        while not connection.closing:
            try:
                message = await connection.socket.receive(timeout=HEARTBEAT_INTERVAL_S * 1.5)
            except TimeoutError:
                connection.close(Close.SESSION_TIMED_OUT, "Session timed out.")
                return
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            fault = self._receive(connection, message.data)
            if fault is not None:
                connection.close(fault, fault.name.replace("_", " ").capitalize() + ".")

    def _receive(self, connection: Connection, raw: str | bytes) -> Close | None:
        try:
            payload = json.loads(raw)
            number, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError):
            return Close.DECODE_ERROR
        op = OPS.get(number) if isinstance(number, int) else None
        if op is None:
            return Close.UNKNOWN_OPCODE
        if op in (Op.IDENTIFY, Op.RESUME) and not isinstance(data, dict):
            return Close.DECODE_ERROR
        return self._act(connection, op, data)

    def _act(self, connection: Connection, op: Op, data: Any) -> Close | None:
        if op is Op.HEARTBEAT:
            connection.send({"op": int(Op.HEARTBEAT_ACK), "d": None, "s": None, "t": None})
            return None
        if op is Op.IDENTIFY:
            return self._identify(connection, data)
        if op is Op.RESUME:
            return self._resume(connection, data)
        if connection.session is None:
            return Close.NOT_AUTHENTICATED
        if op is Op.REQUEST_GUILD_MEMBERS:
            greeting.send_members(self._world, connection.session, data)
        return None

    def _user(self, token: object) -> User | None:
        text = token if isinstance(token, str) else ""
        return self._world.user_by_token(
            text.removeprefix("Bot "), bot=True
        ) or self._world.user_by_token(text, bot=False)

    def _identify(self, connection: Connection, data: dict[str, Any]) -> Close | None:
        if connection.session is not None:
            return Close.ALREADY_AUTHENTICATED
        user = self._user(data.get("token"))
        if user is None:
            return Close.AUTHENTICATION_FAILED
        shard = data.get("shard", [0, 1])
        fault = shard_fault(shard)
        if user.bot and fault is None:
            fault = intents_fault(data.get("intents"), self._world.application.flags)
        if fault is not None:
            return fault
        session = Session(
            id=token_hex(16),
            user=user,
            intents=int(data.get("intents") or 0),
            shard=(shard[0], shard[1]),
            connection=connection,
        )
        self._sessions[session.id] = session
        connection.session = session
        greeting.send_ready(self._world, session, self.url)
        return None

    def _resume(self, connection: Connection, data: dict[str, Any]) -> Close | None:
        if connection.session is not None:
            return Close.ALREADY_AUTHENTICATED
        user = self._user(data.get("token"))
        if user is None:
            return Close.AUTHENTICATION_FAILED
        session = {s.id: s for s in self.sessions()}.get(str(data.get("session_id")))
        seen = data.get("seq")
        if session is None or session.user is not user or not isinstance(seen, int):
            connection.send({"op": int(Op.INVALID_SESSION), "d": False, "s": None, "t": None})
            return None
        if seen > session.sequence:
            return Close.INVALID_SEQUENCE
        missed = [payload for number, payload in session.replay if number > seen]
        if len(missed) != session.sequence - seen:  # older than the replay buffer
            self._sessions.pop(session.id)
            connection.send({"op": int(Op.INVALID_SESSION), "d": False, "s": None, "t": None})
            return None
        if session.connection is not None:
            session.connection.close(Close.SESSION_TIMED_OUT)
        session.connection, session.lost_at_s, connection.session = connection, None, session
        for payload in missed:
            connection.send(payload)
        session.dispatch("RESUMED", {"_trace": []})
        return None
