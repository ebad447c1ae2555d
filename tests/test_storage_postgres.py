"""What SQLite's single writer gives for free must be asked of PostgreSQL: the same, there."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot import quota
from bot.asking import MOST_PRESETS, Draft, NewPreset, Preset
from bot.audit import AuditEvent
from bot.errors import RefusedError, StaleStateError
from bot.job import Job, JobState, Wishes
from bot.policy import AllowanceOverride, Block, GuildPolicy
from bot.quota import Budget, EntryKind
from bot.storage import (
    AskingStore,
    Database,
    JobStore,
    PolicyStore,
    PreferenceStore,
    ReportStore,
    UndeliveredStore,
    engines,
    schema,
)
from tests.storage_kit import (
    FIRST_ID,
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
)

pytest_plugins = ("tests.postgres_fixtures",)

ROOT = Path(__file__).parents[1]
ACCEPT_HALF = """
import asyncio, sys
from dataclasses import replace
from bot.errors import RefusedError
from bot.job import Job
from bot.storage import Database, JobStore
from tests.storage_kit import GENEROUS, NOW, ZONE, new_job
async def main():
    database = Database.open(sys.argv[1])
    store = JobStore(database)
    four = replace(GENEROUS, daily_credits=4 * 30 + 10)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    outcomes = await asyncio.gather(
        *(store.accept(new_job(int(sys.argv[2]) + n), four, ZONE, now=NOW) for n in range(100)),
        return_exceptions=True,
    )
    await database.close()
    kinds = [Job, RefusedError]
    print(*(sum(isinstance(outcome, kind) for outcome in outcomes) for kind in kinds))
asyncio.run(main())
"""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Give an own engine, as another process would have."""
    database = Database.open(url)
    try:
        yield database
    finally:
        await database.close()


async def give(store: JobStore, amount: int) -> None:
    """Grant the member credits."""
    await store.grant(
        GUILD, MEMBER, amount, expires_at=None, reason="a prize", actor_id=MODERATOR, now=NOW
    )


async def test_200_commands_in_two_processes_spend_credits_for_seven(url: str) -> None:
    """Credits for 4 in the day and 3 in two grants, two processes of 100 commands: exactly 7."""
    async with opened(url) as database:
        store = JobStore(database)
        await give(store, 45)
        await give(store, 40)
        processes = [
            subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
                [sys.executable, "-c", ACCEPT_HALF, url, str(first)],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for first in (0, 100)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        counts = [
            [int(word) for word in process.communicate(timeout=120)[0].split()]
            for process in processes
        ]
        left = await store.balance(
            guild_id=GUILD,
            user_id=MEMBER,
            allowance=replace(GENEROUS, daily_credits=130),
            zone=ZONE,
            now=NOW,
        )

        assert [sum(column) for column in zip(*counts, strict=True)] == [7, 193]
        assert left.left == 5
        assert await store.check_ledger() == []


async def test_a_cap_holds_over_guilds_that_share_no_lock(url: str) -> None:
    """40 guilds at once through two engines, the host's money for 4: exactly 4 jobs."""
    cap = Budget(host_monthly_usd=Decimal("1.30"))
    async with opened(url) as one, opened(url) as two:
        stores = (JobStore(one), JobStore(two))
        outcomes = await asyncio.gather(
            *(
                stores[n % 2].accept(
                    new_job(n, guild_id=GUILD + n, user_id=MEMBER + n),
                    GENEROUS,
                    ZONE,
                    now=NOW,
                    budget=cap,
                )
                for n in range(40)
            ),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, Job) for outcome in outcomes) == 4
        assert sum(isinstance(outcome, RefusedError) for outcome in outcomes) == 36


