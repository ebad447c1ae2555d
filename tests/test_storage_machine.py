import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.errors import NotFoundError, RefusedError, StaleStateError
from bot.job import DROPPABLE, IN_FLIGHT, RELEASING, SOURCES, TERMINAL, JobState
from bot.quota import (
    Allowance,
    Budget,
    EntryKind,
    Grant,
    LedgerEntry,
    Refusal,
    Usage,
    Window,
    check,
    windows_at,
)
from bot.storage import Database, JobStore
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, MODERATOR, ledger_of_guild, new_job, opened

pytest_plugins = ("tests.storage_fixtures",)

ROOT = Path(__file__).parents[1]
HOST_ZONE = ZoneInfo("America/New_York")
ZONES = (ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("UTC"))
TIGHT = Allowance(
    daily_credits=100, monthly_credits=150, jobs_in_flight_member=3, jobs_in_flight_guild=4
)
ALLOWANCES = (
    TIGHT,
    replace(TIGHT, daily_credits=40),
    replace(TIGHT, daily_credits=500, monthly_credits=500, jobs_in_flight_member=9),
)
BUDGETS = (
    Budget(host_zone=HOST_ZONE),
    Budget(host_zone=HOST_ZONE, guild_monthly_credits=170),
    Budget(host_zone=HOST_ZONE, host_monthly_usd=Decimal("2.505")),
)
GUILDS, MEMBERS = (None, GUILD, GUILD + 1), (MEMBER, MEMBER + 1)
Account = tuple[int | None, int]


@dataclass
class Expected:
    """What the model knows of a job."""

    account: Account
    price: int
    queued_at: datetime | None
    dropped: bool = False
    parts: dict[int | None, int] = field(default_factory=dict)
    state: JobState = JobState.QUEUED
    closed_by: EntryKind | None = None
    refunded: bool = False
    cost: Decimal | None = None

    def drawn(self, source: int | None) -> int:
        """Return the credits of this source that the job holds or has used."""
        back = self.refunded or self.closed_by is EntryKind.RELEASE
        return 0 if back else self.parts.get(source, 0)


@dataclass(frozen=True)
class Given:
    """What the model knows of a grant."""

    account: Account
    credits: int
    expires_at: datetime | None


