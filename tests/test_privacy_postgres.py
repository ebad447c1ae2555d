"""Forgetting on PostgreSQL, where many write at once."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg

from bot.job import JobState
from bot.policy import GuildPolicy
from bot.privacy import UnderWayError
from bot.storage import Database, ExportingStore, ForgettingStore, JobStore, PolicyStore
from tests.privacy_kit import NAMES
from tests.storage_kit import (
    FIRST_ID,
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    PATHS,
    ZONE,
    new_job,
    walked_to,
)

pytest_plugins = ("tests.postgres_fixtures",)

DAY = timedelta(days=1)


def cells(url: str) -> str:
    """Return all that is stored, as one text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        found = [
            connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()  # noqa: S608 - the database's own names
            for (table,) in tables
        ]
    return "\n".join(str(row) for rows in found for row in rows)


async def test_a_member_is_forgotten_as_on_sqlite(url: str) -> None:
    """Nothing names or quotes them; credits still count; the bytes' space is given free."""
    database = Database.open(url)
    store, forgetting = JobStore(database, NAMES), ForgettingStore(database, NAMES)
    policies = PolicyStore(database)
    words = {"prompt": "a wolpertinger 🐺", "seed": 1}
    await store.grant(
        GUILD, MEMBER, 50, expires_at=NOW + DAY, reason="Mia", actor_id=MODERATOR, now=NOW
    )
    await policies.set_policy(GUILD, GuildPolicy(retention_days=3), actor_id=MEMBER, now=NOW)
    for number in range(3):
        job = await walked_to(store, JobState.RUNNING, number, parameters=words)
        await store.note(job.id, request_id=f"req-{number}")
        await store.transition(job.id, JobState.FINISHED, now=NOW)
        await store.transition(job.id, JobState.DELIVERED, now=NOW)
    await store.take_down(
        FIRST_ID, guild_id=GUILD, actor_id=MODERATOR, reason="wolpertinger", refund=True, now=NOW
    )
    before = await balance(store)
    exported = [kind async for kind, _ in ExportingStore(database, NAMES).export(MEMBER)]
    done = await forgetting.forget_member(MEMBER, now=NOW)
    wiped = await forgetting.wipe()
    after = await balance(store)
    known = await store.known_request_ids(["req-0", "req-9"])
    problems = await store.check_ledger()
    retentions = await policies.retentions()
    await database.close()

    assert (done.jobs, wiped, problems) == (3, True, [])
    assert exported.count("jobs") == 3
    assert exported.count("moderation") == 4
    assert after == before
    assert known == {"req-0"}
    assert retentions == {GUILD: 3}
    assert not any(text in cells(url) for text in (str(MEMBER), "wolperting", "Mia", "req-0"))


async def balance(store: JobStore) -> tuple[int, int, int]:
    """Return the member's figures."""
    found = await store.balance(
        guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=NOW
    )
    return found.usage.day_credits, found.usage.month_credits, found.usage.granted_credits


async def test_jobs_accepted_while_somebody_deletes_leave_the_books_right(url: str) -> None:
    """One process works, drawing on grants as well, the other forgets again and again."""
    one, two = Database.open(url), Database.open(url)
    store, forgetting = JobStore(one, NAMES), ForgettingStore(two, NAMES)
    tight = GENEROUS.__class__(
        daily_credits=300, monthly_credits=300, jobs_in_flight_member=9, jobs_in_flight_guild=9
    )
    await store.grant(
        GUILD, MEMBER, 330, expires_at=None, reason="Mia", actor_id=MODERATOR, now=NOW
    )
    outcomes: list[Any] = []

    async def work() -> None:
        for number in range(40):
            job = await store.accept(new_job(number), tight, ZONE, now=NOW)
            end = JobState.CANCELLED if number % 2 else JobState.DELIVERED
            for state in PATHS[end]:
                await store.transition(job.id, state, now=NOW)

    async def forget(working: "asyncio.Task[None]") -> None:
        while not working.done():
            try:
                outcomes.append(await forgetting.forget_member(MEMBER, now=NOW))
            except UnderWayError as error:
                outcomes.append(error)
            await asyncio.sleep(0)

    working = asyncio.create_task(work())
    await asyncio.gather(working, forget(working))
    await forgetting.forget_member(MEMBER, now=NOW)
    problems, left = await store.check_ledger(), await balance(store)
    await one.close()
    await two.close()

    assert problems == []
    assert left == (300, 300, 30)
    assert sum(getattr(done, "jobs", 0) for done in outcomes) > 1
    assert str(MEMBER) not in cells(url)


async def test_age_and_departure_forget_as_on_sqlite(url: str) -> None:
    """Old jobs, lapsed names and a guild that was left."""
    database = Database.open(url)
    store, forgetting = JobStore(database, NAMES), ForgettingStore(database, NAMES)
    for number, guild_id in enumerate((GUILD, GUILD + 1, None)):
        await walked_to(store, JobState.DELIVERED, number, guild_id=guild_id)
    await forgetting.remember_guilds([GUILD, GUILD + 1], 900)
    later = NOW + 40 * DAY
    old = await forgetting.guilds_with_ended(before=later)
    forgotten = await forgetting.forget_ended(GUILD, before=later, now=later)
    purged = await forgetting.purge_guild(GUILD + 1, now=later)
    released = await forgetting.let_go(now=later)
    known = await forgetting.known_guilds(900)
    left = await store.of_member(MEMBER)
    problems = await store.check_ledger()
    await database.close()

    assert old == [0, GUILD, GUILD + 1]
    assert (forgotten, purged, released, problems) == (1, (1, 0), 2, [])
    assert known == {GUILD}
    assert [job.guild_id for job in left] == [None]
