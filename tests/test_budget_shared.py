"""The budget of several processes, on a real database: PostgreSQL, and SQLite for its troubles."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import StorageTroubleError
from bot.job import JobState
from bot.jobs.budget import RequestBudget, RequestKind
from bot.pacing import Demand
from bot.settings import Settings
from bot.storage import Database, JobStore, SharedRequests, requests
from bot.tools import budget_of
from tests import segmind_running
from tests.segmind_running import Provider
from tests.storage_kit import walked_to
from tests.storage_trouble_kit import Disk, watched

pytest_plugins = ("tests.postgres_fixtures", "tests.storage_fixtures")

# Whoever is not to go would have gone by then.
PATIENCE_S = 0.5
WANTED: tuple[tuple[RequestKind, int], ...] = (("submit", 25), ("poll", 10))
REQUIRED = {"discord_token": "token", "segmind_api_key": "key"}


@asynccontextmanager
async def process(
    address: str, name: str, *, per_minute: int, ahead_s: float = 0.0, **options: Any
) -> AsyncIterator[RequestBudget]:
    """Give a budget on an engine of its own, as another process would have.

    Args:
        address: Of the database.
        name: The process's.
        per_minute: The account's limit.
        ahead_s: By how much its clock differs from others'.
        options: Of the budget.
    """
    database = Database.open(address)
    try:
        yield RequestBudget(
            per_minute=per_minute,
            book=SharedRequests(database),
            process=name,
            clock=lambda: time.monotonic() + ahead_s,
            **options,
        )
    finally:
        await database.close()


async def ask(budget: RequestBudget, provider: Provider, kind: RequestKind) -> int:
    """Make one request, as our code does; return the HTTP code."""
    await budget.acquire(kind)
    status, _ = await provider.call("GET", "/v1/get-user-credits")
    if status == 429:
        reset_at = datetime.now(UTC) + timedelta(seconds=40)
        budget.rate_limited(reset_at, now=datetime.now(UTC))
    return status


async def codes(asking: list["asyncio.Task[int]"], *, expected: int) -> list[int]:
    """Wait for so many answers and a moment more; return all, and stop those who still wait."""
    waiting = set(asking)
    async with asyncio.timeout(30):
        while len(asking) - len(waiting) < expected:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait(asking, timeout=PATIENCE_S)
    answers = [task.result() for task in asking if task.done()]
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return answers


async def until(reached: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while True:
            if reached():
                return
            await asyncio.sleep(0.02)


async def granted(budget: RequestBudget, number: int = 1) -> None:
    """Let so many submits go, however busy the machine is."""
    async with asyncio.timeout(30):
        for _ in range(number):
            await budget.acquire("submit")


async def is_held_back(budget: RequestBudget) -> bool:
    """Tell whether a submit may not go just now."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await budget.acquire("submit")
    except TimeoutError:
        return True
    return False


