"""Locks among processes: one holder, free after a death, and a holder that knows when it lost."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import psycopg
import pytest

from bot.errors import ConfigurationError, DatabaseAwayError, LockLostError
from bot.jobs.executor import FileLocks
from bot.jobs.locks import CHECK_EVERY_S, LEADER, Leadership, Locks, Tenure, executor_lock
from bot.storage import PostgresLocks
from bot.storage.locks import SILENCE_S, lock_number
from tests.job_steps_kit import Clock

pytest_plugins = ("tests.postgres_fixtures",)

Open = Callable[[], AbstractAsyncContextManager[Locks]]
ROOT = Path(__file__).parents[1]
HOLD = """
import asyncio, sys
from pathlib import Path
from bot.jobs.executor import FileLocks
from bot.storage import PostgresLocks
async def main(kind, place, name):
    opened = FileLocks.open(Path(place)) if kind == "file" else PostgresLocks.open(place)
    async with opened as locks:
        print(await locks.hold(name), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def server(socket_folder: str) -> str:
    """An empty database: locks need no tables."""
    return f"postgresql://bot@/postgres?host={socket_folder}"


@pytest.fixture(params=["file", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A kind of locks, and where they are."""
    if request.param == "file":
        return "file", str(tmp_path)
    return "postgres", request.getfixturevalue("server")


@pytest.fixture
def another(place: tuple[str, str]) -> Open:
    """Opens the locks as one more process would."""
    kind, where = place
    if kind == "file":
        return lambda: FileLocks.open(Path(where))
    return lambda: PostgresLocks.open(where)


def sessions(server: str) -> list[int]:
    """The server's processes that hold our locks' sessions."""
    with psycopg.connect(server) as connection:
        found = connection.execute(
            "SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
        )
        return [row[0] for row in found.fetchall()]


def end(server: str, pid: int) -> None:
    """Cut a session off, as a server that restarts does."""
    with psycopg.connect(server) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 2000)", (pid,))


async def test_a_lock_has_one_holder(another: Open) -> None:
    """The second waits in vain for as long as the first is there; other names are free."""
    async with another() as second:
        async with another() as first:
            assert await first.hold("one")
            assert await first.hold("one")  # its own already

            assert not await second.hold("one")
            assert not await second.is_free("one")
            async with second.attempt("one") as taken:
                assert not taken
            assert await second.hold("two")
        assert await second.hold("one")


async def test_looking_is_in_nobodys_way(another: Open) -> None:
    """Two may look at once; one that takes it for a moment gives it back."""
    async with another() as first, another() as second:
        assert all(await asyncio.gather(first.is_free("one"), second.is_free("two")))
        async with first.attempt("one") as taken:
            assert taken
            assert not await second.is_free("one")
            assert not await second.hold("one")
        assert await second.hold("one")
        await second.check()


async def test_a_killed_process_holds_nothing(place: tuple[str, str], another: Open) -> None:
    """After kill -9: the system (or the server) frees its lock at once."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD, *place, "one"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with another() as locks:
        try:
            assert await process.stdout.readline() == b"True\n"
            assert not await locks.is_free("one")
        finally:
            process.kill()
            await process.wait()

        async with asyncio.timeout(10):
            while not await locks.hold("one"):  # noqa: ASYNC110 - another process, no event
                await asyncio.sleep(0.02)


async def test_a_cut_session_is_noticed(server: str) -> None:
    """The holder learns that its lock is gone, with the reason, and for good; another has it."""
    async with PostgresLocks.open(server) as locks, PostgresLocks.open(server) as other:
        assert await locks.hold("one")
        (pid,) = sessions(server)
        await asyncio.to_thread(end, server, pid)

        assert await other.hold("one")
        for _ in range(2):
            with pytest.raises(LockLostError):
                await locks.check()
        with pytest.raises(LockLostError):
            await locks.hold("two")


async def test_a_server_that_does_not_answer_is_a_lost_lock(server: str) -> None:
    """A stopped server process answers nothing: nobody waits for it for long."""
    async with PostgresLocks.open(server) as locks:
        assert await locks.hold("one")
        (pid,) = sessions(server)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(LockLostError, match="no answer"):
                await locks.check()
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_another_session_is_a_lost_lock(server: str) -> None:
    """A pooler in transaction mode lends a session for a moment: the locks were left behind."""
    async with PostgresLocks.open(server) as locks, PostgresLocks.open(server) as other:
        assert await locks.hold("one")
        await locks.check()
        locks._session, other._session = other._session, locks._session

        with pytest.raises(LockLostError, match="pooler"):
            await locks.check()


async def test_the_server_ends_a_silent_session(server: str) -> None:
    """A process that hangs, or a machine cut off, keeps no lock: the server's own limit is set."""
    async with PostgresLocks.open(server) as locks:
        limit = await locks._session.exec_driver_sql("SHOW idle_session_timeout")

        assert limit.scalar() == f"{SILENCE_S}s"
        assert SILENCE_S > 3 * CHECK_EVERY_S


async def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    """One sentence for the host, without the password."""
    url = f"postgresql://bot:s3cret@/postgres?host={tmp_path}"

    with pytest.raises(DatabaseAwayError, match="cannot use") as caught:
        async with PostgresLocks.open(url):
            pass

    assert "s3cret" not in str(caught.value)


def test_lock_numbers_are_the_same_everywhere() -> None:
    """They are an agreement between processes, perhaps of two versions: they never change."""
    assert lock_number(executor_lock("bot-1")) == 601994668
    assert lock_number(executor_lock("bot-2")) != lock_number(executor_lock("bot-1"))
    assert lock_number(LEADER) == 1297835529


# -- the right to work ------------------------------------------------------------


def tenure_of(locks: Locks, clock: Clock) -> Tenure:
    """A tenure whose time passes only while it waits."""
    return Tenure(locks, "bot-1", monotonic_s=clock.monotonic_s, sleep=clock.sleep)


async def test_a_lock_that_is_busy_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    """Somebody takes over from a dead namesake just then."""
    clock, waited = Clock(), asyncio.Event()

    async def passes() -> None:
        waited.set()

    clock.on_sleep = passes
    async with FileLocks.open(tmp_path) as locks, FileLocks.open(tmp_path) as other:
        async with other.attempt(executor_lock("bot-1")) as taken:
            assert taken
            beginning = asyncio.create_task(tenure_of(locks, clock).begin())
            async with asyncio.timeout(10):
                await waited.wait()
        await beginning

        assert not await other.is_free(executor_lock("bot-1"))


async def test_a_second_process_of_one_name_is_refused_with_words(another: Open) -> None:
    """It says which name, what both share, and what to do; after a few seconds."""
    clock = Clock()
    async with another() as first, another() as second:
        await tenure_of(first, clock).begin()
        tenure = tenure_of(second, clock)
        with pytest.raises(ConfigurationError) as refusal:
            await tenure.begin()

        assert f"EXECUTOR_ID bot-1 with the same {first.whose}" in str(refusal.value)
        assert "PROCESS_INDEX" in str(refusal.value)
        assert not tenure.sure()
        assert clock.passed_s < 5


async def test_a_lost_lock_ends_the_right_to_work(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At the next check; the log says what happened and what it means."""
    clock, checks = Clock(), 100

    async def passes() -> None:
        assert tenure.sure()  # for as long as it was checked
        if len(clock.slept_s) == checks:
            await asyncio.to_thread(end, server, sessions(server)[0])

    async with PostgresLocks.open(server) as locks:
        tenure = tenure_of(locks, clock)
        await tenure.begin()
        clock.on_sleep = passes
        await tenure.watch()

        assert clock.slept_s == [CHECK_EVERY_S] * checks
        assert not tenure.sure()
        assert "lost the lock of executor id bot-1" in caplog.text


async def test_a_process_that_was_stopped_is_not_sure(server: str, tmp_path: Path) -> None:
    """Its clock went on while it stood still: others may have its jobs at the grace's end."""
    clock = Clock()
    async with PostgresLocks.open(server) as locks, FileLocks.open(tmp_path) as files:
        tenure, safe = tenure_of(locks, clock), tenure_of(files, clock)
        await tenure.begin()
        await safe.begin()
        await clock.sleep(locks.grace_s / 2)
        assert tenure.sure()
        await clock.sleep(locks.grace_s / 2)

        assert not tenure.sure()
        assert safe.sure()  # the lock of a file stays


async def test_the_lead_goes_to_another(another: Open) -> None:
    """One leads, and at once where it is alone; after its end the next that asks does."""
    sure = True
    async with another() as other:
        second = Leadership(other, sure=lambda: True)
        async with another() as locks:
            first = Leadership(locks, sure=lambda: sure)
            for leader in (first, second, first, second):
                await leader.look()
            assert (first.held(), second.held()) == (True, False)

            sure = False  # it is not sure of its lock: somebody else may lead by now
            assert not first.held()
        await second.look()

        assert second.held()


async def test_a_lost_connection_is_no_lead(server: str) -> None:
    """The tenure ends the process; asking for the lead does not fail on its own."""
    async with PostgresLocks.open(server) as locks:
        leader = Leadership(locks, sure=lambda: True)
        assert await locks.hold("one")
        await asyncio.to_thread(end, server, sessions(server)[0])
        await leader.look()

        assert not leader.held()
