import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bot.job import JobState
from bot.latency import Sample
from bot.quota import Allowance
from bot.storage import JobStore
from bot.storage.latencies import KEPT_PER_KEY
from tests.storage_kit import (
    FIRST_ID,
    GENEROUS,
    GUILD,
    MEMBER,
    NOW,
    PATHS,
    ZONE,
    accepted,
    events_of,
    opened,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures",)


def raw(file: Path, *statements: str) -> None:
    """Damage the file below the store, foreign keys unchecked."""
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


async def test_unfinished_jobs_come_oldest_first(store: JobStore) -> None:
    """A restart finds every job that is not terminal, in the order of their interactions."""
    for number, state in enumerate(reversed(PATHS)):
        await walked_to(store, state, 100 - number)
    found = await store.unfinished()

    assert [job.id for job in found] == sorted(job.id for job in found)
    assert {job.state for job in found} == {
        JobState.QUEUED,
        JobState.SUBMITTING,
        JobState.UNCERTAIN,
        JobState.RUNNING,
        JobState.FINISHED,
    }


async def test_jobs_in_the_queue_and_ids_of_the_unfinished(store: JobStore) -> None:
    """The same jobs as `unfinished` finds, more than are read in one go."""
    waiting = [await accepted(store, number) for number in range(60)]
    for number, state in enumerate(PATHS, start=100):
        await walked_to(store, state, number)
    unfinished = await store.unfinished()
    queued = await store.queued()

    assert queued == [job for job in unfinished if job.state is JobState.QUEUED]
    assert queued[:60] == waiting
    assert sorted(await store.unfinished_ids()) == [job.id for job in unfinished]


async def test_the_place_in_the_queue_counts_older_queued_jobs(store: JobStore) -> None:
    """1 is next; jobs that left the queue no longer count."""
    jobs = [await accepted(store, number) for number in range(4)]
    places = [await store.place_in_queue(job.id) for job in jobs]
    await store.transition(jobs[0].id, JobState.SUBMITTING, now=NOW)
    await store.transition(jobs[2].id, JobState.CANCELLED, now=NOW)

    assert places == [1, 2, 3, 4]
    assert [await store.place_in_queue(jobs[n].id) for n in (1, 3)] == [1, 2]


async def test_a_members_jobs_come_newest_first_in_pages(store: JobStore) -> None:
    """Pages follow each other without gap or overlap and hold only the member's own."""
    mine = [await accepted(store, number) for number in range(7)]
    await accepted(store, 50, user_id=MEMBER + 1)
    first = await store.of_member(MEMBER, limit=3)
    second = await store.of_member(MEMBER, limit=30, before=first[-1].id)

    assert first + second == mine[::-1]


async def test_a_members_jobs_of_one_guild(store: JobStore) -> None:
    """With a guild only its jobs are listed; without, all are, direct messages too."""
    here = await accepted(store, 0)
    there = await accepted(store, 1, guild_id=GUILD + 1)
    direct = await accepted(store, 2, guild_id=None)

    assert await store.of_member(MEMBER, guild_id=GUILD) == [here]
    assert await store.of_member(MEMBER) == [direct, there, here]


async def test_known_request_ids(store: JobStore) -> None:
    """Only ids that belong to a job are known; any iterable may be asked."""
    job = await walked_to(store, JobState.SUBMITTING)
    await store.transition(job.id, JobState.RUNNING, now=NOW, request_id="ours")

    assert await store.known_request_ids(name for name in ("ours", "other")) == {"ours"}
    assert await store.known_request_ids([]) == set()


async def test_a_balance_shows_allowance_use_and_resets(store: JobStore) -> None:
    """`/quota` sees what is used, reserved and left, and when the windows end."""
    await walked_to(store, JobState.DELIVERED, 0)
    await walked_to(store, JobState.FAILED, 1)
    await accepted(store, 2, price_credits=12)
    allowance = Allowance(
        daily_credits=100, monthly_credits=50, jobs_in_flight_member=3, jobs_in_flight_guild=9
    )
    balance = await store.balance(
        guild_id=GUILD, user_id=MEMBER, allowance=allowance, zone=ZONE, now=NOW
    )

    assert (balance.usage.day_credits, balance.usage.reserved_credits) == (42, 12)
    assert (balance.day_left, balance.month_left, balance.left) == (58, 8, 8)
    assert (balance.usage.in_flight_member, balance.usage.in_flight_guild) == (1, 1)
    assert balance.day.end == NOW.replace(day=4, hour=0, minute=0, second=0, microsecond=0)
    assert balance.month.end == balance.day.end.replace(month=9, day=1)


async def test_a_newcomers_balance_is_whole(store: JobStore) -> None:
    """Somebody who never made a video has used nothing."""
    balance = await store.balance(
        guild_id=None, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=NOW
    )

    assert balance.left == GENEROUS.daily_credits
    assert balance.usage.reserved_credits == 0


def took(latency_s: float) -> Sample:
    """Return what a video teaches that took so long."""
    return Sample(latency_s=latency_s, at=NOW)


async def test_the_newest_latencies_are_kept_per_key(store: JobStore) -> None:
    """Each model and size keeps a bounded number of samples and forgets the oldest."""
    for number in range(KEPT_PER_KEY + 3):
        await store.record_latency("m", "720p/5s", took(1.0 + number))
    failed = Sample(latency_s=99.5, queue_s=2.5, failed=True, at=NOW)
    await store.record_latency("m", "1080p/5s", failed)
    kept = await store.latencies("m", "720p/5s", limit=KEPT_PER_KEY * 2)

    assert kept == [took(float(n)) for n in range(KEPT_PER_KEY + 3, 3, -1)]
    assert await store.latencies("m", "720p/5s", limit=2) == kept[:2]
    assert await store.latencies("m", "1080p/5s") == [failed]
    assert await store.latencies("other", "1080p/5s") == []


async def test_a_latency_is_positive(store: JobStore) -> None:
    """A clock that ran backwards does not spoil what the schedule learns from."""
    with pytest.raises(IntegrityError, match="latency_positive"):
        await store.record_latency("m", "k", took(-1.0))


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("DELETE FROM ledger_entry WHERE kind = 'reserve'", "but 0 were reserved"),
        ("UPDATE ledger_entry SET credits = 29", "costs 30 credits but 29 were reserved"),
        ("UPDATE job SET state = 'failed'", "is failed: of 30 credits 0 were settled or released"),
        (
            """INSERT INTO ledger_entry
                   (job_id, guild_id, user_id, kind, credits, created_at, counted_at, grant_id)
               SELECT job_id, guild_id, user_id, 'release', credits, created_at, counted_at, 0
               FROM ledger_entry""",
            "is queued: of 30 credits 30 were settled or released",
        ),
        ("UPDATE job SET queued_at = NULL", "is queued but was never let in"),
        ("DELETE FROM job", "entry 1 belongs to job 1400000000000000000, which does not exist"),
    ],
)
async def test_a_damaged_ledger_is_found(file: Path, damage: str, finding: str) -> None:
    """The check names the job or entry that does not add up."""
    async with opened(file) as store:
        await accepted(store)
    raw(file, damage)
    async with opened(file) as store:
        problems = await store.check_ledger()

    assert len(problems) == 1
    assert finding in problems[0]


