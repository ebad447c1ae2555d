"""The policy of a guild: its values, the effective allowance, the time zone."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.policy import (
    AllowanceOverride,
    ApprovalRules,
    GuildPolicy,
    MemberFacts,
    effective_allowance,
    zone_of,
)
from bot.quota import Allowance, day_window

HOST = Allowance(
    daily_credits=100, monthly_credits=500, jobs_in_flight_member=3, jobs_in_flight_guild=10
)
ARTIST, PATRON, OTHER = 100, 101, 102
ME, SOMEBODY = 5, 6
MEMBER = MemberFacts(user_id=ME, role_ids=frozenset({ARTIST, PATRON}))


def role(role_id: int, daily: int | None, monthly: int | None) -> AllowanceOverride:
    """Return a role's allowance."""
    return AllowanceOverride(
        target="role", target_id=role_id, daily_credits=daily, monthly_credits=monthly
    )


def user(user_id: int, daily: int | None, monthly: int | None) -> AllowanceOverride:
    """Return a member's own allowance."""
    return AllowanceOverride(
        target="user", target_id=user_id, daily_credits=daily, monthly_credits=monthly
    )


def credits_of(
    overrides: Sequence[AllowanceOverride], policy: GuildPolicy | None = None
) -> tuple[int, int]:
    """Return the member's credits for a day and for a month."""
    allowance = effective_allowance(policy or GuildPolicy(), overrides, MEMBER, HOST)
    return allowance.daily_credits, allowance.monthly_credits


# -- the effective allowance -----------------------------------------------------


def test_without_anything_the_hosts_allowance_holds() -> None:
    """An empty policy changes nothing."""
    assert effective_allowance(GuildPolicy(), [], MEMBER, HOST) == HOST


def test_a_policys_numbers_replace_the_hosts() -> None:
    """Each number falls back on its own; nought is a number."""
    policy = GuildPolicy(daily_credits=0, jobs_in_flight_member=1, jobs_in_flight_guild=99)

    assert effective_allowance(policy, [], MEMBER, HOST) == Allowance(
        daily_credits=0, monthly_credits=500, jobs_in_flight_member=1, jobs_in_flight_guild=99
    )


def test_the_most_generous_role_counts_for_each_window() -> None:
    """The day may come from one role and the month from another."""
    assert credits_of([role(ARTIST, 300, 10), role(PATRON, 20, 900)]) == (300, 900)


def test_a_role_never_gives_less_than_the_default() -> None:
    """A smaller allowance of a role takes nothing away; None keeps the default."""
    assert credits_of([role(ARTIST, 1, None)]) == (100, 500)


def test_others_overrides_do_not_count() -> None:
    """A role the member lacks and another member's own allowance change nothing.

    Nor does a role whose id is the member's, or a member whose id is a role's.
    """
    assert credits_of(
        [
            role(OTHER, 999, 999),
            user(SOMEBODY, 999, 999),
            role(ME, 999, 999),
            user(ARTIST, 999, 999),
        ]
    ) == (100, 500)


def test_the_own_override_wins_either_way() -> None:
    """A member's own allowance replaces roles and default, also when it is smaller."""
    roles = [role(ARTIST, 300, 900)]

    assert credits_of([*roles, user(ME, 0, 5000)]) == (0, 5000)
    assert credits_of([*roles, user(ME, None, 7)]) == (300, 7)


OPTIONAL = st.none() | st.integers(min_value=0, max_value=1000)
OVERRIDES = st.lists(
    st.builds(role, st.sampled_from([ARTIST, PATRON, OTHER]), OPTIONAL, OPTIONAL)
    | st.builds(user, st.just(SOMEBODY), OPTIONAL, OPTIONAL),
    max_size=6,
)
POLICIES = st.builds(GuildPolicy, daily_credits=OPTIONAL, monthly_credits=OPTIONAL)


