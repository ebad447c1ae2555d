"""What a decoding process does: one question about one file, and the answer. Pure but for files."""

import errno
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.errors import BotError
from bot.i18n import speaking
from bot.media.audio import inspect_audio
from bot.media.frames import frame_of
from bot.media.image import inspect_image
from bot.media.limits import MediaLimits
from bot.media.thumbnail import thumbnail_of
from bot.media.video import probe_video
from bot.media.wire import Message

_NOTES_AT_MOST = 20


class _Notes(logging.Handler):
    """Keeps what is logged: the bot's own process writes it down, in its own form."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < _NOTES_AT_MOST:
            self.lines.append(record.getMessage())


def answer_to(question: Message) -> Message:
    """Return the answer to a question, or the error that it came to."""
    notes = _Notes()
    logger = logging.getLogger("bot.media")
    logger.setLevel(logging.INFO)
    logger.addHandler(notes)
    try:
        with speaking(question.head["locale"]):
            answer = _TASKS[question.head["task"]](question.head["options"], question.data)
    except BotError as error:
        answer = Message(head={"error": type(error).__name__, "text": str(error)})
    except OSError as error:
        code = error.errno or errno.EIO
        answer = Message(head={"error": "OSError", "errno": code, "text": str(error.strerror)})
    finally:
        logger.removeHandler(notes)
    return Message(head=answer.head | {"notes": notes.lines}, data=answer.data)


def _image(options: Mapping[str, Any], data: bytes) -> Message:
    prepared = inspect_image(data, limits=MediaLimits(**options["limits"]))
    facts = {
        "width": prepared.width,
        "height": prepared.height,
        "media_type": prepared.media_type,
        "rewritten": prepared.data is not None,
    }
    return Message(head=facts, data=prepared.data or b"")


def _audio(options: Mapping[str, Any], data: bytes) -> Message:
    return Message(head=asdict(inspect_audio(data, limits=MediaLimits(**options["limits"]))))


def _video(options: Mapping[str, Any], _data: bytes) -> Message:
    return Message(head=asdict(probe_video(Path(options["path"]))) | {"path": options["path"]})


def _thumbnail(options: Mapping[str, Any], _data: bytes) -> Message:
    return Message(head={}, data=thumbnail_of(Path(options["path"])))


def _frame(options: Mapping[str, Any], _data: bytes) -> Message:
    return Message(head={}, data=frame_of(Path(options["path"]), last=options["last"]))


_TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], Message]] = {
    "image": _image,
    "audio": _audio,
    "video": _video,
    "thumbnail": _thumbnail,
    "frame": _frame,
}
