import asyncio
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.errors import NotFoundError, RefusedError
from bot.job import WITH_VIDEO, Job, JobState
from bot.quota import Balance, Budget, EntryKind, LedgerEntry
from bot.storage import JobStore
from tests.storage_kit import (
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    PATHS,
    ZONE,
    accepted,
    events_of,
    ledger_of_guild,
    new_job,
    opened,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures",)

# Room for one job of 30 and 5 credits more.
TIGHT = replace(GENEROUS, daily_credits=35)
TOMORROW = NOW + timedelta(days=1)


async def give(
    store: JobStore,
    amount: int,
    *,
    expires_at: datetime | None = TOMORROW,
    guild_id: int = GUILD,
    user_id: int = MEMBER,
) -> None:
    """Grant a member credits."""
    await store.grant(
        guild_id,
        user_id,
        amount,
        expires_at=expires_at,
        reason="a prize",
        actor_id=MODERATOR,
        now=NOW,
    )


async def balance_of(
    store: JobStore, *, now: datetime = NOW, guild_id: int | None = GUILD, user_id: int = MEMBER
) -> Balance:
    """Return the member's balance under the tight allowance."""
    return await store.balance(
        guild_id=guild_id, user_id=user_id, allowance=TIGHT, zone=ZONE, now=now
    )


def left(balance: Balance) -> list[int]:
    """Return what is left of each grant, in the order they are drawn on."""
    return [grant.left for grant in balance.usage.grants]


async def delivered(store: JobStore, job: Job) -> Job:
    """Take a queued job to its end."""
    for step in PATHS[JobState.DELIVERED]:
        job = await store.transition(job.id, step, now=NOW)
    return job


# -- giving ----------------------------------------------------------------------


async def test_a_grant_is_an_entry_with_its_reason_and_an_audit_event(store: JobStore) -> None:
    """Who gave what to whom, why and until when is in the ledger and in the audit log."""
    await give(store, 50)
    (event,) = await events_of(store, GUILD)

    assert await ledger_of_guild(store, GUILD) == [
        LedgerEntry(
            id=1,
            job_id=None,
            guild_id=GUILD,
            user_id=MEMBER,
            kind=EntryKind.GRANT,
            credits=50,
            counted_at=NOW,
            created_at=NOW,
            actor_id=MODERATOR,
            reason="a prize",
            expires_at=TOMORROW,
        )
    ]
    assert (event.action, event.actor_id, event.target_id) == ("grant", MODERATOR, MEMBER)
    assert event.detail == {
        "credits": 50,
        "expires_at": TOMORROW.isoformat(),
        "reason": "a prize",
    }


@pytest.mark.parametrize(
    ("amount", "expires_at"), [(0, TOMORROW), (-5, TOMORROW), (5, NOW)], ids=str
)
async def test_grants_that_would_give_nothing_are_mistakes(
    store: JobStore, amount: int, expires_at: datetime
) -> None:
    """No credits, or credits that have expired, are refused before anything is written."""
    with pytest.raises(ValueError, match="a grant must"):
        await give(store, amount, expires_at=expires_at)

    assert await ledger_of_guild(store, GUILD) == []


async def test_a_balance_includes_grants(store: JobStore) -> None:
    """What may be spent next is what day and month allow plus what is left of the grants."""
    await give(store, 50)
    balance = await balance_of(store)

    assert (balance.left, balance.day_left, left(balance)) == (85, 35, [50])


@pytest.mark.parametrize(
    "elsewhere", [{"guild_id": GUILD + 1}, {"guild_id": None}, {"user_id": MEMBER + 1}], ids=str
)
async def test_a_grant_is_for_one_member_in_one_guild(
    store: JobStore, elsewhere: dict[str, Any]
) -> None:
    """Other members, other guilds and direct messages have nothing of it."""
    await give(store, 50)
    await give(store, 7, guild_id=GUILD + 2)
    new = new_job(price_credits=36, **elsewhere)
    with pytest.raises(RefusedError):
        await store.accept(new, TIGHT, ZONE, now=NOW)
    balance = await store.balance(
        guild_id=new.guild_id, user_id=new.user_id, allowance=TIGHT, zone=ZONE, now=NOW
    )

    assert balance.left == 35


# -- drawing ----------------------------------------------------------------------


async def test_windows_are_drawn_on_first_then_the_grants_that_expire_first(
    store: JobStore,
) -> None:
    """A price of 60 takes 35 of the day, then 10 and 15 of the grants, the oldest expiry first."""
    await give(store, 100, expires_at=None)
    await give(store, 20, expires_at=NOW + timedelta(hours=2))
    await give(store, 10, expires_at=NOW + timedelta(hours=1))
    job = await store.accept(new_job(price_credits=60), TIGHT, ZONE, now=NOW)
    balance = await balance_of(store)

    assert [(entry.grant_id, entry.credits) for entry in await store.ledger_of(job.id)] == [
        (None, 35),
        (3, 10),
        (2, 15),
    ]
    assert (balance.usage.day_credits, balance.usage.month_credits) == (35, 35)
    assert left(balance) == [5, 100]


async def test_what_a_grant_paid_does_not_count_in_the_windows(store: JobStore) -> None:
    """With the day used up, a job of a grant's credits leaves day and month as they were."""
    await give(store, 100)
    await store.accept(new_job(0, price_credits=35), TIGHT, ZONE, now=NOW)
    await store.accept(new_job(1, price_credits=90), TIGHT, ZONE, now=NOW)
    balance = await balance_of(store)

    assert (balance.usage.month_credits, balance.usage.reserved_credits) == (35, 125)
    assert balance.left == 10


async def test_an_expired_grant_is_not_drawn_on(store: JobStore) -> None:
    """At its expiry a grant is worth nothing, and the refusal does not count it."""
    await give(store, 100)
    with pytest.raises(RefusedError, match="more than the whole daily allowance of 35 credits, so"):
        await store.accept(new_job(price_credits=60), TIGHT, ZONE, now=TOMORROW)

    assert (await balance_of(store, now=TOMORROW)).left == 35
    assert (await balance_of(store, now=TOMORROW - timedelta(microseconds=1))).left == 135


async def test_a_clock_set_back_revives_no_more_than_was_left(store: JobStore) -> None:
    """A grant that expired by a wrong clock has, after the correction, what was not used."""
    await give(store, 100)
    await store.accept(new_job(price_credits=60), TIGHT, ZONE, now=NOW)

    assert (await balance_of(store, now=TOMORROW)).usage.grants == ()
    assert left(await balance_of(store, now=NOW - timedelta(days=3))) == [75]


async def test_a_refusal_counts_grants(store: JobStore) -> None:
    """What is too dear for allowance and grants together is refused with both numbers."""
    await give(store, 10)
    await store.accept(new_job(0), TIGHT, ZONE, now=NOW)
    words = "only 5 of your 35 daily credits are left .30 used or reserved., plus 10 granted ones"
    with pytest.raises(RefusedError, match=words):
        await store.accept(new_job(1, price_credits=16), TIGHT, ZONE, now=NOW)

    assert (await store.accept(new_job(2, price_credits=15), TIGHT, ZONE, now=NOW)).id


# -- giving back --------------------------------------------------------------------


@pytest.mark.parametrize("end", [JobState.FAILED, JobState.CANCELLED])
async def test_a_release_gives_back_to_where_it_came_from(store: JobStore, end: JobState) -> None:
    """Each part of the price goes back to its own source."""
    await give(store, 100)
    job = await store.accept(new_job(price_credits=60), TIGHT, ZONE, now=NOW)
    await store.transition(job.id, end, now=NOW)
    balance = await balance_of(store)

    assert (balance.usage.day_credits, left(balance)) == (0, [100])
    assert [(e.kind, e.grant_id, e.credits) for e in await store.ledger_of(job.id)] == [
        (EntryKind.RESERVE, None, 35),
        (EntryKind.RESERVE, 1, 25),
        (EntryKind.RELEASE, None, 35),
        (EntryKind.RELEASE, 1, 25),
    ]
    assert await store.check_ledger() == []


async def test_what_goes_back_to_an_expired_grant_is_gone(store: JobStore) -> None:
    """The window's part comes back; the grant's part does not become part of the window."""
    await give(store, 100)
    job = await store.accept(new_job(price_credits=60), TIGHT, ZONE, now=NOW)
    await store.transition(job.id, JobState.FAILED, now=TOMORROW)
    today, next_day = await balance_of(store), await balance_of(store, now=TOMORROW)

    assert (today.usage.day_credits, next_day.usage.month_credits) == (0, 0)
    assert (next_day.left, next_day.usage.grants) == (35, ())


async def test_a_delivered_video_settles_every_part(store: JobStore) -> None:
    """Settled parts stay used, in the window and in the grant."""
    await give(store, 100)
    job = await store.accept(new_job(price_credits=60), TIGHT, ZONE, now=NOW)
    await delivered(store, job)
    balance = await balance_of(store)

    assert (balance.usage.day_credits, left(balance)) == (35, [75])
    assert await store.check_ledger() == []


@pytest.mark.parametrize("processes", [1, 2])
async def test_200_commands_at_once_spend_allowance_and_grants_for_seven(
    file: Path, processes: int
) -> None:
    """Credits for 4 in the day and for 3 more in two grants: of 200 at once exactly 7 are taken."""
    four = replace(GENEROUS, daily_credits=4 * 30 + 10)
    async with opened(file) as one, opened(file) as two:
        await give(one, 45)
        await give(one, 40, expires_at=None)
        outcomes = await asyncio.gather(
            *(
                (one, two)[n % processes].accept(new_job(n), four, ZONE, now=NOW)
                for n in range(200)
            ),
            return_exceptions=True,
        )
        balance = await two.balance(
            guild_id=GUILD, user_id=MEMBER, allowance=four, zone=ZONE, now=NOW
        )

        assert sum(isinstance(outcome, Job) for outcome in outcomes) == 7
        assert sum(isinstance(outcome, RefusedError) for outcome in outcomes) == 193
        assert (balance.left, balance.usage.day_credits, left(balance)) == (5, 130, [5])
        assert await one.check_ledger() == []


# -- a moderator's refund --------------------------------------------------------------


async def take_down(
    store: JobStore, job_id: int, *, refund: bool, guild_id: int = GUILD
) -> tuple[Job, int]:
    """Take a video down."""
    return await store.take_down(
        job_id, guild_id=guild_id, actor_id=MODERATOR, reason="spam", refund=refund, now=TOMORROW
    )


async def test_delete_and_refund_gives_every_part_back_once(store: JobStore) -> None:
    """The first press notes the removal and gives the credits back; a second one does nothing."""
    await give(store, 100, expires_at=None)
    job = await store.accept(new_job(price_credits=60), TIGHT, ZONE, now=NOW)
    await delivered(store, job)
    removed, back = await take_down(store, job.id, refund=True)
    again, nothing = await take_down(store, job.id, refund=True)
    balance = await balance_of(store)

    assert (back, nothing) == (60, 0)
    assert again == removed
    assert (removed.removed_by, removed.removed_at) == (MODERATOR, TOMORROW)
    assert (removed.removal_reason, removed.state) == ("spam", JobState.DELIVERED)
    assert (balance.usage.day_credits, left(balance)) == (0, [100])
    assert await store.check_ledger() == []


async def test_a_refund_says_who_gave_it(store: JobStore) -> None:
    """The entries of the refund, and the audit events, carry the moderator and the reason."""
    job = await walked_to(store, JobState.DELIVERED)
    await take_down(store, job.id, refund=True)
    entry = (await store.ledger_of(job.id))[-1]
    events = await events_of(store, GUILD)

    assert (entry.kind, entry.actor_id, entry.reason) == (EntryKind.ADJUST, MODERATOR, "spam")
    assert (entry.counted_at, entry.created_at) == (NOW, TOMORROW)
    assert [event.action for event in events] == ["job.refund", "job.take_down"]
    assert {(event.actor_id, event.target_id) for event in events} == {(MODERATOR, job.id)}


async def test_a_refund_may_follow_a_removal(store: JobStore) -> None:
    """Deleted without refund first, refunded later: who removed it first stays noted."""
    job = await walked_to(store, JobState.DELIVERED)
    removed, none = await take_down(store, job.id, refund=False)
    later, back = await store.take_down(
        job.id, guild_id=GUILD, actor_id=MODERATOR + 1, reason="sorry", refund=True, now=NOW
    )

    assert (none, back) == (0, 30)
    assert (later.removed_by, later.removal_reason) == (MODERATOR, "spam")
    assert (removed.refunded_at, later.refunded_at) == (None, NOW)


async def test_simultaneous_refunds_pay_once(file: Path) -> None:
    """Twenty presses in two processes give the credits back once."""
    async with opened(file) as one, opened(file) as two:
        job = await walked_to(one, JobState.DELIVERED)
        outcomes = await asyncio.gather(
            *(take_down(store, job.id, refund=True) for store in (one, two) * 10)
        )

        assert sorted(back for _, back in outcomes) == [0] * 19 + [30]
        assert await one.check_ledger() == []


async def test_a_late_delivery_was_free_and_is_not_refunded(store: JobStore) -> None:
    """Credits that came back when it could not be delivered do not come back twice."""
    job = await walked_to(store, JobState.UNDELIVERED)
    await store.transition(job.id, JobState.DELIVERED, now=NOW)
    _, back = await take_down(store, job.id, refund=True)

    assert back == 0
    assert await store.check_ledger() == []


@pytest.mark.parametrize("state", sorted(set(PATHS) - WITH_VIDEO))
async def test_only_videos_that_were_made_are_taken_down(store: JobStore, state: JobState) -> None:
    """In any other state there is nothing to delete, nor to be sent again."""
    job = await walked_to(store, state)
    before = await store.get(job.id)
    with pytest.raises(RefusedError, match="was made"):
        await take_down(store, job.id, refund=True)

    assert await store.get(job.id) == before


async def test_a_video_of_another_guild_cannot_be_taken_down(store: JobStore) -> None:
    """A moderator of guild A reaches no job of guild B, whatever number a button carries."""
    job = await walked_to(store, JobState.DELIVERED)
    before, booked = await store.get(job.id), await store.ledger_of(job.id)
    with pytest.raises(NotFoundError):
        await take_down(store, job.id, refund=True, guild_id=GUILD + 1)

    assert (await store.get(job.id), await store.ledger_of(job.id)) == (before, booked)
    assert await events_of(store, GUILD + 1) == []


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (
            "UPDATE ledger_entry SET credits = 29 WHERE kind = 'adjust'",
            "of 30 settled credits 29 were refunded",
        ),
        (
            "UPDATE ledger_entry SET grant_id = 1 WHERE kind = 'settle'",
            "its settle entries do not mirror its reservation",
        ),
        (
            "UPDATE ledger_entry SET credits = 19 WHERE kind = 'grant'",
            "grant 1: 20 of 19 credits are drawn",
        ),
        (
            "UPDATE ledger_entry SET user_id = 5 WHERE kind = 'grant'",
            f"member {MEMBER} drew from entry 1, which is no grant of theirs",
        ),
        ("DELETE FROM ledger_entry WHERE kind = 'grant'", "which is no grant of theirs"),
    ],
)
async def test_damaged_books_are_found(file: Path, damage: str, finding: str) -> None:
    """The check names the job or grant whose sums do not explain it."""
    async with opened(file) as store:
        await give(store, 100)
        refunded = await walked_to(store, JobState.DELIVERED, 0)
        await take_down(store, refunded.id, refund=True)
        await store.accept(new_job(1, price_credits=55), TIGHT, ZONE, now=NOW)
        assert await store.check_ledger() == []
    connection = sqlite3.connect(file)
    connection.execute(damage)
    connection.commit()
    connection.close()
    async with opened(file) as store:
        problems = await store.check_ledger()

    assert any(finding in problem for problem in problems), problems


