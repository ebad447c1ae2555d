"""Errors that are reported: what is sent to a Sentry-compatible server, and what never is."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigurationError, ProviderError, StorageTroubleError
from bot.log_context import about
from bot.logs import Subject
from bot.redaction import redactor
from bot.reporting import open_reporting
from bot.reporting.events import event_of
from bot.reporting.sentry import ErrorReports, open_reports
from bot.settings import Settings
from tests.reporting_kit import FarEnd, far_end

TOKEN = "MTAx.discord-token-for-tests"
KEY = "SG_segmind-key-for-tests"
# None of these is in the code that an event names.
WORDS = st.characters(min_codepoint=0xA1, exclude_categories=["Cs"])
PROMPT = "a fox that nobody else may read about"
BASE: dict[str, Any] = {"discord_token": TOKEN, "segmind_api_key": KEY}


@pytest.fixture
def end() -> Iterator[FarEnd]:
    """A Sentry-compatible server."""
    with far_end() as running:
        yield running


def failing(words: str, error: Callable[[str], Exception] = ValueError) -> Exception:
    """An error with these words, that came from another; both have tracebacks and variables."""

    def look_up(prompt: str) -> None:
        try:
            dict[str, str]()[prompt]
        except KeyError as cause:
            raise error(f"bad: {prompt}") from cause

    try:
        look_up(words)
    except Exception as raised:  # noqa: BLE001 - whichever the test asked for
        return raised
    raise AssertionError("it has no such key")


def record_of(error: BaseException | None, **changes: object) -> logging.LogRecord:
    """A log record of ours, with what tells of one."""
    values = {"name": "bot.jobs.submit", "levelname": "ERROR", "levelno": logging.ERROR}
    values |= {"msg": "job %s: step stopped", "args": (PROMPT,)} | changes
    record = logging.makeLogRecord(values)
    if error is not None:
        record.exc_info = (type(error), error, error.__traceback__)
    return record


def test_an_error_is_sent_with_where_it_came_from_and_about_what(end: FarEnd) -> None:
    """Its kind and its cause's, the lines of code, the ids, the version: by the real library."""
    settings = Settings(**BASE, sentry_dsn=end.dsn, executor_id="bot-3", _env_file=None)
    redact = redactor(settings.secrets)
    with open_reporting(settings, release="1.2.3", redact=redact) as reporting:
        (reports,) = reporting.handlers
        reports.addFilter(Subject("bot-3"))
        with about(1234567890123456789, 42):
            reports.handle(record_of(failing(PROMPT)))

    (event,) = end.events()
    cause, raised = event["exception"]["values"]
    assert event["logentry"]["message"] == "job %s: step stopped"
    assert event["tags"] == {"job": "1234567890123456789", "guild": "42"}
    assert (event["release"], event["server_name"], event["level"]) == ("1.2.3", "bot-3", "error")
    assert (cause["type"], raised["type"]) == ("KeyError", "ValueError")
    assert raised["stacktrace"]["frames"][-1]["function"] == "look_up"
    assert raised["stacktrace"]["frames"][-1]["module"] == __name__


def test_no_word_of_anybody_s_and_no_secret_leaves_the_machine(end: FarEnd) -> None:
    """Neither errors' texts, nor what is filled in, nor variables, source, paths, names, tokens."""
    settings = Settings(**BASE, sentry_dsn=end.dsn, _env_file=None)
    redact = redactor(settings.secrets)
    with open_reporting(settings, release="1", redact=redact) as reporting:
        (reports,) = reporting.handlers
        reports.handle(record_of(failing(f"{PROMPT} {TOKEN}")))
        reports.handle(record_of(None, name="dbos", msg=f"workflow failed: {PROMPT} {KEY}"))
        reports.handle(record_of(None, msg=f"oh {TOKEN}", args=()))

    assert len(end.events()) == 3
    assert PROMPT not in end.everything
    assert TOKEN not in end.everything
    assert KEY not in end.everything
    assert sys.prefix not in end.everything
    assert __file__ not in end.everything
    assert "error(f" not in end.everything


