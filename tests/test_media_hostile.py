"""Files made to hurt: what they cost is bounded, and the bot is none the worse."""

import asyncio
import gc
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import BadInputError, DownloadInterruptedError, NotAVideoError, NoThumbnailError
from bot.i18n import speaking
from bot.media import Decoder, MediaLimits
from tests import hostile_files as hostile

LIMITS = MediaLimits()
# A nursery whose processes have less than usual: a bomb that went off would end them, and the
# words of the refusal would not be those of a check.
TIGHT = (
    "import bot.media.nursery as n; n.ADDRESS_SPACE_BYTES = 320_000_000; n.CPU_S = 3; n.main()",
)
# One in which a picture makes its decoder do something.
POSSESSED = """
import os, signal, time, bot.media.decoding as d, bot.media.nursery as n
from bot.media.wire import Message
n.CPU_S = 1
n.REAL_TIME_S = 0.3
def act(options, data):
    names = {}
    exec(data.decode(), globals(), names)
    return Message(head=names["found"])
d._TASKS = {"image": act}
n.main()
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")


@pytest.fixture(scope="module")
def tight() -> Decoder:
    """Return a decoder with little memory and time."""
    return Decoder(command=(sys.executable, "-c", *TIGHT))


@pytest.fixture(scope="module")
def possessed() -> Decoder:
    """Return a decoder whose processes do what the picture says."""
    return Decoder(command=(sys.executable, "-c", POSSESSED))


def spoilt(caplog: pytest.LogCaptureFixture) -> bool:
    """Return whether a process ended without a word."""
    return any("spoilt its decoding process" in line for line in caplog.messages)


@pytest.mark.parametrize("make", hostile.PICTURES.values(), ids=hostile.PICTURES)
async def test_a_hostile_picture_is_refused_in_little_memory(
    make: Callable[[], bytes], tight: Decoder, caplog: pytest.LogCaptureFixture
) -> None:
    """By a check, before it could expand."""
    with pytest.raises(BadInputError, match=r"damaged|too large to open"):
        await tight.image(make(), limits=LIMITS)

    assert not spoilt(caplog)


@pytest.mark.parametrize("make", hostile.ENDLESS.values(), ids=hostile.ENDLESS)
async def test_of_an_endless_picture_only_the_first_is_opened(
    make: Callable[[], bytes], tight: Decoder
) -> None:
    """However many frames follow or are claimed."""
    prepared = await tight.image(make(), limits=LIMITS)

    assert prepared.width in {65, 200}


async def test_a_picture_of_endless_parts_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """Pillow reads them one by one, in Python: for seconds, which the bot does not share."""
    script = "import bot.media.nursery as n; n.CPU_S = 1; n.main()"
    hasty = Decoder(command=(sys.executable, "-c", script))

    with pytest.raises(BadInputError, match="damaged"):
        await hasty.image(hostile.png_of_chunks(1_600_000), limits=LIMITS)

    assert spoilt(caplog)


@pytest.mark.parametrize("make", hostile.SOUNDS.values(), ids=hostile.SOUNDS)
async def test_a_hostile_sound_is_refused_in_little_memory(
    make: Callable[[], bytes], tight: Decoder, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever its header claims."""
    with pytest.raises(BadInputError, match=r"damaged|long"):
        await tight.audio(make(), limits=LIMITS)

    assert not spoilt(caplog)