# -- budgets ------------------------------------------------------------------------


async def test_a_guilds_budget_is_shared_by_its_members(store: JobStore) -> None:
    """All members together stay within the month's budget; another guild has its own."""
    budget = Budget(guild_monthly_credits=70)
    for number in range(2):
        await store.accept(
            new_job(number, user_id=MEMBER + number), GENEROUS, ZONE, now=NOW, budget=budget
        )
    with pytest.raises(RefusedError, match="only 10 of this server's 70 monthly credits"):
        await store.accept(new_job(5, user_id=MEMBER + 5), GENEROUS, ZONE, now=NOW, budget=budget)
    elsewhere = await store.accept(
        new_job(6, guild_id=GUILD + 1), GENEROUS, ZONE, now=NOW, budget=budget
    )
    september = NOW + timedelta(days=29)
    later = await store.accept(new_job(7), GENEROUS, ZONE, now=september, budget=budget)

    assert (elsewhere.state, later.state) == (JobState.QUEUED, JobState.QUEUED)


async def test_grants_and_refunds_do_not_stretch_a_budget(store: JobStore) -> None:
    """What the provider was paid stays spent: granted credits count, refunded ones still do."""
    budget = Budget(guild_monthly_credits=70)
    await give(store, 1000)
    job = await store.accept(new_job(0, price_credits=60), TIGHT, ZONE, now=NOW, budget=budget)
    await delivered(store, job)
    await take_down(store, job.id, refund=True)

    with pytest.raises(RefusedError, match="only 10 of this server's 70"):
        await store.accept(new_job(1), TIGHT, ZONE, now=NOW, budget=budget)


