import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quota import (
    Allowance,
    Balance,
    Budget,
    Grant,
    Refusal,
    Rule,
    Usage,
    check,
    parts,
    refusal_text,
    windows_at,
)

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
WINDOWS = windows_at(NOW, ZoneInfo("UTC"), ZoneInfo("UTC"))
DAY, MONTH = WINDOWS.day, WINDOWS.month
ALLOWANCE = Allowance(
    daily_credits=100, monthly_credits=500, jobs_in_flight_member=3, jobs_in_flight_guild=10
)

NO_REFUSAL = Refusal(rule=Rule.DAY, limit=0, used=0, price_credits=0)
COUNTS = st.integers(min_value=0, max_value=60)
ALLOWANCES = st.builds(
    Allowance,
    daily_credits=COUNTS,
    monthly_credits=COUNTS,
    jobs_in_flight_member=COUNTS,
    jobs_in_flight_guild=COUNTS,
)
GRANTS = st.lists(st.integers(min_value=1, max_value=40), max_size=3).map(
    lambda lefts: tuple(granted(*lefts))
)
USAGES = st.builds(
    Usage,
    day_credits=COUNTS,
    month_credits=COUNTS,
    reserved_credits=COUNTS,
    in_flight_member=COUNTS,
    in_flight_guild=COUNTS,
    awaiting_member=st.integers(min_value=0, max_value=3),
    guild_month_credits=COUNTS,
    host_month_credits=COUNTS,
    grants=st.just(()) | GRANTS,
)
BUDGETS = st.builds(
    Budget,
    guild_monthly_credits=st.none() | COUNTS,
    host_monthly_usd=st.none() | COUNTS.map(lambda cents: Decimal(cents) / 100),
)
PRICES = st.integers(min_value=1, max_value=60)


def granted(*lefts: int) -> Iterator[Grant]:
    """Yield grants with so many credits left, numbered from 1."""
    for number, left in enumerate(lefts, start=1):
        yield Grant(
            id=number, credits=100, left=left, expires_at=None, reason="a prize", actor_id=5
        )


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


@given(allowance=ALLOWANCES, usage=USAGES, budget=BUDGETS, price=PRICES)
def test_allowed_means_every_rule_still_holds_afterwards(
    allowance: Allowance, usage: Usage, budget: Budget, price: int
) -> None:
    """`check` allows a job exactly when no limit is passed once it is counted."""
    grants = sum(grant.left for grant in usage.grants)
    guild, host = budget.guild_monthly_credits, budget.host_monthly_usd
    holds = (
        price <= max(0, allowance.daily_credits - usage.day_credits) + grants
        and price <= max(0, allowance.monthly_credits - usage.month_credits) + grants
        and usage.in_flight_member + usage.awaiting_member < allowance.jobs_in_flight_member
        and usage.in_flight_guild < allowance.jobs_in_flight_guild
        and (guild is None or usage.guild_month_credits + price <= guild)
        and (host is None or usage.host_month_credits + price <= host * 100)
    )
    refusal = check(allowance, usage, price, windows=WINDOWS, budget=budget)

    assert (refusal is None) == holds


@given(allowance=ALLOWANCES, usage=USAGES, price=PRICES)
def test_an_allowed_price_has_sources_for_all_of_it(
    allowance: Allowance, usage: Usage, price: int
) -> None:
    """Windows come first, then grants in their order; none gives more than it has."""
    places = replace(allowance, jobs_in_flight_member=100, jobs_in_flight_guild=100)
    window_left = max(
        0,
        min(
            allowance.daily_credits - usage.day_credits,
            allowance.monthly_credits - usage.month_credits,
        ),
    )
    if check(places, usage, price, windows=WINDOWS) is not None:
        with pytest.raises(ValueError, match="have no source"):
            parts(allowance, usage, price)
        return
    drawn = {part.grant_id: part.credits for part in parts(allowance, usage, price)}
    used_grants = [grant for grant in usage.grants if grant.id in drawn]

    assert sum(drawn.values()) == price
    assert all(amount > 0 for amount in drawn.values())
    assert drawn.get(None, 0) == min(window_left, price)
    assert list(drawn) == [*([None] if None in drawn else []), *(g.id for g in used_grants)]
    assert used_grants == list(usage.grants[: len(used_grants)])
    assert all(drawn[grant.id] == grant.left for grant in used_grants[:-1])
    assert all(drawn[grant.id] <= grant.left for grant in used_grants)


