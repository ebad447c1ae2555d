from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.job import JobState
from bot.statistics import JobFact, Statistics, Tally, Totals
from bot.storage import JobStore, ReportStore
from tests.storage_kit import (
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    ZONE,
    accepted,
    new_job,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures",)

BERLIN = ZoneInfo("Europe/Berlin")
CENT = Decimal("0.01")
TODAY = date(2026, 8, 3)


def fact(**changes: Any) -> JobFact:
    """Return a job delivered after a minute."""
    values: dict[str, Any] = {
        "user_id": 1,
        "model": "wan-2.6-i2v",
        "state": JobState.DELIVERED,
        "created_at": NOW,
        "queued_at": NOW,
        "ended_at": NOW + timedelta(seconds=60),
        "credits": 30,
        "usd": Decimal("0.25"),
        "estimated": False,
    }
    return JobFact(**values | changes)


def count(*facts: JobFact, days: int = 3, zone: ZoneInfo = BERLIN, top: int = 10) -> Statistics:
    """Count over the last days."""
    tally = Tally(first_day=TODAY - timedelta(days=days - 1), last_day=TODAY, zone=zone, top=top)
    tally.add(facts)
    return tally.statistics()


def test_every_day_is_there_also_an_empty_one() -> None:
    """A chart has a bar for each day, the last one today."""
    found = count(fact(), fact(queued_at=NOW - timedelta(days=2), credits=5))

    assert [(day.day, totals.jobs, totals.credits) for day, totals in found.by_day] == [
        (1, 1, 5),
        (2, 0, 0),
        (3, 1, 30),
    ]
    assert found.total == Totals(jobs=2, credits=35, usd=Decimal("0.50"))


def test_days_are_those_of_the_guild() -> None:
    """At 23:30 UTC it is tomorrow in Berlin."""
    late = fact(queued_at=datetime(2026, 8, 1, 22, 30, tzinfo=UTC))

    assert [totals.jobs for _, totals in count(late).by_day] == [0, 1, 0]
    assert [totals.jobs for _, totals in count(late, zone=ZONE).by_day] == [1, 0, 0]


def test_what_lies_outside_is_not_counted() -> None:
    """Neither the day before the first nor, by a clock set back, tomorrow."""
    found = count(fact(queued_at=NOW - timedelta(days=3)), fact(queued_at=NOW + timedelta(days=1)))

    assert (found.total, found.states, found.by_model) == (Totals(), {}, ())


def test_models_and_members_come_by_credits() -> None:
    """The dearest first, and only so many members as fit."""
    facts = [fact(user_id=n, credits=n, model=f"m{n % 2}") for n in (1, 2, 3, 4)]
    found = count(*facts, top=2)

    assert [(slug, totals.credits) for slug, totals in found.by_model] == [("m0", 6), ("m1", 4)]
    assert [user_id for user_id, _ in found.top_members] == [4, 3]


def test_all_members_count_also_those_below_the_top() -> None:
    """Four made a video, two are named."""
    assert count(*(fact(user_id=n % 4) for n in range(9)), top=2).members == 4


def test_what_is_estimated_is_told_apart() -> None:
    """In the whole and in each part: a moderator must know which dollars are real."""
    found = count(fact(), fact(model="other", usd=Decimal("0.10"), estimated=True))

    assert (found.total.usd, found.total.usd_estimated) == (Decimal("0.35"), Decimal("0.10"))
    assert [(slug, totals.usd_estimated) for slug, totals in found.by_model] == [
        ("other", Decimal("0.10")),
        ("wan-2.6-i2v", Decimal(0)),
    ]


def test_a_job_that_was_never_let_in_is_a_state_only() -> None:
    """A denied request is counted as denied, not as a job that cost something."""
    denied = fact(state=JobState.DENIED, queued_at=None, credits=0, usd=Decimal(0))
    found = count(denied, fact())

    assert found.states == {JobState.DENIED: 1, JobState.DELIVERED: 1}
    assert found.total.jobs == 1


@pytest.mark.parametrize(
    ("states", "share"),
    [
        ((JobState.DELIVERED, JobState.FAILED, JobState.UNDELIVERED, JobState.DELIVERED), 0.5),
        ((JobState.DELIVERED, JobState.CANCELLED, JobState.RUNNING), 1.0),
        ((JobState.CANCELLED, JobState.QUEUED), None),
    ],
)
def test_success_is_of_those_sent_and_ended(
    states: tuple[JobState, ...], share: float | None
) -> None:
    """Cancelled and running jobs are neither successes nor failures."""
    assert count(*(fact(state=state) for state in states)).success == share


def test_waiting_times_are_of_delivered_videos() -> None:
    """Half and nine in ten of them waited no longer; failures do not count."""
    delivered = [fact(ended_at=NOW + timedelta(seconds=10 * n)) for n in range(11)]
    failed = fact(state=JobState.FAILED, ended_at=NOW + timedelta(hours=9))
    found = count(*delivered, failed)

    assert (found.waiting_median_s, found.waiting_p90_s) == (50.0, 90.0)
    assert count(failed).waiting_median_s is None
    assert count(failed).waiting_p90_s is None
    assert count(delivered[3]).waiting_p90_s == 30.0


def test_a_clock_set_back_makes_no_negative_wait() -> None:
    """A video that ended before it began waited for nothing."""
    assert count(fact(ended_at=NOW - timedelta(hours=1))).waiting_median_s == 0.0


@given(
    hours=st.lists(st.integers(min_value=0, max_value=200), max_size=30),
    zone=st.sampled_from([ZONE, BERLIN, ZoneInfo("Pacific/Kiritimati")]),
)
def test_all_views_add_up_to_the_same(hours: list[int], zone: ZoneInfo) -> None:
    """Days, models and members are three ways to cut one whole."""
    facts = [
        fact(queued_at=NOW - timedelta(hours=n), user_id=n % 3, model=str(n % 4), credits=n)
        for n in hours
    ]
    found = count(*facts, days=7, zone=zone, top=10)

    for view in (found.by_day, found.by_model, found.top_members):
        assert sum(totals.jobs for _, totals in view) == found.total.jobs
        assert sum(totals.credits for _, totals in view) == found.total.credits
        assert sum(totals.usd for _, totals in view) == found.total.usd
    assert sum(found.states.values()) == found.total.jobs


# -- from the database ------------------------------------------------------------------


async def statistics(store: JobStore, guild_id: int = GUILD, *, days: int = 7) -> Statistics:
    """Ask the report store on the same database."""
    return await ReportStore(store._database).statistics(
        guild_id, days=days, zone=ZONE, usd_per_credit=CENT, now=NOW
    )


async def test_a_guilds_days_come_from_its_jobs_and_ledger(store: JobStore) -> None:
    """Settled, released and refunded credits; real costs where known, else the estimate."""
    paid = await walked_to(store, JobState.DELIVERED, 0)
    await store.note(paid.id, cost_usd=0.5)
    refunded = await walked_to(store, JobState.DELIVERED, 1)
    await store.take_down(
        refunded.id, guild_id=GUILD, actor_id=MODERATOR, reason=None, refund=True, now=NOW
    )
    await walked_to(store, JobState.FAILED, 2)
    await accepted(store, 3, user_id=MEMBER + 1, model="wan-2.2-t2v-fast", price_credits=7)
    await store.accept(new_job(4), GENEROUS, ZONE, now=NOW, state=JobState.AWAITING_APPROVAL)
    found = await statistics(store)

    assert found.total == Totals(
        jobs=4, credits=37, usd=Decimal("0.87"), usd_estimated=Decimal("0.37")
    )
    assert found.by_day[-1] == (TODAY, found.total)
    assert dict(found.by_model)["wan-2.2-t2v-fast"] == Totals(
        jobs=1, credits=7, usd=Decimal("0.07"), usd_estimated=Decimal("0.07")
    )
    assert [(user_id, totals.credits) for user_id, totals in found.top_members] == [
        (MEMBER, 30),
        (MEMBER + 1, 7),
    ]
    assert found.states == {
        JobState.DELIVERED: 2,
        JobState.FAILED: 1,
        JobState.QUEUED: 1,
        JobState.AWAITING_APPROVAL: 1,
    }


async def test_another_guilds_jobs_are_not_seen(store: JobStore) -> None:
    """Not one of guild A's jobs is in the statistics of guild B, or of direct messages."""
    await walked_to(store, JobState.DELIVERED, 0)
    await accepted(store, 1, guild_id=None)
    found = await statistics(store, GUILD + 1)

    assert (found.total, found.states, found.top_members) == (Totals(), {}, ())


async def test_granted_credits_count_like_others(store: JobStore) -> None:
    """A job drawn on two sources is one job over its whole price."""
    await store.grant(
        GUILD, MEMBER, 20, expires_at=None, reason="a prize", actor_id=MODERATOR, now=NOW
    )
    tight = replace(GENEROUS, daily_credits=10)
    await store.accept(new_job(), tight, ZONE, now=NOW)

    total = (await statistics(store)).total
    assert (total.jobs, total.credits, total.usd) == (1, 30, Decimal("0.30"))


async def test_old_jobs_are_left_out(store: JobStore) -> None:
    """Only the days asked for count; a job approved later counts on that day."""
    old = await store.accept(
        new_job(0), GENEROUS, ZONE, now=NOW - timedelta(days=9), state=JobState.AWAITING_APPROVAL
    )
    await store.accept(new_job(1), GENEROUS, ZONE, now=NOW - timedelta(days=9))
    await store.approve(old.id, GENEROUS, ZONE, guild_id=GUILD, actor_id=MODERATOR, now=NOW)

    assert (await statistics(store, days=1)).total.jobs == 1
    assert (await statistics(store, days=30)).total.jobs == 2
