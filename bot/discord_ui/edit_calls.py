"""Calls that come back when Discord says "not now" or nothing, in place of waiting that out.

Inside a call discord.py sleeps after a 429 and after a 5xx, and then repeats it: with the
picture that the call was made with, while there may be a newer one. (A limit that is used up
without a 429 it sleeps out before the call returns, so nothing old is sent after that.)
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

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
    answer_s: float
    patient: bool
    answer: NotNowError | None = None


_watch: ContextVar[_Watch | None] = ContextVar("watched call", default=None)


@asynccontextmanager
async def watched(*, answer_s: float, patient: bool) -> AsyncIterator[None]:
    """Give up the call in here when Discord does not answer, or answers that it is not for now.

    After such an answer it cannot come true later. One that hangs may: but others wait for it.
    Works with clients that have the `answers_trace`.

    Args:
        answer_s: How long Discord may take to answer.
        patient: Whether discord.py may wait out an answer that it is not for now.

    Raises:
        NotNowError: the answer.
        TimeoutError: there is none.
    """
    watch: _Watch | None = None
    try:
        async with asyncio.timeout(None) as timer:
            watch = _Watch(timer=timer, answer_s=answer_s, patient=patient)
            before = _watch.set(watch)
            try:
                yield
            finally:
                _watch.reset(before)
    except TimeoutError as error:
        if watch is None or watch.answer is None:
            raise
        raise watch.answer from error


def answers_trace(heard: Counter[int] | None = None) -> aiohttp.TraceConfig:
    """Return the `http_trace` of a client whose calls may be `watched`.

    Args:
        heard: Counts Discord's answers, by status.
    """
    config = aiohttp.TraceConfig()
    config.on_request_start.append(_asked)
    config.on_request_end.append(_answered)
    if heard is not None:
        config.on_request_end.append(partial(_count, heard))
    return config


async def _count(
    heard: Counter[int],
    _session: object,
    _context: object,
    answer: aiohttp.TraceRequestEndParams,
) -> None:
    heard[answer.response.status] += 1


async def _asked(_session: object, _context: object, _request: object) -> None:
    """Let a call that is on its way (again) go on: it might come true."""
    watch = _watch.get()
    if watch is not None:
        watch.answer = None
        watch.timer.reschedule(asyncio.get_running_loop().time() + watch.answer_s)


async def _answered(
    _session: object, _context: object, answer: aiohttp.TraceRequestEndParams
) -> None:
    # aiohttp calls this in the task that made the call.
    watch = _watch.get()
    if watch is not None:
        # While discord.py waits out the global limit nothing may be torn: no timer.
        watch.timer.reschedule(None)
        if not watch.patient:
            watch.answer = _refusal(answer.response.status, answer.response.headers)
        if watch.answer is not None:
            watch.timer.reschedule(asyncio.get_running_loop().time() + _SURELY_WAITS_S)


def _refusal(status: int, headers: Mapping[str, str]) -> NotNowError | None:
    if status == _TOO_MANY and headers.get("X-RateLimit-Scope") in _OF_ONE_ROUTE:
        after = headers.get("X-RateLimit-Reset-After") or headers.get("Retry-After") or "0"
        return NotNowError(status, float(after))
    return NotNowError(status, 0.0) if status >= _SERVER_ERROR else None