class Bookkeeping(RuleBasedStateMachine):
    """Two members in two guilds and in direct messages; a plain model says what must come out."""

    migrated: Path
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        copy = Path(tempfile.mkdtemp(dir=self.folder)) / "bot.sqlite3"
        shutil.copy(self.migrated, copy)
        self.runner = asyncio.Runner()
        self.database = Database.open(f"sqlite:///{copy}")
        self.store = JobStore(self.database)
        self.now = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # a clock change and a month's end
        self.jobs: dict[int, Expected] = {}
        self.grants: dict[int, Given] = {}
        self.allowance, self.budget, self.zone = TIGHT, BUDGETS[0], ZONES[0]

    def teardown(self) -> None:
        """See that everything adds up, then close the file."""
        problems = self.runner.run(self.store.check_ledger())
        for job_id in self.jobs:
            self.audit(job_id)
        for account in product(GUILDS, MEMBERS):
            self.see(account)
            self.explain(account)
        self.runner.run(self.database.close())
        self.runner.close()
        assert problems == []

    # -- the model ---------------------------------------------------------------

    def left_of(self, grant_id: int) -> int:
        """Return what must be left of a grant, expired or not."""
        given = self.grants[grant_id]
        left = given.credits - sum(job.drawn(grant_id) for job in self.jobs.values())
        assert 0 <= left <= given.credits
        return left

    def grants_of(self, account: Account) -> tuple[Grant, ...]:
        """Return the grants that may be drawn on, in their order."""
        mine = {
            number: given
            for number, given in self.grants.items()
            if given.account == account
            and (given.expires_at is None or given.expires_at > self.now)
            and self.left_of(number)
        }
        forever = datetime.max.replace(tzinfo=UTC)
        order = sorted(mine, key=lambda number: (mine[number].expires_at or forever, number))
        return tuple(
            Grant(
                id=number,
                credits=mine[number].credits,
                left=self.left_of(number),
                expires_at=mine[number].expires_at,
                reason="a prize",
                actor_id=MODERATOR,
            )
            for number in order
        )

    def usage(self, account: Account) -> Usage:
        """Add up what the store must find."""
        windows = windows_at(self.now, self.zone, HOST_ZONE)
        guild_id, _ = account
        mine = [job for job in self.jobs.values() if job.account == account]
        here = [job for job in self.jobs.values() if job.account[0] == guild_id]
        if guild_id is None:
            here = mine
        guild_limit, host_limit = self.budget.guild_monthly_credits, self.budget.host_monthly_usd
        return Usage(
            day_credits=sum(job.drawn(None) for job in let_in(mine, windows.day)),
            month_credits=sum(job.drawn(None) for job in let_in(mine, windows.month)),
            reserved_credits=sum(job.price for job in mine if job.state in IN_FLIGHT),
            in_flight_member=sum(job.state in IN_FLIGHT for job in mine),
            in_flight_guild=sum(job.state in IN_FLIGHT for job in here),
            awaiting_member=sum(job.state is JobState.AWAITING_APPROVAL for job in mine),
            guild_month_credits=0 if guild_limit is None else spent(let_in(here, windows.month)),
            host_month_credits=0
            if host_limit is None
            else paid(let_in(self.jobs.values(), windows.host_month)),
            grants=self.grants_of(account),
        )

    def refusal(self, usage: Usage, price: int) -> Refusal | None:
        """Return what the rules say."""
        windows = windows_at(self.now, self.zone, HOST_ZONE)
        return check(self.allowance, usage, price, windows=windows, budget=self.budget)

    def draw(self, job: Expected, usage: Usage) -> None:
        """Let the job in: first the windows, then grants, the next to expire first."""
        day = self.allowance.daily_credits - usage.day_credits
        month = self.allowance.monthly_credits - usage.month_credits
        sources: list[tuple[int | None, int]] = [(None, max(0, min(day, month)))]
        sources += [(grant.id, grant.left) for grant in usage.grants]
        missing = job.price
        for source, left in sources:
            taken = min(missing, left)
            if taken:
                job.parts[source] = taken
            missing -= taken
        assert missing == 0
        job.state, job.queued_at = JobState.QUEUED, self.now

    # -- what happens ------------------------------------------------------------

    @rule(
        number=st.integers(min_value=0, max_value=40),
        guild_id=st.sampled_from(GUILDS),
        user_id=st.sampled_from(MEMBERS),
        price=st.integers(min_value=1, max_value=60),
        asks=st.booleans(),
    )
    def accept(
        self, number: int, guild_id: int | None, user_id: int, price: int, asks: bool
    ) -> None:
        """Accept, be refused, or find the job there already, as the model says."""
        new = new_job(number, guild_id=guild_id, user_id=user_id, price_credits=price)
        state = JobState.AWAITING_APPROVAL if asks and guild_id else JobState.QUEUED
        usage = self.usage((guild_id, user_id))
        refusal, before = self.refusal(usage, price), self.jobs.get(new.id)
        accepting = self.store.accept(
            new, self.allowance, self.zone, now=self.now, budget=self.budget, state=state
        )
        if before is None and refusal is not None:
            with pytest.raises(RefusedError, match=f"{refusal.limit:,}"):
                self.runner.run(accepting)
            return
        job = self.runner.run(accepting)
        if before is None:
            expected = Expected((guild_id, user_id), price, None, state=state)
            if state is JobState.QUEUED:
                self.draw(expected, usage)
            self.jobs[new.id] = expected
        assert job.state is self.jobs[new.id].state
        assert job.price_credits == self.jobs[new.id].price
        self.audit(new.id)
        self.see(self.jobs[new.id].account)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), sensible=st.booleans())
    def move(self, data: st.DataObject, sensible: bool) -> None:
        """Try a step; the model knows whether it is allowed."""
        steps = {to: from_ for to, from_ in SOURCES.items() if to is not JobState.DENIED}
        steps[JobState.QUEUED] -= {JobState.AWAITING_APPROVAL}
        job_id = data.draw(st.sampled_from(sorted(self.jobs)))
        job = self.jobs[job_id]
        steps[JobState.SUBMITTING if job.dropped else JobState.DROPPED] = frozenset()
        targets = [target for target in steps if job.state in steps[target]]
        to = data.draw(st.sampled_from(targets if sensible and targets else sorted(steps)))
        cost = Decimal(job.price) / 80 if to is JobState.FINISHED else None
        facts = {} if cost is None else {"cost_usd": float(cost)}
        moving = self.store.transition(job_id, to, now=self.now, **facts)
        if job.state not in steps[to]:
            with pytest.raises(StaleStateError) as caught:
                self.runner.run(moving)
            assert caught.value.current == job.state
            return
        self.runner.run(moving)
        job.state, job.cost = to, cost or job.cost
        if job.queued_at and job.closed_by is None and to in TERMINAL:
            job.closed_by = EntryKind.RELEASE if to in RELEASING else EntryKind.SETTLE
        self.audit(job_id)
        self.see(job.account)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """Drop the result of any job; on the way it can be done, once, and costs nothing more."""
        job_id = data.draw(st.sampled_from(sorted(self.jobs)))
        job = self.jobs[job_id]
        dropping = self.store.drop(job_id, now=self.now)
        if job.dropped or job.state not in DROPPABLE:
            with pytest.raises(StaleStateError):
                self.runner.run(dropping)
        else:
            self.runner.run(dropping)
            job.dropped = True
        self.audit(job_id)
        self.see(job.account)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), yes=st.booleans(), abroad=st.booleans())
    def decide(self, data: st.DataObject, yes: bool, abroad: bool) -> None:
        """Approve or deny any job, perhaps from another guild."""
        waiting = [n for n, j in self.jobs.items() if j.state is JobState.AWAITING_APPROVAL]
        job_id = data.draw(st.sampled_from(waiting or sorted(self.jobs)))
        job = self.jobs[job_id]
        guild_id = (job.account[0] or 0) + abroad
        usage = replace(self.usage(job.account), awaiting_member=0)
        deciding = (
            self.store.approve(
                job_id,
                self.allowance,
                self.zone,
                guild_id=guild_id,
                actor_id=MODERATOR,
                now=self.now,
                budget=self.budget,
            )
            if yes
            else self.store.deny(
                job_id, guild_id=guild_id, actor_id=MODERATOR, reason="no", now=self.now
            )
        )
        if abroad:
            with pytest.raises(NotFoundError):
                self.runner.run(deciding)
        elif job.state is not JobState.AWAITING_APPROVAL:
            with pytest.raises(StaleStateError):
                self.runner.run(deciding)
        elif yes and self.refusal(usage, job.price):
            with pytest.raises(RefusedError):
                self.runner.run(deciding)
        else:
            self.runner.run(deciding)
            if yes:
                self.draw(job, usage)
            else:
                job.state = JobState.DENIED
        self.audit(job_id)
        self.see(job.account)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), refund=st.booleans())
    def take_down(self, data: st.DataObject, refund: bool) -> None:
        """Take a video down; its credits come back once."""
        delivered = [n for n, j in self.jobs.items() if j.state is JobState.DELIVERED]
        job_id = data.draw(st.sampled_from(delivered or sorted(self.jobs)))
        job = self.jobs[job_id]
        removing = self.store.take_down(
            job_id,
            guild_id=job.account[0] or 0,
            actor_id=MODERATOR,
            reason="spam",
            refund=refund,
            now=self.now,
        )
        if not delivered:
            with pytest.raises(RefusedError):
                self.runner.run(removing)
            return
        _, back = self.runner.run(removing)
        due = refund and not job.refunded and job.closed_by is EntryKind.SETTLE
        job.refunded = job.refunded or due
        assert back == (job.price if due else 0)
        self.audit(job_id)
        self.see(job.account)

    @rule(
        guild_id=st.sampled_from((GUILD, GUILD + 1)),
        user_id=st.sampled_from(MEMBERS),
        credits_given=st.integers(min_value=1, max_value=80),
        hours=st.none() | st.integers(min_value=1, max_value=200),
    )
    def grant(self, guild_id: int, user_id: int, credits_given: int, hours: int | None) -> None:
        """Give credits, for a time or for good."""
        expires_at = None if hours is None else self.now + timedelta(hours=hours)
        self.runner.run(
            self.store.grant(
                guild_id,
                user_id,
                credits_given,
                expires_at=expires_at,
                reason="a prize",
                actor_id=MODERATOR,
                now=self.now,
            )
        )
        entries = self.runner.run(ledger_of_guild(self.store, guild_id))
        entry = max(entries, key=lambda entry: entry.id)
        self.grants[entry.id] = Given((guild_id, user_id), credits_given, expires_at)
        self.see((guild_id, user_id))

    @rule(hours=st.integers(min_value=1, max_value=100))
    def wait(self, hours: int) -> None:
        """Let time pass, over midnights, a month's end and the ends of grants."""
        self.now += timedelta(hours=hours)

    @rule(hours=st.integers(min_value=1, max_value=60))
    def set_clock_back(self, hours: int) -> None:
        """Let the machine's clock be corrected."""
        self.now -= timedelta(hours=hours)

    @rule(
        allowance=st.sampled_from(ALLOWANCES),
        budget=st.sampled_from(BUDGETS),
        zone=st.sampled_from(ZONES),
    )
    def change_policy(self, allowance: Allowance, budget: Budget, zone: ZoneInfo) -> None:
        """Let moderators change the limits, and where days and months begin."""
        self.allowance, self.budget, self.zone = allowance, budget, zone

    # -- what must hold ----------------------------------------------------------

    def see(self, account: Account) -> None:
        """A balance is what the model adds up, and never negative."""
        guild_id, user_id = account
        balance = self.runner.run(
            self.store.balance(
                guild_id=guild_id,
                user_id=user_id,
                allowance=self.allowance,
                zone=self.zone,
                now=self.now,
                budget=self.budget,
            )
        )
        assert balance.usage == self.usage(account)
        assert min(balance.usage.day_credits, balance.usage.month_credits, balance.left) >= 0
        assert balance.usage.month_credits >= balance.usage.day_credits

    def explain(self, account: Account) -> None:
        """The balance is a sum over the member's ledger entries and nothing else."""
        guild_id, user_id = account
        entries = [
            entry
            for entry in self.runner.run(ledger_of_guild(self.store, guild_id or 0))
            if entry.user_id == user_id
        ]
        windows = windows_at(self.now, self.zone, HOST_ZONE)
        usage = self.usage(account)
        assert usage.day_credits == summed(e for e in entries if e.counted_at in windows.day)
        assert usage.month_credits == summed(e for e in entries if e.counted_at in windows.month)
        for grant in usage.grants:
            assert grant.left == grant.credits - summed(entries, source=grant.id)

    def audit(self, job_id: int) -> None:
        """Nothing while it waits; one reservation, part by part; closed once it is terminal."""
        job = self.jobs[job_id]
        entries = self.runner.run(self.store.ledger_of(job_id))
        kinds = [EntryKind.RESERVE] if job.queued_at else []
        kinds += [job.closed_by] if job.closed_by else []
        kinds += [EntryKind.ADJUST] if job.refunded else []
        expected = Counter((kind, *part) for kind in kinds for part in job.parts.items())
        assert Counter((e.kind, e.grant_id, e.credits) for e in entries) == expected
        assert {entry.counted_at for entry in entries} <= {job.queued_at}
        assert sum(job.parts.values()) == (job.price if job.queued_at else 0)
        assert bool(job.closed_by) == bool(job.queued_at and job.state in TERMINAL)


