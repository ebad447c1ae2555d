"""Who may spend how much, decided purely: windows, allowances, the check, the member's words.

Storage adds up what was spent (`Usage`) inside the transaction that reserves; this
module says yes or no. All credits are whole numbers, all times are aware UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class EntryKind(StrEnum):
    """What a ledger entry does to a balance."""

    RESERVE = "reserve"
    SETTLE = "settle"
    RELEASE = "release"
    GRANT = "grant"
    ADJUST = "adjust"


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One line of the append-only ledger.

    Attributes:
        guild_id: None in direct messages.
        credits: Always positive; `kind` says which way they go.
        actor_id: The moderator behind a grant or adjustment; None when the bot did it.
        counted_at: The time whose windows the entry belongs to: that of the reservation,
            so a job reserved yesterday and released today gives yesterday's credits back.
        expires_at: When a grant lapses.
    """

    id: int
    job_id: int | None
    guild_id: int | None
    user_id: int
    kind: EntryKind
    credits: int
    counted_at: datetime
    created_at: datetime
    actor_id: int | None = None
    reason: str | None = None
    expires_at: datetime | None = None


# -- windows -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Window:
    """A span of time, UTC: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def day_window(now: datetime, zone: ZoneInfo) -> Window:
    """Return the calendar day of `zone` around `now` (23 to 25 h where clocks change)."""
    today = now.astimezone(zone).date()
    return _window(now, zone, (today + timedelta(days=shift) for shift in (-1, 0, 1, 2)))


def month_window(now: datetime, zone: ZoneInfo) -> Window:
    """Return the calendar month of `zone` around `now`."""
    today = now.astimezone(zone).date()
    return _window(now, zone, (_first_of_month(today, shift) for shift in (-1, 0, 1, 2)))


def _window(now: datetime, zone: ZoneInfo, days: Iterable[date]) -> Window:
    # A neighbour on each side: where clocks go back over midnight, the local date of
    # `now` may be one whose midnight is still to come (or has come a second time).
    midnights = [_midnight(day, zone) for day in days]
    return Window(
        start=max(midnight for midnight in midnights if midnight <= now),
        end=min(midnight for midnight in midnights if midnight > now),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # fold=0: a midnight that the clock skips is the moment of the skip.
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _first_of_month(day: date, shift: int) -> date:
    months = day.year * 12 + day.month - 1 + shift
    return date(months // 12, months % 12 + 1, 1)


# -- the check -----------------------------------------------------------------


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
class Usage:
    """What counts against an allowance right now.

    Attributes:
        day_credits: Reserved or settled in this day, less what was released.
        month_credits: The same for this month.
        reserved_credits: Of jobs still in flight, whenever they were reserved.
        in_flight_member: The member's jobs in flight in this guild.
        in_flight_guild: Everybody's jobs in flight in this guild.
    """

    day_credits: int = 0
    month_credits: int = 0
    reserved_credits: int = 0
    in_flight_member: int = 0
    in_flight_guild: int = 0


class Rule(StrEnum):
    """The rule that refused."""

    MEMBER_IN_FLIGHT = "member_in_flight"
    GUILD_IN_FLIGHT = "guild_in_flight"
    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A rule's no, with its numbers.

    Attributes:
        limit: The most the rule allows: jobs or credits.
        used: What counts against it already, in the same unit.
        price_credits: What the refused video costs.
        resets_at: When the window ends; None for rules about jobs in flight.
    """

    rule: Rule
    limit: int
    used: int
    price_credits: int
    resets_at: datetime | None = None

    @property
    def left(self) -> int:
        """What could still be used: never negative, even when the limit was lowered."""
        return max(0, self.limit - self.used)


def check(
    allowance: Allowance, usage: Usage, price_credits: int, *, day: Window, month: Window
) -> Refusal | None:
    """Return the rule that forbids a job of this price now, or None when all allow it.

    The month comes before the day: when both are used up, waiting for tomorrow is no help.
    """
    counts = (
        (Rule.MEMBER_IN_FLIGHT, allowance.jobs_in_flight_member, usage.in_flight_member),
        (Rule.GUILD_IN_FLIGHT, allowance.jobs_in_flight_guild, usage.in_flight_guild),
    )
    for rule, limit, used in counts:
        if used + 1 > limit:
            return Refusal(rule=rule, limit=limit, used=used, price_credits=price_credits)
    windows = (
        (Rule.MONTH, allowance.monthly_credits, usage.month_credits, month.end),
        (Rule.DAY, allowance.daily_credits, usage.day_credits, day.end),
    )
    for rule, limit, used, end in windows:
        if used + price_credits > limit:
            return Refusal(
                rule=rule, limit=limit, used=used, price_credits=price_credits, resets_at=end
            )
    return None


def refusal_text(refusal: Refusal) -> str:
    """Return the member's words: which rule, the numbers, when it resets, who can help."""
    if refusal.resets_at is None:
        return _in_flight_text(refusal)
    name = "daily" if refusal.rule is Rule.DAY else "monthly"
    resets = f"<t:{int(refusal.resets_at.timestamp())}:R>"
    price = _credits(refusal.price_credits)
    if refusal.price_credits > refusal.limit:
        return (
            f"This video costs {price}, more than the whole {name} allowance of "
            f"{_credits(refusal.limit)}, so it will not fit after the reset {resets} either. "
            "Choose a shorter or smaller video, or ask a moderator for a larger allowance."
        )
    return (
        f"This video costs {price}, but only {refusal.left:,} of your {refusal.limit:,} {name} "
        f"credits are left ({refusal.used:,} used or reserved). The {name} allowance resets "
        f"{resets}. A shorter or smaller video costs less; moderators can raise the allowance."
    )


def _in_flight_text(refusal: Refusal) -> str:
    if refusal.rule is Rule.MEMBER_IN_FLIGHT:
        who, limit = "You have", f"{refusal.limit:,} a member at once"
    else:
        who, limit = "This server has", f"{refusal.limit:,} at once"
    return (
        f"{who} {_videos(refusal.used)} in the making; the limit is {limit}. "
        "Try again when one is done; moderators can raise the limit."
    )


def _credits(number: int) -> str:
    return "1 credit" if number == 1 else f"{number:,} credits"


def _videos(number: int) -> str:
    return "1 video" if number == 1 else f"{number:,} videos"


# -- what /quota shows ---------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Balance:
    """A member's allowance beside what counts against it; `day.end`, `month.end` are the resets."""

    allowance: Allowance
    usage: Usage
    day: Window
    month: Window

    @property
    def day_left(self) -> int:
        """Credits left of the daily allowance, never negative."""
        return max(0, self.allowance.daily_credits - self.usage.day_credits)

    @property
    def month_left(self) -> int:
        """Credits left of the monthly allowance, never negative."""
        return max(0, self.allowance.monthly_credits - self.usage.month_credits)

    @property
    def left(self) -> int:
        """The most that the next video may cost."""
        return min(self.day_left, self.month_left)
