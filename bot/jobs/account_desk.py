"""The host's account at the video service, as far as moderators may know about it."""

import logging
from dataclasses import dataclass, field
from enum import StrEnum

from bot.errors import ProviderError, UnauthorizedError
from bot.jobs.moderating_ports import ProviderAccount
from bot.pricing import PriceTable

log = logging.getLogger(__name__)


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

    def __init__(
        self, *, provider: ProviderAccount, prices: PriceTable, low_balance_usd: float
    ) -> None:
        """Make one.

        Args:
            provider: The account.
            prices: What videos cost.
            low_balance_usd: Less than this is little.
        """
        self._provider = provider
        self._prices = prices
        self._low_balance_usd = low_balance_usd

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
            funds = Funds.LOW if balance_usd < self._low_balance_usd else Funds.ENOUGH
        return Account(funds=funds, balance_usd=balance_usd)
