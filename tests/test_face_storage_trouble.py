"""What members read while the database is in trouble."""

from pathlib import Path

from sandbox.discord_api.driver import MemberDriver
from tests.discord_kit import until
from tests.face_running import EPHEMERAL, Face, all_text
from tests.storage_trouble_kit import Disk, watched

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

OPTIONS = {"prompt": "A fox jumps"}
WORDS = "The bot cannot save anything at the moment, so nothing was done and nothing was charged."


async def test_a_command_that_cannot_be_saved_costs_nothing_and_says_so(
    face: Face, mia: MemberDriver, file: Path
) -> None:
    """Plain words for the member alone; afterwards the same command works."""
    disk = Disk(file)
    outcome = await mia.run_command("t2v", OPTIONS)
    first = await face.carded(int(outcome.id))
    with watched(disk):
        disk.read_only = True
        await mia.run_command("t2v", OPTIONS)

        async def told() -> bool:
            return any(WORDS in all_text(m) for m in mia.seen.values() if m["flags"] & EPHEMERAL)

        await until(told)
        assert [job.id for job in await face.store.unfinished()] == [first.id]
        assert len([m for m in await face.posted() if not m["flags"] & EPHEMERAL]) == 1
        disk.make_room()
        outcome = await mia.run_command("t2v", OPTIONS)
        job = await face.carded(int(outcome.id))

    assert face.engine.waiting == [first.id, job.id]
    assert await face.store.check_ledger() == []


async def test_a_locked_database_is_no_dead_end(face: Face, mia: MemberDriver, file: Path) -> None:
    """Somebody else holds the write lock for longer than we wait."""
    disk = Disk(file)
    with watched(disk):
        with disk.locked():
            await mia.run_command("t2v", OPTIONS)

            async def told() -> bool:
                return any(WORDS in all_text(m) for m in mia.seen.values())

            await until(told)
        outcome = await mia.run_command("t2v", OPTIONS)
        await face.carded(int(outcome.id))

    assert len(await face.store.unfinished()) == 1