async def test_two_moderators_at_once_have_one_winner(url: str) -> None:
    """Approve and deny at the same moment: one decides, the others are told; the books agree."""
    async with opened(url) as one, opened(url) as two:
        stores = (JobStore(one), JobStore(two))
        for number in range(8):
            job = await stores[0].accept(
                new_job(number), GENEROUS, ZONE, now=NOW, state=JobState.AWAITING_APPROVAL
            )
            outcomes = await asyncio.gather(
                *(
                    store.approve(
                        job.id, GENEROUS, ZONE, guild_id=GUILD, actor_id=MODERATOR, now=NOW
                    )
                    for store in stores
                ),
                *(
                    store.deny(job.id, guild_id=GUILD, actor_id=MODERATOR, reason=None, now=NOW)
                    for store in stores
                ),
                return_exceptions=True,
            )

            assert sum(isinstance(outcome, Job) for outcome in outcomes) == 1
            assert sum(isinstance(outcome, StaleStateError) for outcome in outcomes) == 3
        assert await stores[0].check_ledger() == []


async def test_a_drop_and_a_delivery_at_once_have_one_winner(url: str) -> None:
    """Either posting begins, or it never does; also through two engines."""
    async with opened(url) as one, opened(url) as two:
        stores, preferences = (JobStore(one), JobStore(two)), PreferenceStore(two)
        for number in range(8):
            job = await accepted(stores[0], number)
            for step in PATHS[JobState.FINISHED]:
                await stores[0].transition(job.id, step, now=NOW)
            outcomes = await asyncio.gather(
                stores[number % 2].drop(job.id, now=NOW),
                stores[1 - number % 2].begin_delivery(job.id, now=NOW),
                return_exceptions=True,
            )
            (stored,) = [row for row in await stores[0].unfinished() if row.id == job.id]

            assert sum(isinstance(outcome, StaleStateError) for outcome in outcomes) == 1
            assert (stored.dropped_at is None) != (stored.delivering_at is None)
            wishes = await preferences.wishes(job.id)
            assert wishes == Wishes(dropped_at=stored.dropped_at, tells=False)


async def test_of_many_yeses_in_two_processes_one_has_the_draft(url: str) -> None:
    """Each press is a job of its own, so a draft that two had would be paid twice."""
    draft = Draft(id=FIRST_ID, user_id=MEMBER, kind="t2v", options={"prompt": "ä🦊"})
    async with opened(url) as one, opened(url) as two:
        stores = (AskingStore(one), AskingStore(two))
        # A command that both processes hear is kept once.
        await asyncio.gather(*(store.keep_draft(draft, now=NOW) for store in stores))
        for round_ in range(8):
            first = 100 * (round_ + 1)
            answers = await asyncio.gather(
                *(
                    stores[by % 2].take_draft(FIRST_ID, MEMBER, by=by, now=NOW)
                    for by in range(first, first + 10)
                )
            )
            winners = [by for by, answer in enumerate(answers, first) if answer.draft == draft]

            assert len(winners) == 1
            assert {a.by for a in answers if a.draft is None} == set(winners)
            await stores[round_ % 2].give_back(draft, by=winners[0])


async def test_presets_and_habits_of_two_processes_at_once_are_kept(url: str) -> None:
    """There are as many presets as there may be, and no save fails for another's."""
    async with opened(url) as one, opened(url) as two:
        stores = (AskingStore(one), AskingStore(two))
        new = NewPreset(user_id=MEMBER, name="", model="wan-2.6-i2v", options={"duration": 10})
        saved = await asyncio.gather(
            *(
                stores[n % 2].save_preset(replace(new, name=f"Two shots {n // 2}"), now=NOW)
                for n in range(2 * MOST_PRESETS + 4)
            ),
            return_exceptions=True,
        )
        await asyncio.gather(*(s.remember(MEMBER, "animate", {"duration": 5}) for s in stores))

        assert sum(isinstance(outcome, RefusedError) for outcome in saved) == 4
        assert len({preset.id for preset in await one_s_presets(stores)}) == MOST_PRESETS
        assert await stores[0].last_options(MEMBER, "animate") == {"duration": 5}


