"""Videos that wait to be sent again: kept for a while, never too many, and gone with their job."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.job import Job, JobState
from bot.jobs.kept_videos import KEPT_FOR, KeptVideos
from bot.storage import ForgettingStore, JobStore
from tests.privacy_kit import NAMES
from tests.storage_kit import FIRST_ID, MEMBER, NOW, walked_to

pytest_plugins = ("tests.storage_fixtures",)


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        """Return it."""
        return self.at


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def kept(store: JobStore, tmp_path: Path, clock: Clock) -> KeptVideos:
    """An empty folder that takes 1,000 bytes."""
    return KeptVideos(tmp_path / "kept", jobs=store, max_bytes=1000, now=clock.now)


def video(folder: Path, size_bytes: int = 100) -> Path:
    """Return a file on its way."""
    path = folder / "result.mp4"
    path.write_bytes(b"v" * size_bytes)
    return path


def names(kept: KeptVideos) -> list[str]:
    """Return what is in the folder."""
    return sorted(path.name for path in kept.path(1).parent.iterdir())


async def behind(store: JobStore, number: int = 0) -> Job:
    """Return an undelivered job."""
    return await walked_to(store, JobState.UNDELIVERED, number)


async def test_a_video_is_moved_in_and_dropped(
    store: JobStore, kept: KeptVideos, tmp_path: Path
) -> None:
    """It is no longer where it was; dropping it twice is fine."""
    job, path = await behind(store), video(tmp_path)

    await kept.keep(job.id, path)

    assert not path.exists()
    assert kept.path(job.id).read_bytes() == b"v" * 100
    for _ in range(2):
        await kept.drop(job.id)
    assert names(kept) == []


async def test_it_is_kept_for_a_week(
    store: JobStore, kept: KeptVideos, tmp_path: Path, clock: Clock
) -> None:
    """To the minute; half a file that a kill left goes as well."""
    job = await behind(store)
    await kept.keep(job.id, video(tmp_path))
    half = kept.path(job.id).with_suffix(".part")
    half.write_bytes(b"half")
    os.utime(half, (NOW.timestamp(), NOW.timestamp()))
    clock.at = NOW + KEPT_FOR
    await kept.tidy()
    still = names(kept)
    clock.at += timedelta(minutes=1)
    await kept.tidy()

    assert f"{job.id}.mp4" in still
    assert names(kept) == []


async def test_of_too_much_the_oldest_goes(
    store: JobStore, kept: KeptVideos, tmp_path: Path, clock: Clock
) -> None:
    """Three of 400 bytes where 1,000 may be."""
    jobs = [await behind(store, number) for number in range(3)]
    for job in jobs:
        await kept.keep(job.id, video(tmp_path, 400))
        clock.at += timedelta(minutes=1)

    assert names(kept) == [f"{job.id}.mp4" for job in jobs[1:]]


async def test_one_larger_than_all_the_room_is_not_kept(
    store: JobStore, kept: KeptVideos, tmp_path: Path
) -> None:
    """Nor does it push the others out."""
    first, second = await behind(store), await behind(store, 1)
    await kept.keep(first.id, video(tmp_path))
    await kept.keep(second.id, video(tmp_path, 1001))

    assert names(kept) == [f"{first.id}.mp4"]


@pytest.mark.parametrize(
    ("state", "stays"),
    [
        (JobState.FINISHED, True),  # kept, and about to be noted as undelivered
        (JobState.UNDELIVERED, True),
        (JobState.DELIVERED, False),
        (JobState.FAILED, False),
    ],
)
async def test_only_what_can_still_be_sent_stays(
    store: JobStore, kept: KeptVideos, tmp_path: Path, state: JobState, *, stays: bool
) -> None:
    """By the job's state."""
    job = await walked_to(store, state)
    await kept.keep(job.id, video(tmp_path))

    assert names(kept) == ([f"{job.id}.mp4"] if stays else [])


async def test_a_forgotten_job_s_video_goes(
    store: JobStore, kept: KeptVideos, tmp_path: Path
) -> None:
    """Its member deleted what is kept about them; a job that never was has none either."""
    job = await behind(store)
    await kept.keep(job.id, video(tmp_path))
    forgetting = ForgettingStore(store._database, NAMES)
    await forgetting.forget_member(MEMBER, now=NOW)
    await kept.tidy()
    await kept.keep(FIRST_ID + 7, video(tmp_path))

    assert names(kept) == []


async def test_what_is_not_ours_is_left_alone(
    store: JobStore, kept: KeptVideos, tmp_path: Path
) -> None:
    """Other names, folders, and links to elsewhere."""
    job, outside = await behind(store), tmp_path / "precious.mp4"
    await kept.keep(job.id, video(tmp_path))
    folder = kept.path(1).parent
    outside.write_bytes(b"precious")
    (folder / "7.mp4").symlink_to(outside)
    (folder / "notes.txt").write_text("mine")
    (folder / "album.mp4").write_text("mine")
    await kept.drop(job.id)
    await kept.tidy()

    assert names(kept) == ["7.mp4", "album.mp4", "notes.txt"]
    assert outside.read_bytes() == b"precious"


async def test_a_folder_that_cannot_be_written_hurts_no_job(
    store: JobStore, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A file stands in its place: said in the log, and the video stays where it was."""
    (tmp_path / "taken").write_text("")
    kept = KeptVideos(tmp_path / "taken" / "kept", jobs=store, max_bytes=1000, now=clock.now)
    path = video(tmp_path)

    await kept.keep((await behind(store)).id, path)
    await kept.tidy()

    assert path.exists()
    assert "cannot be kept" in caplog.text
