"""Forgetting a member: what goes, what stays under which number, and the bytes of the files."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import NotFoundError, RefusedError
from bot.job import JobState
from bot.policy import AllowanceOverride, Block, GuildPolicy
from bot.privacy import Forgotten, UnderWayError
from bot.quota import Balance, EntryKind, LedgerEntry, Window
from bot.storage import (
    AskingStore,
    Database,
    ForgettingStore,
    JobStore,
    PolicyStore,
    PreferenceStore,
    ReportStore,
)
from bot.storage.rows import new_row
from bot.storage.skeletons import EMPTIED, KEPT
from bot.storage.tables import JobRow
from tests.privacy_kit import NAMES, everything, rows
from tests.raw_files import where_found
from tests.storage_kit import (
    FIRST_ID,
    GENEROUS,
    GUILD,
    MEMBER,
    MODERATOR,
    NOW,
    ZONE,
    accepted,
    events_of,
    fill_asking,
    new_job,
    walked_to,
)

pytest_plugins = ("tests.storage_fixtures", "tests.privacy_fixtures")

OTHER = MEMBER + 1
DAY = timedelta(days=1)
SECRET_WORDS = "a wolpertinger sings Käsespätzle 🐺"


def said(words: str, seed: int = 7) -> dict[str, Any]:
    """Return a job's parameters."""
    return {"prompt": words, "seed": seed, "image": f"https://cdn.example.org/{words[:3]}.png"}


async def balance_of(store: JobStore, user_id: int = MEMBER, **changes: Any) -> Balance:
    """Return a member's balance."""
    values: dict[str, Any] = {"guild_id": GUILD, "now": NOW} | changes
    return await store.balance(user_id=user_id, allowance=GENEROUS, zone=ZONE, **values)


def figures(balance: Balance) -> Any:
    """Return all that a balance says but which grant it is."""
    grants = sorted((grant.left, str(grant.expires_at)) for grant in balance.usage.grants)
    return replace(balance.usage, grants=()), grants


async def granted(store: JobStore, number: int = 50, **changes: Any) -> None:
    """Give the member credits for 60 days."""
    values: dict[str, Any] = {"expires_at": NOW + 60 * DAY, "reason": "for Mia's birthday"}
    values |= changes
    await store.grant(GUILD, MEMBER, number, actor_id=MODERATOR, now=NOW, **values)


# -- the bytes -----------------------------------------------------------------------


async def crowd(database: Database, count: int) -> None:
    """Write ended jobs of two members in an order that splits many pages of the file."""
    order = random.Random(3)
    numbers = order.sample(range(1, count + 1), count)

    async def work(session: AsyncSession, some: list[int]) -> None:
        for number in some:
            mine = number % 2 == 0
            words = (SECRET_WORDS if mine else "a hare") + " wide" * order.randrange(80)
            new = new_job(number, user_id=MEMBER if mine else OTHER, parameters=said(words))
            row = new_row(new, JobState.CANCELLED, reasons=(), now=NOW)
            row.ended_at = NOW
            session.add(row)

    for start in range(0, count, 50):
        await database.write(partial(work, some=numbers[start : start + 50]))


async def test_not_one_byte_of_a_members_words_stays_in_any_file(
    database: Database,
    store: JobStore,
    forgetting: ForgettingStore,
    policies: PolicyStore,
    file: Path,
) -> None:
    """Among others' rows, in pages that were split; in every file, the log included."""
    await crowd(database, 1000)
    await walked_to(store, JobState.DELIVERED, parameters=said(SECRET_WORDS))
    await store.note(FIRST_ID, error_detail=f"refused: {SECRET_WORDS}")
    await fill_asking(AskingStore(database), "https://cdn.example.org/wolpertinger.png")
    await PreferenceStore(database).set_telling(MEMBER, True, now=NOW)
    await granted(store, reason="likes a wolpertinger")
    past = Block(
        user_id=MEMBER,
        until=NOW - DAY,
        reason="a wolpertinger again",
        actor_id=MODERATOR,
        created_at=NOW,
    )
    await policies.block(GUILD, past, now=NOW)
    before = where_found(file.parent, "wolpertinger", "Käsespätzle", "🐺")
    done = await forgetting.forget_member(MEMBER, now=NOW)
    wiped = await forgetting.wipe()

    assert before
    assert done == Forgotten(jobs=501, drafts=1, habits=2, entries=3, events=2, preferences=1)
    assert wiped
    assert where_found(file.parent, "wolpertinger", "Käsespätzle", "🐺", str(MEMBER)) == set()
    assert len(await store.of_member(OTHER, limit=999)) == 500
    assert await store.check_ledger() == []


