"""The account's requests per minute: one budget for submits and polls; polls give way."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

_WINDOW_S = 60.0
# A poll behind a waiting submit looks again after this; no wait is shorter than the other.
_GIVE_WAY_S = 0.05
_SHORTEST_WAIT_S = 0.001
# The reset time is read off somebody else's clock: never hammer, never be silent for hours.
_MIN_PAUSE_S, _MAX_PAUSE_S = 1.0, 300.0

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
        """Begin with a full budget.

        Args:
            per_minute: At least 2: one of them is the submits' own.
            clock: Seconds on a clock that never goes back.
            sleep: Waits so many seconds.
        """
        if per_minute < 2:  # noqa: PLR2004 - said above
            raise ValueError(f"a budget of {per_minute} a minute leaves nothing for polls")
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

    def rate_limited(self, reset_at: datetime | None, *, now: datetime) -> None:
        """Let nothing go until the window resets: the provider said 429.

        Args:
            reset_at: When that is, as the provider says; None waits a full window.
            now: The time, on the clock that `reset_at` is compared with.
        """
        pause_s = _WINDOW_S
        if reset_at is not None:
            pause_s = min(max((reset_at - now).total_seconds(), _MIN_PAUSE_S), _MAX_PAUSE_S)
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
            return max(self._paused_until - now, _SHORTEST_WAIT_S)
        if kind == "poll" and self._submits_waiting:
            return max(self._wait_s("submit"), _GIVE_WAY_S)
        limit = self._per_minute
        if kind == "poll":
            limit -= max(1, self._per_minute // 10)
        if len(self._sent) < limit:
            return self._pace_s(now)
        # The one whose leaving brings the count under the limit.
        return max(self._sent[len(self._sent) - limit] + _WINDOW_S - now, _SHORTEST_WAIT_S)

    def _pace_s(self, now: float) -> float:
        """After a pause everything held back wants to go at once: it goes at an even pace."""
        if not self._sent or now - self._paused_until >= _WINDOW_S:
            return 0.0
        wait_s = self._sent[-1] + _WINDOW_S / self._per_minute - now
        # A wait too short for the clock to show would be waited for again and again.
        return max(wait_s, _SHORTEST_WAIT_S) if wait_s > 0 else 0.0