@given(allowance=ALLOWANCES, usage=USAGES, budget=BUDGETS, price=PRICES)
def test_what_is_left_is_what_may_be_spent(
    allowance: Allowance, usage: Usage, budget: Budget, price: int
) -> None:
    """A balance's `left` is the highest price that the credit rules allow."""
    balance = Balance(allowance=allowance, usage=usage, day=DAY, month=MONTH, budget=budget)
    free = replace(usage, in_flight_member=0, in_flight_guild=0, awaiting_member=0)
    places = replace(allowance, jobs_in_flight_member=1, jobs_in_flight_guild=1)
    refusal = check(places, free, price, windows=WINDOWS, budget=budget)

    assert (refusal is None) == (price <= balance.left)
    assert balance.left >= 0


@given(
    allowance=ALLOWANCES,
    usage=USAGES,
    budget=BUDGETS,
    price=PRICES,
    to_moderator=st.booleans(),
)
def test_a_refusal_names_numbers_reset_and_help(
    allowance: Allowance, usage: Usage, budget: Budget, price: int, to_moderator: bool
) -> None:
    """Whatever refuses, the text has the limit, the reset of a window, and who can help."""
    refusal = check(allowance, usage, price, windows=WINDOWS, budget=budget)
    if refusal is None:
        return
    text = refusal_text(refusal, to_moderator=to_moderator)
    own_words = re.search(r"\b[Yy]our?\b", text)

    assert f"{refusal.limit:,}" in text
    assert "moderator" in text or to_moderator
    assert ("only the host" in text) == (refusal.rule is Rule.HOST_BUDGET)
    assert len(text) < 400
    assert not (to_moderator and own_words)
    if refusal.resets_at is not None:
        assert f"<t:{int(refusal.resets_at.timestamp())}:R>" in text
        assert f"{price:,}" in text
        assert refusal.granted_credits == 0 or f"{refusal.granted_credits:,} granted" in text


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


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (
            Refusal(rule=Rule.DAY, limit=100, used=95, price_credits=30, granted_credits=10),
            "only 5 of your 100 daily credits are left (95 used or reserved), plus 10 granted",
        ),
        (
            Refusal(rule=Rule.MONTH, limit=20, used=0, price_credits=40, granted_credits=5),
            "the whole monthly allowance of 20 credits and the 5 granted ones, so it will not",
        ),
        (
            Refusal(rule=Rule.GUILD_BUDGET, limit=1000, used=995, price_credits=30),
            "only 5 of this server's 1,000 monthly credits are left (995 used or reserved by ever",
        ),
        (
            Refusal(rule=Rule.GUILD_BUDGET, limit=20, used=0, price_credits=30),
            "more than this server's whole monthly budget of 20 credits, so it will not fit",
        ),
        (
            Refusal(rule=Rule.HOST_BUDGET, limit=5000, used=4999, price_credits=30),
            "only 1 of the 5,000 credits a month are left that this bot's host allows all",
        ),
        (
            Refusal(rule=Rule.HOST_BUDGET, limit=20, used=0, price_credits=30),
            "more than the 20 credits a month that this bot's host allows all servers together",
        ),
    ],
)
def test_refusals_of_grants_and_budgets_speak_plainly(refusal: Refusal, words: str) -> None:
    """The member reads what is left of which budget, and whether it will ever fit."""
    assert words in refusal_text(replace(refusal, resets_at=MONTH.end))


def test_a_refused_approval_speaks_to_the_moderator() -> None:
    """It is the member's allowance that is used up, not the moderator's."""
    refusal = replace(refusal_of(Usage(day_credits=95), 30) or NO_REFUSAL, granted_credits=2)
    in_flight = refusal_of(Usage(in_flight_member=3), 1) or NO_REFUSAL

    assert "only 5 of the member's 100 daily credits" in refusal_text(refusal, to_moderator=True)
    assert "plus 2 granted ones" in refusal_text(refusal, to_moderator=True)
    assert refusal_text(refusal, to_moderator=True).endswith("or raise the allowance first.")
    assert refusal_text(in_flight, to_moderator=True).startswith("The member has 3 videos")


