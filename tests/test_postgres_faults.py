"""PostgreSQL goes away while members ask: what they read, and what the books say afterwards."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Self

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import StorageTroubleError
from bot.job import JobState
from bot.quota import EntryKind
from bot.storage import Database, JobStore, PolicyStore, WatchStore, ledger, rows
from bot.watching import Probe
from sandbox import postgres
from sandbox.discord_api.driver import MemberDriver
from tests.face_running import EPHEMERAL, SETTINGS, Face, all_text
from tests.storage_kit import NOW, accepted, walked_to

pytest_plugins = (
    "tests.postgres_fixtures",
    "tests.storage_fixtures",
    "tests.discord_fixtures",
    "tests.face_fixtures",
)

_SOCKET = ".s.PGSQL.5432"


class ForgetfulLine:
    """A line to the server that can swallow the answer to a commit, and breaks then.

    Attributes:
        swallow: Whether it does so with the next commit of a new job.
        swallowed: How often it has.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self.swallow, self.swallowed = False, 0
        self._folder, self._server = folder, server
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        path = str(self._folder / _SOCKET)
        self._listening = await asyncio.start_unix_server(self._connect, path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)
        try:
            answers, questions = await asyncio.open_unix_connection(str(self._server / _SOCKET))
        except OSError:  # the server is down
            writer.close()
            return
        back = asyncio.create_task(_pass_on(answers, writer))
        try:
            new_job = False
            while data := await reader.read(2**16):
                new_job |= b"INSERT INTO job " in data
                questions.write(data)
                if self.swallow and new_job and b"COMMIT" in data:
                    self.swallow, self.swallowed = False, self.swallowed + 1
                    back.cancel()
                    await answers.read(2**16)  # it is committed, and nobody will know
                    return
        finally:
            back.cancel()
            writer.close()
            questions.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
    writer.close()


@pytest.fixture
async def line(socket_folder: str, tmp_path: Path) -> AsyncIterator[ForgetfulLine]:
    """A line that works until told otherwise."""
    folder = tmp_path / "line"
    folder.mkdir()
    async with ForgetfulLine(folder, Path(socket_folder)) as made:
        yield made


@pytest.fixture
async def store(url: str, line: ForgetfulLine) -> AsyncIterator[JobStore]:
    """A store at the end of that line."""
    database = Database.open(f"{url.partition('?')[0]}?host={line._folder}")
    yield JobStore(database)
    await database.close()


@pytest.fixture
async def policies(store: JobStore) -> PolicyStore:
    """The policies in the same database."""
    return PolicyStore(store._database)


async def server(socket_folder: str, action: str) -> None:
    """Have pg_ctl do something."""
    files = ("-D", f"{socket_folder}/data", "-l", f"{socket_folder}/log", "-m", "fast", "-w")
    options = f"-c listen_addresses= -c unix_socket_directories={socket_folder} -c fsync=off"
    await asyncio.to_thread(postgres._run, "pg_ctl", *files, "-o", options, action)


async def test_while_the_server_is_down_nothing_is_charged(
    face: Face, mia: MemberDriver, photo: Path, socket_folder: str
) -> None:
    """The member reads so, alone; when it is back the same bot takes the same command."""
    await server(socket_folder, "stop")
    try:
        await mia.run_command("animate", {"image": photo, **SETTINGS}, wait=False)
        refusal = await mia.wait_for_message(lambda m: bool(m["flags"] & EPHEMERAL))
    finally:
        await server(socket_folder, "start")
    job = await face.ordered(mia, photo)

    assert "nothing was done and nothing was charged" in all_text(refusal)
    assert "psycopg" not in all_text(refusal)
    assert job.state is JobState.QUEUED
    assert [one.id for one in await face.store.unfinished()] == [job.id]
    assert await face.store.check_ledger() == []


async def test_a_host_s_look_tells_that_the_server_is_down_and_back(
    store: JobStore, socket_folder: str
) -> None:
    """With counts again as soon as there are some."""
    await accepted(store)
    watch = WatchStore(store._database)
    probe = Probe("database", watch.jobs)
    await server(socket_folder, "stop")
    try:
        await probe.look()
        down = probe.words
    finally:
        await server(socket_folder, "start")
    await probe.look()

    jobs = await watch.stuck({JobState.QUEUED: NOW + timedelta(minutes=1)}, limit=9)

    assert down == "StorageTroubleError"
    assert [one.state for one in jobs] == [JobState.QUEUED]
    assert [(one.state, one.jobs) for one in probe.answer or ()] == [(JobState.QUEUED, 1)]


async def test_a_commit_whose_answer_is_lost_is_one_job(
    face: Face, mia: MemberDriver, photo: Path, line: ForgetfulLine
) -> None:
    """Asking once more finds the job that is there: one card, one reservation."""
    line.swallow = True
    job = await face.ordered(mia, photo)

    assert line.swallowed == 1
    assert job.id in face.engine.waiting
    assert [one.id for one in await face.store.unfinished()] == [job.id]
    assert [entry.kind.value for entry in await face.store.ledger_of(job.id)] == ["reserve"]
    assert await face.store.check_ledger() == []


async def test_ended_connections_are_replaced(store: JobStore, url: str) -> None:
    """The server ends every session while none is in use: the next transaction does not notice."""
    job = await accepted(store)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )

    assert (await store.transition(job.id, JobState.SUBMITTING, now=NOW)).submitting_at == NOW


async def test_a_restart_in_mid_transaction_undoes_it(store: JobStore, socket_folder: str) -> None:
    """A settlement that was cut off is not half there, and may simply be done again."""
    job = await walked_to(store, JobState.FINISHED)

    async def cut_off(session: AsyncSession) -> None:
        row = await rows.moved(
            session, job.id, {"state": JobState.DELIVERED}, sources=frozenset({JobState.FINISHED})
        )
        await ledger.mirror(session, row.id, EntryKind.SETTLE, now=NOW)
        await session.flush()
        await server(socket_folder, "restart")

    with pytest.raises(StorageTroubleError):
        await store._database.write(cut_off)
    found = await store.get(job.id)
    assert found is not None
    assert found.state is JobState.FINISHED
    assert [entry.kind for entry in await store.ledger_of(job.id)] == [EntryKind.RESERVE]

    await store.transition(job.id, JobState.DELIVERED, now=NOW)
    assert await store.check_ledger() == []
