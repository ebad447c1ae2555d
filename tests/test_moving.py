"""Moving to PostgreSQL: all of it, once, whatever dies; and only one of the two ever runs."""

import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from bot.errors import BotError, ConfigurationError
from bot.job import JobState
from bot.jobs.executor import FileLocks
from bot.jobs.locks import executor_lock
from bot.storage import (
    Database,
    JobStore,
    Move,
    Moved,
    PolicyStore,
    back,
    backups,
    copying,
    refuse_away,
)
from tests.job_steps_kit import BODY, T2V, running_world
from tests.moving_kit import Command, bot, contents, environment, pad, started
from tests.segmind_far_end import COST_USD
from tests.storage_kit import FIRST_ID, GUILD, MODERATOR, NOW, PATHS, accepted

pytest_plugins = ("tests.postgres_fixtures", "tests.job_steps_fixtures", "tests.moving_fixtures")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Give a database, closed at the end."""
    database = Database.open(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def both(file: Path, url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Give source and target."""
    async with opened(f"sqlite:///{file}") as source, opened(url) as target:
        yield source, target


async def move(source: Database, target: Database) -> Moved:
    """Move in one go."""
    moving = Move(source, target, now=lambda: NOW)
    await moving.prepare()
    return await moving.carry_out(lambda _: None)


async def startable(*databases: Database) -> list[bool]:
    """Return for each whether a bot would start on it."""
    answers = []
    for database in databases:
        try:
            await refuse_away(database)
        except ConfigurationError:
            answers.append(False)
        else:
            answers.append(True)
    return answers


async def test_everything_arrives_as_it_was(filled: Path, url: str) -> None:
    """Every row of every table, values and types; NUL, which PostgreSQL has not, is replaced."""
    async with both(filled, url) as (source, target):
        before = await contents(source)
        await move(source, target)
        after = await contents(target)
        (block,) = before["block"]
        block["reason"] = block["reason"].replace("\0", "\ufffd")

        assert all(before.values())
        assert after == before
        assert await JobStore(target).check_ledger() == []


async def test_numbers_go_on_behind_the_highest_ever_given(filled: Path, url: str) -> None:
    """A filter rule's number is not given again, though the rule is gone; entries go on too."""
    async with both(filled, url) as (source, target):
        highest = max(entry["id"] for entry in (await contents(source))["ledger_entry"])
        await move(source, target)
        rule = await PolicyStore(target).add_rule(GUILD, "word", "eft", actor_id=MODERATOR, now=NOW)
        job = await accepted(JobStore(target), 900)
        (entry,) = await JobStore(target).ledger_of(job.id)

        assert rule.id == 4
        assert entry.id == highest + 1


async def test_there_and_back_again(filled: Path, url: str, tmp_path: Path) -> None:
    """PostgreSQL moves to a SQLite file by the same code, and the numbers go on there as well."""
    async with both(filled, url) as (source, target):
        await move(source, target)
        before = await contents(target)
        async with opened(f"sqlite:///{tmp_path / 'again.sqlite3'}") as third:
            await move(target, third)
            rule = await PolicyStore(third).add_rule(
                GUILD, "word", "eft", actor_id=MODERATOR, now=NOW
            )

            assert rule.id == 4
            assert await startable(source, target, third) == [False, False, True]
            after = await contents(third)
            after["filter_rule"] = [row for row in after["filter_rule"] if row["id"] != 4]
            after["audit_event"] = after["audit_event"][:-1]
            assert after == before


# -- dying in the middle --------------------------------------------------------------------


class _DeadError(Exception):
    pass


def _values(parameters: Any) -> list[object]:
    return [*(parameters.values() if isinstance(parameters, dict) else parameters)]


