"""What every part of the stand-in speaks: JSON objects, snowflakes, timestamps, answers."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from aiohttp import web

Json: TypeAlias = dict[str, Any]
Clock: TypeAlias = Callable[[], float]
"""Seconds since the Unix epoch, like `time.time`."""

DISCORD_EPOCH_MS = 1_420_070_400_000
SEQUENCE_BITS = 22


class Snowflakes:
    """Makes Discord's ids: milliseconds since 2015 above 22 bits that tell neighbours apart."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def new(self) -> str:
        """A new id, larger than every id made before."""
        now = (int(self._clock() * 1000) - DISCORD_EPOCH_MS) << SEQUENCE_BITS
        self._last = max(now, self._last + 1)
        return str(self._last)


def snowflake_time_s(snowflake: str) -> float:
    """When an id was made, in seconds since the Unix epoch."""
    return ((int(snowflake) >> SEQUENCE_BITS) + DISCORD_EPOCH_MS) / 1000


def iso_time(epoch_s: float) -> str:
    """A moment as Discord writes it."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="microseconds")


def dump(data: object) -> str:
    """Compact JSON text, in ASCII: half a surrogate pair must not break an answer."""
    return json.dumps(data, separators=(",", ":"))


def answer(
    data: object = None, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer; 204 without a body when there is no data.

    The content type carries no charset: discord.py parses only exactly `application/json`.
    """
    if data is None:
        return web.Response(status=204, headers=headers)
    return web.Response(
        body=dump(data).encode(), status=status, headers=headers, content_type="application/json"
    )


def present(data: Json) -> Json:
    """A JSON object without the fields that are None, at any depth."""
    return {key: _present(value) for key, value in data.items() if value is not None}


def _present(value: Any) -> Any:
    if isinstance(value, list):
        return [_present(item) for item in value]
    return present(value) if isinstance(value, dict) else value
