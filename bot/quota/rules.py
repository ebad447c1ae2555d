"""The check: what a member may spend against what counts already, and where it is drawn from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.quota.entries import Grant
from bot.quota.windows import Window, Windows

_UTC = ZoneInfo("UTC")
_CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a member may spend and run at once.

    Attributes:
        jobs_in_flight_guild: For all members of the guild together. A direct message is a
            guild of its own with one member.
    """

    daily_credits: int
    monthly_credits: int
    jobs_in_flight_member: int
    jobs_in_flight_guild: int


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What may be spent beyond the single member; None is no limit.

    Money that went to the provider stays spent: a moderator's refund gives credits back to
    the member, not to a budget, and credits drawn from grants count here like all others.

    Attributes:
        guild_monthly_credits: Of all members of the guild, in the guild's month.
        host_monthly_usd: Of all guilds together, in the host's month: the real cost where it
            is known, else the estimated price.
        usd_per_credit: What one credit of estimated price is in USD.
        host_zone: Where the host's month begins.
    """

    guild_monthly_credits: int | None = None
    host_monthly_usd: Decimal | None = None
    usd_per_credit: Decimal = _CENT
    host_zone: ZoneInfo = _UTC

    @property
    def host_monthly_credits(self) -> int | None:
        """The host's limit in whole credits, rounded down."""
        if self.host_monthly_usd is None:
            return None
        return int((self.host_monthly_usd / self.usd_per_credit).to_integral_value(ROUND_FLOOR))

    def credits_of(self, usd: Decimal) -> int:
        """Return a cost in whole credits, rounded up."""
        return int((usd / self.usd_per_credit).to_integral_value(ROUND_CEILING))


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What counts against an allowance and a budget right now.

    Attributes:
        day_credits: Of the day's allowance: reserved or settled, less what came back.
        month_credits: The same for this month. What was drawn from grants counts in neither.
        reserved_credits: Of jobs still in flight, whenever and from wherever reserved.
        in_flight_member: The member's jobs in flight in this guild.
        in_flight_guild: Everybody's jobs in flight in this guild.
        awaiting_member: The member's jobs that wait for approval in this guild. They hold no
            credits and no place of the guild's, but a member cannot pile them up.
        guild_month_credits: Of all members in this month, grants included; 0 when the budget
            has no limit for the guild.
        host_month_credits: Of all guilds in the host's month; 0 when the host has no limit.
        undelivered_day_credits: Of this day's: what came back although the video was made,
            because it could not be delivered. Such videos can be had later for free.
        undelivered_month_credits: The same for this month.
        grants: Unexpired ones with credits left, the next to expire first.
    """

    day_credits: int = 0
    month_credits: int = 0
    reserved_credits: int = 0
    in_flight_member: int = 0
    in_flight_guild: int = 0
    awaiting_member: int = 0
    guild_month_credits: int = 0
    host_month_credits: int = 0
    undelivered_day_credits: int = 0
    undelivered_month_credits: int = 0
    grants: tuple[Grant, ...] = ()

    @property
    def granted_credits(self) -> int:
        """Credits left of all grants."""
        return sum(grant.left for grant in self.grants)


class Rule(StrEnum):
    """The rule that refused."""

    MEMBER_IN_FLIGHT = "member_in_flight"
    GUILD_IN_FLIGHT = "guild_in_flight"
    HOST_BUDGET = "host_budget"
    GUILD_BUDGET = "guild_budget"
    MONTH = "month"
    DAY = "day"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A rule's no, with its numbers.

    Attributes:
        limit: The most the rule allows: jobs or credits.
        used: What counts against it already, in the same unit.
        price_credits: What the refused video costs.
        resets_at: When the window ends; None for rules about jobs in flight.
        granted_credits: What is left of the member's grants, which help with the day's and
            the month's rule only; 0 for the others.
    """

    rule: Rule
    limit: int
    used: int
    price_credits: int
    resets_at: datetime | None = None
    granted_credits: int = 0

    @property
    def left(self) -> int:
        """What could still be used: never negative, even when the limit was lowered."""
        return max(0, self.limit - self.used)