def let_in(jobs: Iterable[Expected], window: Window) -> list[Expected]:
    """Return the jobs whose price was reserved in the window."""
    return [job for job in jobs if job.queued_at and job.queued_at in window]


def spent(jobs: Iterable[Expected]) -> int:
    """Return what jobs cost a guild's budget: a refund does not bring the money back."""
    return sum(job.price for job in jobs if job.closed_by is not EntryKind.RELEASE)


def paid(jobs: Iterable[Expected]) -> int:
    """Return what jobs cost the host, in credits of one cent."""
    jobs = list(jobs)
    usd = sum((job.cost for job in jobs if job.cost is not None), Decimal(0))
    unknown = [job for job in jobs if job.cost is None]
    costly = IN_FLIGHT | {JobState.DELIVERED, JobState.UNDELIVERED, JobState.DROPPED}
    estimated = sum(job.price for job in unknown if job.state in costly)
    return int((usd * 100).to_integral_value(ROUND_CEILING)) + estimated


def summed(entries: Iterable[LedgerEntry], *, source: int | None = None) -> int:
    """Return what entries draw from a source: the allowance, or a grant."""
    signs = {EntryKind.RESERVE: 1, EntryKind.RELEASE: -1, EntryKind.ADJUST: -1}
    return sum(signs.get(e.kind, 0) * e.credits for e in entries if e.grant_id == source)


