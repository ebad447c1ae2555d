"""Checks that members' files can be opened: by opening a picture and a video for real."""

import asyncio
import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from bot.doctoring.apart import apart
from bot.doctoring.diagnosis import Diagnosis, hint, well, wrong
from bot.errors import BotError
from bot.media import Decoder, MediaLimits
from bot.media.specimen import write_tiny_video

# What a rewritten picture of 40 megapixels takes, with the decoder around it.
LEAST_MEMORY_BYTES = 1_200_000_000
_BYTES_IN_GB = 1e9
_ANSWERS_WITHIN_S = 8.0
_SIDE_PX = 64
_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
_REINSTALL = "Install the bot's locked dependencies again (make setup)."


async def check_decoder(
    decoder: Decoder | None = None, *, limit_files: Sequence[Path] | None = None
) -> Diagnosis:
    """Have a picture and a video opened, and see whether a large one would fit.

    Args:
        decoder: Who opens them; None for one of its own.
        limit_files: Where the system says how much memory this process may have; None: where
            Linux does.
    """
    decoder = decoder or Decoder(time_limit_s=_ANSWERS_WITHIN_S)
    trouble = await _picture_trouble(decoder) or await _video_trouble(decoder)
    if trouble is not None:
        return trouble
    least_bytes = await asyncio.wrap_future(apart(lambda: memory_limit_bytes(limit_files)))
    if least_bytes is not None and least_bytes < LEAST_MEMORY_BYTES:
        return wrong(
            "decoder",
            f"this process may have {_gb(least_bytes)} of memory: large pictures are refused as "
            "damaged.",
            f"Allow at least {_gb(LEAST_MEMORY_BYTES)} (docker --memory, systemd MemoryMax, "
            "ulimit -v).",
            memory_limit_bytes=least_bytes,
        )
    if not decoder.is_apart:
        return hint(
            "decoder",
            "a picture and a video were opened, but in the bot itself: this system cannot fork, "
            "and a hostile file could end it.",
            "Run the bot on Linux.",
        )
    return well("decoder", "a picture and a video were opened, in a process of their own")


async def _picture_trouble(decoder: Decoder) -> Diagnosis | None:
    file = io.BytesIO()
    Image.new("RGB", (_SIDE_PX, _SIDE_PX)).save(file, "PNG")
    try:
        await decoder.image(file.getvalue(), limits=MediaLimits())
    except OSError as error:
        return wrong(
            "decoder",
            f"no process can be started that opens files: {error.strerror}.",
            "Allow the bot's user more processes (ulimit -u, docker --pids-limit, systemd "
            "TasksMax) and memory.",
        )
    except BotError as error:
        return wrong("decoder", f"a sound picture cannot be opened: {error}", _REINSTALL)
    return None


async def _video_trouble(decoder: Decoder) -> Diagnosis | None:
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        path = Path(folder) / "tiny.mp4"
        await asyncio.wrap_future(apart(lambda: write_tiny_video(path)))
        try:
            await decoder.video(path)
        except OSError as error:
            return wrong(
                "decoder",
                f"an open file cannot be handed to another process: {error.strerror}.",
                "Mount /proc where the bot runs: files are handed over as /dev/fd/N.",
            )
        except BotError as error:
            return wrong("decoder", f"a sound video cannot be opened: {error}", _REINSTALL)
    return None


def memory_limit_bytes(limit_files: Sequence[Path] | None = None) -> int | None:
    """Return the least of this process's limits on memory; None without any. Reads files."""
    files = group_limit_files() if limit_files is None else limit_files
    return min((*_address_space(), *_of_group(files)), default=None)


def group_limit_files(own_groups: Path = _OWN_GROUPS, groups: Path = _GROUPS) -> list[Path]:
    """Return where the limits of this process's control group are, and of those around it.

    Args:
        own_groups: Which they are, as `/proc/self/cgroup` says.
        groups: Where they are mounted. A container sees its own as the outermost.
    """
    try:
        lines = own_groups.read_text(encoding="utf-8").splitlines()
    except OSError:  # another system
        return []
    files = []
    for line in lines:
        _, kinds, name = line.split(":", 2)
        if kinds == "":  # version 2
            own = groups / name.lstrip("/")
            around = [own, *own.parents]
            files += [folder / "memory.max" for folder in around if folder.is_relative_to(groups)]
        elif "memory" in kinds.split(","):  # version 1
            own = groups / "memory" / name.lstrip("/")
            files += [folder / "memory.limit_in_bytes" for folder in (own, groups / "memory")]
    return files


def _address_space() -> Iterator[int]:
    try:
        # Windows has neither the module nor such a limit.
        import resource  # noqa: PLC0415 - see above
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        yield most


def _of_group(limit_files: Sequence[Path]) -> Iterator[int]:
    for file in limit_files:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:  # another system, or another version of it
            continue
        if text.isdigit():  # else "max"
            yield int(text)


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / _BYTES_IN_GB:.1f} GB"
