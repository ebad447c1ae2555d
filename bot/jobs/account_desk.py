"""The host's account at the video service, as far as moderators may know about it."""

import logging
from dataclasses import dataclass, field
from enum import StrEnum

from bot.errors import ProviderError, UnauthorizedError
from bot.jobs.moderating_ports import ProviderAccount
from bot.pricing import PriceTable

log = logging.getLogger(__name__)

# A few videos' worth; the host is told to buy more.
LOW_BALANCE_USD = 5.0


class Funds(StrEnum):
    """How much is left, without the figure."""

    ENOUGH = "enough"
    LOW = "low"
    EMPTY = "empty"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Account:
    """What is left at the video service.

    Attributes:
        balance_usd: For the host's eyes only; None when it could not be asked.
    """

    funds: Funds
    balance_usd: float | None = field(default=None, repr=False)


class AccountDesk:
    """Asks the video service what is left."""

    def __init__(self, *, provider: ProviderAccount, prices: PriceTable) -> None:
        self._provider = provider
        self._prices = prices

    async def account(self) -> Account:
        """Return what is left; never raises for the provider's troubles."""
        try:
            balance_usd = await self._provider.balance_usd()
        except UnauthorizedError:
            return Account(funds=Funds.REFUSED)
        except ProviderError as error:
            log.warning("the balance could not be asked: %s", error)
            return Account(funds=Funds.UNKNOWN)
        if balance_usd < self._prices.cheapest_usd:
            funds = Funds.EMPTY
        else:
            funds = Funds.LOW if balance_usd < LOW_BALANCE_USD else Funds.ENOUGH
        return Account(funds=funds, balance_usd=balance_usd)