async def one_s_presets(stores: Sequence[AskingStore]) -> Sequence[Preset]:
    """Return the member's presets, which are the same for both."""
    first, second = [await store.presets(MEMBER) for store in stores]
    assert first == second
    return first


async def test_a_member_who_presses_in_two_processes_is_told_as_they_said_last(url: str) -> None:
    """Tell me, pressed for the first time, twice at once."""
    async with opened(url) as one, opened(url) as two:
        await asyncio.gather(
            *(
                PreferenceStore(database).set_telling(MEMBER + n, tells=True, now=NOW)
                for n in range(10)
                for database in (one, two)
            )
        )
        job = await accepted(JobStore(one), 1)

        wishes = await PreferenceStore(two).wishes(job.id)
        assert wishes is not None
        assert wishes.tells


async def test_a_member_is_told_once_by_whoever_asks_first(url: str) -> None:
    """Many at once, through two engines; the wish, said by several at once, is kept once."""
    async with opened(url) as one, opened(url) as two:
        store, asking = JobStore(one), (PreferenceStore(one), PreferenceStore(two))
        await asyncio.gather(*(each.set_telling(MEMBER, True, now=NOW) for each in asking * 3))
        job = await accepted(store)
        await store.transition(job.id, JobState.FAILED, now=NOW)
        due = await asking[1].to_tell(ended_since=NOW)
        told = await asyncio.gather(*(each.begin_telling(job.id, now=NOW) for each in asking * 3))

        assert due == [job.id]
        assert sum(one is not None for one in told) == 1
        assert await asking[0].to_tell(ended_since=NOW) == []


async def test_refunds_at_once_pay_once(url: str) -> None:
    """Ten presses through two engines give the credits back once."""
    async with opened(url) as one, opened(url) as two:
        stores = (JobStore(one), JobStore(two))
        job = await accepted(stores[0])
        for step in PATHS[JobState.DELIVERED]:
            await stores[0].transition(job.id, step, now=NOW)
        outcomes = await asyncio.gather(
            *(
                store.take_down(
                    job.id, guild_id=GUILD, actor_id=MODERATOR, reason=None, refund=True, now=NOW
                )
                for store in stores * 5
            )
        )

        assert sorted(back for _, back in outcomes) == [0] * 9 + [30]


async def test_missing_cards_are_found_by_the_policy(url: str) -> None:
    """The one query that looks into a policy's JSON: only guilds that want cards count."""
    async with opened(url) as one:
        store, policies = JobStore(one), PolicyStore(one)
        other = GUILD + 1
        watched = GuildPolicy(log_channel_id=4, log_videos_since=NOW)
        await policies.set_policy(GUILD, watched, actor_id=MODERATOR, now=NOW)
        off = GuildPolicy(log_channel_id=4)
        await policies.set_policy(other, off, actor_id=MODERATOR, now=NOW)
        jobs = [await accepted(store, 0), await accepted(store, 1, guild_id=other)]
        for job in jobs:
            await store.transition(job.id, JobState.CANCELLED, now=NOW)
        found = await store.without_card(ended_since=NOW)

    assert [job.id for job in found] == [jobs[0].id]


async def test_what_moderators_set_is_kept(url: str) -> None:
    """Policies, allowances, blocks and rules, many at once, are read back as they were set."""
    policy = GuildPolicy(daily_credits=5, models_by_role={MEMBER: ("wan-2.6-i2v",)})
    override = AllowanceOverride(
        target="role", target_id=MEMBER, daily_credits=0, monthly_credits=None
    )
    block = Block(
        user_id=MEMBER,
        until=NOW + timedelta(days=1),
        reason="spam",
        actor_id=MODERATOR,
        created_at=NOW,
    )
    async with opened(url) as one, opened(url) as two:
        first, second = PolicyStore(one), PolicyStore(two)
        for store in (first, second):  # the second of each replaces, or is the same
            await asyncio.gather(
                store.set_policy(GUILD, policy, actor_id=MODERATOR, now=NOW),
                store.set_override(GUILD, override, actor_id=MODERATOR, now=NOW),
                store.block(GUILD, block, now=NOW),
                store.add_rule(GUILD, "word", "toad", actor_id=MODERATOR, now=NOW),
                store.add_rule(GUILD, "word", "toad", actor_id=MODERATOR, now=NOW),
            )
        (rule,) = await second.rules(GUILD)

        assert await second.policy(GUILD) == policy
        assert await second.overrides(GUILD) == [override]
        assert await second.block_of(GUILD, MEMBER, now=NOW) == block
        assert await first.remove_rule(GUILD, rule.id, actor_id=MODERATOR, now=NOW)
        assert await first.unblock(GUILD, MEMBER, actor_id=MODERATOR, now=NOW)
        assert await first.clear_override(GUILD, "role", MEMBER, actor_id=MODERATOR, now=NOW)
        actions = [event.action for event in await events_of(first, GUILD)]
        assert actions.count("filter.add") == actions.count("policy.set") == 1


