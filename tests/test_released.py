"""Databases of every released version go up to the newest tables, and back, and lose nothing.

That jobs of an older version end under this one while both run for real is `make chaos-upgrade`.
"""

import asyncio
import itertools
import re
from collections.abc import Mapping

import psycopg
import pytest

from bot.history import OfChannel, OfMember, Search
from bot.job import JobState
from bot.pseudonyms import Pseudonyms
from bot.quota import Window
from bot.storage import (
    AskingStore,
    CareStore,
    Database,
    ExportingStore,
    HistoryStore,
    JobFilter,
    JobStore,
    PolicyStore,
    ReportStore,
    refuse_away,
    revisions,
)
from tests.released_journey import Contents, Journey, lost, travelled
from tests.releasing import dumps
from tests.releasing.releases import Release, releases
from tests.storage_kit import GENEROUS, GUILD, MEMBER, NOW, ZONE

pytest_plugins = ("tests.postgres_fixtures",)

# Migration to the tables (`table`) and columns (`table.column`) that it gives up, on the way up.
# Whatever else is not there afterwards as it was before is lost.
GIVEN_UP: Mapping[str, tuple[str, ...]] = {
    # Forms that were open are to be opened again.
    "0013": ("picture",),
}
# The same on the way back: what the older version does not know.
GIVEN_UP_BACK: Mapping[str, tuple[str, ...]] = {
    "0015": ("job.bot_absent",),
}
RELEASES = releases()
_numbers = itertools.count()


