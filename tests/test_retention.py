"""What is forgotten by itself: old jobs, names that count no more, guilds that were left."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.errors import NotFoundError
from bot.job import JobState
from bot.jobs.departures import Departures
from bot.jobs.housekeeping import Housekeeper
from bot.policy import AllowanceOverride, Block, GuildPolicy
from bot.privacy import days_kept
from bot.quota import Budget
from bot.storage import Database, ForgettingStore, JobStore, PolicyStore, ReportStore
from tests.privacy_kit import NAMES, of_guild, rows
from tests.raw_files import where_found
from tests.storage_kit import (
    FIRST_ID,
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    ZONE,
    new_job,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures", "tests.privacy_fixtures")

DAY = timedelta(days=1)
SECOND, DIRECT = GUILD + 1, None
OURS, OTHERS = 900, 901  # applications


async def tidied(
    forgetting: ForgettingStore, policies: PolicyStore, *, host: int | None, after: timedelta
) -> None:
    """Tidy some time later."""
    await Housekeeper(
        store=forgetting, retentions=policies, host_days=host, now=lambda: NOW + after
    ).tidy()


async def kept(store: JobStore) -> list[int]:
    """Return the numbers of the member's jobs that are left, newest first."""
    return [job.id - FIRST_ID for job in await store.of_member(MEMBER)]


# -- by age ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "guild", "days"),
    [(None, None, None), (30, None, 30), (None, 7, 7), (30, 7, 7), (7, 30, 7)],
)
def test_the_shorter_of_host_and_guild_holds(
    host: int | None, guild: int | None, days: int | None
) -> None:
    """None is no limit."""
    assert days_kept(host, guild) == days


async def test_jobs_are_forgotten_when_their_time_is_over(
    store: JobStore, policies: PolicyStore, forgetting: ForgettingStore, file: Path
) -> None:
    """By each guild's own days, direct messages by the host's; their bytes as well."""
    words = {"prompt": "a wolpertinger", "seed": 1}
    for number, guild_id in enumerate((GUILD, SECOND, DIRECT)):
        await walked_to(store, JobState.DELIVERED, number, guild_id=guild_id, parameters=words)
    await walked_to(store, JobState.RUNNING, 3, guild_id=GUILD)
    await policies.set_policy(GUILD, GuildPolicy(retention_days=7), actor_id=1, now=NOW)
    before = await kept(store)
    await tidied(forgetting, policies, host=None, after=6 * DAY)
    young = await kept(store)
    await tidied(forgetting, policies, host=None, after=8 * DAY)
    by_guild = await kept(store)
    await tidied(forgetting, policies, host=30, after=31 * DAY)

    assert before == young == [3, 2, 1, 0]
    assert by_guild == [3, 2, 1]
    assert await kept(store) == [3]
    assert where_found(file.parent, "wolpertinger") == set()
    assert await store.check_ledger() == []


async def test_an_entry_that_counts_keeps_its_member_until_it_does_not(
    store: JobStore, policies: PolicyStore, forgetting: ForgettingStore, file: Path
) -> None:
    """A day's retention must not give the month's credits back."""
    await policies.set_policy(GUILD, GuildPolicy(retention_days=1), actor_id=1, now=NOW)
    await walked_to(store, JobState.DELIVERED)
    query = "SELECT DISTINCT user_id FROM ledger_entry"
    await tidied(forgetting, policies, host=None, after=2 * DAY)
    during = rows(file, query)
    await tidied(forgetting, policies, host=None, after=31 * DAY)

    assert during == [(MEMBER,)]
    assert rows(file, query) == [(0,)]


async def test_an_old_grant_is_nobodys_once_no_job_of_it_is_remembered(
    store: JobStore, policies: PolicyStore, forgetting: ForgettingStore, file: Path
) -> None:
    """Until then the books need both under one name."""
    await policies.set_policy(GUILD, GuildPolicy(retention_days=5), actor_id=1, now=NOW)
    await store.grant(
        GUILD, MEMBER, 40, expires_at=NOW + DAY, reason="Mia", actor_id=MODERATOR, now=NOW
    )
    nothing = GENEROUS.__class__(
        daily_credits=0, monthly_credits=0, jobs_in_flight_member=5, jobs_in_flight_guild=5
    )
    await store.accept(new_job(), nothing, ZONE, now=NOW)
    await tidied(forgetting, policies, host=None, after=9 * DAY)
    busy = rows(file, "SELECT DISTINCT user_id FROM ledger_entry")
    await store.transition(FIRST_ID, JobState.CANCELLED, now=NOW + 9 * DAY)
    await tidied(forgetting, policies, host=None, after=15 * DAY)

    assert busy == [(MEMBER,)]
    assert rows(file, "SELECT DISTINCT user_id, reason FROM ledger_entry") == [(0, None)]
    assert await store.check_ledger() == []