async def test_the_number_of_a_member_is_in_no_column(
    store: JobStore, forgetting: ForgettingStore, file: Path
) -> None:
    """Numbers are not text in the file, so every column of every table is asked."""
    await granted(store)
    tight = replace(GENEROUS, daily_credits=40)
    for number in range(2):
        await store.accept(new_job(number), tight, ZONE, now=NOW)
        await store.transition(FIRST_ID + number, JobState.FAILED, now=NOW)
    await forgetting.forget_member(MEMBER, now=NOW)
    tables = [name for (name,) in rows(file, "SELECT name FROM sqlite_master WHERE type='table'")]
    cells = [cell for table in tables for row in everything(file, table) for cell in row]

    assert MEMBER not in cells
    assert not any(str(MEMBER) in str(cell) for cell in cells)


def test_a_skeleton_keeps_what_is_listed_and_nothing_else() -> None:
    """A field that is added to the table is emptied unless somebody decides otherwise."""
    columns = {column.name: column for column in JobRow.metadata.tables["job"].columns}

    assert KEPT | EMPTIED.keys() == columns.keys()
    assert not KEPT & {"user_id", "channel_id", "parameters", "request_id", "output_url"}
    for name, value in EMPTIED.items():
        assert columns[name].nullable == (str(value) == "NULL"), name


# -- what is left ---------------------------------------------------------------------


async def test_a_forgotten_job_is_in_the_sums_and_nowhere_else(
    store: JobStore, forgetting: ForgettingStore, policies: PolicyStore, file: Path
) -> None:
    """Nobody finds it, moves it or takes it down; its costs and times stay."""
    job = await walked_to(store, JobState.DELIVERED)
    await store.note(job.id, cost_usd=0.31)
    await policies.set_policy(GUILD, GuildPolicy(log_videos_since=NOW), actor_id=1, now=NOW)
    wants_card = await store.without_card(ended_since=NOW)
    await forgetting.forget_member(MEMBER, now=NOW)

    assert [wanting.id for wanting in wants_card] == [job.id]
    assert await store.without_card(ended_since=NOW) == []
    assert await store.get(job.id) is None
    assert await store.of_member(MEMBER) == await store.of_member(0, guild_id=GUILD + 1) == []
    with pytest.raises(NotFoundError):
        await store.note(job.id, card_message_id=7)
    with pytest.raises(NotFoundError):
        await store.take_down(
            job.id, guild_id=GUILD, actor_id=MODERATOR, reason=None, refund=True, now=NOW
        )
    with pytest.raises(NotFoundError):
        await accepted(store)
    assert rows(file, "SELECT state, cost_usd, price_credits, user_id, parameters FROM job") == [
        ("delivered", 0.31, 30, 0, "{}")
    ]


async def test_a_forgotten_jobs_request_is_never_taken_for_another_jobs(
    store: JobStore, forgetting: ForgettingStore, file: Path
) -> None:
    """A lost submit with the same words and seed must not find what somebody else paid for."""
    job = await walked_to(store, JobState.SUBMITTING)
    await store.transition(job.id, JobState.RUNNING, now=NOW, request_id="req-1")
    await store.transition(job.id, JobState.FAILED, now=NOW)
    await forgetting.forget_member(MEMBER, now=NOW)

    assert await store.known_request_ids(["req-1", "req-2"]) == {"req-1"}
    assert rows(file, "SELECT count(*) FROM job WHERE request_id LIKE '%req-1%'") == [(0,)]