@pytest.fixture(
    scope="module",
    params=[(release, kind) for release in RELEASES for kind in ("sqlite", "postgresql")],
    ids=lambda given: f"{given[0].version}-{given[1]}",
)
def journey(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """A release's database that went all the way."""
    release, kind = request.param
    assert isinstance(release, Release)
    if kind == "sqlite":
        file = tmp_path_factory.mktemp("released") / "bot.sqlite3"
        dumps.into_sqlite(release.dump(kind), file)
        return travelled(release, f"sqlite:///{file}")
    folder = request.getfixturevalue("socket_folder")
    name = f"released_{next(_numbers)}"
    with psycopg.connect(f"host={folder} user=bot dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    address = f"host={folder} user=bot dbname={name}"
    dumps.into_postgresql(release.dump(kind), address)
    return travelled(release, f"postgresql://bot@/{name}?host={folder}")


def given_up(journey: Journey) -> tuple[str, ...]:
    """Return what the migrations give up between a release and now."""
    since = (what for step, what in GIVEN_UP.items() if step > journey.release.revision)
    return tuple(itertools.chain.from_iterable(since))


def test_an_upgrade_loses_nothing(journey: Journey) -> None:
    """Every row and value is there as the release wrote it, but for what is given up by name."""
    assert lost(journey.released, journey.newest, given_up=given_up(journey)) == []


def test_going_back_by_one_keeps_what_the_version_before_knows(journey: Journey) -> None:
    """All rows and values, but for what is given up by name."""
    newest = revisions.newest_revision()
    assert newest in GIVEN_UP_BACK, f"say in GIVEN_UP_BACK what {newest} takes away on the way back"
    not_known = GIVEN_UP_BACK[newest]

    assert lost(journey.newest, journey.one_back, given_up=not_known) == []
    assert lost(journey.one_back, journey.newest_again) == []
    assert lost(journey.newest, journey.newest_again, given_up=not_known) == []


def test_a_host_can_go_back_to_the_release(journey: Journey) -> None:
    """With all the release had written, and up again."""
    gone = given_up(journey)

    assert lost(journey.released, journey.home, given_up=gone) == []
    assert lost(journey.home, journey.newest_at_last, given_up=gone) == []


def test_the_books_add_up_and_every_job_can_be_read(journey: Journey) -> None:
    """Of a release of every age, after all the ways."""

    async def read() -> tuple[list[str], dict[int, JobState], int]:
        database = Database.open(journey.url)
        try:
            await database.check()
            await refuse_away(database)
            jobs = await CareStore(database).listed(JobFilter(), limit=1000)
            store = JobStore(database)
            alone = [await store.get(job.id) for job in jobs]
            assert alone == jobs
            return (
                await store.check_ledger(),
                {job.id: job.state for job in jobs},
                len(await store.unfinished()),
            )
        finally:
            await database.close()

    problems, states, unfinished = asyncio.run(read())
    rows = journey.newest_at_last["job"].values()

    assert problems == []
    assert states == {row["id"]: row["state"] for row in rows if row["forgotten_at"] is None}
    assert unfinished >= 8


def test_members_and_moderators_find_all_that_is_theirs(journey: Journey) -> None:
    """History, quota, export, rules, reports: each reads what the release wrote."""

    async def read() -> None:
        database = Database.open(journey.url)
        try:
            history = HistoryStore(database)
            mine = await history.page(OfMember(user_id=MEMBER, guild_id=GUILD), Search())
            channel = OfChannel(guild_id=GUILD, channel_id=1300000000000000001)
            everything = await history.page(channel, Search(everything=True))
            assert mine.hits > 0
            assert everything.hits >= mine.hits
            exporting = ExportingStore(database, Pseudonyms(key=b"made up"))
            of_member = [kind async for kind, _ in exporting.export(MEMBER)]
            of_guild = [kind async for kind, _ in exporting.export_guild(GUILD)]
            rows = journey.newest_at_last
            of_mine = [row for row in rows["job"].values() if row["user_id"] == MEMBER]
            assert of_member.count("jobs") == len(of_mine)
            assert of_guild.count("filter_rules") == len(rows["filter_rule"])
            balance = await JobStore(database).balance(
                guild_id=GUILD, user_id=MEMBER, allowance=GENEROUS, zone=ZONE, now=NOW
            )
            assert balance.usage.day_credits > 0
            await _rules_are_read(database, journey)
            presets = await AskingStore(database).presets(MEMBER)
            assert len(presets) == len(rows["preset"])
        finally:
            await database.close()

    asyncio.run(read())


async def _rules_are_read(database: Database, journey: Journey) -> None:
    rows = journey.newest_at_last
    policies, reports = PolicyStore(database), ReportStore(database)
    assert (await policies.policy(GUILD)).daily_credits == (500 if rows["guild_policy"] else None)
    assert len(await policies.overrides(GUILD)) == len(rows["allowance"])
    assert len(await policies.rules(GUILD)) == len(rows["filter_rule"])
    blocked = await policies.block_of(GUILD, MEMBER + 1, now=NOW)
    assert (blocked is not None) == bool(rows["block"])
    events: list[object] = []

    async def keep(some: object) -> None:
        assert isinstance(some, list | tuple)
        events.extend(some)

    ever = Window(start=NOW.replace(year=2000), end=NOW.replace(year=2100))
    await reports.audit(GUILD, ever, keep)
    assert len(events) == len(rows["audit_event"])


def test_a_release_is_small_but_whole() -> None:
    """The newest has jobs in every state, and rows in every table that is not over in a minute."""
    newest = RELEASES[-1]
    text = newest.dump("sqlite")
    made = set(re.findall(r'^CREATE TABLE "?(\w+)', text, re.MULTILINE))
    filled = set(re.findall(r'^INSERT INTO "(\w+)', text, re.MULTILINE))

    assert made - filled == {"request_page"}
    assert [state for state in JobState if f"'{state}'" not in text] == []


def test_a_loss_is_found() -> None:
    """A row, a value, a column, a table, or a row that nobody wrote."""
    before: Contents = {"job": {(1,): {"id": 1, "state": "queued"}, (2,): {"id": 2}}, "block": {}}
    after: Contents = {"job": {(1,): {"id": 1, "state": "failed"}, (3,): {"id": 3}}}

    assert lost(before, after) == [
        "job.state of (1,): 'queued' became 'failed'",
        "job (2,)",
        "job (3,) is new",
        "the table block",
    ]
    assert lost({"job": {(1,): {"x": 0}}}, {"job": {(1,): {}}}) == ["the column job.x"]
    assert lost(before, {**before, "job": after["job"]}, given_up=["job"]) == []
