import asyncio
import random
import sqlite3
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError

from bot.errors import RefusedError
from bot.job import FailureReason, Job, JobState, NewJob
from bot.quota import Allowance, Budget, EntryKind, LedgerEntry
from bot.storage import JobStore
from bot.storage.tables import JobRow
from tests.storage_kit import (
    GENEROUS,
    GUILD,
    MEMBER,
    NOW,
    ZONE,
    accepted,
    new_job,
    opened,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures",)

SEVEN = replace(GENEROUS, daily_credits=7 * 30 + 29)


async def reserved(store: JobStore, job_id: int) -> list[tuple[EntryKind, int]]:
    """Return the job's entries as pairs."""
    return [(entry.kind, entry.credits) for entry in await store.ledger_of(job_id)]


async def test_an_accepted_job_is_queued_and_its_price_reserved(store: JobStore) -> None:
    """Accepting writes the row and one reservation over its price."""
    job = await store.accept(new_job(), GENEROUS, ZONE, now=NOW)

    assert job.state is JobState.QUEUED
    assert job.created_at == NOW
    assert await store.ledger_of(job.id) == [
        LedgerEntry(
            id=1,
            job_id=job.id,
            guild_id=GUILD,
            user_id=MEMBER,
            kind=EntryKind.RESERVE,
            credits=30,
            counted_at=NOW,
            created_at=NOW,
        )
    ]


async def test_what_was_accepted_is_read_back_unchanged(file: Path) -> None:
    """Every field, types and time zone included, survives the file being reopened."""
    new = new_job(guild_id=None)
    async with opened(file) as store:
        job = await store.accept(new, GENEROUS, ZONE, now=NOW)
    async with opened(file) as store:
        read = await store.get(new.id)

    assert read == job
    assert {field.name: getattr(read, field.name) for field in fields(NewJob)} == asdict(new)
    assert repr(read.parameters) == repr(new.parameters)
    assert read.created_at.utcoffset() == timedelta(0)


async def test_times_of_other_zones_become_utc(store: JobStore) -> None:
    """A time given in another zone is the same moment, in UTC."""
    local = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    job = await store.accept(new_job(), GENEROUS, ZONE, now=local)

    assert job.created_at == NOW
    assert job.created_at.utcoffset() == timedelta(0)


def test_the_table_has_exactly_a_jobs_fields() -> None:
    """A field added to `Job` needs a column, and no column is unknown to a `Job` that is known."""
    known = {field.name for field in fields(Job)}

    assert set(JobRow.model_fields) == known | {"forgotten_at"}


async def test_a_repeated_interaction_makes_no_second_job(store: JobStore) -> None:
    """The same id again returns the job as it is now, and reserves nothing more."""
    first = await accepted(store)
    await store.transition(first.id, JobState.SUBMITTING, now=NOW)
    again = await store.accept(
        new_job(price_credits=99), GENEROUS, ZONE, now=NOW + timedelta(hours=1)
    )

    assert again == replace(first, state=JobState.SUBMITTING, submitting_at=NOW)
    assert await reserved(store, first.id) == [(EntryKind.RESERVE, 30)]


async def test_a_repeated_interaction_is_not_refused(store: JobStore) -> None:
    """The job's own reservation does not count against its repetition."""
    one = replace(GENEROUS, daily_credits=30, jobs_in_flight_member=1)
    first = await store.accept(new_job(), one, ZONE, now=NOW)

    assert await store.accept(new_job(), one, ZONE, now=NOW) == first


async def test_simultaneous_repetitions_make_one_job(file: Path) -> None:
    """One interaction, accepted by two processes 40 times at once, reserves once."""
    async with opened(file) as one, opened(file) as two:
        stores = (one, two) * 20
        jobs = await asyncio.gather(*(accepted(store) for store in stores))

        assert len(set(map(repr, jobs))) == 1
        assert await reserved(one, jobs[0].id) == [(EntryKind.RESERVE, 30)]


async def test_200_commands_at_once_spend_credits_for_seven(file: Path) -> None:
    """200 commands of one member in two processes, credits for 7: exactly 7 are accepted."""
    async with opened(file) as one, opened(file) as two:
        outcomes = await asyncio.gather(
            *(
                (one, two)[number % 2].accept(new_job(number), SEVEN, ZONE, now=NOW)
                for number in range(200)
            ),
            return_exceptions=True,
        )
        jobs = [outcome for outcome in outcomes if isinstance(outcome, Job)]
        refused = [outcome for outcome in outcomes if isinstance(outcome, RefusedError)]

        assert (len(jobs), len(refused)) == (7, 193)
        assert {job.id for job in await two.unfinished()} == {job.id for job in jobs}
        assert await one.check_ledger() == []


async def test_members_of_a_guild_share_its_places(file: Path) -> None:
    """60 members at once, places for 5 in the guild: exactly 5 jobs."""
    five = replace(GENEROUS, jobs_in_flight_guild=5)
    async with opened(file) as one, opened(file) as two:
        outcomes = await asyncio.gather(
            *(
                (one, two)[n % 2].accept(new_job(n, user_id=MEMBER + n), five, ZONE, now=NOW)
                for n in range(60)
            ),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, Job) for outcome in outcomes) == 5
        assert len(await one.unfinished()) == 5