def test_budgets_come_before_the_members_own_rules() -> None:
    """When the host's money is used up, neither grants nor a larger allowance would help."""
    usage = Usage(day_credits=100, month_credits=500, guild_month_credits=70, host_month_credits=50)
    guild = Budget(guild_monthly_credits=70)
    both = replace(guild, host_monthly_usd=Decimal("0.50"))
    first = [check(ALLOWANCE, usage, 1, windows=WINDOWS, budget=budget) for budget in (guild, both)]

    assert [refusal and refusal.rule for refusal in first] == [Rule.GUILD_BUDGET, Rule.HOST_BUDGET]


@given(
    used=COUNTS,
    usage=USAGES.filter(lambda usage: usage.granted_credits < 30),
    in_month=st.booleans(),
)
def test_a_whole_allowance_that_came_back_undelivered_is_enough(
    used: int, usage: Usage, in_month: bool
) -> None:
    """Videos that can be had for free later: for what one may spend, once more, and no further."""
    allowance = replace(ALLOWANCE, daily_credits=30, monthly_credits=40)
    fields = ("undelivered_month_credits",) if in_month else ("undelivered_day_credits",)
    free = Usage(grants=usage.grants, **dict.fromkeys(fields, used))
    limit, end = (40, MONTH.end) if in_month else (30, DAY.end)
    refusal = check(allowance, free, 1, windows=WINDOWS)
    balance = Balance(allowance=allowance, usage=free, day=DAY, month=MONTH)

    assert (refusal is not None) == (used >= limit + usage.granted_credits)
    assert (balance.left == 0) == (refusal is not None)
    assert refusal is None or (refusal.rule, refusal.resets_at) == (Rule.UNDELIVERED, end)


def test_too_many_undelivered_videos_are_refused_plainly() -> None:
    """What came of the credits, what to do, when it ends; also without any allowance."""
    refusal = refusal_of(Usage(undelivered_day_credits=126), 30) or NO_REFUSAL
    words = refusal_text(refusal)

    assert "Videos for 126 credits were made for you and could not be delivered" in words
    assert "as much as your whole allowance of 100 credits: new videos" in words
    assert "**Send again**" in words
    assert "made for the member and" in refusal_text(refusal, to_moderator=True)
    assert "raise the allowance" in refusal_text(refusal, to_moderator=True)


def test_grants_do_not_help_against_budgets() -> None:
    """A budget counts all credits, wherever they come from."""
    usage = Usage(guild_month_credits=60, grants=tuple(granted(100)))
    refusal = check(ALLOWANCE, usage, 30, windows=WINDOWS, budget=Budget(guild_monthly_credits=70))

    assert refusal == Refusal(
        rule=Rule.GUILD_BUDGET, limit=70, used=60, price_credits=30, resets_at=MONTH.end
    )


@pytest.mark.parametrize(
    ("usd", "per_credit", "limit", "cost"),
    [("50", "0.01", 5000, 13), ("0.999", "0.01", 99, 13), ("1", "0.001", 1000, 125)],
)
def test_the_hosts_dollars_are_credits_on_the_safe_side(
    usd: str, per_credit: str, limit: int, cost: int
) -> None:
    """The cap is rounded down to whole credits, a real cost of 12.5 cents up."""
    budget = Budget(host_monthly_usd=Decimal(usd), usd_per_credit=Decimal(per_credit))

    assert budget.host_monthly_credits == limit
    assert budget.credits_of(Decimal("0.125")) == cost


def test_a_refusal_about_credits_has_a_reset() -> None:
    """A refusal made by hand without one is a mistake, not a broken sentence."""
    with pytest.raises(ValueError, match="has a reset"):
        refusal_text(Refusal(rule=Rule.DAY, limit=1, used=1, price_credits=1))