async def test_a_failed_job_leaves_the_budget(store: JobStore) -> None:
    """Released credits can be spent by somebody else."""
    budget = Budget(guild_monthly_credits=30)
    job = await store.accept(new_job(0), GENEROUS, ZONE, now=NOW, budget=budget)
    await store.transition(job.id, JobState.FAILED, now=NOW)
    other = new_job(1, user_id=MEMBER + 1)

    assert await store.accept(other, GENEROUS, ZONE, now=NOW, budget=budget)


async def test_in_direct_messages_a_guilds_budget_is_the_members(store: JobStore) -> None:
    """Members who write to the bot directly do not share a budget with strangers."""
    budget = Budget(guild_monthly_credits=30)
    for number in range(2):
        new = new_job(number, guild_id=None, user_id=MEMBER + number)
        await store.accept(new, GENEROUS, ZONE, now=NOW, budget=budget)
    with pytest.raises(RefusedError, match="only 0 of this server's 30"):
        await store.accept(new_job(3, guild_id=None), GENEROUS, ZONE, now=NOW, budget=budget)


async def test_the_hosts_cap_counts_all_guilds(store: JobStore) -> None:
    """One dollar for everybody: two guilds' jobs and a direct message use it up together."""
    cap = Budget(host_monthly_usd=Decimal("1.00"))
    for number, guild_id in enumerate((GUILD, GUILD + 1, None)):
        await store.accept(new_job(number, guild_id=guild_id), GENEROUS, ZONE, now=NOW, budget=cap)

    with pytest.raises(RefusedError, match="only 10 of the 100 credits a month are left"):
        await store.accept(new_job(3, guild_id=GUILD + 2), GENEROUS, ZONE, now=NOW, budget=cap)


