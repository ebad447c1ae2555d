"""The file that a member takes along: valid JSON however many rows, packed when it is large."""

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RefusedError
from bot.job import JobState
from bot.jobs.export_file import ExportFile
from bot.jobs.kept_videos import KeptVideos
from bot.jobs.privacy_desk import PrivacyDesk
from bot.jobs.privacy_ports import ForgettingStore
from bot.policy import AllowanceOverride, Block
from bot.storage import (
    AskingStore,
    Database,
    ExportingStore,
    JobStore,
    PolicyStore,
    PreferenceStore,
)
from bot.storage import ForgettingStore as Forgetting
from tests.discord_kit import until
from tests.privacy_kit import NAMES
from tests.storage_kit import GUILD, MEMBER, MODERATOR, NOW, accepted, fill_asking, walked_to

pytest_plugins = ("tests.storage_fixtures",)

ROWS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.dictionaries(
            st.text(max_size=5),
            st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=20),
            max_size=4,
        ),
    ),
    max_size=30,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


class Rows:
    """An `ExportingStore` of given rows."""

    def __init__(self, rows: list[tuple[str, dict[str, Any]]]) -> None:
        self._rows = rows

    async def export(self, _user_id: int) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        """Yield them."""
        for row in self._rows:
            yield row


def desk(folder: Path, exporting: Any, database: Database | None = None) -> PrivacyDesk:
    """Return a desk that can export."""
    forgetting = Forgetting(database, NAMES) if database else cast("ForgettingStore", None)
    jobs = JobStore(database, NAMES) if database else cast("JobStore", None)
    kept = KeptVideos(folder / "kept", jobs=jobs, max_bytes=0, now=lambda: NOW)
    return PrivacyDesk(
        forgetting=forgetting, exporting=exporting, kept=kept, folder=folder, now=lambda: NOW
    )


def files_in(folder: Path) -> list[Path]:
    """Return all that is in a folder."""
    return list(folder.iterdir())


@given(ROWS, st.integers(1, 7))
def test_the_file_is_json_however_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, Any]], step: int
) -> None:
    """Each kind is a list; numbers that JavaScript cannot hold are text."""
    path = tmp_path_factory.mktemp("export") / "data.json"
    file = ExportFile(path, user_id=MEMBER, made_at=datetime(2026, 8, 3, tzinfo=UTC))
    for start in range(0, len(rows), step):
        file.write(rows[start : start + step])
    file.close()
    data = json.loads(path.read_text("utf-8"))
    want: dict[str, list[Any]] = {}
    for kind, row in rows:
        plain = {
            name: str(value) if type(value) is int and abs(value) > 2**53 else value
            for name, value in row.items()
        }
        want.setdefault(kind, []).append(plain)

    assert {kind: data.get(kind) for kind in want} == want
    assert set(data) == {"about", "user_id", "made_at", *want}
    assert data["user_id"] == str(MEMBER)


async def test_a_large_file_is_packed_and_one_too_large_is_refused(tmp_path: Path) -> None:
    """The member is told the sizes; nothing stays in the folder."""
    rows = [("jobs", {"prompt": f"{number} " + "a fox " * 100}) for number in range(200)]
    async with desk(tmp_path, Rows(rows)).export(MEMBER, most_bytes=100_000) as path:
        with zipfile.ZipFile(path) as archive:
            data = json.loads(archive.read("my-data.json"))
        suffix = path.suffix
    with pytest.raises(RefusedError, match=r"Discord takes 0\.0 MB here"):
        async with desk(tmp_path, Rows(rows)).export(MEMBER, most_bytes=100):
            pass

    assert suffix == ".zip"
    assert len(data["jobs"]) == 200
    assert files_in(tmp_path) == []


