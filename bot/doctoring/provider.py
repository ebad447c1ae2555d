"""Checks the host's account at Segmind: key, balance, and the three services it is made of."""

import asyncio
from datetime import datetime, timedelta

import aiohttp

from bot.catalogue import MODELS
from bot.doctoring.apart import apart
from bot.doctoring.diagnosis import Diagnosis, NotCheckedError, hint, well, wrong
from bot.doctoring.web import CALL_LIMIT_S, Seen, Witness
from bot.errors import (
    BrokenContractError,
    ForbiddenError,
    ProviderError,
    RateLimitedError,
    TransientError,
    UnauthorizedError,
    WrongVerbError,
)
from bot.pricing import load_prices
from bot.segmind import SegmindClient
from bot.settings import Settings

_CONSOLE = "Segmind's console"
_LOOK_BACK = timedelta(days=1)


class SegmindAccount:
    """Asks Segmind; the balance is asked once for all. Nothing here costs money.

    Args:
        session: For the calls.
        settings: The host's.
        witness: Sees the session's answers.
    """

    def __init__(
        self, session: aiohttp.ClientSession, settings: Settings, witness: Witness
    ) -> None:
        self._client = SegmindClient(
            session,
            api_key=settings.segmind_api_key,
            api_base=settings.segmind_api_base,
            history_base=settings.segmind_history_base,
            upload_base=settings.segmind_upload_base,
            timeout_s=CALL_LIMIT_S,
            connect_timeout_s=CALL_LIMIT_S,
        )
        self._session = session
        self._settings = settings
        self._witness = witness
        self._asked: asyncio.Future[float] | None = None

    def _balance(self) -> "asyncio.Future[float]":
        if self._asked is None:
            self._asked = asyncio.ensure_future(self._client.balance_usd())
        return asyncio.shield(self._asked)

    async def seen(self) -> Seen | None:
        """Return what Segmind's first answer told besides its content; None without one."""
        await asyncio.gather(self._balance(), return_exceptions=True)
        return self._witness.seen(self._settings.segmind_api_base)

    async def check_key(self) -> Diagnosis:
        """Use the key. Raises TransientError when nobody answers."""
        try:
            await self._balance()
        except ProviderError as error:
            return _of_refusal("segmind", error, "SEGMIND_API_BASE")
        latency_ms = self._witness.latency_ms(self._settings.segmind_api_base)
        words = f"the key is taken; answers in {latency_ms} ms"
        return well("segmind", words, latency_ms=latency_ms)

    async def check_balance(self) -> Diagnosis:
        """See whether there is money for videos; NotCheckedError when nobody says."""
        try:
            balance_usd = await self._balance()
        except ProviderError as error:
            raise NotCheckedError("see segmind") from error
        prices = await asyncio.wrap_future(apart(load_prices))
        return of_balance(
            balance_usd,
            cheapest_usd=prices.cheapest_usd,
            low_usd=self._settings.low_balance_usd,
        )

    async def check_history(self, *, now: datetime) -> Diagnosis:
        """Ask for the list of requests, in which a submit is looked for that was cut off."""
        try:
            await self._balance()
        except ProviderError as error:
            raise NotCheckedError("see segmind") from error
        try:
            await self._client.history(
                model=MODELS[0].slug, since=(now - _LOOK_BACK).date(), per_page=1
            )
        except ProviderError as error:
            return _of_refusal("segmind_history", error, "SEGMIND_HISTORY_BASE")
        latency_ms = self._witness.latency_ms(self._settings.segmind_history_base)
        words = f"requests can be looked up; answers in {latency_ms} ms"
        return well("segmind_history", words, latency_ms=latency_ms)

    async def check_uploads(self) -> Diagnosis:
        """See whether the host answers that takes members' pictures; nothing is sent to it."""
        base = self._settings.segmind_upload_base
        limit = aiohttp.ClientTimeout(total=CALL_LIMIT_S)
        async with self._session.get(base, timeout=limit, allow_redirects=False):
            pass  # any answer will do
        latency_ms = self._witness.latency_ms(base)
        return well("segmind_upload", f"answers in {latency_ms} ms", latency_ms=latency_ms)


def _of_refusal(part: str, error: ProviderError, setting: str) -> Diagnosis:
    """Judge an answer that is no success; raises it when it may be the network."""
    if isinstance(error, UnauthorizedError):
        remedy = f"Make a new one in {_CONSOLE} (API keys) and set SEGMIND_API_KEY."
        return wrong(part, "the API key is refused.", remedy)
    if isinstance(error, RateLimitedError):
        return hint(
            part,
            "the minute's requests are used up, by a bot or by another program with this key.",
            "Try again in a minute. Is it often so: set SEGMIND_REQUESTS_PER_MINUTE to what your "
            "plan allows.",
        )
    if isinstance(error, BrokenContractError | WrongVerbError):
        words = f"what answers there is not Segmind ({error.detail})."
        return wrong(part, words, f"Correct {setting}, or leave it empty.")
    if isinstance(error, ForbiddenError):
        words = f"the account is refused: {error.detail}"
        return wrong(part, words, f"Look into {_CONSOLE} what is wrong with the account.")
    if isinstance(error, TransientError) and error.status is None:
        raise error
    return wrong(
        part,
        f"it answers with an error (HTTP {error.status}: {error.detail}).",
        "Is Segmind down? See its status page. Jobs wait, and go on by themselves.",
    )


def of_balance(balance_usd: float, *, cheapest_usd: float, low_usd: float) -> Diagnosis:
    """Judge what the account has left. Pure.

    Args:
        balance_usd: That.
        cheapest_usd: What the cheapest video costs.
        low_usd: Less than this is little.
    """
    words, figures = f"{balance_usd:.2f} USD are left", {"balance_usd": balance_usd}
    remedy = f"Buy credits in {_CONSOLE}."
    if balance_usd < cheapest_usd:
        return wrong("balance", f"{words}: no video can be made.", remedy, **figures)
    if balance_usd < low_usd:
        return wrong("balance", f"{words}: that is little.", remedy, **figures)
    return well("balance", words, **figures)