def do(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Do something to the database behind the bot's back; return the rows of an answer."""
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(statement)
        return answer.fetchall() if answer.description else []


def shift_taken(url: str, seconds: float) -> list[list[float]]:
    """Move all that went in time; return it as it was."""
    ((taken,),) = do(url, "SELECT taken FROM request_page")
    moved = [[at_s + seconds, submits, polls] for at_s, submits, polls in taken]
    do(url, f"UPDATE request_page SET taken = '{json.dumps(moved)}'")  # noqa: S608 - numbers
    return list(taken)


# -- PostgreSQL -------------------------------------------------------------------------------


async def test_two_processes_never_hear_a_429(url: str, tmp_path: Path) -> None:
    """Both hammer; the provider counts 30 requests, as many as one may send, and refuses none."""
    async with (
        segmind_running.running(tmp_path) as provider,
        process(url, "bot-1", per_minute=30) as first,
        process(url, "bot-2", per_minute=30, ahead_s=-1e6) as second,
    ):
        await provider.control("settings", {"requests_per_minute": 30})
        asking = [
            asyncio.create_task(ask(budget, provider, kind))
            for budget in (first, second)
            for kind, number in WANTED
            for _ in range(number)
        ]
        answers = await codes(asking, expected=30)

    assert answers == [200] * 30
    # Not a transaction for each: those of a process that came together went together.
    ((taken,),) = do(url, "SELECT taken FROM request_page")
    assert len(taken) <= 6


async def test_a_429_heard_by_one_stops_the_other(url: str, tmp_path: Path) -> None:
    """The plan is smaller than the setting: after the first refusals both are silent."""
    async with (
        segmind_running.running(tmp_path) as provider,
        process(url, "bot-1", per_minute=1000) as first,
        process(url, "bot-2", per_minute=1000) as second,
    ):
        await provider.control("settings", {"requests_per_minute": 3})
        refused = await codes(
            [asyncio.create_task(ask(first, provider, "submit")) for _ in range(4)], expected=4
        )
        await until(lambda: do(url, "SELECT 1 FROM request_page WHERE paused_until > now()"))
        knew, before = second.paused, (await provider.state())["calls"]
        asking = asyncio.create_task(ask(second, provider, "submit"))
        await until(lambda: second.paused)
        more = await codes([asking], expected=0)
        after = (await provider.state())["calls"]

    assert sorted(refused) == [200, 200, 200, 429]
    assert (knew, more) == (False, [])
    assert after["credits"] == before["credits"]


async def test_a_restart_goes_on_with_the_same_minute(url: str) -> None:
    """What the process before sent is counted until it is old, by the server's clock."""
    async with process(url, "bot-1", per_minute=2) as before:
        await granted(before, 2)

    async with process(url, "bot-1", per_minute=2, ahead_s=1e6) as after:
        assert await is_held_back(after)
        shift_taken(url, -61)
        await granted(after)
    assert len(shift_taken(url, 0)) == 1


async def test_a_server_s_clock_that_is_set_back_is_no_long_silence(url: str) -> None:
    """What went in the future, by the clock, is forgotten; a pause ends within five minutes."""
    async with process(url, "bot-1", per_minute=2) as budget:
        await granted(budget, 2)
        shift_taken(url, 36_000)
        do(url, "UPDATE request_page SET next_poll_at = now() + interval '10 h', wishes = '{}'")
        await granted(budget)

    do(url, "UPDATE request_page SET paused_until = now() + interval '10 h'")
    database = Database.open(url)
    turn = await SharedRequests(database).take(Demand(process="bot-1"), per_minute=2)
    await database.close()
    assert turn.paused_s == pytest.approx(300, abs=1)


async def test_a_process_that_stops_in_the_middle_does_not_stop_the_others(url: str) -> None:
    """The server ends its session; what it had not committed was not counted."""
    frozen, living = Database.open(url), Database.open(url)
    asleep, awake = asyncio.Event(), asyncio.Event()

    async def sleep_in_the_middle(session: AsyncSession) -> None:
        await requests.lock(session, silence_ms=200)
        asleep.set()
        await awake.wait()

    freezing = asyncio.create_task(frozen.write(sleep_in_the_middle))
    await asleep.wait()
    turn = await SharedRequests(living).take(Demand(process="bot-2", submits=1), per_minute=2)
    awake.set()
    with pytest.raises(StorageTroubleError):
        await freezing
    await frozen.close()
    await living.close()

    assert turn.submits == 1


async def test_the_pause_is_the_database_s_own(url: str) -> None:
    """It can be read there, and a take gives it to whoever has no waiters of its own."""
    database = Database.open(url)
    book = SharedRequests(database)
    await book.take(Demand(process="bot-1", pause_s=40), per_minute=60)
    turn = await book.take(Demand(process="bot-2", submits=1, urgencies=[1e12]), per_minute=60)
    await database.close()

    assert turn.submits == turn.polls == 0
    assert turn.paused_s == pytest.approx(40, abs=1)
    ((wishes,),) = do(url, "SELECT wishes FROM request_page")
    assert {name: wish["submits"] for name, wish in wishes.items()} == {"bot-2": 1}


# -- SQLite -------------------------------------------------------------------------------------


@pytest.fixture
def disk(file: Path) -> Iterator[Disk]:
    """A file that can get into trouble."""
    disk = Disk(file)
    with watched(disk):
        yield disk


async def test_while_nothing_can_be_counted_nothing_goes(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests wait while the file is locked; the log says so once; then they go."""
    slept_s: list[float] = []
    locked = disk.locked()
    locked.__enter__()
    went: list[RequestKind] = []

    async def sleep(seconds: float) -> None:
        slept_s.append(seconds)
        assert went == []
        if len(slept_s) == 3:
            locked.__exit__(None, None, None)

    async with process(f"sqlite:///{disk.path}", "bot-1", per_minute=10, sleep=sleep) as budget:

        async def send(kind: RequestKind) -> None:
            await budget.acquire(kind)
            went.append(kind)

        await asyncio.gather(send("poll"), send("submit"))

    assert went == ["submit", "poll"]
    assert slept_s[:3] == [2.0] * 3
    lines = [record.message for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("nothing is sent to the provider: it cannot be counted: ")
    assert lines[1] == "requests to the provider can be counted again"


async def test_a_submit_that_comes_during_a_look_does_not_wait_for_the_next(disk: Disk) -> None:
    """A poll waits for its pace meanwhile, for longer than this test lasts."""
    disk.busy_ms = 10_000

    async def sleep(_seconds: float) -> None:
        await asyncio.Event().wait()

    async with process(f"sqlite:///{disk.path}", "bot-1", per_minute=2, sleep=sleep) as budget:
        with disk.locked():
            polls = [asyncio.create_task(budget.acquire("poll")) for _ in range(2)]
            await asyncio.sleep(0.1)  # the look has begun, and cannot end
            submit = asyncio.create_task(budget.acquire("submit"))
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await submit

        assert [poll.done() for poll in polls] == [True, False]
        polls[1].cancel()
        await asyncio.wait(polls)


async def test_a_bug_is_raised_where_requests_wait(file: Path) -> None:
    """Nobody waits for ever for a table that is not there."""
    address = f"sqlite:///{file}"
    async with process(address, "bot-1", per_minute=10) as budget:
        database = Database.open(address)
        await database.write(lambda session: session.execute(text("DROP TABLE request_page")))
        await database.close()

        both = await asyncio.gather(
            budget.acquire("poll"), budget.acquire("submit"), return_exceptions=True
        )

    assert [type(error) for error in both] == [OperationalError] * 2


@pytest.mark.parametrize(("state", "at_once"), [(JobState.QUEUED, 3), (JobState.RUNNING, 0)])
async def test_a_start_on_sqlite_takes_account_of_what_went_before(
    store: JobStore, state: JobState, at_once: int
) -> None:
    """With a job at the provider the last minute counts as used up; nobody wrote it down."""
    await walked_to(store, state)
    settings = Settings.model_validate({**REQUIRED, "segmind_requests_per_minute": 3})

    budget = await budget_of(settings, store._database, store)

    await granted(budget, at_once)
    assert await is_held_back(budget)


async def test_a_start_of_one_of_several_shares_the_budget(store: JobStore) -> None:
    """Two that are told their shards by hand, on one file: together they have one budget."""
    settings = [
        Settings.model_validate(
            {
                **REQUIRED,
                "segmind_requests_per_minute": 3,
                "shard_ids": (number,),
                "shard_count": 2,
                "executor_id": f"bot-{number}",
            }
        )
        for number in range(2)
    ]

    budgets = [await budget_of(made, store._database, store) for made in settings]

    for number in (0, 1, 0):
        await granted(budgets[number])
    assert await is_held_back(budgets[1])