async def test_a_refused_command_leaves_no_trace(store: JobStore) -> None:
    """A refusal says why and writes neither job nor entry."""
    with pytest.raises(RefusedError, match="more than the whole daily allowance of 20"):
        await store.accept(new_job(), replace(GENEROUS, daily_credits=20), ZONE, now=NOW)

    assert await store.get(new_job().id) is None
    assert await store.ledger_of(new_job().id) == []


@pytest.mark.parametrize(
    ("allowance", "words"),
    [
        ({"daily_credits": 59}, "only 29 of your 59 daily credits"),
        ({"monthly_credits": 59}, "only 29 of your 59 monthly credits"),
        ({"jobs_in_flight_member": 1}, "You have 1 video in the making"),
        ({"jobs_in_flight_guild": 1}, "This server has 1 video in the making"),
    ],
)
async def test_each_rule_counts_what_is_stored(
    store: JobStore, allowance: dict[str, int], words: str
) -> None:
    """After one job each limit that has room for only one refuses the second."""
    limited: Allowance = replace(GENEROUS, **allowance)
    await store.accept(new_job(0), limited, ZONE, now=NOW)

    with pytest.raises(RefusedError, match=words):
        await store.accept(new_job(1), limited, ZONE, now=NOW)


async def test_undelivered_videos_for_a_whole_allowance_are_the_last_that_day(
    store: JobStore,
) -> None:
    """Whoever has the bot shut out, and then in again, gets no more for free; tomorrow anew."""
    limited = replace(GENEROUS, daily_credits=60)
    await walked_to(store, JobState.UNDELIVERED, 0)
    await walked_to(store, JobState.FAILED, 1)
    behind = await walked_to(store, JobState.UNDELIVERED, 2)
    await store.transition(behind.id, JobState.DELIVERED, now=NOW)  # sent again, for free

    with pytest.raises(RefusedError, match="Videos for 60 credits were made for you"):
        await store.accept(new_job(3), limited, ZONE, now=NOW)
    await store.accept(new_job(4, guild_id=GUILD + 1), limited, ZONE, now=NOW)
    await store.accept(new_job(5), limited, ZONE, now=NOW + timedelta(days=1))


async def test_what_discord_s_trouble_stopped_is_nobody_s_fault(store: JobStore) -> None:
    """An outage costs no member their next videos."""
    limited = replace(GENEROUS, daily_credits=30)
    job = await walked_to(store, JobState.FINISHED, 0)
    await store.transition(
        job.id, JobState.UNDELIVERED, now=NOW, failure=FailureReason.DISCORD_DOWN
    )

    await store.accept(new_job(1), limited, ZONE, now=NOW)


async def test_a_dropped_video_counts_for_the_host(store: JobStore) -> None:
    """It is paid, though nobody saw it; also while its real cost is not known."""
    capped = Budget(host_monthly_usd=Decimal("0.5"))
    await walked_to(store, JobState.DROPPED)

    with pytest.raises(RefusedError):
        await store.accept(new_job(1), GENEROUS, ZONE, now=NOW, budget=capped)


@pytest.mark.parametrize(
    ("later", "day", "month"),
    [("2026-08-03 23:59", 60, 60), ("2026-08-04 00:00", 30, 60), ("2026-09-01 00:00", 30, 30)],
)
async def test_windows_begin_anew(store: JobStore, later: str, day: int, month: int) -> None:
    """Credits of yesterday do not count today, nor those of last month this month."""
    await accepted(store, 0)
    now = datetime.fromisoformat(later).replace(tzinfo=NOW.tzinfo)
    await store.accept(new_job(1), GENEROUS, ZONE, now=now)
    balance = await store.balance(
        guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=now
    )

    assert (balance.usage.day_credits, balance.usage.month_credits) == (day, month)


