import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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

from bot.errors import RefusedError, StaleStateError
from bot.job import IN_FLIGHT, RELEASING, SOURCES, TERMINAL, JobState
from bot.quota import Allowance, EntryKind, Usage, check, day_window, month_window
from bot.storage import Database, JobStore
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, new_job, opened

pytest_plugins = ("tests.storage_fixtures",)

ROOT = Path(__file__).parents[1]
BERLIN = ZoneInfo("Europe/Berlin")
TIGHT = Allowance(
    daily_credits=100, monthly_credits=150, jobs_in_flight_member=3, jobs_in_flight_guild=4
)
GUILDS, MEMBERS = (None, GUILD), (MEMBER, MEMBER + 1)


@dataclass
class Expected:
    """What the model knows of a job."""

    guild_id: int | None
    user_id: int
    price: int
    created_at: datetime
    state: JobState = JobState.QUEUED
    closed_by: EntryKind | None = None

    @property
    def in_flight(self) -> bool:
        """Whether it takes a place."""
        return self.state in IN_FLIGHT


class Bookkeeping(RuleBasedStateMachine):
    """Accept and move jobs of two members; a plain model says what must come out of it."""

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

    def teardown(self) -> None:
        """See that everything adds up, then close the file."""
        problems = self.runner.run(self.store.check_ledger())
        for job_id in self.jobs:
            self.audit(job_id)
        self.runner.run(self.database.close())
        self.runner.close()
        assert problems == []

    def usage(self, guild_id: int | None, user_id: int) -> Usage:
        """Add up what the store must find."""
        here = [job for job in self.jobs.values() if job.guild_id == guild_id]
        mine = [job for job in here if job.user_id == user_id]
        kept = [job for job in mine if job.closed_by is not EntryKind.RELEASE]
        day, month = day_window(self.now, BERLIN), month_window(self.now, BERLIN)
        member = sum(job.in_flight for job in mine)
        return Usage(
            day_credits=sum(job.price for job in kept if job.created_at in day),
            month_credits=sum(job.price for job in kept if job.created_at in month),
            reserved_credits=sum(job.price for job in mine if job.in_flight),
            in_flight_member=member,
            in_flight_guild=sum(job.in_flight for job in here) if guild_id else member,
        )

    @rule(
        number=st.integers(min_value=0, max_value=40),
        guild_id=st.sampled_from(GUILDS),
        user_id=st.sampled_from(MEMBERS),
        price=st.integers(min_value=1, max_value=60),
    )
    def accept(self, number: int, guild_id: int | None, user_id: int, price: int) -> None:
        """Accept, be refused, or find the job there already, as the model says."""
        new = new_job(number, guild_id=guild_id, user_id=user_id, price_credits=price)
        refusal = check(
            TIGHT,
            self.usage(guild_id, user_id),
            price,
            day=day_window(self.now, BERLIN),
            month=month_window(self.now, BERLIN),
        )
        before = self.jobs.get(new.id)
        if before is None and refusal is not None:
            with pytest.raises(RefusedError, match=str(refusal.limit)):
                self.runner.run(self.store.accept(new, TIGHT, BERLIN, now=self.now))
            return
        job = self.runner.run(self.store.accept(new, TIGHT, BERLIN, now=self.now))
        if before is None:
            self.jobs[new.id] = Expected(guild_id, user_id, price, self.now)
        assert job.state is self.jobs[new.id].state
        assert job.price_credits == self.jobs[new.id].price
        self.audit(new.id)
        self.see(guild_id, user_id)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), sensible=st.booleans())
    def move(self, data: st.DataObject, sensible: bool) -> None:
        """Try a step; the model knows whether it is allowed."""
        job_id = data.draw(st.sampled_from(sorted(self.jobs)))
        job = self.jobs[job_id]
        targets = [target for target in SOURCES if job.state in SOURCES[target]]
        to = data.draw(st.sampled_from(targets if sensible and targets else sorted(SOURCES)))
        allowed = job.state in SOURCES[to]
        if not allowed:
            with pytest.raises(StaleStateError) as caught:
                self.runner.run(self.store.transition(job_id, to, now=self.now))
            assert caught.value.current == job.state
            return
        self.runner.run(self.store.transition(job_id, to, now=self.now))
        job.state = to
        if job.closed_by is None and to in TERMINAL:
            job.closed_by = EntryKind.RELEASE if to in RELEASING else EntryKind.SETTLE
        self.audit(job_id)
        self.see(job.guild_id, job.user_id)

    @rule(hours=st.integers(min_value=1, max_value=100))
    def wait(self, hours: int) -> None:
        """Let time pass, over midnights and a month's end."""
        self.now += timedelta(hours=hours)
        for guild_id in GUILDS:
            for user_id in MEMBERS:
                self.see(guild_id, user_id)

    def see(self, guild_id: int | None, user_id: int) -> None:
        """A balance is what the model adds up, and never beyond the allowance."""
        balance = self.runner.run(
            self.store.balance(
                guild_id=guild_id, user_id=user_id, allowance=TIGHT, zone=BERLIN, now=self.now
            )
        )
        assert balance.usage == self.usage(guild_id, user_id)
        assert balance.usage.day_credits <= TIGHT.daily_credits
        assert balance.usage.month_credits <= TIGHT.monthly_credits
        assert balance.usage.in_flight_member <= TIGHT.jobs_in_flight_member
        assert balance.usage.in_flight_guild <= TIGHT.jobs_in_flight_guild

    def audit(self, job_id: int) -> None:
        """Reserve = settle + release once terminal, reserve alone before."""
        job = self.jobs[job_id]
        entries = self.runner.run(self.store.ledger_of(job_id))
        closing = [job.closed_by] if job.closed_by else []
        assert [entry.kind for entry in entries] == [EntryKind.RESERVE, *closing]
        assert {entry.credits for entry in entries} == {job.price}
        assert {entry.counted_at for entry in entries} == {job.created_at}


def test_the_books_balance_whatever_happens(migrated_file: Path, tmp_path: Path) -> None:
    """Any order of accepting, moving and waiting keeps ledger, balances and limits in agreement."""

    class Here(Bookkeeping):
        migrated = migrated_file
        folder = tmp_path

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
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