async def test_a_settled_failure_is_found(file: Path) -> None:
    """Credits taken for a job that failed are a problem although the sums agree."""
    async with opened(file) as store:
        await walked_to(store, JobState.DELIVERED)
    raw(file, "UPDATE job SET state = 'failed'")
    async with opened(file) as store:
        problems = await store.check_ledger()

    assert problems == [f"job {FIRST_ID} is failed but its credits were settled"]


@pytest.mark.parametrize(
    ("kind", "job", "amount"),
    [("release", 0, 30), ("settle", 0, 30), ("gift", 1, 30), ("settle", 1, 0), ("reserve", 1, 30)],
    ids=["released twice", "settled after release", "unknown kind", "nothing", "reserved twice"],
)
async def test_the_table_itself_refuses_wrong_entries(
    file: Path, kind: str, job: int, amount: int
) -> None:
    """Whatever a program does wrong: a reservation is made once and closed once."""
    async with opened(file) as store:
        await walked_to(store, JobState.FAILED, 0)
        await accepted(store, 1)

    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE|CHECK"):
        raw(
            file,
            "INSERT INTO ledger_entry (job_id, guild_id, user_id, kind, credits, created_at,"  # noqa: S608 - made of this test's own words
            " counted_at, grant_id)"
            f" VALUES ({FIRST_ID + job}, 1, 1, '{kind}', {amount}, '', '', 0)",
        )


async def test_long_waits_do_not_lose_reservations(store: JobStore) -> None:
    """A job reserved last month and still in flight shows as reserved, in no window."""
    await accepted(store)
    balance = await store.balance(
        guild_id=GUILD,
        user_id=MEMBER,
        allowance=GENEROUS,
        zone=ZONE,
        now=NOW + timedelta(days=40),
    )

    assert balance.usage.reserved_credits == 30
    assert (balance.usage.day_credits, balance.usage.month_credits) == (0, 0)


@pytest.mark.parametrize(
    ("state", "lately", "long_ago"),
    [
        (JobState.QUEUED, False, False),
        (JobState.RUNNING, True, True),
        (JobState.UNCERTAIN, True, True),
        (JobState.DELIVERED, True, False),
        (JobState.CANCELLED, False, False),
    ],
)
async def test_whether_the_provider_was_asked_lately(
    store: JobStore, state: JobState, lately: bool, long_ago: bool
) -> None:
    """About what is there now, or was until a moment ago; not about what was never sent."""
    await walked_to(store, state)

    answers = [
        await store.asked_for_lately(since=NOW + timedelta(seconds=seconds)) for seconds in (-1, 60)
    ]
    assert answers == [lately, long_ago]


async def test_a_job_that_was_told_to_wait_was_asked_for(store: JobStore) -> None:
    """A 429 put it back into the queue; the bot that is killed then must not begin anew."""
    job = await walked_to(store, JobState.SUBMITTING)
    await store.transition(job.id, JobState.QUEUED, now=NOW)

    answers = [
        await store.asked_for_lately(since=NOW + timedelta(seconds=seconds)) for seconds in (-1, 60)
    ]

    assert answers == [True, False]


async def test_the_children_of_a_job_come_newest_first(store: JobStore) -> None:
    """Only those made from this very job, and not too many."""
    parent, other = await accepted(store), await accepted(store, 1)
    for number in range(2, 6):
        await accepted(store, number, parent_id=parent.id)
    await accepted(store, 7, parent_id=other.id)
    children = await store.made_from(parent.id, limit=3)

    assert [child.id - FIRST_ID for child in children] == [5, 4, 3]


async def test_a_member_deletes_a_video_in_direct_messages(store: JobStore) -> None:
    """No server's audit log is to tell of it, and its credits stay spent."""
    job = await walked_to(store, JobState.DELIVERED, guild_id=None)
    deleted, back = await store.take_down(
        job.id, guild_id=None, actor_id=MEMBER, reason="Mine", refund=False, now=NOW
    )

    assert back == 0
    assert deleted.deleted_by_member
    assert await events_of(store, 0) == []
