"""What the doctor finds on the machine; each fault is made on purpose."""

import asyncio
import os
import resource
import socket
import sys
from pathlib import Path

import pytest

from bot.doctoring import State
from bot.doctoring.decoding import (
    LEAST_MEMORY_BYTES,
    check_decoder,
    group_limit_files,
    memory_limit_bytes,
)
from bot.doctoring.machine import check_languages
from bot.i18n import CATALOGUES
from bot.media import Decoder, ffmpeg_program
from bot.settings import Settings
from bot.watching import watch_server
from tests.doctor_kit import fault, found, suggestion, told
from tests.watching_kit import pages_of, signs

pytest_plugins = ("tests.doctor_fixtures",)


# -- folders and disk ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["data_dir", "kept_dir"])
async def test_a_folder_that_cannot_be_made_names_its_setting(
    lone_settings: Settings, tmp_path: Path, name: str
) -> None:
    """A file stands where the folder should be: its setting must change."""
    (tmp_path / "taken").write_text("")

    folders = await fault(lone_settings, "folders", **{name: tmp_path / "taken"})

    assert name.upper() in folders.words


async def test_a_disk_without_room_for_one_video_is_a_fault(lone_settings: Settings) -> None:
    """Before the first download fails."""
    disk = await fault(lone_settings, "disk", video_max_bytes=10**18)

    assert "too little for a video" in disk.words
    assert "VIDEO_MAX_BYTES" in disk.remedy
    assert disk.figures["free_bytes"] > 0


async def test_a_disk_that_is_nearly_full_is_a_fault(lone_settings: Settings) -> None:
    """There is room for one video, and not for five."""
    free = (await found(lone_settings, "disk"))["disk"].figures["free_bytes"]

    disk = await fault(lone_settings, "disk", video_max_bytes=int(free / 3))

    assert "that is little" in disk.words


async def test_less_room_than_kept_videos_may_take_is_a_hint(lone_settings: Settings) -> None:
    """It becomes a fault only if many videos wait."""
    disk = await suggestion(lone_settings, "disk", kept_max_bytes=10**18)

    assert "KEPT_MAX_BYTES" in disk.remedy


# -- prices, ffmpeg, languages ---------------------------------------------------------


async def test_a_price_file_that_cannot_be_read_is_a_fault(
    lone_settings: Settings, tmp_path: Path
) -> None:
    """With the setting that names it."""
    prices = await fault(lone_settings, "prices", prices_file=tmp_path / "nowhere.toml")

    assert prices.words.startswith("PRICES_FILE cannot be read")
    assert "PRICES_FILE" in prices.remedy


