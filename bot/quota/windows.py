"""Calendar days and months of a time zone, as spans of UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


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


def days_window(now: datetime, zone: ZoneInfo, days: int) -> Window:
    """Return the last so many calendar days of `zone`, today's included to its end."""
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    return Window(start=_midnight(first, zone), end=_midnight(today + timedelta(days=1), zone))


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


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The spans that count at one moment.

    Attributes:
        day: The guild's.
        month: The guild's.
        host_month: The host's, for the cap over all guilds.
    """

    day: Window
    month: Window
    host_month: Window


def windows_at(now: datetime, zone: ZoneInfo, host_zone: ZoneInfo) -> Windows:
    """Return the guild's day and month (`zone`) and the host's month (`host_zone`)."""
    return Windows(
        day=day_window(now, zone),
        month=month_window(now, zone),
        host_month=month_window(now, host_zone),
    )