def check(
    allowance: Allowance,
    usage: Usage,
    price_credits: int,
    *,
    windows: Windows,
    budget: Budget | None = None,
) -> Refusal | None:
    """Return the rule that forbids a job of this price now, or None when all allow it.

    What lasts longest or helps least comes first: the month before the day, because when both
    are used up, waiting for tomorrow is no help.
    """
    waiting_or_running = usage.in_flight_member + usage.awaiting_member
    counts = (
        (Rule.MEMBER_IN_FLIGHT, allowance.jobs_in_flight_member, waiting_or_running),
        (Rule.GUILD_IN_FLIGHT, allowance.jobs_in_flight_guild, usage.in_flight_guild),
    )
    for rule, limit, used in counts:
        if used + 1 > limit:
            return Refusal(rule=rule, limit=limit, used=used, price_credits=price_credits)
    sums = _credit_limits(allowance, usage, windows, budget or Budget())
    for rule, limit, used, window, granted in sums:
        if price_credits > max(0, limit - used) + granted:
            return Refusal(
                rule=rule,
                limit=limit,
                used=used,
                price_credits=price_credits,
                resets_at=window.end,
                granted_credits=granted,
            )
    return _too_much_undelivered(allowance, usage, price_credits, (windows.month, windows.day))


def _too_much_undelivered(
    allowance: Allowance, usage: Usage, price_credits: int, windows: tuple[Window, Window]
) -> Refusal | None:
    """Refuse whose videos came back undelivered for a whole allowance, in month or day.

    A member can bring that about (they block the bot) and have the videos sent again for free.
    """
    granted = usage.granted_credits
    limits = (allowance.monthly_credits, allowance.daily_credits)
    used = (usage.undelivered_month_credits, usage.undelivered_day_credits)
    for limit, undelivered, window in zip(limits, used, windows, strict=True):
        if undelivered and undelivered >= limit + granted:
            return Refusal(
                rule=Rule.UNDELIVERED,
                limit=limit,
                used=undelivered,
                price_credits=price_credits,
                resets_at=window.end,
                granted_credits=granted,
            )
    return None


def _credit_limits(
    allowance: Allowance, usage: Usage, windows: Windows, budget: Budget
) -> Iterator[tuple[Rule, int, int, Window, int]]:
    """Yield each rule about credits that is set: its limit, use, window and what grants add."""
    host, guild = budget.host_monthly_credits, budget.guild_monthly_credits
    if host is not None:
        yield Rule.HOST_BUDGET, host, usage.host_month_credits, windows.host_month, 0
    if guild is not None:
        yield Rule.GUILD_BUDGET, guild, usage.guild_month_credits, windows.month, 0
    granted = usage.granted_credits
    yield Rule.MONTH, allowance.monthly_credits, usage.month_credits, windows.month, granted
    yield Rule.DAY, allowance.daily_credits, usage.day_credits, windows.day, granted


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a price: from the allowance of day and month (`grant_id` None) or a grant."""

    grant_id: int | None
    credits: int


def parts(allowance: Allowance, usage: Usage, price_credits: int) -> tuple[Part, ...]:
    """Return where a price that `check` allowed is drawn from.

    First what day and month still allow, then the grants, the next to expire first.

    Raises:
        ValueError: allowance and grants together do not cover the price.
    """
    window = min(_window_left(allowance, usage), price_credits)
    drawn = [Part(grant_id=None, credits=window)] if window else []
    missing = price_credits - window
    for grant in usage.grants:
        taken = min(missing, grant.left)
        if taken:
            drawn.append(Part(grant_id=grant.id, credits=taken))
            missing -= taken
    if missing:
        raise ValueError(f"{missing} of {price_credits} credits have no source")
    return tuple(drawn)


def _window_left(allowance: Allowance, usage: Usage) -> int:
    day_left = allowance.daily_credits - usage.day_credits
    return max(0, min(day_left, allowance.monthly_credits - usage.month_credits))


@dataclass(frozen=True, kw_only=True)
class Balance:
    """A member's allowance beside what counts against it; `day.end`, `month.end` are the resets."""

    allowance: Allowance
    usage: Usage
    day: Window
    month: Window
    budget: Budget = Budget()

    @property
    def day_left(self) -> int:
        """Credits left of the daily allowance, never negative."""
        return max(0, self.allowance.daily_credits - self.usage.day_credits)

    @property
    def month_left(self) -> int:
        """Credits left of the monthly allowance, never negative."""
        return max(0, self.allowance.monthly_credits - self.usage.month_credits)

    @property
    def too_much_undelivered(self) -> Refusal | None:
        """Why nothing may be spent now although something is left; None when it may."""
        return _too_much_undelivered(self.allowance, self.usage, 1, (self.month, self.day))

    @property
    def left(self) -> int:
        """The most that the next video may cost, grants and budgets considered."""
        if self.too_much_undelivered is not None:
            return 0
        limits = [min(self.day_left, self.month_left) + self.usage.granted_credits]
        guild, host = self.budget.guild_monthly_credits, self.budget.host_monthly_credits
        if guild is not None:
            limits.append(guild - self.usage.guild_month_credits)
        if host is not None:
            limits.append(host - self.usage.host_month_credits)
        return max(0, min(limits))
