"""Discord's rate limits: buckets of a route and its major parameter, and the global one."""

import hashlib
from dataclasses import dataclass

from sandbox.discord_api.errors import ApiError
from sandbox.discord_api.wire import Clock

GLOBAL = "global"
MOST_WINDOWS = 10_000  # then those that ended are forgotten
# Requests per seconds. The sizes are what bots see in practice; Discord promises none.
BUCKETS: dict[str, tuple[int, float]] = {
    "message-create": (5, 5.0),
    "message-edit": (5, 5.0),
    "message-delete": (5, 1.0),
    "message-read": (5, 1.0),
    "webhook": (5, 2.0),
    "commands": (20, 20.0),
    "dm-create": (10, 10.0),
    "typing": (5, 5.0),
    "other": (50, 1.0),
    GLOBAL: (50, 1.0),
}


@dataclass(kw_only=True)
class Window:
    """A fixed window that starts with its first request."""

    ends_s: float
    used: int = 0


class RateLimits:
    """Counts requests. `speed` shortens the windows for a world that runs faster than ours."""

    def __init__(self, clock: Clock, *, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed
        self._windows: dict[tuple[str, str], Window] = {}
        self.enabled = True

    def take(self, bucket: str, major: str) -> dict[str, str]:
        """Counts one request and gives the answer's headers.

        Raises:
            ApiError: 429 when the window is used up.
        """
        if not self.enabled:
            return {}
        limit, _length = BUCKETS[bucket]
        window = self._window(bucket, major)
        if window.used >= limit:
            raise self._exceeded(bucket, window)
        window.used += 1
        return self._headers(bucket, window)

    def take_global(self, token: str) -> None:
        """Counts one request of a bot against its global limit.

        Raises:
            ApiError: 429 with `global` true.
        """
        self.take(GLOBAL, token)

    def _window(self, bucket: str, major: str) -> Window:
        now = self._clock()
        window = self._windows.get((bucket, major))
        if window is None or window.ends_s <= now:
            if len(self._windows) > MOST_WINDOWS:
                self._windows = {k: w for k, w in self._windows.items() if w.ends_s > now}
            window = Window(ends_s=now + BUCKETS[bucket][1] / self._speed)
            self._windows[bucket, major] = window
        return window

    def _headers(self, bucket: str, window: Window) -> dict[str, str]:
        limit = BUCKETS[bucket][0]
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - window.used),
            "X-RateLimit-Reset": f"{window.ends_s:.3f}",
            "X-RateLimit-Reset-After": f"{max(window.ends_s - self._clock(), 0.0):.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(bucket.encode()).hexdigest()[:32],
        }

    def _exceeded(self, bucket: str, window: Window) -> ApiError:
        retry_after = max(window.ends_s - self._clock(), 0.001)
        is_global = bucket == GLOBAL
        headers = {} if is_global else self._headers(bucket, window)
        headers |= {
            "Retry-After": str(int(retry_after) + 1),
            "X-RateLimit-Scope": "global" if is_global else "user",
            "Via": "1.1 stand-in",  # a 429 without it means a ban to discord.py
        }
        if is_global:
            headers["X-RateLimit-Global"] = "true"
        extra = {"retry_after": round(retry_after, 3), "global": is_global}
        text = "You are being rate limited."
        return ApiError(429, 0, text, extra=extra, headers=headers)
