"""Calls that come back when Discord answers "not now", in place of being waited out with.

Inside a call discord.py sleeps after a 429 and after a 5xx, and then repeats it: with the
picture that the call was made with, while there may be a newer one. (A limit that is used up
without a 429 it sleeps out before the call returns, so nothing old is sent after that.)
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import aiohttp
import discord

_TOO_MANY, _SERVER_ERROR = 429, 500
# What discord.py does not wait out it raises by then; what it does, it still waits for.
_SURELY_WAITS_S = 0.1
# Limits of one route. From a wait for the bot's global limit discord.py must not be torn: it
# holds back all other calls until it has ended that wait itself.
_OF_ONE_ROUTE = ("user", "shared")


class NotNowError(discord.DiscordException):
    """Discord did not take it, and may later.

    Attributes:
        later_s: After how many seconds; 0 when Discord did not say.
        refused: Whether it surely has not come true. A server in trouble may have done it.
    """

    def __init__(self, status: int, later_s: float) -> None:
        super().__init__(f"status {status}, again in {later_s:g} s")
        self.later_s = later_s
        self.refused = status < _SERVER_ERROR


@dataclass(kw_only=True)
class _Watch:
    """A call under way."""

    timer: asyncio.Timeout
    answer: NotNowError | None = None


_watch: ContextVar[_Watch | None] = ContextVar("watched call", default=None)


@asynccontextmanager
async def without_waiting() -> AsyncIterator[None]:
    """Give up the call in here as soon as it is answered that it is not for now.

    It has been answered, so it cannot come true later. Works with clients that have the
    `answers_trace`.

    Raises:
        NotNowError: the answer.
    """
    watch: _Watch | None = None
    try:
        async with asyncio.timeout(None) as timer:
            watch = _Watch(timer=timer)
            before = _watch.set(watch)
            try:
                yield
            finally:
                _watch.reset(before)
    except TimeoutError as error:
        if watch is None or watch.answer is None:
            raise
        raise watch.answer from error


def answers_trace() -> aiohttp.TraceConfig:
    """Return the `http_trace` of a client whose calls may be made `without_waiting`."""
    config = aiohttp.TraceConfig()
    config.on_request_start.append(_asked)
    config.on_request_end.append(_answered)
    return config


async def _asked(_session: object, _context: object, _request: object) -> None:
    """Never give up a call that is on its way (again): it might come true."""
    watch = _watch.get()
    if watch is not None:
        watch.answer = None
        watch.timer.reschedule(None)


async def _answered(
    _session: object, _context: object, answer: aiohttp.TraceRequestEndParams
) -> None:
    # aiohttp calls this in the task that made the call.
    watch = _watch.get()
    if watch is not None:
        watch.answer = _refusal(answer.response.status, answer.response.headers)
        if watch.answer is not None:
            watch.timer.reschedule(asyncio.get_running_loop().time() + _SURELY_WAITS_S)


def _refusal(status: int, headers: Mapping[str, str]) -> NotNowError | None:
    if status == _TOO_MANY and headers.get("X-RateLimit-Scope") in _OF_ONE_ROUTE:
        after = headers.get("X-RateLimit-Reset-After") or headers.get("Retry-After") or "0"
        return NotNowError(status, float(after))
    return NotNowError(status, 0.0) if status >= _SERVER_ERROR else None