@pytest.mark.parametrize("name", hostile.MOVIES)
async def test_a_hostile_video_is_refused_in_little_memory(
    name: str, tight: Decoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As it comes, for its thumbnail, and for its last picture."""
    path = hostile.written(tmp_path, name)

    with pytest.raises((DownloadInterruptedError, NotAVideoError)):
        await tight.video(path)
    with pytest.raises(NoThumbnailError):
        await tight.thumbnail(path)
    with pytest.raises(NotAVideoError):
        await tight.frame(path, last=True)

    assert not spoilt(caplog)


@pytest.mark.parametrize(
    "deed",
    [
        "bytearray(2_000_000_000)",
        "while True: pass",
        "time.sleep(60)",
        "os.kill(os.getpid(), signal.SIGSEGV)",
        "os.write(1, b'x' * 1000); os.abort()",
        "found = {}",
        "found = {'notes': [], 'error': 'SystemExit', 'text': ''}",
        "found = {'notes': [], 'width': 'wide', 'height': 1, 'media_type': '', 'rewritten': 0}",
    ],
    ids=["memory", "time", "sleep", "crash", "abort", "nothing said", "an error", "a lie"],
)
async def test_whatever_a_decoder_is_made_to_do_is_a_refusal(
    deed: str, possessed: Decoder, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends by its own limits, and says nothing that is believed."""
    with pytest.raises(BadInputError, match="damaged"):
        await possessed.image(deed.encode(), limits=LIMITS)

    assert spoilt(caplog)


async def test_a_decoder_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the bot's environment but where programs and temporary files are."""
    monkeypatch.setenv("DISCORD_TOKEN", "made-up")
    fresh = Decoder(command=(sys.executable, "-c", POSSESSED))
    facts = "'width': 1, 'height': 1, 'media_type': ' '.join(os.environ), 'rewritten': 0"

    prepared = await fresh.image(f"found = {{{facts}}}".encode(), limits=LIMITS)

    assert "PATH" in prepared.media_type
    assert "DISCORD_TOKEN" not in prepared.media_type


async def test_a_refusal_comes_in_the_members_language(tight: Decoder) -> None:
    """The process is told which one is spoken."""
    with speaking("de"), pytest.raises(BadInputError, match="leer"):
        await tight.image(b"", limits=LIMITS)


async def test_what_a_decoder_notes_is_logged_by_the_bot(
    tight: Decoder, caplog: pytest.LogCaptureFixture
) -> None:
    """In the bot's own form."""
    with caplog.at_level(logging.INFO), pytest.raises(BadInputError):
        await tight.image(hostile.PICTURES["png-truncated"](), limits=LIMITS)

    assert any("file refused" in line for line in caplog.messages)


async def test_a_nursery_that_was_killed_is_started_again() -> None:
    """Nobody notices but the log."""
    decoder = Decoder()
    picture = hostile.ENDLESS["png-four-billion-frames"]()
    await decoder.image(picture, limits=LIMITS)
    assert decoder._process is not None
    os.kill(decoder._process.pid, signal.SIGKILL)
    decoder._process.wait()

    assert (await decoder.image(picture, limits=LIMITS)).width == 200


async def test_no_decoder_is_trouble_of_the_machine() -> None:
    """Not the member's fault: so it is no refusal of the file."""
    decoder = Decoder(command=(sys.executable, "-c", "pass"))

    with pytest.raises(OSError, match="cannot be started"):
        await decoder.image(b"", limits=LIMITS)


async def test_without_forks_files_are_opened_by_the_bot_itself(tmp_path: Path) -> None:
    """As on Windows: with the same answers."""
    decoder = Decoder(apart=False)
    path = hostile.written(tmp_path, "mp4-truncated")

    with pytest.raises(BadInputError, match="too large to open"):
        await decoder.image(hostile.PICTURES["png-30000x30000"](), limits=LIMITS)
    with pytest.raises(DownloadInterruptedError, match="too early"):
        await decoder.video(path)


@pytest.mark.parametrize("apart", [True, False])
async def test_a_good_file_is_opened_apart_or_not(tmp_path: Path, apart: bool) -> None:
    """Each kind of question has its answer either way."""
    decoder = Decoder(apart=apart)
    path = tmp_path / "v.mp4"
    path.write_bytes(hostile.real_movie())

    video = await decoder.video(path)
    sound = await decoder.audio(hostile.wav(data=bytes(32_000)), limits=LIMITS)

    assert (video.path, video.width, video.codec) == (path, 64, "mpeg4")
    assert sound.media_type == "audio/wav"
    assert sound.duration_s == pytest.approx(4.0)
    assert (await decoder.thumbnail(path))[8:12] == b"WEBP"
    assert (await decoder.frame(path, last=True)).startswith(b"\xff\xd8")


async def test_without_a_file_each_says_so_in_its_own_way(tmp_path: Path) -> None:
    """A video that is gone may be kept elsewhere; a picture of it is just not to be had."""
    decoder = Decoder()

    with pytest.raises(FileNotFoundError):
        await decoder.video(tmp_path / "gone.mp4")
    with pytest.raises(NoThumbnailError):
        await decoder.thumbnail(tmp_path / "gone.mp4")
    with pytest.raises(NotAVideoError):
        await decoder.frame(tmp_path / "gone.mp4", last=False)


async def test_a_file_that_is_moved_meanwhile_is_read(tmp_path: Path) -> None:
    """It was opened before it had to wait for its turn: an undelivered video is put away."""
    decoder = Decoder()
    path = tmp_path / "v.mp4"
    path.write_bytes(hostile.real_movie())
    others = [asyncio.create_task(decoder.video(path)) for _ in range(4)]
    last = asyncio.create_task(decoder.thumbnail(path))
    await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
    path.rename(tmp_path / "elsewhere.mp4")

    assert await last


async def test_who_is_cancelled_while_waiting_leaves_no_file_open(tmp_path: Path) -> None:
    """An open file that is collected is a warning, which is an error here."""
    decoder = Decoder()
    path = tmp_path / "v.mp4"
    path.write_bytes(hostile.real_movie())
    waiting = [asyncio.create_task(decoder.video(path)) for _ in range(6)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    gc.collect()

    assert any(isinstance(end, asyncio.CancelledError) for end in ends)


def test_nothing_stays_behind_when_the_bot_is_killed() -> None:
    """The nursery sees that nobody can ask any more."""
    script = (
        "import asyncio, os, signal; from bot.media import Decoder, MediaLimits\n"
        "from tests import hostile_files as h\n"
        "d = Decoder(); p = h.ENDLESS['png-four-billion-frames']()\n"
        "asyncio.run(d.image(p, limits=MediaLimits()))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    # It shares the standard error, which is read until the last one that has it is gone.
    done = subprocess.run(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, timeout=30, check=False
    )

    assert done.returncode == -signal.SIGKILL
