"""Has files opened by other processes: whatever a file does to its decoder, it never does to us."""

import asyncio
import errno
import functools
import logging
import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from bot.child_environment import child_environment
from bot.errors import (
    BadInputError,
    BotError,
    DownloadInterruptedError,
    MediaError,
    NotAVideoError,
    NoThumbnailError,
)
from bot.i18n import spoken_locale
from bot.media.facts import AudioFacts, PreparedImage, VideoFile, damaged_audio, damaged_image
from bot.media.limits import MediaLimits
from bot.media.wire import STARTED, BrokenAnswerError, Link, Message

T = TypeVar("T")

log = logging.getLogger(__name__)

_ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "MALLOC_ARENA_MAX": "1",  # else each thread sets address space aside, which is limited
}
# A member's picture has one turn only (`MediaInspector`), so that videos always have another.
_AT_ONCE = 2
# More than a decoding process gives itself (`nursery.REAL_TIME_S`): for one that was taken over.
_TIME_LIMIT_S = 45.0
_STARTS = 2
_CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")
_ERRORS: dict[object, type[BotError]] = {
    kind.__name__: kind
    for kind in (
        BadInputError,
        DownloadInterruptedError,
        MediaError,
        NotAVideoError,
        NoThumbnailError,
    )
}


class Decoder:
    """Asks one process for each file; see `nursery`. Begins when it is first asked.

    Args:
        command: The process that forks them.
        apart: False where processes cannot fork (Windows): files are opened on threads.
        time_limit_s: After which no answer is waited for.
    """

    def __init__(
        self,
        *,
        command: tuple[str, ...] = (sys.executable, "-m", "bot.media.nursery"),
        apart: bool = _CAN_FORK,
        time_limit_s: float = _TIME_LIMIT_S,
    ) -> None:
        self._command = command
        self._apart = apart
        self._time_limit_s = time_limit_s
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="decoder")
        self._starting = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] | None = None

    @property
    def is_apart(self) -> bool:
        """Whether files are opened by processes of their own."""
        return self._apart

    async def image(self, data: bytes, *, limits: MediaLimits) -> PreparedImage:
        """Return what to give to the provider; raises as `inspect_image` does."""
        asked = asdict(limits)
        return await self._ask("image", damaged_image(), _prepared, data, limits=asked)

    async def audio(self, data: bytes, *, limits: MediaLimits) -> AudioFacts:
        """Return what the sound is; raises as `inspect_audio` does."""
        asked = asdict(limits)
        return await self._ask("audio", damaged_audio(), _audio_facts, data, limits=asked)

    async def video(self, path: Path) -> VideoFile:
        """Return what the video is; raises as `probe_video` does, and OSError without a file."""
        damaged = DownloadInterruptedError("The video is damaged or not whole.")
        return await self._ask("video", damaged, lambda m: _video_file(path, m), path=path)

    async def thumbnail(self, path: Path) -> bytes:
        """Return one small picture of a video; raises as `thumbnail_of` does."""
        refusal = NoThumbnailError("The video yields no picture.")
        try:
            return await self._ask("thumbnail", refusal, _data, path=path)
        except OSError as error:
            raise refusal from error

    async def frame(self, path: Path, *, last: bool) -> bytes:
        """Return the first or last picture of a video; raises as `frame_of` does."""
        refusal = NotAVideoError("No picture of the video can be read.")
        try:
            return await self._ask("frame", refusal, _data, path=path, last=last)
        except OSError as error:
            raise refusal from error

    async def _ask(
        self,
        task: str,
        refusal: BotError,
        read: Callable[[Message], T],
        data: bytes = b"",
        *,
        path: Path | None = None,
        **options: object,
    ) -> T:
        """Return what an answer says; raises its error, and `refusal` when there is none."""
        if path is not None and not self._apart:
            options["path"] = str(path)
        head = {"task": task, "options": options, "locale": spoken_locale()}
        # Opened now: while this waits for its turn, the file may be moved.
        file = await _opened(path) if path is not None else None
        work = self._threads.submit(self._answer, Message(head=head, data=data), file)
        try:
            answer = await asyncio.wrap_future(work)
            for note in answer.head["notes"]:
                log.info("%s: %.300s", task, note)
            _raise_error(answer.head)
            return read(answer)
        except asyncio.CancelledError:
            if work.cancel() and file is not None:  # before it began
                file.close()
            raise
        except (BrokenAnswerError, KeyError, TypeError, ValueError) as error:
            log.warning("a file (%s) spoilt its decoding process: %r", task, error)
            raise refusal from error

    def _answer(self, question: Message, file: BinaryIO | None) -> Message:
        with file or nullcontext():
            if not self._apart:
                return _answered_here(question)
            with self._newborn([file.fileno()] if file else []) as ours:
                link = Link(ours, time_limit_s=self._time_limit_s)
                link.send(question)
                return link.receive()

    def _newborn(self, files: list[int]) -> socket.socket:
        """Return the line to a process that waits for its question; OSError when none begins."""
        for _ in range(_STARTS):
            ours, theirs = socket.socketpair()
            try:
                with theirs, self._starting:
                    socket.send_fds(self._nursery(), [b"+"], [theirs.fileno(), *files])
                Link(ours, time_limit_s=self._time_limit_s).receive_bytes(len(STARTED))
            except (OSError, BrokenAnswerError) as error:  # it ended: from idleness, or killed
                log.info("the decoding process is started again: %s", error)
                ours.close()
                with self._starting:
                    self._drop()
            else:
                return ours
        raise OSError(errno.ECHILD, "the decoding process cannot be started")

    def _nursery(self) -> socket.socket:
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                process = subprocess.Popen(  # noqa: S603 - our own program
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env=child_environment() | _ENVIRONMENT,
                )
            self._control, self._process = ours, process
            # Also when nobody closes us: then with us, or with the interpreter.
            self._end = weakref.finalize(self, _ended, ours, process)
        return self._control

    def _drop(self) -> None:
        if self._end is not None:
            self._end()
        self._control = self._process = self._end = None


