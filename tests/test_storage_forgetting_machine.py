"""Whatever was done before, forgetting a member changes no balance, no books and nobody else."""

import asyncio
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import RefusedError
from bot.job import JobState
from bot.privacy import UnderWayError
from bot.quota import Allowance
from bot.storage import Database, ForgettingStore, JobStore
from tests.privacy_kit import NAMES
from tests.storage_kit import FIRST_ID, GUILD, MEMBER, MODERATOR, PATHS, ZONE, new_job

pytest_plugins = ("tests.storage_fixtures",)

MEMBERS, GUILDS = (MEMBER, MEMBER + 1), (GUILD, None)
TIGHT = Allowance(
    daily_credits=40, monthly_credits=90, jobs_in_flight_member=9, jobs_in_flight_guild=99
)
PLACES = st.tuples(st.sampled_from(GUILDS), st.sampled_from(MEMBERS))
ENDS = (
    JobState.DELIVERED,
    JobState.FAILED,
    JobState.CANCELLED,
    JobState.UNDELIVERED,
    JobState.QUEUED,
)
STEPS = st.one_of(
    st.tuples(st.just("job"), PLACES, st.integers(1, 60), st.sampled_from(ENDS)),
    st.tuples(st.just("job"), PLACES, st.integers(1, 60), st.sampled_from(ENDS)),
    st.tuples(st.just("refund"), st.integers(0, 9)),
    st.tuples(st.just("grant"), st.sampled_from(MEMBERS), st.integers(1, 80), st.integers(1, 40)),
    st.tuples(st.just("wait"), st.integers(1, 24 * 20)),
    st.tuples(st.just("forget"), st.sampled_from(MEMBERS)),
    st.tuples(st.just("retain"), st.integers(1, 20)),
    st.tuples(st.just("let_go")),
)


class World:
    """Two members in a guild and in direct messages, and what is done there."""

    def __init__(self, file: Path) -> None:
        self.database = Database.open(f"sqlite:///{file}")
        self.store = JobStore(self.database, NAMES)
        self.forgetting = ForgettingStore(self.database, NAMES)
        self.now = datetime(2026, 8, 20, tzinfo=UTC)
        self.numbers = 0

    async def job(self, place: tuple[int | None, int], price: int, end: JobState) -> None:
        """Accept a job, unless the quota says no, and take it to its end."""
        self.numbers += 1
        guild_id, user_id = place
        new = new_job(self.numbers, guild_id=guild_id, user_id=user_id, price_credits=price)
        try:
            await self.store.accept(new, TIGHT, ZONE, now=self.now)
        except RefusedError:
            return
        for state in PATHS[end]:
            await self.store.transition(new.id, state, now=self.now)

    async def refund(self, number: int) -> None:
        """Give a delivered job's credits back."""
        job = await self.store.get(FIRST_ID + number)
        if job is None or job.guild_id is None or job.state is not JobState.DELIVERED:
            return
        await self.store.take_down(
            job.id,
            guild_id=job.guild_id,
            actor_id=MODERATOR,
            reason=None,
            refund=True,
            now=self.now,
        )

    async def grant(self, user_id: int, amount: int, days: int) -> None:
        """Give credits in the guild."""
        until = self.now + timedelta(days=days)
        await self.store.grant(
            GUILD,
            user_id,
            amount,
            expires_at=until,
            reason="a prize",
            actor_id=MODERATOR,
            now=self.now,
        )

    async def wait(self, hours: int) -> None:
        """Let time pass."""
        self.now += timedelta(hours=hours)

    async def forget(self, user_id: int) -> None:
        """Forget a member, and look at all balances and at the other's jobs."""
        (other,) = set(MEMBERS) - {user_id}
        before = await self.figures(), await self.store.of_member(other, limit=99)
        mine = await self.store.of_member(user_id, limit=99)
        try:
            await self.forgetting.forget_member(user_id, now=self.now)
        except UnderWayError:
            assert any(not job.terminal for job in mine)
            assert await self.store.of_member(user_id, limit=99) == mine
        else:
            assert await self.store.of_member(user_id, limit=99) == []
            assert (await self.forgetting.holdings(user_id, now=self.now)).removable == 0
        assert (await self.figures(), await self.store.of_member(other, limit=99)) == before

    async def retain(self, days: int) -> None:
        """Forget what is old in the guild."""
        before = await self.figures()
        old = self.now - timedelta(days=days)
        await self.forgetting.forget_ended(GUILD, before=old, now=self.now)
        assert await self.figures() == before

    async def let_go(self) -> None:
        """Make nobody's what counts no more."""
        before = await self.figures()
        await self.forgetting.let_go(now=self.now)
        assert await self.figures() == before

    async def figures(self) -> list[Any]:
        """Return all that balances say but which grants they are."""
        found = []
        for guild_id in GUILDS:
            for user_id in MEMBERS:
                balance = await self.store.balance(
                    guild_id=guild_id, user_id=user_id, allowance=TIGHT, zone=ZONE, now=self.now
                )
                usage = balance.usage
                grants = sorted((grant.left, str(grant.expires_at)) for grant in usage.grants)
                found.append((usage.day_credits, usage.month_credits, balance.left, grants))
        return found


async def live(file: Path, steps: list[tuple[Any, ...]]) -> list[str]:
    """Do the steps; return what is wrong with the books after any of them."""
    world = World(file)
    try:
        for name, *args in steps:
            await getattr(world, name)(*args)
            if problems := await world.store.check_ledger():
                return [f"after {name}{tuple(args)}:", *problems]
    finally:
        await world.database.close()
    return []


def test_forgetting_changes_no_balance(migrated_file: Path, tmp_path: Path) -> None:
    """Jobs, grants, refunds, time and forgetting in any order."""

    @given(st.lists(STEPS, min_size=4, max_size=12).map(lambda steps: [*steps, ("forget", MEMBER)]))
    @settings(
        max_examples=int(os.environ.get("BOOKS_EXAMPLES", "8")),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def whatever_happened(steps: list[tuple[Any, ...]]) -> None:
        copy = Path(tempfile.mkdtemp(dir=tmp_path)) / "bot.sqlite3"
        shutil.copy(migrated_file, copy)
        assert asyncio.run(live(copy, steps)) == []

    whatever_happened()