@given(overrides=OVERRIDES, policy=POLICIES)
def test_the_allowance_is_the_highest_of_what_applies(
    overrides: list[AllowanceOverride], policy: GuildPolicy
) -> None:
    """Whatever the overrides, their order does not matter and the highest number holds."""
    mine = [o for o in overrides if o.target == "role" and o.target_id in (ARTIST, PATRON)]
    days = [o.daily_credits for o in mine if o.daily_credits is not None]
    months = [o.monthly_credits for o in mine if o.monthly_credits is not None]
    default = (
        100 if policy.daily_credits is None else policy.daily_credits,
        500 if policy.monthly_credits is None else policy.monthly_credits,
    )
    expected = (max([default[0], *days]), max([default[1], *months]))

    assert credits_of(overrides, policy) == expected
    assert credits_of(overrides[::-1], policy) == expected


@given(overrides=OVERRIDES, policy=POLICIES, daily=OPTIONAL, monthly=OPTIONAL)
def test_the_own_override_wins_over_any_others(
    overrides: list[AllowanceOverride], policy: GuildPolicy, daily: int | None, monthly: int | None
) -> None:
    """Each number of the member's own allowance holds; what it leaves open comes from the rest."""
    without = credits_of(overrides, policy)
    expected = (
        without[0] if daily is None else daily,
        without[1] if monthly is None else monthly,
    )

    assert credits_of([user(ME, daily, monthly), *overrides], policy) == expected


# -- time zones ------------------------------------------------------------------


def test_the_guilds_time_zone_else_the_hosts() -> None:
    """Days begin where the guild says, else where the host says."""
    host = ZoneInfo("Asia/Tokyo")

    assert zone_of(GuildPolicy(), host) == host
    assert zone_of(GuildPolicy(time_zone=None), host) == host
    assert zone_of(GuildPolicy(time_zone="Europe/Berlin"), host) == ZoneInfo("Europe/Berlin")


def test_a_guilds_day_ends_at_its_own_midnight() -> None:
    """The windows of the quota follow the guild's time zone."""
    now = datetime(2026, 8, 3, 23, 30, tzinfo=UTC)
    berlin = day_window(now, zone_of(GuildPolicy(time_zone="Europe/Berlin"), ZoneInfo("UTC")))

    assert berlin.start == datetime(2026, 8, 3, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    ["Berlin", "Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "Europe", "Europe/Berlin\0"],
)
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    """What is not in the time zone database is refused, whatever it looks like."""
    with pytest.raises(ValidationError, match="must be a time zone"):
        GuildPolicy(time_zone=name)


# -- values ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"daily_credits": -1},
        {"daily_credits": 10_000_001},
        {"jobs_in_flight_member": 0},
        {"approval": {"newer_than_days": 0}},
        {"approval": {"expires_h": 721}},
        {"daily_credit": 5},
        {"approval": {"nobody": True}},
    ],
)
def test_numbers_out_of_range_and_unknown_names_are_refused(changes: dict[str, object]) -> None:
    """A policy holds only what its fields allow."""
    with pytest.raises(ValidationError):
        GuildPolicy.model_validate(changes)


def test_a_policy_survives_being_stored() -> None:
    """Written as JSON and read again, with numbers as keys, it is the same."""
    policy = GuildPolicy(
        time_zone="Europe/Berlin",
        daily_credits=0,
        allowed_channel_ids=(2**62, 7),
        models_by_role={2**62: ("wan-a", "wan-b")},
        models_by_channel={7: ()},
        filter_lists=("gore",),
        approval=ApprovalRules(newer_than_days=3),
        paused_reason="night",
    )

    assert GuildPolicy.model_validate_json(policy.model_dump_json()) == policy


@pytest.mark.parametrize(
    "rules",
    [
        ApprovalRules(everybody=True),
        ApprovalRules(newer_than_days=1),
        ApprovalRules(without_role_id=5),
        ApprovalRules(above_credits=0),
    ],
)
def test_any_approval_rule_is_active(rules: ApprovalRules) -> None:
    """One rule suffices, also above a price of nought; how long to wait is none."""
    assert rules.active
    assert not ApprovalRules(expires_h=1).active