async def test_one_file_of_a_member_at_a_time(tmp_path: Path) -> None:
    """Whoever asks again and again waits for their own file; nobody else does."""
    served = desk(tmp_path, Rows([]))
    began: list[int] = []

    async def take(user_id: int) -> None:
        async with served.export(user_id, most_bytes=1000):
            began.append(user_id)
            await released.wait()

    released = asyncio.Event()
    mine = [asyncio.create_task(take(MEMBER)) for _ in range(5)]
    await until(lambda: bool(began))
    other = asyncio.create_task(take(MEMBER + 1))
    await until(lambda: MEMBER + 1 in began)
    released.set()
    await asyncio.gather(other, *mine)

    assert began == [MEMBER, MEMBER + 1, *[MEMBER] * 4]


async def test_everything_stored_about_a_member_is_in_it(file: Path, tmp_path: Path) -> None:
    """Of every table, more than one read of jobs, nothing of others, no secret, no moderator."""
    database = Database.open(f"sqlite:///{file}")
    store, policies = JobStore(database, NAMES), PolicyStore(database)
    await walked_to(
        store, JobState.DELIVERED, guild_id=None, parameters={"prompt": "ä🦊", "seed": 1}
    )
    await asyncio.gather(*(accepted(store, number) for number in range(1, 205)))
    await accepted(store, 300, user_id=MEMBER + 1, parameters={"prompt": "not theirs", "seed": 1})
    await store.grant(
        GUILD, MEMBER, 5, expires_at=None, reason="a prize", actor_id=MODERATOR, now=NOW
    )
    block = Block(user_id=MEMBER, until=None, reason="why", actor_id=MODERATOR, created_at=NOW)
    await policies.block(GUILD, block, now=NOW)
    own = AllowanceOverride(target="user", target_id=MEMBER, daily_credits=1, monthly_credits=2)
    await policies.set_override(GUILD, own, actor_id=MEMBER, now=NOW)
    await fill_asking(AskingStore(database), "https://cdn.example.org/fox.png")
    await PreferenceStore(database).set_telling(MEMBER, True, now=NOW)
    exporting = ExportingStore(database, NAMES)
    async with desk(tmp_path, exporting).export(MEMBER, most_bytes=10**9) as path:
        text = path.read_text("utf-8")
    await database.close()
    data = json.loads(text)

    assert len(data["jobs"]) == 205
    assert data["jobs"][0]["parameters"]["prompt"] == "ä🦊"
    assert "ä🦊" in text
    assert len(data["credits"]) == 207
    assert data["credits"][-1]["actor"] == "a moderator"
    assert data["blocks"][0]["reason"] == "why"
    assert data["allowances"][0]["daily_credits"] == 1
    assert [row["tell_by_dm"] for row in data["preferences"]] == [True]
    assert data["drafts"][0]["body"]["images"][0]["url"] == "https://cdn.example.org/fox.png"
    assert data["presets"][0]["options"] == {"prompt": "A wolpertinger"}
    assert [row["command"] for row in data["last_options"]] == ["animate"]
    assert [(event["action"], event["actor"]) for event in data["moderation"]] == [
        ("grant", "a moderator"),
        ("block", "a moderator"),
        ("allowance.set", "you"),
    ]
    assert "not theirs" not in text
    assert "interaction_token" not in text
    assert str(MODERATOR) not in text


@pytest.mark.parametrize(
    ("end", "told"),
    [(JobState.DELIVERED, True), (JobState.UNDELIVERED, False), (None, False)],
)
async def test_a_video_that_was_not_paid_for_cannot_be_taken_along(
    store: JobStore, file: Path, end: JobState | None, *, told: bool
) -> None:
    """Who closes their direct messages gets the credits back: not the video's address as well."""
    address = "https://example.org/v.mp4"
    job = await walked_to(store, JobState.RUNNING)
    await store.transition(job.id, JobState.FINISHED, now=NOW, output_url=address)
    if end is not None:
        await store.transition(job.id, end, now=NOW)
    database = Database.open(f"sqlite:///{file}")
    rows = [row async for row in ExportingStore(database, NAMES).export(MEMBER)]
    await database.close()
    exported = next(row for kind, row in rows if kind == "jobs")

    assert (exported["output_url"] == address) is told
    assert told or "not paid for" in exported["output_url"]
