"""A backup is older than reality: what happened since is found, nothing is sent or posted again."""

import asyncio
import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.errors import BotError, ConfigurationError
from bot.job import FailureReason, Job, JobState
from bot.jobs.executor import FileLocks
from bot.jobs.locks import executor_lock
from bot.storage import Database, JobStore, back_up, backups, mark_restored, restore
from tests.job_steps_kit import BODY, RELEASED, SETTLED, T2V, World
from tests.moving_kit import Command, bot, environment
from tests.segmind_far_end import reply
from tests.storage_kit import GENEROUS, GUILD, MODERATOR, NOW, ZONE, accepted, new_job, opened

pytest_plugins = ("tests.job_steps_fixtures", "tests.postgres_fixtures", "tests.moving_fixtures")

LATER = timedelta(hours=5)


async def backed_up(file: Path) -> Path:
    """Back the database up while it is in use."""
    backup = file.with_name("backup.sqlite3")
    await back_up(file, backup)
    return backup


async def gone_back(world: World, file: Path, backup: Path) -> int:
    """Stop, restore hours later, and start again; return how many jobs are uncertain."""
    world.clock.at += LATER
    await world.store._database.close()
    done = await restore(backup, file, disposable=None, now=world.clock.now())
    assert done.aside is not None
    return done.uncertain


async def run(world: World, job: Job) -> Job:
    """Run all of a job's steps, as the engine does."""
    for step in (world.submit, world.follow, world.deliver):
        job = await step(await world.stored(job))
    return job


async def to_queued(_world: World, job: Job) -> Job:
    """Leave it in the queue."""
    return job


async def to_submitting(world: World, job: Job) -> Job:
    """Commit the intent, and no more."""
    return await world.store.transition(job.id, JobState.SUBMITTING, now=world.clock.now())


async def to_running(world: World, job: Job) -> Job:
    """Send it."""
    return await world.submit(job)


async def to_finished(world: World, job: Job) -> Job:
    """Have its video made."""
    return await world.follow(await world.submit(job))


Way = Callable[[World, Job], Awaitable[Job]]
ways = pytest.mark.parametrize("way", [to_queued, to_submitting, to_running, to_finished])


@ways
async def test_what_was_delivered_since_is_found(world: World, file: Path, way: Way) -> None:
    """Wherever the job was in the backup: one POST, one message, its credits settled."""
    job = await way(world, await world.job())
    backup = await backed_up(file)
    if job.state is JobState.SUBMITTING:
        job = await world.store.transition(job.id, JobState.QUEUED, now=world.clock.now())
    world.clock.at += timedelta(minutes=50)  # in the queue, or at the provider
    delivered = await run(world, job)
    uncertain = await gone_back(world, file, backup)
    again = await run(world, job)

    assert uncertain == 1
    assert world.far_end.calls["submit"] == 1
    assert len(world.channel.posts) == 1
    assert again.state is JobState.DELIVERED
    assert again.result_message_id == delivered.result_message_id
    assert again.request_id == delivered.request_id
    assert await world.books(job) == SETTLED


@pytest.mark.parametrize("way", [to_queued, to_submitting])
async def test_what_was_never_sent_fails_with_its_credits_back(
    world: World, file: Path, way: Way
) -> None:
    """Nobody can know whether a request is still to come: it is not sent."""
    job = await way(world, await world.job())
    backup = await backed_up(file)
    await gone_back(world, file, backup)
    ended = await run(world, job)

    assert (ended.state, ended.failure) == (JobState.FAILED, FailureReason.NOT_FOUND)
    assert world.far_end.calls["submit"] == 0
    assert await world.books(job) == RELEASED


@pytest.mark.parametrize("way", [to_running, to_finished])
async def test_what_nothing_happened_to_goes_on(world: World, file: Path, way: Way) -> None:
    """A request from before the backup, hours ago, is asked about before it is given up."""
    job = await way(world, await world.job())
    backup = await backed_up(file)
    await gone_back(world, file, backup)
    ended = await run(world, job)

    assert ended.state is JobState.DELIVERED
    assert world.far_end.calls["submit"] == len(world.channel.posts) == 1
    assert await world.books(job) == SETTLED


async def waiting(world: World) -> Job:
    """Accept a job that waits for approval."""
    new = new_job(model=T2V, parameters=BODY)
    return await world.store.accept(new, GENEROUS, ZONE, now=NOW, state=JobState.AWAITING_APPROVAL)


