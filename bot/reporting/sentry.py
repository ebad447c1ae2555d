"""Errors for a server that speaks Sentry's protocol, through its own library.

Nothing of that library's own collecting is used: no integrations, variables, source, requests or
breadcrumbs. Each event is made by `bot.reporting.events` and looked through for secrets once more.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from bot.errors import ConfigurationError
from bot.redaction import Redact
from bot.reporting.events import event_of
from bot.reporting.missing import missing

# An error in a loop must not use up what the host pays for.
_MOST_PER_MINUTE = 30
_WINDOW_S = 60.0
# Their own troubles would go round in circles.
_NOT_OF = ("sentry_sdk", "urllib3", "opentelemetry")


class Client(Protocol):
    """Sentry's client."""

    def capture_event(self, event: Any, /) -> str | None:
        """Queue an event; a thread sends it."""
        ...

    def close(self, timeout: float | None = None) -> None:
        """Send what is queued, for so many seconds."""
        ...


class ErrorReports(logging.Handler):
    """Sends what is logged as an error. Never raises, never waits for the network."""

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Make a handler.

        Args:
            client: Sends.
            clock: Seconds on a clock that never goes back.
        """
        super().__init__(logging.ERROR)
        self._client = client
        self._clock = clock
        self._sent_at_s: deque[float] = deque(maxlen=_MOST_PER_MINUTE)
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Send it, unless there were too many within the last minute."""
        if record.name.partition(".")[0] in _NOT_OF:
            return
        now_s = self._clock()
        full = len(self._sent_at_s) == _MOST_PER_MINUTE
        if full and now_s - self._sent_at_s[0] < _WINDOW_S:
            self._left_out += 1
            return
        try:
            event = event_of(record)
            if self._left_out:
                event["extra"] = {"left_out_before": self._left_out}
            self._client.capture_event(event)
        except Exception:  # noqa: BLE001 - whatever it is: who logs an error must not get another
            self.handleError(record)
            return
        self._sent_at_s.append(now_s)
        self._left_out = 0

    def end(self, timeout_s: float) -> None:
        """Send what is left, for so long at most."""
        self._client.close(timeout=timeout_s)


def open_reports(dsn: str, *, executor: str, release: str, redact: Redact) -> ErrorReports:
    """Return a handler for logs that sends errors to where the DSN leads.

    Args:
        dsn: The address with its key, as the server gives it.
        executor: This process's name; it stands in place of the machine's.
        release: The bot's version.
        redact: Takes secrets out of text.

    Raises:
        ConfigurationError: the library is missing, or the DSN is none.
    """
    try:
        from sentry_sdk import Client as SentryClient  # noqa: PLC0415 - only hosts who want it have it
    except ImportError as error:
        raise missing("SENTRY_DSN", "sentry-sdk") from error

    def looked_through(event: Any, _hint: Any) -> Any:
        return _redacted(event, redact)

    try:
        client = SentryClient(
            dsn=dsn,
            release=release,
            server_name=executor,
            before_send=looked_through,
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            send_client_reports=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            propagate_traces=False,
            enable_logs=False,
            enable_metrics=False,
            enable_backpressure_handling=False,
            spotlight=False,
        )
    except ValueError:  # its own BadDsn is one; an address that is none at all is another
        raise ConfigurationError(
            "SENTRY_DSN is no address that Sentry gives, such as https://KEY@sentry.example.org/7."
        ) from None
    return ErrorReports(client)


def _redacted(value: Any, redact: Redact) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(inner, redact) for key, inner in value.items()}
    if isinstance(value, list):
        return [_redacted(inner, redact) for inner in value]
    return value