async def test_one_guilds_trouble_stops_no_other(
    store: JobStore, policies: PolicyStore, file: Path, database: Database
) -> None:
    """What fails is logged, and the rest is done."""

    class Stubborn(ForgettingStore):
        async def forget_ended(self, guild_id: int, **times: Any) -> int:
            if guild_id == GUILD:
                raise OSError("the disk says no")
            return await super().forget_ended(guild_id, **times)

    for number, guild_id in enumerate((GUILD, SECOND)):
        await walked_to(store, JobState.DELIVERED, number, guild_id=guild_id)
    await tidied(Stubborn(database, NAMES), policies, host=1, after=2 * DAY)

    assert await kept(store) == [0]
    assert rows(file, "PRAGMA user_version") == [(0,)]


# -- guilds that were left -----------------------------------------------------------------


async def furnished(store: JobStore, policies: PolicyStore, guild_id: int) -> None:
    """Set one of each kind, and one job in each state that matters."""
    first = 10 * (guild_id - GUILD)
    await policies.set_policy(guild_id, GuildPolicy(daily_credits=5), actor_id=1, now=NOW)
    own = AllowanceOverride(target="user", target_id=MEMBER, daily_credits=1, monthly_credits=2)
    await policies.set_override(guild_id, own, actor_id=MODERATOR, now=NOW)
    block = Block(user_id=MEMBER, until=None, reason="why", actor_id=MODERATOR, created_at=NOW)
    await policies.block(guild_id, block, now=NOW)
    await policies.add_rule(guild_id, "word", "zorgle", actor_id=MODERATOR, now=NOW)
    await store.grant(
        guild_id, MEMBER, 50, expires_at=None, reason="why", actor_id=MODERATOR, now=NOW
    )
    done = await walked_to(store, JobState.DELIVERED, first, guild_id=guild_id)
    await store.note(done.id, cost_usd=0.25)
    await walked_to(store, JobState.RUNNING, first + 1, guild_id=guild_id, user_id=MEMBER + 1)
    await store.accept(
        new_job(first + 2, guild_id=guild_id),
        GENEROUS,
        ZONE,
        now=NOW,
        state=JobState.AWAITING_APPROVAL,
    )


async def test_a_guild_that_was_left_goes_and_its_running_jobs_go_on(
    store: JobStore, policies: PolicyStore, forgetting: ForgettingStore, file: Path
) -> None:
    """The other guild is as it was; a second purge forgets what has ended by then."""
    for guild_id in (GUILD, SECOND):
        await furnished(store, policies, guild_id)
    await forgetting.remember_guilds([GUILD, SECOND], OURS)
    tables = ("guild_policy", "allowance", "block", "filter_rule", "audit_event", "job")
    others = [of_guild(file, table, SECOND) for table in tables]
    first = await forgetting.purge_guild(GUILD, now=NOW)
    known = await forgetting.known_guilds(OURS)
    running = await store.get(FIRST_ID + 1)
    await store.transition(FIRST_ID + 1, JobState.FAILED, now=NOW)
    second = await forgetting.purge_guild(GUILD, now=NOW)

    assert (first, second) == ((2, 1), (1, 0))
    assert running is not None
    assert running.user_id == MEMBER + 1
    assert (known, await forgetting.known_guilds(OURS)) == ({GUILD, SECOND}, {SECOND})
    for table in tables[:-1]:
        assert of_guild(file, table, GUILD) == []
    assert not await store.of_member(MEMBER, guild_id=GUILD)
    assert [of_guild(file, table, SECOND) for table in tables] == others
    assert await store.check_ledger() == []
    with pytest.raises(NotFoundError):
        await store.approve(
            FIRST_ID + 2, GENEROUS, ZONE, guild_id=GUILD, actor_id=MODERATOR, now=NOW
        )