async def approved(world: World, job: Job) -> Job:
    """Let a moderator say yes, now."""
    return await world.store.approve(
        job.id, GENEROUS, ZONE, guild_id=GUILD, actor_id=MODERATOR, now=world.clock.now()
    )


async def test_approved_twice_is_sent_once(world: World, file: Path) -> None:
    """It waits again after the restore; the second yes finds what the first one sent."""
    job = await waiting(world)
    backup = await backed_up(file)
    await run(world, await approved(world, job))
    await gone_back(world, file, backup)
    still = await world.stored(job)
    again = await run(world, await approved(world, job))

    assert still.state is JobState.AWAITING_APPROVAL
    assert again.state is JobState.DELIVERED
    assert world.far_end.calls["submit"] == len(world.channel.posts) == 1
    assert await world.books(job) == SETTLED


async def test_approved_for_the_first_time_is_sent(world: World, file: Path) -> None:
    """The history has nothing of it; while the history does not answer nothing is sent."""
    job = await waiting(world)
    backup = await backed_up(file)
    await gone_back(world, file, backup)
    world.far_end.script("history", reply(502), reply(429, error="Too many requests"))
    ended = await run(world, await approved(world, job))

    assert ended.state is JobState.DELIVERED
    assert world.far_end.calls["history"] == 3
    assert world.far_end.calls["submit"] == len(world.channel.posts) == 1


async def test_a_restored_database_on_postgresql_is_marked(
    url: str, tmp_path: Path, command: Command
) -> None:
    """`--mark-only` does the same after pg_restore, and may be repeated; nothing else may run."""
    env = environment(tmp_path, DATABASE_URL=url)
    database = Database.open(url)
    store = JobStore(database)
    queued, running = await accepted(store, 0), await accepted(store, 1)
    for state in (JobState.SUBMITTING, JobState.RUNNING):
        await store.transition(running.id, state, now=NOW)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA dbos CREATE TABLE workflow_status (id int)")
    refused = await command(env, "restore", "--mark-only")
    await database.close()
    told = await command(env, "restore", "--mark-only")
    marked = await mark_restored(database, now=NOW + LATER)
    jobs = await store.unfinished()
    problems = await store.check_ledger()
    await database.close()

    with psycopg.connect(url) as connection:
        engine = connection.execute("SELECT to_regnamespace('dbos')").fetchone()

    assert engine == (None,)
    assert refused[0] == 78
    assert "is in use" in refused[1]
    assert told[0] == 0
    assert "2 jobs were on their way" in told[1]
    assert marked == 2
    assert {job.id: job.state for job in jobs} == {
        queued.id: JobState.UNCERTAIN,
        running.id: JobState.RUNNING,
    }
    assert {job.restored_at for job in jobs} == {NOW + LATER}
    assert {job.delivering_at for job in jobs} == {NOW}
    assert problems == []


# -- backing up ---------------------------------------------------------------------------------


async def test_a_backup_of_a_busy_database_is_whole(store: JobStore, file: Path) -> None:
    """The command, while jobs are accepted and moved: one file, for its owner only, books right."""
    backup, env = file.with_name("backup.sqlite3"), environment(file.parent)
    command = asyncio.create_task(bot(env, "backup", str(backup)))
    number = 0
    while not command.done():
        job = await accepted(store, number)
        await store.transition(job.id, JobState.CANCELLED, now=NOW)
        number += 1
    code, said = await command
    async with opened(backup) as copy:
        kept = len(await copy.of_member(job.user_id, limit=10**6))
        problems = await copy.check_ledger()

    assert code == 0, said
    assert "books add up" in said
    assert 0 < kept < number
    assert problems == []
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert not [*file.parent.glob("backup.sqlite3?*")]


async def test_a_backup_overwrites_nothing(file: Path) -> None:
    """Neither a file that was there before, nor one that appears meanwhile."""
    backup = file.with_name("backup.sqlite3")
    backup.write_bytes(b"precious")
    with pytest.raises(BotError, match="exists already"):
        await back_up(file, backup)

    part = file.with_name("part")
    await asyncio.to_thread(backups.make, file, part)
    with pytest.raises(BotError, match="exists already"):
        backups.keep(part, backup)

    assert backup.read_bytes() == b"precious"
    assert not part.exists()