def test_only_what_is_known_to_be_harmless_is_sent(end: FarEnd) -> None:
    """The library adds its own name and no more: no request, user, modules, breadcrumbs."""
    reports = open_reports(end.dsn, executor="bot-1", release="1", redact=str)
    logging.getLogger("bot.before").warning("a breadcrumb: %s", PROMPT)
    reports.handle(record_of(failing(PROMPT)))
    reports.end(1)

    (event,) = end.events()
    assert set(event) == {
        *("event_id", "timestamp", "level", "logger", "logentry", "tags", "exception"),
        *("release", "environment", "server_name", "sdk", "platform"),
    }
    assert event["sdk"]["integrations"] == []


@given(
    words=st.text(WORDS, min_size=3), kind=st.sampled_from([ValueError, KeyError, ProviderError])
)
def test_whatever_an_error_says_is_not_in_the_event(
    words: str, kind: Callable[[str], Exception]
) -> None:
    """However the words look, and whatever error carries them."""
    record = record_of(failing(words, kind), args=(words,), prompt=words)

    assert words not in json.dumps(event_of(record), ensure_ascii=False, default=str)


def test_numbers_tell_errors_of_one_kind_apart() -> None:
    """HTTP's, Discord's, the system's: numbers hold nobody's words."""
    error = OSError(28, f"No space left for {PROMPT}")
    (told,) = event_of(record_of(error))["exception"]["values"]

    assert told["value"] == "errno 28"


def test_warnings_and_refusals_are_not_reported(end: FarEnd) -> None:
    """What was refused, or waits for a locked database, is logged as a warning at most."""
    reports = open_reports(end.dsn, executor="bot-1", release="1", redact=str)
    logger = logging.getLogger("bot.test_reports")
    logger.addHandler(reports)
    logger.warning("job %s waits for the storage: %s", 1, StorageTroubleError("locked"))
    logger.removeHandler(reports)
    reports.end(1)

    assert end.sent == []


class Recorder:
    """A client that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []

    def capture_event(self, event: dict[str, object], /) -> str | None:
        """Keep it."""
        self.events.append(event)
        return None

    def close(self, timeout: float | None = None) -> None:
        """Nothing is queued."""


def test_an_error_in_a_loop_is_sent_a_few_times_a_minute() -> None:
    """And what was left out is said afterwards."""
    now_s = [0.0]
    client = Recorder()
    reports = ErrorReports(client, clock=lambda: now_s[0])
    for _ in range(1000):
        reports.handle(record_of(None))
    assert len(client.events) == 30

    now_s[0] = 60.0
    reports.handle(record_of(None))
    reports.handle(record_of(None))

    assert [event.get("extra") for event in client.events[30:]] == [{"left_out_before": 970}, None]


@pytest.mark.parametrize("name", ["sentry_sdk.errors", "urllib3.connectionpool", "opentelemetry.x"])
def test_its_own_troubles_do_not_go_round_in_circles(name: str) -> None:
    """What cannot be sent must not be an error to be sent."""
    client = Recorder()
    ErrorReports(client).handle(record_of(None, name=name))

    assert client.events == []


@pytest.mark.parametrize(
    "dsn",
    [
        "https://example.org/very-secret",
        "https://very-secret@[example/7",
        "https://very-secret@h:x/7",
    ],
)
def test_an_address_that_is_none_is_told_without_repeating_it(dsn: str) -> None:
    """It holds a key."""
    with pytest.raises(ConfigurationError) as caught:
        open_reports(dsn, executor="b", release="1", redact=str)

    assert "SENTRY_DSN" in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_a_missing_library_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only hosts who want reports install it."""
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(ConfigurationError, match=r"requirements-reporting\.lock"):
        open_reports("https://key@example.org/1", executor="b", release="1", redact=str)


def test_nothing_is_opened_unless_it_is_set() -> None:
    """Off by default."""
    settings = Settings(**BASE, _env_file=None)
    with open_reporting(settings, release="1", redact=str) as reporting:
        assert (reporting.handlers, reporting.tracer) == ([], None)
