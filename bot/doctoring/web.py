"""Calls of services, each with its time limit; what their answers tell besides is kept."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp

CALL_LIMIT_S = 5.0
MS_IN_S = 1000
# The header has whole seconds: on average half a second of it is over.
_CUT_OFF_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What an answer told besides its content.

    Attributes:
        latency_ms: From the call to the answer's head; making the connection is in it.
        ahead_s: How far this machine's clock is ahead of the service's; None when it did not say.
    """

    latency_ms: int
    ahead_s: float | None


class Witness:
    """Sees the answers that a session gets; the first one of each host is kept."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        """Have seen nothing.

        Args:
            now: Seconds since the epoch, by this machine's clock.
        """
        self._now = now
        self._seen: dict[str, Seen] = {}

    def seen(self, address: str) -> Seen | None:
        """Return what the first answer from an address's host told."""
        return self._seen.get(_place(address))

    def latency_ms(self, address: str) -> int:
        """Return how long that answer took, in ms; 0 when there was none."""
        seen = self.seen(address)
        return 0 if seen is None else seen.latency_ms

    def watch(self, session: aiohttp.ClientSession) -> None:
        """See the answers of a session from now on."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._on_start)
        trace.on_request_end.append(self._on_end)
        trace.freeze()
        session.trace_configs.append(trace)

    async def _on_start(
        self,
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _params: aiohttp.TraceRequestStartParams,
    ) -> None:
        context.began_s, context.monotonic_s = self._now(), time.monotonic()

    async def _on_end(
        self,
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestEndParams,
    ) -> None:
        took_s = time.monotonic() - context.monotonic_s
        theirs_s = _date_s(params.response.headers)
        ahead_s = None if theirs_s is None else context.began_s + took_s / 2 - theirs_s
        seen = Seen(latency_ms=round(took_s * MS_IN_S), ahead_s=ahead_s)
        self._seen.setdefault(_place(str(params.url)), seen)


def _place(address: str) -> str:
    return address.partition("://")[2].partition("/")[0]


def _date_s(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp() + _CUT_OFF_S
    except (KeyError, ValueError):  # none, or nonsense
        return None