def test_the_books_balance_whatever_happens(migrated_file: Path, tmp_path: Path) -> None:
    """Whatever happens in whatever order, ledger, balances and limits agree."""

    class Here(Bookkeeping):
        migrated = migrated_file
        folder = tmp_path

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=int(os.environ.get("BOOKS_EXAMPLES", "12")),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


ACCEPT_FOREVER = """
import asyncio, itertools, sys
from bot.job import JobState
from pathlib import Path
from tests.storage_kit import NOW, accepted, opened
async def main():
    async with opened(Path(sys.argv[1])) as store:
        for number in itertools.count():
            job = await accepted(store, number)
            if number % 3 == 0:
                await store.transition(job.id, JobState.CANCELLED, now=NOW)
            print(number, flush=True)
asyncio.run(main())
"""


async def test_a_killed_process_loses_and_doubles_nothing(file: Path) -> None:
    """After kill -9 in the middle of writing, all that was confirmed is there and adds up."""
    process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        [sys.executable, "-c", ACCEPT_FOREVER, str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    confirmed = [int(process.stdout.readline()) for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=30)
    confirmed += [int(line) for line in rest.split("\n") if line]

    async with opened(file) as store:
        states = [getattr(await store.get(FIRST_ID + n), "state", None) for n in confirmed]

        assert states == [JobState.QUEUED if n % 3 else JobState.CANCELLED for n in confirmed]
        assert await store.check_ledger() == []
