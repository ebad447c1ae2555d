from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quota import (
    Allowance,
    Balance,
    Refusal,
    Rule,
    Usage,
    check,
    refusal_text,
    windows_at,
)

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
WINDOWS = windows_at(NOW, ZoneInfo("UTC"), ZoneInfo("UTC"))
DAY, MONTH = WINDOWS.day, WINDOWS.month
ALLOWANCE = Allowance(
    daily_credits=100, monthly_credits=500, jobs_in_flight_member=3, jobs_in_flight_guild=10
)

COUNTS = st.integers(min_value=0, max_value=60)
ALLOWANCES = st.builds(
    Allowance,
    daily_credits=COUNTS,
    monthly_credits=COUNTS,
    jobs_in_flight_member=COUNTS,
    jobs_in_flight_guild=COUNTS,
)
USAGES = st.builds(
    Usage,
    day_credits=COUNTS,
    month_credits=COUNTS,
    reserved_credits=COUNTS,
    in_flight_member=COUNTS,
    in_flight_guild=COUNTS,
)
PRICES = st.integers(min_value=1, max_value=60)


def refusal_of(usage: Usage, price: int) -> Refusal | None:
    """Check against the usual allowance."""
    return check(ALLOWANCE, usage, price, windows=WINDOWS)


def test_everything_up_to_the_limits_is_allowed() -> None:
    """A price that uses up the allowance exactly, in the last free place, still fits."""
    usage = Usage(day_credits=70, month_credits=470, in_flight_member=2, in_flight_guild=9)

    assert refusal_of(usage, 30) is None


@pytest.mark.parametrize(
    ("usage", "refusal"),
    [
        (Usage(day_credits=71), Refusal(rule=Rule.DAY, limit=100, used=71, price_credits=30)),
        (
            Usage(month_credits=471),
            Refusal(rule=Rule.MONTH, limit=500, used=471, price_credits=30),
        ),
        (
            Usage(in_flight_member=3, in_flight_guild=3),
            Refusal(rule=Rule.MEMBER_IN_FLIGHT, limit=3, used=3, price_credits=30),
        ),
        (
            Usage(in_flight_member=1, in_flight_guild=10),
            Refusal(rule=Rule.GUILD_IN_FLIGHT, limit=10, used=10, price_credits=30),
        ),
    ],
    ids=lambda value: value.rule.value if isinstance(value, Refusal) else "",
)
def test_one_beyond_a_limit_is_refused_by_its_rule(usage: Usage, refusal: Refusal) -> None:
    """Each rule refuses at one more than its limit, and carries its numbers and its reset."""
    resets = {Rule.DAY: DAY.end, Rule.MONTH: MONTH.end}

    assert refusal_of(usage, 30) == replace(refusal, resets_at=resets.get(refusal.rule))


def test_the_month_is_named_when_day_and_month_are_used_up() -> None:
    """The refusal names the rule that lasts longer: tomorrow would be no help."""
    refusal = refusal_of(Usage(day_credits=100, month_credits=500), 1)

    assert refusal is not None
    assert refusal.rule is Rule.MONTH


@given(allowance=ALLOWANCES, usage=USAGES, price=PRICES)
def test_allowed_means_every_rule_still_holds_afterwards(
    allowance: Allowance, usage: Usage, price: int
) -> None:
    """`check` allows a job exactly when no limit is passed once it is counted."""
    holds = (
        usage.day_credits + price <= allowance.daily_credits
        and usage.month_credits + price <= allowance.monthly_credits
        and usage.in_flight_member < allowance.jobs_in_flight_member
        and usage.in_flight_guild < allowance.jobs_in_flight_guild
    )

    assert (check(allowance, usage, price, windows=WINDOWS) is None) == holds


@given(allowance=ALLOWANCES, usage=USAGES, price=PRICES)
def test_what_is_left_is_what_may_be_spent(allowance: Allowance, usage: Usage, price: int) -> None:
    """A balance's `left` is the highest price that the credit rules allow."""
    balance = Balance(allowance=allowance, usage=usage, day=DAY, month=MONTH)
    free = replace(usage, in_flight_member=0, in_flight_guild=0)
    places = replace(allowance, jobs_in_flight_member=1, jobs_in_flight_guild=1)

    assert (check(places, free, price, windows=WINDOWS) is None) == (price <= balance.left)
    assert balance.left == min(balance.day_left, balance.month_left) >= 0


@given(allowance=ALLOWANCES, usage=USAGES, price=PRICES)
def test_a_refusal_names_numbers_reset_and_help(
    allowance: Allowance, usage: Usage, price: int
) -> None:
    """Whatever refuses, the text has the limit, the reset of a window, and the moderators."""
    refusal = check(allowance, usage, price, windows=WINDOWS)
    if refusal is None:
        return
    text = refusal_text(refusal)

    assert f"{refusal.limit:,}" in text
    assert "moderator" in text
    assert len(text) < 400
    if refusal.resets_at is not None:
        assert f"<t:{int(refusal.resets_at.timestamp())}:R>" in text
        assert f"{price:,}" in text


@pytest.mark.parametrize(
    ("usage", "price", "words"),
    [
        (
            Usage(day_credits=95),
            30,
            "costs 30 credits, but only 5 of your 100 daily credits are left (95 used or reserved)",
        ),
        (Usage(month_credits=499), 2, "only 1 of your 500 monthly credits are left"),
        (Usage(), 130, "more than the whole daily allowance of 100 credits"),
        (Usage(in_flight_member=3), 1, "You have 3 videos in the making; the limit is 3 a member"),
        (Usage(in_flight_guild=12), 1, "This server has 12 videos in the making; the limit is 10"),
    ],
)
def test_refusals_speak_plainly(usage: Usage, price: int, words: str) -> None:
    """The member reads which rule it was and what is left, as numbers."""
    refusal = refusal_of(usage, price)

    assert refusal is not None
    assert words in refusal_text(refusal)


def test_a_lowered_allowance_leaves_nothing_rather_than_less() -> None:
    """Somebody who spent more than a lowered limit sees 0 left, not a negative number."""
    refusal = refusal_of(Usage(day_credits=150), 1)
    balance = Balance(
        allowance=ALLOWANCE,
        usage=Usage(day_credits=150, month_credits=150),
        day=DAY,
        month=MONTH,
    )

    assert refusal is not None
    assert refusal.left == 0
    assert (balance.day_left, balance.month_left, balance.left) == (0, 350, 0)
