"""The books as files: every line, nothing of another guild, and sums that explain balances."""

import asyncio
import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.audit import AuditEvent
from bot.charts import ChartDrawer
from bot.errors import BadInputError, NotFoundError
from bot.job import JobState
from bot.jobs.books_csv import safe
from bot.jobs.report_desk import Book, Report, ReportDesk
from bot.policy import GuildPolicy
from bot.storage import JobStore, PolicyStore, ReportStore, reports
from tests.discord_kit import until
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

OTHER = GUILD + 1
LARGE = 10 * 2**20
Line = Mapping[str, str]


@pytest.fixture
def policies(store: JobStore) -> PolicyStore:
    """What moderators set, in the same database."""
    return PolicyStore(store._database)


@pytest.fixture
def desk(store: JobStore, policies: PolicyStore, tmp_path: Path) -> ReportDesk:
    """A desk on the same database; its files go to an own folder."""
    folder = tmp_path / "files"
    folder.mkdir()
    return ReportDesk(
        policies=policies,
        reports=ReportStore(store._database),
        charts=ChartDrawer(tmp_path),
        folder=folder,
        host_zone=ZONE,
        usd_per_credit=Decimal("0.01"),
        now=lambda: NOW,
    )


def lines_of(text: bytes) -> list[Line]:
    """Read a file as a spreadsheet does."""
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


async def lines(
    desk: ReportDesk, book: Book = "ledger", *, days: int = 7, guild_id: int = GUILD
) -> list[Line]:
    """Return the lines of a book."""
    async with desk.export(guild_id, book, days, limit_bytes=LARGE) as export:
        found = lines_of(export.path.read_bytes())
        assert export.rows == len(found)
    return found


async def event(policies: PolicyStore, **changes: object) -> None:
    """Record what a moderator did."""
    values = {
        "guild_id": GUILD,
        "actor_id": MODERATOR,
        "action": "grant",
        "target_id": MEMBER,
        "detail": {},
        "created_at": NOW,
    }
    await policies.record(AuditEvent(**values | changes))  # type: ignore[arg-type]  # any field of it


# -- sums --------------------------------------------------------------------------------


async def test_the_sum_of_the_ledger_explains_every_balance(
    store: JobStore, desk: ReportDesk
) -> None:
    """Allowances, grants and the server's spending, whatever became of the jobs."""
    for member in (MEMBER, MEMBER + 1):
        await store.grant(
            GUILD, member, 50, expires_at=None, reason="a prize", actor_id=MODERATOR, now=NOW
        )
    tight = replace(GENEROUS, daily_credits=100)
    for number in range(4):  # the fourth draws on the allowance and on the grant
        await store.accept(new_job(number), tight, ZONE, now=NOW)
    await walked_to(store, JobState.FAILED, 10)
    await walked_to(store, JobState.UNDELIVERED, 11, user_id=MEMBER + 1)
    refunded = await walked_to(store, JobState.DELIVERED, 12, user_id=MEMBER + 1)
    await walked_to(store, JobState.DELIVERED, 13, user_id=MEMBER + 1, price_credits=7)
    await store.take_down(
        refunded.id, guild_id=GUILD, actor_id=MODERATOR, reason=None, refund=True, now=NOW
    )
    found = await lines(desk)
    used: dict[str, int] = defaultdict(int)
    left: dict[str, int] = defaultdict(int)
    for line in found:
        if line["source"] == "allowance":
            used[line["member_id"]] -= int(line["member_credits"])
        else:
            left[line["member_id"]] += int(line["member_credits"])
    spent = sum(int(line["server_spent_credits"]) for line in found)

    for member in (MEMBER, MEMBER + 1):
        balance = await store.balance(
            guild_id=GUILD, user_id=member, allowance=GENEROUS, zone=ZONE, now=NOW
        )
        assert used[str(member)] == balance.usage.month_credits
        assert left[str(member)] == balance.usage.granted_credits
    assert (used[str(MEMBER)], left[str(MEMBER)]) == (100, 30)
    assert spent == 4 * 30 + 30 + 7  # a refund gives back credits, not money
    report = await desk.report(GUILD, 7)
    assert report.statistics.total.credits == sum(used.values()) + 100 - sum(left.values())


