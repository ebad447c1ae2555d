"""Looks whether the provider works while no job asks it anything, and what its account has left.

Jobs under way find out for themselves, with calls they make anyway. An idle bot would learn that
the service is down from the next member, and never that it is back.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from bot.errors import ProviderError, RateLimitedError, UnauthorizedError, UncertainError
from bot.jobs.breaker import Breaker
from bot.jobs.budget import RequestBudget
from bot.jobs.moderating_ports import ProviderAccount

log = logging.getLogger(__name__)

# Three failures in a row make an outage: found out within 30 s, hanging calls included.
LOOK_EVERY_S = 2.0
QUIET_S = 12.0
_ANSWERS_WITHIN_S = 4.0
# How often the leading process asks for the balance while jobs ask for other things: soon enough
# to tell in time that it is low, and never more than one request in so many.
_BALANCE_EVERY_S = 20.0
_OF_REQUESTS = 20
_MINUTE_S = 60.0
# Older than that a balance is no news: another process asks for it now, or nobody can.
_BALANCE_FOR_S = 900.0
# Every other request goes first.
_NOT_URGENT = 0.0


def balance_every_s(per_minute: int) -> float:
    """Return how often to ask for the balance, in seconds; `per_minute` are all requests. Pure."""
    return max(_BALANCE_EVERY_S, _OF_REQUESTS * _MINUTE_S / per_minute)


def is_due(
    *, quiet_s: float, doubtful: bool, balance_age_s: float | None, balance_every_s: float
) -> bool:
    """Tell whether to make a call. Pure.

    Args:
        quiet_s: For how long no call has told anything, in seconds.
        doubtful: Whether the last one failed, which may have been an accident.
        balance_age_s: How old the balance is, in seconds; None when it is not ours to ask for.
        balance_every_s: How old it may become, in seconds.
    """
    if quiet_s >= QUIET_S or (doubtful and quiet_s >= LOOK_EVERY_S):
        return True
    return balance_age_s is not None and balance_age_s >= balance_every_s


class ProviderLook:
    """Asks for the balance, which costs nothing; each call counts like any other request."""

    def __init__(
        self,
        *,
        provider: ProviderAccount,
        breaker: Breaker,
        budget: RequestBudget,
        leads: Callable[[], bool],
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        timeout_s: float = _ANSWERS_WITHIN_S,
    ) -> None:
        """Begin with nothing known.

        Args:
            provider: The account; how its calls end is told to the breaker.
            breaker: Knows whether the service works.
            budget: The requests a minute.
            leads: Whether this process is the one that keeps an eye on the balance.
            now: The time, aware.
            clock: Seconds on a clock that never goes back.
            timeout_s: An answer that takes longer is none.
        """
        self._provider = provider
        self._breaker = breaker
        self._budget = budget
        self._leads = leads
        self._now = now
        self._clock = clock
        self._timeout_s = timeout_s
        self._balance_every_s = balance_every_s(budget.per_minute)
        self._balance_for_s = max(_BALANCE_FOR_S, 3 * self._balance_every_s)
        self._balance_usd: float | None = None
        self._asked_at_s = float("-inf")
        self._refused = False

    @property
    def balance_usd(self) -> float | None:
        """What the account has left; None when this process has not asked for it lately."""
        return self._balance_usd if self._age_s() < self._balance_for_s else None

    @property
    def outage_since(self) -> datetime | None:
        """Since when the service is out of order; None while it is not."""
        return self._breaker.down_since

    @property
    def refused(self) -> bool:
        """Whether the key was refused at the last look."""
        return self._refused

    @property
    def trouble(self) -> str:
        """What is wrong with the provider, in plain English; empty when it works."""
        if self._breaker.down_since is not None:
            return f"out of order since {self._breaker.down_since:%Y-%m-%d %H:%M:%S} UTC"
        return "SEGMIND_API_KEY is refused" if self._refused else ""

    async def look(self) -> None:
        """Ask, if it is time to; never raises for the provider's troubles."""
        if not is_due(
            quiet_s=self._breaker.quiet_s,
            doubtful=self._breaker.doubtful,
            balance_age_s=self._age_s() if self._leads() else None,
            balance_every_s=self._balance_every_s,
        ):
            return
        await self._budget.acquire("poll", urgency=lambda: _NOT_URGENT)
        try:
            async with asyncio.timeout(self._timeout_s):
                self._balance_usd = await self._provider.balance_usd()
        except TimeoutError:
            self._breaker.report(UncertainError(f"no answer within {self._timeout_s:g} s"))
        except RateLimitedError as error:
            self._budget.rate_limited(error.reset_at, now=self._now())
        except ProviderError as error:
            self._refused = isinstance(error, UnauthorizedError)
            log.info("the provider did not tell its balance: %s", error)
        else:
            self._asked_at_s, self._refused = self._clock(), False

    def _age_s(self) -> float:
        return self._clock() - self._asked_at_s