@pytest.mark.parametrize("taken", [False, True])
def test_a_backup_where_files_have_no_second_names(
    file: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    """On a file system without hard links it is renamed, and overwrites nothing either."""

    def link(_source: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    part, backup = file.with_name("part"), file.with_name("backup.sqlite3")
    backups.make(file, part)
    if taken:
        backup.write_bytes(b"precious")
        with pytest.raises(BotError, match="exists already"):
            backups.keep(part, backup)

        assert backup.read_bytes() == b"precious"
    else:
        backups.keep(part, backup)

        assert backups.damage(backup) == []


async def test_a_backup_that_cannot_be_made_says_why(store: JobStore, file: Path) -> None:
    """No such folder; a damaged database; books that do not add up: no file is left."""
    backup = file.with_name("backup.sqlite3")
    with pytest.raises(BotError, match="No such file"):
        await back_up(file, file.parent / "nowhere" / "backup.sqlite3")
    await accepted(store, 1)
    await store._database.close()
    with_wrong_books(file)
    with pytest.raises(BotError, match="do not add up"):
        await back_up(file, backup)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM job")
    with pytest.raises(BotError, match="refers to a missing one of job"):
        await back_up(file, backup)

    assert not [*file.parent.glob("backup*")]


async def test_what_cannot_be_tidied_away_says_why(file: Path) -> None:
    """As in a read-only folder: the first error is told, not that of the tidying after it."""
    backup = file.with_name("backup.sqlite3")
    await back_up(file, backup)
    for name in ("other.sqlite3.part", "bot.sqlite3.candidate"):
        file.with_name(name).mkdir()

    with pytest.raises(BotError, match="could not be made"):
        await back_up(file, file.with_name("other.sqlite3"))
    with pytest.raises(BotError, match="cannot be used as a backup"):
        await restore(backup, file, disposable=None, now=NOW)


async def test_postgresql_has_its_own_program(tmp_path: Path, url: str, command: Command) -> None:
    """Told by name, with the exit code of a setting that does not fit; so for restoring."""
    secret = url.replace("bot@", "bot:hunter2@")
    env = environment(tmp_path, DATABASE_URL=secret)
    answers = [await command(env, name, str(tmp_path / "b")) for name in ("backup", "restore")]

    assert [code for code, _ in answers] == [78, 78]
    assert "pg_dump" in answers[0][1]
    assert "pg_restore" in answers[1][1]
    assert "hunter2" not in f"{answers}"


# -- putting it in place ------------------------------------------------------------------------


async def test_restoring_keeps_what_was_there(
    store: JobStore, file: Path, command: Command
) -> None:
    """The present database moves aside, its log with it; the engine's file goes."""
    old = await accepted(store, 1)
    backup = file.with_name("backup.sqlite3")
    await back_up(file, backup)
    new = await accepted(store, 2)
    engine = file.with_name("engine.sqlite3")
    engine.write_bytes(b"")
    await store._database.close()
    code, said = await command(environment(file.parent), "restore", str(backup))
    (aside,) = file.parent.glob("bot.sqlite3.before-restore-*")
    async with opened(file) as restored, opened(aside) as before:
        job = await restored.get(old.id)

        assert code == 0, said
        assert "1 jobs were on their way" in said
        assert job is not None
        assert job.state is JobState.UNCERTAIN
        assert await restored.get(new.id) is None
        assert await before.get(new.id) == new
        assert await restored.ledger_of(old.id) == await before.ledger_of(old.id)
    assert not engine.exists()
    assert backup.exists()


async def test_two_restores_in_a_second_keep_both(store: JobStore, file: Path) -> None:
    """What is moved aside takes no other's name."""
    backup = file.with_name("backup.sqlite3")
    await back_up(file, backup)
    await store._database.close()
    done = [await restore(backup, file, disposable=None, now=NOW) for _ in range(3)]

    assert len({restored.aside for restored in done}) == 3
    assert all(restored.aside and restored.aside.is_file() for restored in done)


async def test_a_running_bot_is_not_restored(file: Path, command: Command) -> None:
    """The lock of its executor id is taken."""
    backup = file.with_name("backup.sqlite3")
    await back_up(file, backup)
    async with FileLocks.open(file.parent) as running:
        assert await running.hold(executor_lock("bot-1"))
        code, said = await command(environment(file.parent), "restore", str(backup))

    assert code == 78
    assert "Stop it first" in said


async def test_an_open_database_is_not_restored(
    store: JobStore, file: Path, command: Command
) -> None:
    """A bot with another DATA_DIR may have it: whoever it is, its file is not taken from it."""
    await accepted(store, 1)
    backup = file.with_name("backup.sqlite3")
    await back_up(file, backup)
    code, said = await command(environment(file.parent), "restore", str(backup))

    assert code == 78
    assert "is in use" in said
    assert not [*file.parent.glob("bot.sqlite3.[a-z]*")]


async def test_the_present_database_is_no_backup(store: JobStore, file: Path) -> None:
    """Also by another name; nothing is marked, and nothing moved aside."""
    await store._database.close()
    link = file.with_name("link.sqlite3")
    link.symlink_to(file)
    for backup in (file, link):
        with pytest.raises(BotError, match="--mark-only"):
            await restore(backup, file, disposable=None, now=NOW)

    assert not [*file.parent.glob("bot.sqlite3.[a-z]*")]


def broken_header(backup: Path) -> None:
    """No SQLite file at all."""
    backup.write_bytes(b"what is this" * 100)


def broken_page(backup: Path) -> None:
    """A page in the middle was lost."""
    data = bytearray(backup.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = b"\xff" * 4096
    backup.write_bytes(data)


def of_another_program(backup: Path) -> None:
    """A good database, not ours."""
    backup.unlink()
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("CREATE TABLE shop (id int)")


def of_a_newer_version(backup: Path) -> None:
    """Its tables are unknown here."""
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def with_wrong_books(backup: Path) -> None:
    """Somebody changed a price."""
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("UPDATE job SET price_credits = 31")


def missing(backup: Path) -> None:
    """The name was mistyped."""
    backup.unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (broken_header, "not a database"),
        (broken_page, "damaged|malformed"),
        (of_another_program, "not a backup of this bot"),
        (of_a_newer_version, "newer version"),
        (with_wrong_books, "do not add up"),
        (missing, "No such file"),
    ],
)
async def test_a_bad_backup_changes_nothing(
    store: JobStore, file: Path, spoil: Callable[[Path], None], words: str
) -> None:
    """It is refused with the reason, and the database stays where it is."""
    job = await accepted(store, 1)
    backup = file.with_name("backup.sqlite3")
    await back_up(file, backup)
    spoil(backup)
    await store._database.close()
    with pytest.raises(BotError, match=words):
        await restore(backup, file, disposable=None, now=NOW)

    assert await store.get(job.id) == job
    assert not [*file.parent.glob("bot.sqlite3.[a-z]*")]
    await store._database.migrate()


async def test_dying_in_the_middle_of_a_restore(
    store: JobStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each move of a file: the bot starts on all of the one or all of the other, or not."""
    old = await accepted(store, 1)
    backup = file.with_name("backup.sqlite3")
    await back_up(file, backup)
    new = await accepted(store, 2)
    outcomes: list[str] = []
    for moves in range(5):
        place = await asyncio.to_thread(_killed, file, new, file.parent / f"killed-{moves}")
        with monkeypatch.context() as patch:
            _die_after(patch, moves)
            try:
                await restore(backup, place, disposable=None, now=NOW)
            except _DeadError:
                outcomes.append(await _start(place, old, new))
            else:
                outcomes.append("done")
        await restore(backup, place, disposable=None, now=NOW)
        assert await _start(place, old, new) == "restored"

    assert outcomes == ["present", "refused", "refused", "refused", "done"]


class _DeadError(BaseException):
    pass


def _killed(file: Path, job: Job, folder: Path) -> Path:
    """Copy what a bot leaves that is killed: its last changes are in the log beside the file."""
    folder.mkdir()
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("UPDATE job SET error_detail = 'last' WHERE id = ?", (job.id,))
        writer.commit()
        for ending in ("", "-wal"):
            shutil.copy(f"{file}{ending}", folder)
    return folder / file.name


def _die_after(patch: pytest.MonkeyPatch, moves: int) -> None:
    """Let the process die at the move of a file behind so many that succeed."""
    left = [moves]
    for module, name in ((Path, "rename"), (Path, "replace")):
        real = getattr(module, name)

        def move(self: Path, target: Path, real: Callable[..., Path] = real) -> Path:
            if self.exists():
                left[0] -= 1
                if left[0] < 0:
                    raise _DeadError
            return real(self, target)

        patch.setattr(module, name, move)


async def _start(place: Path, old: Job, new: Job) -> str:
    """Start as a bot does; return what it finds."""
    database = Database.of_file(place)
    try:
        await database.migrate()
        jobs = {job.id: job for job in await JobStore(database).unfinished()}
    except ConfigurationError as error:
        assert "restore was interrupted" in str(error)  # noqa: PT017 - one of three outcomes
        return "refused"
    finally:
        await database.close()
    if new.id in jobs:
        assert jobs[new.id].error_detail == "last"
        return "present"
    assert jobs[old.id].restored_at == NOW
    return "restored"