@contextmanager
def dying_at_each_commit(*databases: Database) -> Iterator[None]:
    """Die at every commit when it is reached for the first time, just before it."""
    reached: set[str] = set()
    engines = [database._engine.sync_engine for database in databases]

    def on_statement(
        connection: Any, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")) or "setval" in statement:
            # A move's id is new until it is committed; all else is the same at every try.
            tells = "setval" in statement or statement.startswith("UPDATE relocation")
            facts = [getattr(value, "obj", value) for value in _values(parameters)] if tells else ""
            connection.info["written"] = f"{connection.engine.url}: {statement} {facts}"

    def on_commit(connection: Any) -> None:
        written = connection.info.pop("written", None)
        if written is not None and written not in reached:
            reached.add(written)
            raise _DeadError

    for engine in engines:
        event.listen(engine, "before_cursor_execute", on_statement)
        event.listen(engine, "commit", on_commit)
    yield
    for engine in engines:
        event.remove(engine, "before_cursor_execute", on_statement)
        event.remove(engine, "commit", on_commit)


async def test_dying_at_every_commit(
    filled: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeated until it is done: the same rows, and never can both databases be started."""
    monkeypatch.setattr(copying, "BATCH_ROWS", 3)
    async with both(filled, url) as (source, target):
        before = await contents(source)
        seen: list[list[bool]] = []
        with dying_at_each_commit(source, target):
            while True:
                try:
                    await move(source, target)
                except _DeadError:
                    seen.append(await startable(source, target))
                else:
                    break
        after = await contents(target)

        # Batches of 11 tables, numbers of rows, references, the four phases.
        assert len(seen) > 20
        # At first the target is empty, so that a bot on it would be another installation.
        assert [state for state, _ in groupby(seen)] == [[True, True], [False, True], [False] * 2]
        assert await startable(source, target) == [False, True]
        for table in before.keys() - {"block"}:
            assert after[table] == before[table]


async def test_kill_9_and_again(filled: Path, url: str, tmp_path: Path) -> None:
    """The command, killed at two places, ends with the same rows."""
    pad(filled, 20_000)
    env = environment(tmp_path, DATABASE_URL="")
    for line in ("From", "latency_sample"):
        process = await started(env, "move", "--to", url)
        assert process.stdout is not None
        while not (said := (await process.stdout.readline()).decode()).startswith(line):
            assert said, f"it ended before it said {line}"
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        assert process.returncode == -signal.SIGKILL
    code, said = await bot(env, "move", "--to", url)
    async with both(filled, url) as (source, target):
        again = await move(source, target)
        before, after = await contents(source), await contents(target)

    assert code == 0, said
    assert f"Both are the same: {sum(again.rows.values())} rows" in said
    assert again.earlier
    assert again.rows["audit_event"] > 20_000
    for table in before.keys() - {"block"}:
        assert after[table] == before[table]


# -- what is refused --------------------------------------------------------------------------


async def test_a_target_with_data_is_refused(filled: Path, url: str) -> None:
    """Another installation's jobs are not mixed with ours; the source can be started again."""
    async with both(filled, url) as (source, target):
        await accepted(JobStore(target), 1)
        with pytest.raises(ConfigurationError, match="another installation"):
            await move(source, target)

        assert await startable(source, target) == [True, True]


async def test_another_program_s_database_is_refused(filled: Path, url: str) -> None:
    """It is not even migrated."""
    async with both(filled, url) as (source, target):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE shop (id int)")
        with pytest.raises(ConfigurationError, match=r"another program \(shop\)"):
            await move(source, target)


async def test_a_database_in_use_is_refused(filled: Path, url: str) -> None:
    """Whoever is connected may be a bot."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with both(filled, url) as (source, target):
        with psycopg.connect(url), pytest.raises(ConfigurationError, match=r"postgres.*is in use"):
            await Move(source, target, now=lambda: NOW, sleep=sleep).prepare()
        async with opened(f"sqlite:///{filled}") as other:
            await JobStore(other).unfinished()
            with pytest.raises(ConfigurationError, match=r"sqlite.*is in use"):
                await Move(source, target, now=lambda: NOW, sleep=sleep).prepare()

        assert len(waits) > 2
        assert await startable(source) == [True]


async def test_a_running_bot_is_not_moved(
    filled: Path, url: str, tmp_path: Path, command: Command
) -> None:
    """Any executor's lock in DATA_DIR stops it, its own id or another's."""
    async with FileLocks.open(tmp_path) as running:
        assert await running.hold(executor_lock("bot-7"))
        code, said = await command(environment(tmp_path), "move", "--to", url)

    assert code == 78
    assert "EXECUTOR_ID bot-7" in said
    async with opened(f"sqlite:///{filled}") as source:
        assert await startable(source) == [True]


async def test_a_bot_that_starts_meanwhile_stops_the_move(filled: Path, url: str) -> None:
    """It was faster than the note, so the move undoes its note and refuses."""

    def newcomer() -> None:
        raise ConfigurationError("The bot is running")

    async with both(filled, url) as (source, target):
        with pytest.raises(ConfigurationError, match="running"):
            await Move(source, target, now=lambda: NOW, standstill=newcomer).prepare()

        assert await startable(source, target) == [True, True]


async def test_a_copy_that_differs_is_not_relied_on(filled: Path, url: str) -> None:
    """A row that changed in the target is found; nobody runs anywhere, until it is given up."""
    async with both(filled, url) as (source, target):
        moving = Move(source, target, now=lambda: NOW)
        await moving.prepare()
        await moving._copy(lambda _: None)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE job SET price_credits = 31 WHERE id = %s", [FIRST_ID])
        with pytest.raises(BotError, match="job: 1 rows are not as they were") as caught:
            await moving.carry_out(lambda _: None)

        assert "costs 31 credits but 30 were reserved" in str(caught.value)
        assert await startable(source, target) == [False, False]
        assert await back(source, now=NOW) is None
        assert await startable(source, target) == [True, False]


async def test_moves_that_make_no_sense(filled: Path, url: str, tmp_path: Path) -> None:
    """To itself; elsewhere after it has left; from or onto somebody's unfinished copy."""
    other = Path(shutil.copy(filled, tmp_path / "other.sqlite3"))
    third = f"sqlite:///{tmp_path / 'third.sqlite3'}"
    async with both(filled, url) as (source, target), opened(third) as elsewhere:
        with pytest.raises(ConfigurationError, match="already"):
            await move(source, source)
        await Move(source, target, now=lambda: NOW).prepare()
        with pytest.raises(ConfigurationError, match="unfinished copy of sqlite"):
            await move(target, elsewhere)
        async with opened(f"sqlite:///{other}") as another:
            with pytest.raises(ConfigurationError, match="unfinished copy by another move"):
                await move(another, target)
            assert await startable(another) == [True]
        await move(source, target)
        with pytest.raises(ConfigurationError, match="was moved to postgresql"):
            await move(source, elsewhere)


async def test_a_database_that_fails_stops_the_move(filled: Path, url: str) -> None:
    """The server's own words, and that it goes on where it stopped; which it does."""

    def rename(line: str, *, back: bool = False) -> None:
        names = ("away", "job") if back else ("job", "away")
        if line.startswith("guild_policy") or back:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"ALTER TABLE {names[0]} RENAME TO {names[1]}".encode())

    async with both(filled, url) as (source, target):
        moving = Move(source, target, now=lambda: NOW)
        await moving.prepare()
        with pytest.raises(BotError, match=r'(?s)"job" does not exist.*goes on where it stopped'):
            await moving.carry_out(rename)
        rename("", back=True)
        await move(source, target)

        assert await startable(source, target) == [False, True]


async def test_a_wrong_address_is_told(filled: Path, tmp_path: Path, command: Command) -> None:
    """By the option's name, not by DATABASE_URL's."""
    env = environment(tmp_path)
    strange = await command(env, "move", "--to", "mysql://host/name")
    nowhere = await command(env, "move", "--to", f"postgresql://bot@/x?host={tmp_path}")
    away = await command(
        {**env, "DATABASE_URL": f"postgresql://bot@/x?host={tmp_path}"},
        *("move", "--to", f"sqlite:///{tmp_path / 'new.sqlite3'}"),
    )

    assert [code for code, _ in (strange, nowhere, away)] == [78, 75, 75]
    assert "DATABASE_URL: cannot use postgresql://" in away[1]
    assert "--to must look like" in strange[1]
    assert "--to: cannot use postgresql://" in nowhere[1]
    async with opened(f"sqlite:///{filled}") as source:
        assert await startable(source) == [True]


# -- afterwards --------------------------------------------------------------------------------


async def test_after_a_move_the_old_database_does_not_start(
    filled: Path, url: str, tmp_path: Path, command: Command
) -> None:
    """It says where the data went and how to go back, without the password."""
    env = environment(tmp_path)
    code, said = await command(env, "move", "--to", url.replace("bot@", "bot:hunter2@"))
    async with opened(f"sqlite:///{filled}") as source:
        with pytest.raises(ConfigurationError) as caught:
            await refuse_away(source)
    words = str(caught.value)

    assert code == 0, said
    assert "Now set DATABASE_URL=postgresql://bot:***@/" in said
    assert "was moved to postgresql://bot:***@/" in words
    code, said = await command(env, "jobs")
    assert code == 0, said
    assert words in said  # what it lists is how it was
    assert "move --back" in words
    assert "hunter2" not in said + words


async def test_going_back_is_like_restoring_a_backup(
    filled: Path, url: str, tmp_path: Path, command: Command
) -> None:
    """The old database starts again, and what it has on its way is uncertain; once."""
    env = environment(tmp_path)
    await command(env, "move", "--to", url)
    (tmp_path / "engine.sqlite3").touch()
    went = await command(env, "move", "--back")
    again = await command(env, "move", "--back")
    async with opened(f"sqlite:///{filled}") as source:
        jobs = await JobStore(source).unfinished()

        assert await startable(source) == [True]
        assert went[0] == 0
        assert "7 jobs were on their way" in went[1]  # six in flight, one waits for approval
        assert again[0] == 78
        assert "is not being moved" in again[1]
        assert all(job.restored_at for job in jobs)
        assert JobState.QUEUED not in {job.state for job in jobs}
        assert not (tmp_path / "engine.sqlite3").exists()


async def test_an_unfinished_move_can_be_given_up(
    filled: Path, url: str, tmp_path: Path, command: Command
) -> None:
    """Then nothing has happened to any job."""
    async with both(filled, url) as (source, target):
        before = await contents(source)
        await Move(source, target, now=lambda: NOW).prepare()
        shut = await startable(source, target)
        await source.close()
        code, said = await command(environment(tmp_path), "move", "--back")

        assert shut == [False, False]
        assert code == 0, said
        assert "uncertain" not in said
        assert await startable(source, target) == [True, False]
        assert await contents(source) == before


@pytest.mark.parametrize(
    "state", [JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED]
)
async def test_jobs_in_flight_end_well_on_postgresql(
    file: Path, downloads: Path, url: str, state: JobState
) -> None:
    """Each goes on where it was: one POST in all, one video, its credits settled."""
    async with both(file, url) as (source, target):
        async with running_world(JobStore(source), downloads) as before:
            job = await before.job()
            record = before.far_end.add(T2V, dict(BODY), NOW)
            before.far_end.complete(record)
        async with running_world(JobStore(target), downloads) as world:
            if state is not JobState.QUEUED:
                record = world.far_end.add(T2V, dict(BODY), NOW)
            for step in PATHS[state]:
                await before.store.transition(
                    job.id, step, now=NOW, **facts(step, world.far_end.url, record.request_id)
                )
            await move(source, target)
            (moved,) = await world.store.unfinished()
            for run in (world.submit, world.follow, world.deliver):
                moved = await run(moved)

            assert moved.state is JobState.DELIVERED
            assert len(world.far_end.records) == 1
            assert world.far_end.calls["submit"] == (state is JobState.QUEUED)
            assert len(world.channel.posts) == 1
            assert await world.books(job) == ["reserve", "settle"]


async def test_a_target_that_goes_away_is_told(filled: Path, tmp_path: Path) -> None:
    """While it is claimed: in words, and the next try goes on."""
    file = tmp_path / "new.sqlite3"

    def drop() -> None:
        file.write_bytes(b"what is this" * 1000)

    async with both(filled, f"sqlite:///{file}") as (source, target):
        with pytest.raises(BotError, match="The move has stopped: file is not a database"):
            await Move(source, target, now=lambda: NOW, standstill=drop).prepare()
        await target.close()
        backups.remove_database(file)
        await move(source, target)

        assert await startable(source, target) == [False, True]


def facts(step: JobState, base: str, request_id: str) -> dict[str, object]:
    """Return what a bot writes down with a step."""
    url = f"{base}/v2/requests/{request_id}"
    if step is JobState.RUNNING:
        return {"request_id": request_id, "status_url": f"{url}/status", "response_url": url}
    if step is JobState.FINISHED:
        return {"output_url": f"{base}/files/{request_id}.mp4", "cost_usd": COST_USD}
    return {}