async def test_statistics_and_pages_are_the_same_here(url: str) -> None:
    """Sums, places in the queue and pages work with PostgreSQL's types."""
    async with opened(url) as database:
        store = JobStore(database)
        jobs = [await accepted(store, number) for number in range(3)]
        await store.note(jobs[0].id, cost_usd=0.25)
        found = await ReportStore(database).statistics(
            GUILD, days=2, zone=ZONE, usd_per_credit=Decimal("0.01"), now=NOW
        )

        assert (found.total.jobs, found.total.credits, found.total.usd) == (3, 90, Decimal("0.85"))
        assert await store.place_in_queue(jobs[2].id) == 3
        assert [entry.job_id for entry in await ledger_of_guild(store, GUILD)] == [
            job.id for job in jobs
        ]


async def test_the_audit_log_is_read_in_pages_here(url: str) -> None:
    """PostgreSQL's cursor gives every event once, also beyond the first page."""
    async with opened(url) as database:
        policies = PolicyStore(database)
        for number in range(205):
            await policies.add_rule(GUILD, "word", f"word{number}", actor_id=MODERATOR, now=NOW)
        sizes: list[int] = []

        async def page(events: Sequence[AuditEvent]) -> None:
            sizes.append(len(events))

        await ReportStore(database).audit(GUILD, quota.days_window(NOW, ZONE, 1), page)

        assert sizes == [200, 5]


async def test_a_filled_database_goes_down_and_up_again(url: str) -> None:
    """The migration that brought moderation is taken back and made again with jobs in place."""
    async with opened(url) as database:
        store = JobStore(database)
        await give(store, 100)
        tight = replace(GENEROUS, daily_credits=10)
        await store.accept(new_job(), tight, ZONE, now=NOW)
        engine = engines.migration_engine(engines.parse(url))
        await asyncio.to_thread(schema.downgrade, engine, "0001")
        await asyncio.to_thread(schema.upgrade, engine)
        engine.dispose()
        entries = await store.ledger_of(FIRST_ID)

        assert [(e.kind, e.credits, e.grant_id) for e in entries] == [(EntryKind.RESERVE, 30, None)]
        assert await store.check_ledger() == []


async def test_one_of_many_begins_to_send_a_video_again(url: str) -> None:
    """Eight presses in two processes at the same moment: one may send, also to the microsecond."""
    async with opened(url) as one, opened(url) as two:
        store = JobStore(one)
        job = await accepted(store)
        for state in PATHS[JobState.UNDELIVERED]:
            job = await store.transition(job.id, state, now=NOW)
        job = await store.note(job.id, delivering_at=NOW)
        outcomes = await asyncio.gather(
            *(
                UndeliveredStore((one, two)[n % 2]).begin_sending(
                    job.id,
                    channel_id=n + 1,
                    seen=job.delivering_at,
                    begun_before=NOW,
                    now=NOW + timedelta(microseconds=n + 1),
                )
                for n in range(8)
            ),
            return_exceptions=True,
        )

    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, StaleStateError) for outcome in outcomes) == 7