def _answered_here(question: Message) -> Message:
    from bot.media.decoding import answer_to  # noqa: PLC0415 - 30 MB, needed only without forks

    return answer_to(question)


async def _opened(path: Path) -> BinaryIO:
    """Return the file, open; a cancellation meanwhile leaves none open."""
    opening = asyncio.create_task(asyncio.to_thread(path.open, "rb"))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise


def _close(opening: "asyncio.Task[BufferedReader]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _ended(control: socket.socket, process: subprocess.Popen[bytes]) -> None:
    control.close()
    process.kill()  # what it has forked goes on by itself
    process.wait()


def _raise_error(head: Mapping[str, Any]) -> None:
    name = head.get("error")
    if name == "OSError":
        raise OSError(int(head["errno"]), str(head["text"]))
    if name is not None:
        raise _ERRORS[name](str(head["text"]))


def _data(answer: Message) -> bytes:
    return answer.data


def _prepared(answer: Message) -> PreparedImage:
    facts = answer.head
    return PreparedImage(
        width=int(facts["width"]),
        height=int(facts["height"]),
        media_type=str(facts["media_type"]),
        data=answer.data if facts["rewritten"] else None,
    )


def _audio_facts(answer: Message) -> AudioFacts:
    facts = answer.head
    return AudioFacts(
        media_type=str(facts["media_type"]),
        duration_s=float(facts["duration_s"]),
        size_bytes=int(facts["size_bytes"]),
    )


def _video_file(path: Path, answer: Message) -> VideoFile:
    facts = answer.head
    return VideoFile(
        path=path,
        size_bytes=int(facts["size_bytes"]),
        duration_s=float(facts["duration_s"]),
        width=int(facts["width"]),
        height=int(facts["height"]),
        codec=str(facts["codec"]),
        pictures_per_s=float(facts["pictures_per_s"]),
        has_sound=bool(facts["has_sound"]),
    )


@functools.cache
def shared_decoder() -> Decoder:
    """Return the one of this process: all who open files share its two turns."""
    return Decoder()