@pytest.mark.parametrize(
    ("state", "running", "waiting"),
    [
        (JobState.QUEUED, 0, 1),
        (JobState.SUBMITTING, 1, 0),
        (JobState.FINISHED, 1, 0),
    ],
)
async def test_nothing_is_forgotten_while_a_job_is_under_way(
    store: JobStore, forgetting: ForgettingStore, state: JobState, running: int, waiting: int
) -> None:
    """Also what ended before stays as it was."""
    done = await walked_to(store, JobState.DELIVERED, 1)
    await walked_to(store, state)
    with pytest.raises(UnderWayError) as caught:
        await forgetting.forget_member(MEMBER, now=NOW)

    assert (caught.value.running, caught.value.waiting) == (running, waiting)
    assert await store.get(done.id) is not None


async def test_blocks_that_hold_and_own_allowances_stay(
    forgetting: ForgettingStore, policies: PolicyStore
) -> None:
    """Otherwise deletion would lift them."""
    block = Block(
        user_id=MEMBER, until=NOW + DAY, reason="spam", actor_id=MODERATOR, created_at=NOW
    )
    own = AllowanceOverride(target="user", target_id=MEMBER, daily_credits=1, monthly_credits=2)
    await policies.block(GUILD, block, now=NOW)
    await policies.set_override(GUILD, own, actor_id=MODERATOR, now=NOW)
    await forgetting.forget_member(MEMBER, now=NOW)
    held = await policies.block_of(GUILD, MEMBER, now=NOW)
    await forgetting.let_go(now=NOW + 2 * DAY)

    assert held == block
    assert await policies.block_of(GUILD, MEMBER, now=NOW) is None
    assert await policies.overrides(GUILD) == [own]


async def test_events_stay_and_name_nobody(
    store: JobStore, forgetting: ForgettingStore, policies: PolicyStore
) -> None:
    """That something was done can be read, not to whom or in which words."""
    await granted(store)
    await store.accept(new_job(), GENEROUS, ZONE, now=NOW, state=JobState.AWAITING_APPROVAL)
    await store.deny(
        FIRST_ID, guild_id=GUILD, actor_id=MODERATOR, reason="no wolpertingers", now=NOW
    )
    await store.grant(GUILD, OTHER, 5, expires_at=None, reason="a prize", actor_id=MEMBER, now=NOW)
    await forgetting.forget_member(MEMBER, now=NOW)
    by, deny, grant = await events_of(policies, GUILD)

    assert (by.actor_id, by.target_id, by.detail["reason"]) == (0, OTHER, "a prize")
    assert (deny.actor_id, deny.target_id, dict(deny.detail)) == (
        MODERATOR,
        FIRST_ID,
        {"credits": 30},
    )
    assert (grant.target_id, set(grant.detail)) == (0, {"credits", "expires_at"})


# -- credits -------------------------------------------------------------------------


async def test_deleting_gives_no_credit_back(store: JobStore, forgetting: ForgettingStore) -> None:
    """Used credits count after it as before it, on this month's last day as well."""
    for number in range(3):
        await walked_to(store, JobState.DELIVERED, number)
    before = figures(await balance_of(store))
    await forgetting.forget_member(MEMBER, now=NOW)
    await forgetting.let_go(now=NOW)
    tight = replace(GENEROUS, daily_credits=100)

    assert figures(await balance_of(store)) == before
    with pytest.raises(RefusedError):
        await store.accept(new_job(9), tight, ZONE, now=NOW)
    end = datetime(2026, 8, 31, 23, tzinfo=UTC)
    await forgetting.let_go(now=end)
    assert (await balance_of(store, now=end)).usage.month_credits == 90