async def test_a_machine_without_ffmpeg_is_told_what_it_misses(
    lone_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the system nor the wheel has one: large videos come as links."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "none"))
    ffmpeg_program.cache_clear()
    try:
        ffmpeg = await fault(lone_settings, "ffmpeg")
    finally:
        ffmpeg_program.cache_clear()

    assert "come as links" in ffmpeg.words
    assert "Install ffmpeg" in ffmpeg.remedy


def test_catalogues_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    """One is gone, one is cut off; the other languages are no trouble."""
    for catalogue in CATALOGUES.glob("*.mo"):
        (tmp_path / catalogue.name).write_bytes(catalogue.read_bytes())
    well = check_languages(tmp_path)
    (tmp_path / "fr.mo").unlink()
    (tmp_path / "de.mo").write_bytes((CATALOGUES / "de.mo").read_bytes()[:1000])

    ill = told(check_languages(tmp_path), State.WRONG)

    assert well.state is State.OK
    assert "the catalogues of de, fr cannot be read" in ill.words


# -- the decoder -----------------------------------------------------------------------


async def test_a_picture_and_a_video_are_opened_for_real() -> None:
    """By a process of their own, as members' files are."""
    assert (await check_decoder(limit_files=())).state is State.OK


async def test_processes_that_cannot_be_started_are_a_fault() -> None:
    """As under a limit of processes."""
    decoder = told(await check_decoder(Decoder(command=("false",))), State.WRONG)

    assert "no process can be started" in decoder.words
    assert "TasksMax" in decoder.remedy


# Does as the real one, in a file system without /proc (and without a picture to look at).
_WITHOUT_PROC = """
import os, resource, socket, sys
from PIL import Image
from bot.i18n import load
from bot.media import nursery
Image.init()
load()
Image.new("RGB", (64, 64)).save(os.devnull, "PNG")
os.chroot(sys.argv[1])
nursery.serve(socket.socket(fileno=0))
os._exit(0)
"""


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can take /proc from a process"
)
async def test_a_machine_without_proc_is_a_fault(tmp_path: Path) -> None:
    """A file is handed over as /dev/fd/N, which is a link into /proc."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "null").touch()
    command = (sys.executable, "-c", _WITHOUT_PROC, str(tmp_path))

    decoder = told(await check_decoder(Decoder(command=command)), State.WRONG)

    assert "cannot be handed" in decoder.words
    assert "Mount /proc" in decoder.remedy


async def test_a_system_that_cannot_fork_is_a_hint() -> None:
    """Files are opened in the bot itself there."""
    decoder = told(await check_decoder(Decoder(apart=False), limit_files=()), State.HINT)

    assert "cannot fork" in decoder.words


async def test_too_little_memory_is_a_fault(tmp_path: Path) -> None:
    """A container's limit counts as well as the process's own; the least of them."""
    roomy, none, tight = (tmp_path / name for name in ("roomy", "none", "tight"))
    roomy.write_text(f"{LEAST_MEMORY_BYTES}\n")
    none.write_text("max\n")
    tight.write_text("512000000\n")

    decoder = Decoder()
    well = await check_decoder(decoder, limit_files=(roomy, none, tmp_path / "absent"))
    ill = told(await check_decoder(decoder, limit_files=(roomy, tight)), State.WRONG)

    assert well.state is State.OK
    assert "0.5 GB of memory" in ill.words
    assert "1.2 GB" in ill.remedy
    assert ill.figures == {"memory_limit_bytes": 512_000_000}
    assert memory_limit_bytes((none,)) is None


def test_the_limits_around_a_service_count_too(tmp_path: Path) -> None:
    """Systemd's MemoryMax may be the slice's; of version 1 there is one more folder."""
    second, first = tmp_path / "second", tmp_path / "first"
    second.write_text("0::/system.slice/wan.service\n")
    first.write_text("9:name=systemd:/\n4:cpu,memory:/docker/1\n")

    assert group_limit_files(second, Path("/groups")) == [
        Path("/groups/system.slice/wan.service/memory.max"),
        Path("/groups/system.slice/memory.max"),
        Path("/groups/memory.max"),
    ]
    assert group_limit_files(first, Path("/groups")) == [
        Path("/groups/memory/docker/1/memory.limit_in_bytes"),
        Path("/groups/memory/memory.limit_in_bytes"),
    ]
    assert group_limit_files(tmp_path / "absent") == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of this kind are POSIX's")
def test_a_process_s_own_limit_is_seen() -> None:
    """As `ulimit -v` sets it; in a process of its own, which cannot take it back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
        os.write(writing, str(memory_limit_bytes(())).encode())
        os._exit(0)
    os.waitpid(child, 0)
    seen = os.read(reading, 100)
    os.close(reading)
    os.close(writing)

    assert seen == b"1500000000"


# -- reports and traces, the port for watching -----------------------------------------


async def test_a_library_that_is_missing_is_a_fault(
    lone_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only some hosts need it; where its setting is empty nothing is missing."""
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    empty = (await found(lone_settings, "reporting"))["reporting"]

    reporting = await fault(lone_settings, "reporting", sentry_dsn="https://key@127.0.0.1/1")

    assert empty.words == "neither reports nor traces are sent"
    assert "for SENTRY_DSN is not installed" in reporting.words
    assert "requirements-reporting.lock" in reporting.remedy


async def test_a_port_that_is_free_is_well(lone_settings: Settings) -> None:
    """It is free again afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    first = (await found(lone_settings, "watch_port", watch_port=port))["watch_port"]
    second = (await found(lone_settings, "watch_port", watch_port=port))["watch_port"]

    assert first.words == second.words == f"127.0.0.1 port {port} is free"


async def test_a_program_that_speaks_something_else_has_the_port(lone_settings: Settings) -> None:
    """What greets like a mail server is no bot, and the check says so."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        watch_port = await fault(lone_settings, "watch_port", watch_port=port)

    assert "is taken by another program" in watch_port.words
    assert "Choose another WATCH_PORT" in watch_port.remedy


async def test_a_port_that_another_program_has_is_a_fault(lone_settings: Settings) -> None:
    """The bot would not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        watch_port = await fault(lone_settings, "watch_port", watch_port=port)

    assert "is taken by another program" in watch_port.words
    assert "Choose another WATCH_PORT" in watch_port.remedy


async def test_a_port_that_is_a_bot_s_own_is_well(lone_settings: Settings) -> None:
    """The doctor is asked while the bot runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with watch_server(pages_of(signs()), host="127.0.0.1", port=port):
        watch_port = (await found(lone_settings, "watch_port", watch_port=port))["watch_port"]

    assert watch_port.state is State.OK
    assert "a bot shows its pages" in watch_port.words


async def test_a_host_that_is_not_this_machine_s_is_a_fault(lone_settings: Settings) -> None:
    """WATCH_HOST is another's address."""
    watch_port = await fault(lone_settings, "watch_port", watch_port=9464, watch_host="203.0.113.1")

    assert "203.0.113.1 port 9464 cannot be had" in watch_port.words