async def test_a_line_says_all_there_is(store: JobStore, desk: ReportDesk) -> None:
    """When, whose, from what, by whom and why; a day is the guild's."""
    await store.grant(
        GUILD,
        MEMBER,
        50,
        expires_at=NOW + timedelta(days=3),
        reason="first, “prize”\nof the month",
        actor_id=MODERATOR,
        now=NOW,
    )
    (line,) = await lines(desk)

    assert line == {
        "entry_id": "1",
        "counted_on_local_date": "2026-08-03",
        "counted_at_utc": "2026-08-03T12:00:00+00:00",
        "booked_at_utc": "2026-08-03T12:00:00+00:00",
        "kind": "grant",
        "credits": "50",
        "member_credits": "50",
        "server_spent_credits": "0",
        "member_id": str(MEMBER),
        "job_id": "",
        "source": "grant",
        "grant_entry_id": "1",
        "grant_expires_at_utc": "2026-08-06T12:00:00+00:00",
        "moderator_id": str(MODERATOR),
        "reason": "first, “prize”\nof the month",
    }


async def test_all_entries_of_a_job_are_in_the_days_it_was_let_in(
    store: JobStore, desk: ReportDesk
) -> None:
    """Reserved last week and settled today: last week's, whole, as in every sum."""
    old = NOW - timedelta(days=7)
    job = await store.accept(new_job(), GENEROUS, ZONE, now=old)
    for state in (JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED, JobState.DELIVERED):
        await store.transition(job.id, state, now=NOW)
    await accepted(store, 1)

    assert [line["kind"] for line in await lines(desk, days=7)] == ["reserve"]
    assert [line["kind"] for line in await lines(desk, days=8)] == ["reserve", "settle", "reserve"]


async def test_days_begin_where_the_guild_is(
    store: JobStore, desk: ReportDesk, policies: PolicyStore
) -> None:
    """23:30 UTC of the day before is today in Berlin, in the line and in the file's name."""
    policy = GuildPolicy(time_zone="Europe/Berlin")
    await policies.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW)
    late = datetime(2026, 8, 2, 22, 30, tzinfo=UTC)
    await store.accept(new_job(0), GENEROUS, ZONE, now=late)
    await store.accept(new_job(1), GENEROUS, ZONE, now=late - timedelta(hours=1))
    async with desk.export(GUILD, "ledger", 1, limit_bytes=LARGE) as export:
        (line,) = lines_of(export.path.read_bytes())

    assert line["counted_on_local_date"] == "2026-08-03"
    assert export.path.name == "ledger-2026-08-03-to-2026-08-03.csv"
    assert (await desk.report(GUILD, 1)).statistics.total.jobs == 1


# -- what moderators did -----------------------------------------------------------------


async def test_the_audit_log_comes_oldest_first(policies: PolicyStore, desk: ReportDesk) -> None:
    """Of these days only, with all details."""
    await event(policies, created_at=NOW - timedelta(days=7))
    await event(policies, action="block", detail={"reason": "spam, “again”", "until": None})
    await event(policies, actor_id=None, target_id=None)
    first, second = await lines(desk, "audit", days=7)

    assert first == {
        "event_id": "2",
        "at_utc": "2026-08-03T12:00:00+00:00",
        "action": "block",
        "moderator_id": str(MODERATOR),
        "target_id": str(MEMBER),
        "detail_json": '{"reason": "spam, “again”", "until": null}',
    }
    assert (second["moderator_id"], second["target_id"]) == ("", "")


@pytest.mark.parametrize("book", ["ledger", "audit"])
async def test_another_guilds_books_are_closed(
    store: JobStore, policies: PolicyStore, desk: ReportDesk, book: Book
) -> None:
    """Not one line of guild A is in the file of guild B, nor of direct messages."""
    await accepted(store, 0, guild_id=GUILD + 1)
    await accepted(store, 1, guild_id=None)
    await event(policies, guild_id=GUILD + 1)

    with pytest.raises(NotFoundError, match="has nothing in these 7 days"):
        await lines(desk, book)
    assert len(await lines(desk, book, guild_id=GUILD + 1)) == 1


