"""Makes smaller copies of videos: ffmpeg in a process of its own, one at a time."""

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from bot.child_environment import child_environment
from bot.errors import CannotShrinkError, MediaError
from bot.media.decoder import Decoder, shared_decoder
from bot.media.facts import VideoFile
from bot.media.fit import FitPlan, VideoFacts, plan_fit
from bot.media.limits import megabytes
from bot.media.program import ffmpeg_program

log = logging.getLogger(__name__)

_AT_ONCE = 1
_TRIES = 2
# A second try aims so much below the limit, on top of what the first one was too large.
_AIM_LOWER = 0.95
# An old machine needs a second for a megapixel; the bot's own work goes first. Two tries of two
# passes each stay below the time for which a process may be at a send (`send_again.LEASE`).
_LEAST_TIME_S, _MOST_TIME_S, _S_PER_MEGAPIXEL = 60.0, 200.0, 1.0
_MOST_THREADS = 4
_MEGAPIXEL = 1_000_000
_NICENESS = "10"
_COMPLAINT_CHARS = 300


class Source(VideoFacts, Protocol):
    """A video on disk."""

    @property
    def path(self) -> Path:
        """The file."""
        ...


class VideoShrinker:
    """Encodes again, at low priority: the bot and its other work come first.

    Args:
        program: Finds ffmpeg; None when there is none. Blocking.
        time_limit_s: After which a pass of ffmpeg is killed; None for what the video's length
            and size allow.
    """

    def __init__(
        self,
        *,
        program: Callable[[], str | None] = ffmpeg_program,
        time_limit_s: float | None = None,
        decoder: Decoder | None = None,
    ) -> None:
        self._program = program
        self._decoder = decoder or shared_decoder()
        self._time_limit_s = time_limit_s
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def shrink(self, video: Source, path: Path, *, limit_bytes: int) -> VideoFile:
        """Write a copy of a video to `path` that has at most `limit_bytes`.

        On any error (and on cancellation) nothing is left at `path`, and no process runs on.

        Raises:
            CannotShrinkError: It could not be watched in so few bytes, or ffmpeg is missing,
                fails, or takes too long.
        """
        program = await asyncio.to_thread(self._program)
        if program is None:
            raise CannotShrinkError("There is no ffmpeg that encodes H.264 (see `doctor`).")
        async with self._turns:
            try:
                return await self._shrunk(program, video, path, limit_bytes)
            except BaseException as error:
                await asyncio.to_thread(path.unlink, missing_ok=True)
                if isinstance(error, OSError):
                    raise CannotShrinkError(f"ffmpeg could not be run: {error}") from error
                raise

    async def _shrunk(self, program: str, video: Source, path: Path, limit_bytes: int) -> VideoFile:
        aim_bytes = limit_bytes
        for _ in range(_TRIES):
            plan = plan_fit(video, aim_bytes)
            if plan is None:
                raise CannotShrinkError(
                    f"{video.duration_s:.1f} s of {video.width}x{video.height} cannot be watched "
                    f"in {megabytes(aim_bytes)}."
                )
            await self._encode(program, video, path, plan)
            copy = await self._checked(path)
            if copy.size_bytes <= limit_bytes:
                return copy
            log.info("a copy came out at %d bytes, over %d", copy.size_bytes, limit_bytes)
            aim_bytes = int(aim_bytes * _AIM_LOWER * limit_bytes / copy.size_bytes)
        raise CannotShrinkError(f"The copy stays over {megabytes(limit_bytes)}.")

    async def _encode(self, program: str, video: Source, path: Path, plan: FitPlan) -> None:
        limit_s = self._time_limit_s or _time_limit_s(video)
        notes = path.with_suffix(".pass")
        try:
            for number in (1, 2):
                told = arguments(video, path, notes, plan, number)
                await _run([program, *told], limit_s)
        finally:
            await asyncio.to_thread(_remove_notes, notes)

    async def _checked(self, path: Path) -> VideoFile:
        try:
            return await self._decoder.video(path)
        except MediaError as error:
            raise CannotShrinkError(f"ffmpeg wrote no whole video: {error}") from error


def arguments(video: Source, target: Path, notes: Path, plan: FitPlan, number: int) -> list[str]:
    """Return ffmpeg's arguments for one of the two passes. Pure.

    Args:
        video: The video as it is.
        target: Where the second pass writes.
        notes: Where the first pass leaves word for the second, a prefix.
        plan: Size and rates.
        number: 1 or 2.
    """
    threads = str(min(_MOST_THREADS, os.cpu_count() or 1))
    slower = plan.pictures_per_s < video.pictures_per_s
    rate = ["-r", f"{plan.pictures_per_s:g}"] if slower else []
    pictures = [
        *("-map", "0:v:0", "-vf", f"scale={plan.width}:{plan.height}:flags=lanczos"),
        *rate,
        *("-c:v", "libx264", "-preset", "medium"),
        *("-b:v", str(plan.video_bps), "-pix_fmt", "yuv420p", "-threads", threads),
        *("-pass", str(number), "-passlogfile", str(notes)),
    ]
    sound = (
        ["-map", "0:a:0?", "-c:a", "aac", "-b:a", str(plan.sound_bps), "-ac", "2"]
        if plan.sound_bps
        else []
    )
    end = (
        ["-f", "null", os.devnull]
        if number == 1
        else [*sound, "-movflags", "+faststart", "-map_metadata", "-1", "-f", "mp4", str(target)]
    )
    return [
        *("-hide_banner", "-nostdin", "-v", "error", "-y"),
        # The demuxer is given, never guessed: some of FFmpeg's others open files and addresses.
        *("-protocol_whitelist", "file", "-f", "mov", "-i", str(video.path)),
        *pictures,
        *end,
    ]


def _time_limit_s(video: Source) -> float:
    """Return how long a pass may take: longer for more pixels."""
    pictures = video.duration_s * video.pictures_per_s
    megapixels = pictures * video.width * video.height / _MEGAPIXEL
    return min(_MOST_TIME_S, _LEAST_TIME_S + megapixels * _S_PER_MEGAPIXEL)


async def _run(command: Sequence[str], time_limit_s: float) -> None:
    nice = await asyncio.to_thread(shutil.which, "nice")
    process = await asyncio.create_subprocess_exec(
        *([nice, "-n", _NICENESS] if nice else []),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=child_environment(),
        start_new_session=True,  # a group of its own, which can be killed as one
    )
    try:
        async with asyncio.timeout(time_limit_s):
            _, complaints = await process.communicate()
    except TimeoutError as error:
        raise CannotShrinkError(f"ffmpeg took longer than {time_limit_s:g} s.") from error
    finally:
        # Also when whoever waits is cancelled: nothing goes on encoding for nobody.
        if process.returncode is None:
            _kill(process)
            await process.wait()
    if process.returncode != 0:
        words = complaints.decode(errors="replace").strip()[-_COMPLAINT_CHARS:]
        raise CannotShrinkError(f"ffmpeg ended with {process.returncode}: {words}")


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _remove_notes(notes: Path) -> None:
    for file in notes.parent.glob(f"{notes.name}*"):
        file.unlink(missing_ok=True)