async def test_when_the_month_is_over_everywhere_nobody_is_left(
    store: JobStore, forgetting: ForgettingStore, file: Path
) -> None:
    """The pseudonym goes as soon as it counts in no time zone."""
    await walked_to(store, JobState.DELIVERED)
    await forgetting.forget_member(MEMBER, now=NOW)
    during = rows(file, "SELECT DISTINCT user_id FROM ledger_entry")
    await forgetting.let_go(now=datetime(2026, 9, 2, 1, tzinfo=UTC))

    assert during == [(NAMES.of(MEMBER),)]
    assert rows(file, "SELECT DISTINCT user_id FROM ledger_entry") == [(0,)]
    assert await store.check_ledger() == []


async def test_what_counts_no_more_is_nobodys_at_once(
    store: JobStore, forgetting: ForgettingStore, file: Path
) -> None:
    """Last month's jobs need no pseudonym."""
    await walked_to(store, JobState.DELIVERED)
    await forgetting.forget_member(MEMBER, now=NOW + 60 * DAY)

    assert rows(file, "SELECT DISTINCT user_id FROM ledger_entry") == [(0,)]


async def test_what_is_left_of_grants_can_be_used_without_showing_what_was(
    store: JobStore, forgetting: ForgettingStore, file: Path
) -> None:
    """A new job draws on the rest; the forgotten job's entries do not lead to its member."""
    await granted(store, 50)
    nothing_else = replace(GENEROUS, daily_credits=0)
    await store.accept(new_job(0), nothing_else, ZONE, now=NOW)
    await store.transition(FIRST_ID, JobState.FAILED, now=NOW)
    await store.accept(new_job(1), nothing_else, ZONE, now=NOW)
    for state in (JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED, JobState.DELIVERED):
        await store.transition(FIRST_ID + 1, state, now=NOW)
    before = figures(await balance_of(store))
    await forgetting.forget_member(MEMBER, now=NOW)
    after = figures(await balance_of(store))
    await store.accept(new_job(2, price_credits=20), nothing_else, ZONE, now=NOW)
    owners = rows(file, "SELECT kind, user_id FROM ledger_entry ORDER BY id")
    grants = rows(file, "SELECT created_at, expires_at FROM ledger_entry WHERE kind = 'grant'")

    assert after == before
    assert (await balance_of(store)).usage.granted_credits == 0
    assert owners[0] == ("grant", 0)
    assert {owner for kind, owner in owners[1:6] if kind != "grant"} == {0}
    assert all(one != other for one, other in zip(*grants, strict=True))
    assert owners[-2:] == [("grant", MEMBER), ("reserve", MEMBER)]
    assert await store.check_ledger() == []
    with pytest.raises(RefusedError):
        await store.accept(new_job(3, price_credits=1), nothing_else, ZONE, now=NOW)


async def test_a_nameless_grant_ends_when_it_lapses(
    store: JobStore, forgetting: ForgettingStore, file: Path
) -> None:
    """Until then it stands under the pseudonym, without the moderator's words."""
    await granted(store)
    await forgetting.forget_member(MEMBER, now=NOW)
    query = "SELECT user_id, reason, actor_id FROM ledger_entry"
    during = rows(file, query)
    await forgetting.let_go(now=NOW + 60 * DAY)

    assert during == [(NAMES.of(MEMBER), None, MODERATOR)]
    assert rows(file, query) == [(0, None, MODERATOR)]


async def test_moderators_export_no_pseudonyms(
    store: JobStore, forgetting: ForgettingStore, database: Database
) -> None:
    """Who reads the ledger cannot tell which nameless entries belong together."""
    await walked_to(store, JobState.DELIVERED)
    await forgetting.forget_member(MEMBER, now=NOW)
    entries: list[LedgerEntry] = []

    async def page(some: Sequence[LedgerEntry]) -> None:
        entries.extend(some)

    await ReportStore(database).ledger(GUILD, Window(start=NOW, end=NOW + DAY), page)

    assert [(entry.kind, entry.user_id) for entry in entries] == [
        (EntryKind.RESERVE, 0),
        (EntryKind.SETTLE, 0),
    ]