async def test_taking_the_bot_back_starts_afresh_but_gives_no_credits_back(
    store: JobStore, policies: PolicyStore, forgetting: ForgettingStore, database: Database
) -> None:
    """Rules and grants are gone; what was used today counts, and so does the host's cost."""
    await furnished(store, policies, GUILD)
    await store.transition(FIRST_ID + 1, JobState.FAILED, now=NOW)
    budget = Budget(host_monthly_usd=Decimal(9))

    async def usage() -> Any:
        balance = await store.balance(
            guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=NOW, budget=budget
        )
        return balance.usage

    before = await usage()
    await forgetting.purge_guild(GUILD, now=NOW)
    after = await usage()
    statistics = await ReportStore(database).statistics(
        GUILD, days=2, zone=ZONE, usd_per_credit=Decimal("0.01"), now=NOW
    )

    assert (before.granted_credits, after.granted_credits) == (50, 0)
    assert after.day_credits == before.day_credits == 30
    assert after.host_month_credits == before.host_month_credits == 25
    assert await policies.policy(GUILD) == GuildPolicy()
    assert statistics.total.usd == Decimal("0.25")
    assert statistics.top_members == ()


@dataclass(kw_only=True)
class Discord:
    """A `Presence` that says what it is told to."""

    application_id: int | None = OURS
    shown: frozenset[int] | None = frozenset()
    left: Mapping[int, bool] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    ours: frozenset[int] = frozenset({GUILD, SECOND})

    def here(self) -> frozenset[int] | None:
        """Return the guilds shown."""
        return self.shown

    def in_charge(self, guild_id: int) -> bool:
        """Tell whether it is ours."""
        return guild_id in self.ours

    async def has_left(self, guild_id: int) -> bool:
        """Note the question and answer."""
        self.asked.append(guild_id)
        return self.left.get(guild_id, False)


@pytest.mark.parametrize(
    ("discord", "asked"),
    [
        (Discord(shown=None, left={GUILD: True}), []),  # not all shown yet
        (Discord(application_id=None, left={GUILD: True}), []),
        (Discord(application_id=OTHERS, left={GUILD: True}), []),  # another bot's token
        (Discord(shown=frozenset({GUILD}), left={GUILD: True}), []),  # it is there
        (Discord(ours=frozenset(), left={GUILD: True}), []),  # another process's shard
        (Discord(left={}), [GUILD]),  # Discord does not say that it was left
    ],
)
async def test_nothing_is_purged_by_mistake(
    forgetting: ForgettingStore, policies: PolicyStore, discord: Discord, asked: list[int]
) -> None:
    """Only when Discord is asked about this guild and says so."""
    await forgetting.remember_guilds([GUILD], OURS)
    await policies.set_policy(GUILD, GuildPolicy(daily_credits=5), actor_id=1, now=NOW)
    await Departures(store=forgetting, presence=discord, now=lambda: NOW).look()

    assert discord.asked == asked
    assert (await policies.policy(GUILD)).daily_credits == 5


async def test_a_guild_left_meanwhile_is_purged_with_what_came_late(
    store: JobStore, forgetting: ForgettingStore, policies: PolicyStore
) -> None:
    """A command was on its way when the bot was removed; the third look does not ask again."""
    await forgetting.remember_guilds([GUILD, SECOND], OURS)
    await policies.set_policy(GUILD, GuildPolicy(daily_credits=5), actor_id=1, now=NOW)
    discord = Discord(shown=frozenset({SECOND}), left={GUILD: True})
    departures = Departures(store=forgetting, presence=discord, now=lambda: NOW)
    await departures.look()
    late = await walked_to(store, JobState.DELIVERED, guild_id=GUILD)
    await departures.look()
    await departures.look()

    assert discord.asked == [GUILD, GUILD]
    assert await policies.policy(GUILD) == GuildPolicy()
    assert await store.get(late.id) is None
    assert await store.check_ledger() == []


# -- the files -------------------------------------------------------------------------


async def test_what_a_reader_holds_back_is_told_and_wiped_later(
    store: JobStore, forgetting: ForgettingStore, file: Path
) -> None:
    """A long read of another process keeps the log; the mark survives until it is done."""
    words = {"prompt": "a wolpertinger", "seed": 1}
    await walked_to(store, JobState.DELIVERED, parameters=words)
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM job").fetchone()
    await forgetting.forget_member(MEMBER, now=NOW)
    at_first = await forgetting.wipe()
    marks = rows(file, "PRAGMA user_version")
    reader.execute("COMMIT")
    reader.close()
    later = await forgetting.wipe_if_marked()

    assert (at_first, later) == (False, True)
    assert marks != [(0,)]
    assert rows(file, "PRAGMA user_version") == [(0,)]
    assert where_found(file.parent, "wolpertinger") == set()