@pytest.mark.parametrize(
    ("state", "cost_usd", "counted"),
    [
        (JobState.QUEUED, None, 30),
        (JobState.DELIVERED, None, 30),
        (JobState.DELIVERED, 0.125, 13),
        (JobState.DELIVERED, 0.5, 50),
        (JobState.UNDELIVERED, None, 30),
        (JobState.FAILED, None, 0),
        (JobState.FAILED, 0.25, 25),
        (JobState.CANCELLED, None, 0),
    ],
)
async def test_the_hosts_cap_counts_real_costs_where_known(
    store: JobStore, state: JobState, cost_usd: float | None, counted: int
) -> None:
    """The provider's bill, else the estimate; what failed costs nothing unless it was billed."""
    job = await walked_to(store, state)
    if cost_usd is not None:
        await store.note(job.id, cost_usd=cost_usd)
    balance = await store.balance(
        guild_id=GUILD + 1,
        user_id=MEMBER,
        allowance=GENEROUS,
        zone=ZONE,
        now=NOW,
        budget=Budget(host_monthly_usd=Decimal("0.75")),
    )

    assert balance.usage.host_month_credits == counted
    assert balance.left == 75 - counted


async def test_a_credit_may_be_worth_less_than_a_cent(store: JobStore) -> None:
    """With 10 credits a cent, a cap of one dollar is 1,000 credits, and 5 cents are 50."""
    cap = Budget(host_monthly_usd=Decimal("1.00"), usd_per_credit=Decimal("0.001"))
    job = await walked_to(store, JobState.DELIVERED)
    await store.note(job.id, cost_usd=0.05)
    balance = await store.balance(
        guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=NOW, budget=cap
    )

    assert (cap.host_monthly_credits, balance.usage.host_month_credits) == (1000, 50)


