"""The provider with an ear at every call: how each one ends is told to the breaker."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, TypeVar

from bot.errors import ProviderError
from bot.jobs.breaker import Breaker
from bot.jobs.ports import Accepted, HistoryPage, HistoryRow, Progress, Provider, Result
from bot.jobs.tracing import NO_TRACES, Tracer

T = TypeVar("T")


Heard = Callable[[str, ProviderError | None], object]


def _nobody(_call: str, _error: ProviderError | None) -> None:
    """Stand for nobody who counts."""


class WatchedProvider:
    """The `Provider` of `bot.jobs.ports`; errors and answers go through as they are."""

    def __init__(
        self,
        provider: Provider,
        breaker: Breaker,
        heard: Heard = _nobody,
        tracer: Tracer = NO_TRACES,
    ) -> None:
        """Listen.

        Args:
            provider: Makes the calls.
            breaker: Is told how they end.
            heard: Likewise, with which call it was: `submit`, `poll`, ...
            tracer: Is told how long they take.
        """
        self._provider = provider
        self._breaker = breaker
        self._heard = heard
        self._tracer = tracer

    async def submit(self, slug: str, body: dict[str, Any]) -> Accepted:
        """Ask for a video."""
        return await self._told("submit", self._provider.submit(slug, body))

    async def poll(self, status_url: str) -> Progress:
        """Return where a request stands."""
        return await self._told("poll", self._provider.poll(status_url))

    async def fetch(self, response_url: str) -> Result:
        """Return the result of a completed request."""
        return await self._told("fetch", self._provider.fetch(response_url))

    async def history(
        self, *, model: str, since: date, page: int = 1, per_page: int = 100
    ) -> HistoryPage:
        """Return one page of the account's requests."""
        call = self._provider.history(model=model, since=since, page=page, per_page=per_page)
        return await self._told("history", call)

    async def history_row(self, request_id: str) -> HistoryRow | None:
        """Return one of the account's requests, or None."""
        return await self._told("history", self._provider.history_row(request_id))

    async def balance_usd(self) -> float:
        """Return the account's balance: the call that costs nothing and needs no request."""
        return await self._told("balance", self._provider.balance_usd())

    async def upload(self, data: bytes, media_type: str) -> str:
        """Store an input file. Another host: it tells nothing about the others."""
        return await self._counted("upload", self._provider.upload(data, media_type))

    def request_urls(
        self, request_id: str, status_url: str | None = None, response_url: str | None = None
    ) -> tuple[str, str]:
        """Return where to ask about a request."""
        return self._provider.request_urls(request_id, status_url, response_url)

    async def _told(self, name: str, call: Awaitable[T]) -> T:
        submit = name == "submit"
        try:
            answer = await self._counted(name, call)
        except ProviderError as error:
            self._breaker.report(error, submit=submit)
            raise
        self._breaker.report(None, submit=submit)
        return answer

    async def _counted(self, name: str, call: Awaitable[T]) -> T:
        try:
            with self._tracer.part(f"provider.{name}"):
                answer = await call
        except ProviderError as error:
            self._heard(name, error)
            raise
        self._heard(name, None)
        return answer