# -- the file ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "=cmd|' /C calc'!A0"],
)
async def test_no_cell_is_a_formula(policies: PolicyStore, desk: ReportDesk, text: str) -> None:
    """What a moderator wrote stays a text in every spreadsheet."""
    await event(policies, action=text)
    (line,) = await lines(desk, "audit")

    assert line["action"] == "'" + text
    assert safe(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a prize", "1+1", "a=b", "'quoted'", None])
def test_harmless_texts_stay_as_they_are(text: str | None) -> None:
    """Only the first character counts."""
    assert safe(text) == text


async def test_a_long_book_is_written_page_by_page(
    store: JobStore, desk: ReportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is lost or doubled where a page ends, and the numbers see the same jobs."""
    monkeypatch.setattr(reports, "_ROWS_A_PAGE", 3)
    for number in range(10):
        await accepted(store, number)
    found = await lines(desk)

    assert [int(line["entry_id"]) for line in found] == list(range(1, 11))
    assert (await desk.report(GUILD, 7)).statistics.total.jobs == 10


async def test_a_large_file_is_packed_and_a_larger_one_refused(
    store: JobStore, desk: ReportDesk, tmp_path: Path
) -> None:
    """With the advice to take fewer days; nothing stays on the disk."""
    for number in range(40):
        await accepted(store, number)
    async with desk.export(GUILD, "ledger", 7, limit_bytes=3000) as export:
        assert export.path.stat().st_size <= 3000
        with zipfile.ZipFile(export.path) as archive:
            (name,) = archive.namelist()
            assert len(lines_of(archive.read(name))) == export.rows == 40
    with pytest.raises(BadInputError, match="/video-admin stats days:3"):
        async with desk.export(GUILD, "ledger", 7, limit_bytes=100):
            pass

    assert export.path.name == f"{name}.zip"
    assert list((tmp_path / "files").iterdir()) == []


@pytest.mark.parametrize("days", [-1, 0, 367])
async def test_days_out_of_range_are_refused(desk: ReportDesk, days: int) -> None:
    """By the numbers as by the files: a button's id can be made up."""
    with pytest.raises(BadInputError, match="`days` must be a whole number from 1 to 366"):
        await desk.report(GUILD, days)
    with pytest.raises(BadInputError, match="from 1 to 366"):
        await lines(desk, days=days)


async def test_a_year_with_a_change_of_clocks_has_all_its_days(
    desk: ReportDesk, policies: PolicyStore
) -> None:
    """366 of them, the last one today."""
    policy = GuildPolicy(time_zone="America/Santiago")  # its clocks skip midnight
    await policies.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW)
    found = (await desk.report(GUILD, 366)).statistics

    assert len(found.by_day) == 366
    assert found.last_day == NOW.astimezone(ZoneInfo("America/Santiago")).date()


# -- one guild beside another ------------------------------------------------------------


async def test_one_guild_takes_one_place(desk: ReportDesk, policies: PolicyStore) -> None:
    """While a guild's moderators take several files, another guild's need not wait."""
    await event(policies)
    await event(policies, guild_id=OTHER)
    began: list[int] = []
    released = asyncio.Event()

    async def take(guild_id: int) -> None:
        async with desk.export(guild_id, "audit", 7, limit_bytes=LARGE):
            began.append(guild_id)
            await released.wait()

    tasks = [asyncio.create_task(take(guild_id)) for guild_id in (GUILD, GUILD, OTHER)]
    await until(lambda: OTHER in began)
    released.set()
    await asyncio.gather(*tasks)

    assert sorted(began[:2]) == sorted((GUILD, OTHER))


async def test_another_guilds_chart_comes_second(desk: ReportDesk, tmp_path: Path) -> None:
    """However many a guild has asked for before it."""
    desk._charts = ChartDrawer(tmp_path, command=("true",))  # draws nothing, and soon
    drawn: list[int] = []

    # Counted before: how long the database takes for each is another matter.
    mine, another = await desk.report(GUILD, 7), await desk.report(OTHER, 7)

    async def draw(report: Report) -> None:
        await desk.charts(report, {})
        drawn.append(report.guild_id)

    await asyncio.gather(*(draw(report) for report in (*[mine] * 5, another)))

    assert drawn.index(OTHER) <= 1
