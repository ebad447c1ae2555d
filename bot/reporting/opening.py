"""What the host asked to have reported, opened at the start and ended at the stop."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bot.errors import ConfigurationError
from bot.redaction import Redact
from bot.reporting.missing import missing
from bot.reporting.sentry import open_reports
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.reporting.traces import JobTracer

# A stop has little time, and the far end may be what is broken.
_LAST_S, _TO_GIVE_UP_S = 1.0, 0.2


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """What to hand on.

    Attributes:
        handlers: For the logs; they report errors.
        tracer: Traces jobs; None when the host wants no traces.
    """

    handlers: Sequence[logging.Handler] = ()
    tracer: "JobTracer | None" = None


@contextmanager
def open_reporting(settings: Settings, *, release: str, redact: Redact) -> Iterator[Reporting]:
    """Open what is set, and send what is left at the end; else no library is even imported.

    Args:
        settings: The host's.
        release: The bot's version.
        redact: Takes secrets out of text.

    Raises:
        ConfigurationError: a library is missing, or a setting cannot work.
    """
    handlers: list[logging.Handler] = []
    ends: list[Callable[[], object]] = []
    tracer = None
    if settings.sentry_dsn is not None:
        reports = open_reports(
            settings.sentry_dsn.get_secret_value(),
            executor=settings.executor_id,
            release=release,
            redact=redact,
        )
        handlers.append(reports)
        ends.append(partial(reports.end, _LAST_S))
    if settings.otel_exporter_otlp_endpoint is not None:
        tracer = _tracer(settings.otel_exporter_otlp_endpoint, settings, release)
        ends.append(tracer.end)
    try:
        yield Reporting(handlers=handlers, tracer=tracer)
    finally:
        _end(ends)


def _tracer(endpoint: str, settings: Settings, release: str) -> "JobTracer":
    try:
        from bot.reporting.traces import otlp_tracer  # noqa: PLC0415 - only hosts who want it have it
    except ImportError as error:
        raise missing(
            "OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry-exporter-otlp-proto-http"
        ) from error
    given = settings.otel_exporter_otlp_headers
    headers = headers_of("" if given is None else given.get_secret_value())
    return otlp_tracer(endpoint, headers, executor=settings.executor_id, release=release)


def headers_of(text: str) -> dict[str, str]:
    """Read `key=value,key=value`, each value as an address would spell it.

    Raises:
        ConfigurationError: it is something else; the text is not repeated.
    """
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    if not all(key.strip() and equals for key, equals, _ in pairs):
        raise ConfigurationError(
            "OTEL_EXPORTER_OTLP_HEADERS must be key=value, with commas between several."
        )
    return {key.strip().lower(): unquote(value.strip()) for key, _, value in pairs}


def _end(ends: Sequence[Callable[[], object]]) -> None:
    """End all of them at once, and wait for a moment; a thread that hangs ends with the process."""
    threads = [threading.Thread(target=end, daemon=True) for end in ends]
    for thread in threads:
        thread.start()
    until_s = time.monotonic() + _LAST_S + _TO_GIVE_UP_S
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