async def test_midnight_belongs_to_the_new_day(store: JobStore) -> None:
    """A reservation at the very end of a day's window is not of that day."""
    midnight = NOW.replace(day=4, hour=0, minute=0, second=0, microsecond=0)
    await store.accept(new_job(), GENEROUS, ZONE, now=midnight)
    used = [
        (
            await store.balance(
                guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=now
            )
        ).usage.day_credits
        for now in (NOW, midnight)
    ]

    assert used == [0, 30]


async def test_the_guilds_time_zone_draws_the_days(store: JobStore) -> None:
    """At noon UTC it is tomorrow in Kiritimati: the same reservation is not of its day."""
    await store.accept(new_job(), GENEROUS, ZONE, now=NOW - timedelta(hours=3))
    used = [
        (
            await store.balance(
                guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZoneInfo(zone), now=NOW
            )
        ).usage.day_credits
        for zone in ("UTC", "Pacific/Kiritimati")
    ]

    assert used == [30, 0]


@pytest.mark.parametrize(
    "elsewhere", [{"user_id": MEMBER + 1}, {"guild_id": GUILD + 1}, {"guild_id": None}]
)
async def test_buckets_are_apart(store: JobStore, elsewhere: dict[str, Any]) -> None:
    """Other members, other guilds and direct messages have credits of their own."""
    once = replace(GENEROUS, daily_credits=30, jobs_in_flight_member=1)
    await store.accept(new_job(0), once, ZONE, now=NOW)
    job = await store.accept(new_job(1, **elsewhere), once, ZONE, now=NOW)

    assert job.state is JobState.QUEUED


async def test_direct_messages_of_others_take_no_places(store: JobStore) -> None:
    """In direct messages a member is alone: the guild limit counts only their own jobs."""
    one = replace(GENEROUS, jobs_in_flight_guild=1)
    await store.accept(new_job(0, guild_id=None), one, ZONE, now=NOW)
    await store.accept(new_job(1, guild_id=None, user_id=MEMBER + 1), one, ZONE, now=NOW)

    with pytest.raises(RefusedError, match="limit is 1"):
        await store.accept(new_job(2, guild_id=None), one, ZONE, now=NOW)


async def test_finished_jobs_leave_their_place(store: JobStore) -> None:
    """A terminal job is no longer in flight; its settled credits stay used."""
    await walked_to(store, JobState.DELIVERED, 0)
    one = replace(GENEROUS, jobs_in_flight_member=1, jobs_in_flight_guild=1)
    await store.accept(new_job(1), one, ZONE, now=NOW)
    balance = await store.balance(guild_id=GUILD, user_id=MEMBER, allowance=one, zone=ZONE, now=NOW)

    assert (balance.usage.day_credits, balance.usage.reserved_credits) == (60, 30)


@pytest.mark.parametrize("price", [0, -5])
async def test_a_job_must_cost_something(store: JobStore, price: int) -> None:
    """A price that is not positive is a mistake of ours, caught before the database."""
    with pytest.raises(ValueError, match="at least 1 credit"):
        await accepted(store, price_credits=price)


async def test_a_job_cannot_come_from_one_that_does_not_exist(store: JobStore) -> None:
    """Foreign keys are enforced, and the failed transaction leaves no reservation."""
    with pytest.raises(IntegrityError, match=r"(?i)foreign key") as caught:
        await accepted(store, 0, parent_id=12345)

    assert new_job().interaction_token not in str(caught.value)
    assert await store.get(new_job().id) is None
    assert await store.ledger_of(new_job().id) == []


async def test_cancelled_commands_leave_all_or_nothing(file: Path) -> None:
    """Tasks cancelled at any moment leave a job with its reservation, or neither; no lock stays."""
    dice = random.Random(5)
    other = sqlite3.connect(file, timeout=0, isolation_level=None)
    async with opened(file) as store:
        for number in range(60):
            task = asyncio.ensure_future(accepted(store, number))
            for _ in range(dice.randrange(60)):
                await asyncio.sleep(0)
            await asyncio.sleep(dice.random() * 0.004)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            other.execute("BEGIN IMMEDIATE")  # raises when somebody holds the write lock
            other.execute("ROLLBACK")
        other.close()

        assert await store.check_ledger() == []
        assert (await accepted(store, 999)).state is JobState.QUEUED
