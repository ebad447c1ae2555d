"""Structured logs: one line an event, for people or as JSON, with what it is about."""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from bot.log_context import now_about
from bot.redaction import Redact

# It writes by a handler of its own, in a form of its own.
_ENGINE = "dbos"
_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class Subject(logging.Filter):
    """Gives every record the ids of what the running task works on; refuses none.

    On a handler it sees the records of all loggers, also those of libraries.
    """

    def __init__(self, executor: str | None) -> None:
        """Make one for a process, by the name it has among others, if it has one."""
        super().__init__()
        self._executor = executor

    def filter(self, record: logging.LogRecord) -> bool:
        """Add `job`, `guild` and `executor`, those that are known."""
        subject = now_about()
        for name, value in (
            ("job", subject.job),
            ("guild", subject.guild),
            ("executor", self._executor),
        ):
            if value is not None and not hasattr(record, name):
                setattr(record, name, value)
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, extra fields, exception."""

    def __init__(self, redact: Redact = str) -> None:
        """Make one; `redact` takes secrets out of every value."""
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {k: str(v) for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # Here, and not in the line: JSON may spell a secret in another way.
        return json.dumps({k: self._redact(v) for k, v in line.items()}, ensure_ascii=False)


class HumanFormatter(logging.Formatter):
    """A line for people, with the ids of job and server at its end where they are known."""

    def __init__(self, redact: Redact = str) -> None:
        """Make one; `redact` takes secrets out of the line and its traceback."""
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._redact = redact

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without a traceback."""
        known = [f"{k}={getattr(record, k)}" for k in ("job", "guild") if hasattr(record, k)]
        line = super().formatMessage(record)
        return f"{line} [{' '.join(known)}]" if known else line

    def format(self, record: logging.LogRecord) -> str:
        """Return all of it."""
        return self._redact(super().format(record))


def set_up_logs(
    form: Literal["human", "json"],
    level: str,
    *,
    executor: str | None = None,
    redact: Redact = str,
    more: Sequence[logging.Handler] = (),
) -> None:
    """Send all logs to standard error in the chosen form; libraries speak up from WARNING on.

    Args:
        form: For people or for programs.
        level: Of the bot's own.
        executor: This process's name among others.
        redact: Takes secrets out of every line.
        more: Others who get every record, with the same ids.
    """
    handlers = [logging.StreamHandler(), *more]
    handlers[0].setFormatter(JsonFormatter(redact) if form == "json" else HumanFormatter(redact))
    subject = Subject(executor)
    for handler in handlers:
        handler.addFilter(subject)
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    engine = logging.getLogger(_ENGINE)
    engine.handlers, engine.propagate = handlers, False
    engine.setLevel(logging.WARNING)
    for name in ("bot", "cogs"):
        logging.getLogger(name).setLevel(level)
