"""Smaller copies by a real ffmpeg: they fit, play, and leave nothing behind, whatever happens."""

import asyncio
from pathlib import Path

import pytest

from bot.errors import CannotShrinkError
from bot.media import VideoFile, VideoShrinker, ffmpeg_program
from bot.media.video import probe_video
from tests.ffmpeg_programs import SLEEPER, is_alive, program, started
from tests.segmind_far_end import noisy_mp4


@pytest.fixture
def video(tmp_path: Path) -> VideoFile:
    """Two seconds of noise with sound."""
    path = tmp_path / "source" / "result.mp4"
    path.parent.mkdir()
    path.write_bytes(noisy_mp4())
    return probe_video(path)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the copy goes: alone in its folder."""
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder / "fit.mp4"


def shrinker(ffmpeg: str | None, time_limit_s: float | None = None) -> VideoShrinker:
    """Return a shrinker that finds this program."""
    return VideoShrinker(program=lambda: ffmpeg, time_limit_s=time_limit_s)


def begins_with_its_index(path: Path) -> bool:
    """Tell whether a player can start before it has the whole file."""
    data = path.read_bytes()
    return data.index(b"moov") < data.index(b"mdat")


async def test_a_copy_fits_and_plays(video: VideoFile, target: Path) -> None:
    """Half the bytes: the same length, sound and shape, H.264, its index first."""
    limit_bytes = video.size_bytes // 2

    copy = await VideoShrinker().shrink(video, target, limit_bytes=limit_bytes)

    assert copy == probe_video(target)
    assert limit_bytes / 2 < copy.size_bytes <= limit_bytes
    assert (copy.width, copy.height, copy.codec) == (192, 144, "h264")
    assert copy.has_sound
    assert copy.duration_s == pytest.approx(video.duration_s, abs=0.2)
    assert begins_with_its_index(target)
    assert list(target.parent.iterdir()) == [target]


async def test_what_cannot_be_watched_is_not_tried(video: VideoFile, target: Path) -> None:
    """A few bytes for a film: refused before any process starts."""
    with pytest.raises(CannotShrinkError, match="cannot be watched"):
        await shrinker("/nowhere/ffmpeg").shrink(video, target, limit_bytes=1000)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; sys.exit('no such codec')", "no such codec"),
        ("pass", "no whole video"),
        ("import sys; open(sys.argv[-1], 'wb').write(b'half')", "no whole video"),
    ],
    ids=["fails", "writes nothing", "writes no video"],
)
async def test_a_program_that_fails_leaves_nothing(
    video: VideoFile, target: Path, tmp_path: Path, script: str, words: str
) -> None:
    """Its last words are told, and no half file stays."""
    if script == "pass":
        script = "import sys; open(sys.argv[-1], 'wb').close()"
    with pytest.raises(CannotShrinkError, match=words):
        await shrinker(program(tmp_path, script)).shrink(video, target, limit_bytes=100_000)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("ffmpeg", [None, "/nowhere/ffmpeg"])
async def test_without_a_program_it_cannot_be_done(
    video: VideoFile, target: Path, ffmpeg: str | None
) -> None:
    """None is found, or it has gone since."""
    with pytest.raises(CannotShrinkError):
        await shrinker(ffmpeg).shrink(video, target, limit_bytes=100_000)


async def test_a_copy_that_stays_too_large_is_tried_once_more(
    video: VideoFile, target: Path, tmp_path: Path
) -> None:
    """The second try aims lower; then it is given up."""
    noted = tmp_path / "rates"
    script = (
        "import shutil, sys\n"
        "rate = sys.argv[sys.argv.index('-b:v') + 1]\n"
        "if sys.argv[sys.argv.index('-pass') + 1] == '2':\n"
        "    open('{here}/rates', 'a').write(rate + '\\n')\n"
        f"    shutil.copy({str(video.path)!r}, sys.argv[-1])\n"
    )
    with pytest.raises(CannotShrinkError, match="stays over"):
        await shrinker(program(tmp_path, script)).shrink(
            video, target, limit_bytes=video.size_bytes - 1
        )
    first, second = (int(rate) for rate in noted.read_text().split())

    assert second < first
    assert list(target.parent.iterdir()) == []


async def test_a_cancelled_copy_ends_its_process(
    video: VideoFile, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot stops: nothing goes on encoding. It had low priority and knew no secret."""
    monkeypatch.setenv("DISCORD_TOKEN", "a-secret")
    monkeypatch.setenv("SEGMIND_API_KEY", "another")
    asleep = shrinker(program(tmp_path, SLEEPER))
    task = asyncio.create_task(asleep.shrink(video, target, limit_bytes=100_000))
    pid = await started(tmp_path)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not is_alive(pid)
    assert int((tmp_path / "nice").read_text()) >= 10
    assert not {"DISCORD_TOKEN", "SEGMIND_API_KEY"} & set((tmp_path / "env").read_text().split())


async def test_a_program_that_hangs_is_killed(
    video: VideoFile, target: Path, tmp_path: Path
) -> None:
    """Its time is over; the turn is free for the next."""
    asleep = shrinker(program(tmp_path, SLEEPER), time_limit_s=0.5)
    with pytest.raises(CannotShrinkError, match="longer than"):
        await asleep.shrink(video, target, limit_bytes=100_000)
    with pytest.raises(CannotShrinkError, match="longer than"):
        await asleep.shrink(video, target, limit_bytes=100_000)

    assert not is_alive(await started(tmp_path))


async def test_one_copy_is_made_at_a_time(video: VideoFile, target: Path, tmp_path: Path) -> None:
    """The second begins when the first is over."""
    asleep = shrinker(program(tmp_path, SLEEPER))
    first = asyncio.create_task(asleep.shrink(video, target, limit_bytes=100_000))
    pid = await started(tmp_path)
    second = asyncio.create_task(asleep.shrink(video, target, limit_bytes=100_000))
    await asyncio.sleep(0.1)
    alone = (tmp_path / "started").read_text() == str(pid) and not (tmp_path / "pid").exists()
    for task in (second, first):
        task.cancel()
    await asyncio.gather(first, second, return_exceptions=True)

    assert alone


def test_this_machine_has_a_program() -> None:
    """The system's, or the one that the wheel ships."""
    assert ffmpeg_program() is not None


def test_a_program_that_is_looked_at_learns_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's is asked what it can encode, before it is taken."""
    script = "import os\nprint(' libx264 ')\nopen('{here}/env', 'w').write(' '.join(os.environ))\n"
    own = Path(program(tmp_path, script)).rename(tmp_path / "ffmpeg")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DISCORD_TOKEN", "a-secret")
    ffmpeg_program.cache_clear()
    try:
        found = ffmpeg_program()
    finally:
        ffmpeg_program.cache_clear()

    assert found == str(own)
    assert "DISCORD_TOKEN" not in (tmp_path / "env").read_text().split()
