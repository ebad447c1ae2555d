"""The gateway's numbers, and what a session may be told. Pure."""

import importlib
import zlib
from collections.abc import Callable
from enum import IntEnum, IntFlag
from typing import Any, Protocol

HEARTBEAT_INTERVAL_S = 41.25


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    """Why the gateway closes a connection."""

    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQUENCE = 4007
    SESSION_TIMED_OUT = 4009
    INVALID_SHARD = 4010
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


class Intent(IntFlag):
    """What a bot asks to be told."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


ALL_INTENTS = (1 << 26) - 1

# A privileged intent works when its owner switched on one of two application flags
# (the second is the "limited" one of unverified bots).
PRIVILEGED = {
    Intent.GUILD_PRESENCES: 1 << 12 | 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 14 | 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 18 | 1 << 19,
}


def intents_fault(intents: object, application_flags: int) -> Close | None:
    """Why a bot's intents are refused; None when they are fine."""
    if not isinstance(intents, int) or not 0 <= intents <= ALL_INTENTS:
        return Close.INVALID_INTENTS
    for intent, flags in PRIVILEGED.items():
        if intents & intent and not application_flags & flags:
            return Close.DISALLOWED_INTENTS
    return None


def shard_fault(shard: object) -> Close | None:
    """Why a shard array is refused; None when it is fine."""
    if isinstance(shard, list) and [type(part) for part in shard] == [int, int]:
        number, count = shard
        return None if 0 <= number < count else Close.INVALID_SHARD
    return Close.INVALID_SHARD


def shard_of(guild_id: str, count: int) -> int:
    """The shard that hears a guild's events."""
    return (int(guild_id) >> 22) % count


class Compressor(Protocol):
    """One connection's stream compression."""

    def __call__(self, text: str) -> bytes:
        """The bytes of one message."""
        ...


class ZlibStream:
    """zlib-stream: one zlib context a connection, flushed after each message."""

    def __init__(self) -> None:
        self._context = zlib.compressobj()

    def __call__(self, text: str) -> bytes:
        """The bytes of one message, ending in 00 00 ff ff."""
        return self._context.compress(text.encode()) + self._context.flush(zlib.Z_SYNC_FLUSH)


class ZstdStream:
    """zstd-stream, by Python 3.14's own zstd or by the `zstandard` package."""

    def __init__(self, module: Any) -> None:
        if module.__name__ == "zstandard":
            self._context = module.ZstdCompressor().compressobj()
            self._flush_mode = module.COMPRESSOBJ_FLUSH_BLOCK
        else:
            self._context = module.ZstdCompressor()
            self._flush_mode = module.ZstdCompressor.FLUSH_BLOCK

    def __call__(self, text: str) -> bytes:
        """The bytes of one message."""
        start: bytes = self._context.compress(text.encode())
        rest: bytes = self._context.flush(self._flush_mode)
        return start + rest


def compressor(name: str | None) -> Callable[[str], bytes] | None:
    """The compressor a connection asked for (`compress=`); None for plain text.

    Raises:
        LookupError: A compression this Python cannot do.
    """
    if name is None:
        return None
    if name == "zlib-stream":
        return ZlibStream()
    if name == "zstd-stream":
        for module in ("compression.zstd", "zstandard"):
            try:
                return ZstdStream(importlib.import_module(module))
            except ModuleNotFoundError:
                continue
    raise LookupError(name)
