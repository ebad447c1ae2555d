"""A log record as a Sentry event, made of what can hold no member's words and no secret.

It is built up from what is known to be harmless, and not a full event with parts taken out: the
text of our own log lines without what is filled in, the kinds of errors, and where in the code
they came from. An error's own text may quote a prompt, an answer or an address, so it stays here:
the log has it, and the event has the job's id to find it by.
"""

import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Any

# Whose log lines are constants with places to fill in; a library may log words of anybody's.
_OURS = ("bot", "cogs")
_MOST_ERRORS, _MOST_FRAMES = 10, 60
# Numbers and codes that tell one error of a kind from another: HTTP's and Discord's, the system's,
# SQLite's, PostgreSQL's.
_NUMBERS = ("status", "code", "errno", "sqlite_errorcode")
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")


def event_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the event, in the form that Sentry's protocol gives it.

    Args:
        record: With `job`, `guild` and `executor`, those that are known.
    """
    ours = record.name.partition(".")[0] in _OURS
    event: dict[str, Any] = {
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "timestamp": datetime.fromtimestamp(record.created, UTC),
        "logentry": {"message": str(record.msg) if ours else f"an error in {record.name}"},
        "tags": {k: str(getattr(record, k)) for k in ("job", "guild") if hasattr(record, k)},
    }
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        # The one that was raised comes last.
        chain = [_told(one) for one in _chain(error)]
        event["exception"] = {"values": chain[::-1]}
    return event


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came from, as a traceback shows them."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen and len(seen) < _MOST_ERRORS:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _told(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    return {
        "type": kind.__qualname__,
        "module": kind.__module__,
        "value": ", ".join(f"{name} {value}" for name, value in _codes(error)),
        "stacktrace": {"frames": [*_frames(error.__traceback__)]},
    }


def _codes(error: BaseException) -> Iterator[tuple[str, int | str]]:
    for name in _NUMBERS:
        value = getattr(error, name, None)
        if isinstance(value, int):
            yield name, int(value)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str) and _SQLSTATE.fullmatch(state):
        yield "sqlstate", state


def _frames(trace: TracebackType | None) -> Iterator[dict[str, Any]]:
    """Yield where it came from, without variables and without paths of this machine."""
    for frame, line in [*traceback.walk_tb(trace)][-_MOST_FRAMES:]:
        module = _module_of(frame)
        yield {
            "module": module,
            "filename": f"{module.replace('.', '/')}.py",
            "function": frame.f_code.co_name,
            "lineno": line,
            "in_app": module.partition(".")[0] in _OURS,
        }


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))
