from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quota import Window, counts_since, day_window, month_window

ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"})).map(ZoneInfo)
# 1974 to 2060, in seconds.
MOMENTS = st.integers(min_value=4 * 31_536_000, max_value=90 * 31_536_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


def at(text: str) -> datetime:
    """Return that moment, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone", "start", "end"),
    [
        ("2026-08-03 12:00", "UTC", "2026-08-03 00:00", "2026-08-04 00:00"),
        ("2026-08-03 22:30", "Europe/Berlin", "2026-08-03 22:00", "2026-08-04 22:00"),
        ("2026-03-29 12:00", "Europe/Berlin", "2026-03-28 23:00", "2026-03-29 22:00"),  # 23 h
        ("2026-10-25 12:00", "Europe/Berlin", "2026-10-24 22:00", "2026-10-25 23:00"),  # 25 h
        # Samoa had no 30 December 2011: the 29th ends where the 31st begins.
        ("2011-12-30 09:59", "Pacific/Apia", "2011-12-29 10:00", "2011-12-30 10:00"),
        ("2011-12-30 10:00", "Pacific/Apia", "2011-12-30 10:00", "2011-12-31 10:00"),
        # Newfoundland went back from 00:01 to 23:01, so one midnight came twice.
        ("2010-11-07 03:00", "America/St_Johns", "2010-11-07 02:30", "2010-11-08 03:30"),
    ],
)
def test_day_window_is_the_local_calendar_day(now: str, zone: str, start: str, end: str) -> None:
    """A day runs from local midnight to local midnight, also where clocks or dates jump."""
    window = day_window(at(now), ZoneInfo(zone))

    assert window == Window(start=at(start), end=at(end))


@pytest.mark.parametrize(
    ("now", "zone", "start", "end"),
    [
        ("2026-12-31 23:00", "UTC", "2026-12-01 00:00", "2027-01-01 00:00"),
        ("2026-12-31 23:00", "Europe/Berlin", "2026-12-31 23:00", "2027-01-31 23:00"),
        ("2024-02-29 12:00", "UTC", "2024-02-01 00:00", "2024-03-01 00:00"),
        ("2026-03-15 12:00", "America/New_York", "2026-03-01 05:00", "2026-04-01 04:00"),
    ],
)
def test_month_window_is_the_local_calendar_month(
    now: str, zone: str, start: str, end: str
) -> None:
    """A month runs from the first local midnight to that of the next month."""
    window = month_window(at(now), ZoneInfo(zone))

    assert window == Window(start=at(start), end=at(end))


@given(now=MOMENTS, zone=ZONES)
def test_windows_hold_now_and_tile_time(now: datetime, zone: ZoneInfo) -> None:
    """In every zone a window holds its moment, and the next begins where it ends."""
    for window_of, longest in ((day_window, 50), (month_window, 32 * 24)):
        window = window_of(now, zone)

        assert now in window
        assert window_of(window.start, zone) == window
        assert window_of(window.end, zone).start == window.end
        assert window.end not in window
        assert timedelta(0) < window.end - window.start <= timedelta(hours=longest)


@given(now=MOMENTS, zone=ZONES)
def test_a_day_lies_within_its_month(now: datetime, zone: ZoneInfo) -> None:
    """No credit of the day escapes the month."""
    day, month = day_window(now, zone), month_window(now, zone)

    assert month.start <= day.start
    assert day.end <= month.end


@given(MOMENTS, ZONES)
def test_nothing_counts_from_before_counts_since(now: datetime, zone: ZoneInfo) -> None:
    """Wherever somebody is, their day and month began later; it is not far off."""
    since = counts_since(now)

    assert since <= month_window(now, zone).start
    assert since <= day_window(now, zone).start
    assert now - since <= timedelta(days=34)
