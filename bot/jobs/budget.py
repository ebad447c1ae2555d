"""The account's requests per minute: one budget for submits and polls; polls give way."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Literal

_WINDOW_S = 60.0

RequestKind = Literal["submit", "poll"]


class RequestBudget:
    """Lets at most `per_minute` requests go in any sliding minute.

    Submits go first: a poll waits while a submit is waiting, and one request in ten is
    kept free for submits.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[float] = deque()
        self._paused_until = float("-inf")
        self._submits_waiting = 0
        # One waiter of each kind at the head; the others queue up behind it, in order.
        self._turns: dict[RequestKind, asyncio.Lock] = {
            "submit": asyncio.Lock(),
            "poll": asyncio.Lock(),
        }

    async def acquire(self, kind: RequestKind) -> None:
        """Wait until one more request may go, and count it."""
        self._submits_waiting += kind == "submit"
        try:
            async with self._turns[kind]:
                while (wait_s := self._wait_s(kind)) > 0:
                    await self._sleep(wait_s)
                self._sent.append(self._clock())
        finally:
            self._submits_waiting -= kind == "submit"

    def pause(self, pause_s: float) -> None:
        """Let nothing go for this long: the provider said 429."""
        self._paused_until = max(self._paused_until, self._clock() + pause_s)

    @property
    def paused(self) -> bool:
        """Whether the provider's 429 still holds everything back."""
        return self._paused_until > self._clock()

    def _wait_s(self, kind: RequestKind) -> float:
        now = self._clock()
        while self._sent and self._sent[0] <= now - _WINDOW_S:
            self._sent.popleft()
        if self._paused_until > now:
            return self._paused_until - now
        limit = self._per_minute
        if kind == "poll":
            limit -= max(1, self._per_minute // 10)
            if self._submits_waiting:
                return 0.05
        if len(self._sent) < limit:
            return 0.0
        return self._sent[len(self._sent) - limit] + _WINDOW_S - now