async def test_the_hosts_month_is_the_hosts(store: JobStore) -> None:
    """New Year has come in Kiritimati, not yet where the host is: the cap still counts December."""
    december = datetime(2026, 12, 31, 12, tzinfo=UTC)
    cap = Budget(host_monthly_usd=Decimal("0.50"), host_zone=ZoneInfo("America/New_York"))
    kiritimati = ZoneInfo("Pacific/Kiritimati")
    await store.accept(new_job(0), GENEROUS, kiritimati, now=december, budget=cap)
    reset = int(datetime(2027, 1, 1, 5, tzinfo=UTC).timestamp())
    with pytest.raises(RefusedError, match=f"<t:{reset}:R>"):
        await store.accept(new_job(1), GENEROUS, kiritimati, now=december, budget=cap)
    january = datetime(2027, 1, 1, 5, tzinfo=UTC)

    assert await store.accept(new_job(1), GENEROUS, kiritimati, now=january, budget=cap)


async def test_a_cap_holds_against_many_guilds_at_once(file: Path) -> None:
    """60 guilds at once in two processes, money for 4: exactly 4 jobs."""
    cap = Budget(host_monthly_usd=Decimal("1.30"))
    async with opened(file) as one, opened(file) as two:
        outcomes = await asyncio.gather(
            *(
                (one, two)[n % 2].accept(
                    new_job(n, guild_id=GUILD + n, user_id=MEMBER + n),
                    GENEROUS,
                    ZONE,
                    now=NOW,
                    budget=cap,
                )
                for n in range(60)
            ),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, Job) for outcome in outcomes) == 4


async def test_a_balance_never_offers_more_than_the_budgets(store: JobStore) -> None:
    """`left` is what the next video may cost, so a used-up budget makes it 0."""
    await accepted(store, 0)
    budget = Budget(guild_monthly_credits=20)
    balance = await store.balance(
        guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=NOW, budget=budget
    )

    assert (balance.left, balance.usage.guild_month_credits) == (0, 30)
