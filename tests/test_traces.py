"""Traces: one for each job, over processes and restarts, and with nobody's words in it."""

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from bot.errors import ConfigurationError, RefusedError
from bot.job import Job, JobState
from bot.jobs.tracing import NO_TRACES, Tracer, traced
from bot.reporting import open_reporting
from bot.reporting.opening import headers_of
from bot.reporting.trace_ids import root_span_id_of, trace_id_of
from bot.reporting.traces import JobTracer, otlp_tracer
from bot.settings import Settings
from tests.face_kit import job
from tests.reporting_kit import FarEnd, facts_of, far_end

BASE: dict[str, Any] = {
    "discord_token": "MTAx.discord-token",
    "segmind_api_key": "SG_key-for-tests",
}
WORDS = "a fox that nobody else may read about"
JOB_ID, GUILD_ID = 1234567890123456789, 42
SNOWFLAKES = st.integers(min_value=0, max_value=2**64 - 1)


@pytest.fixture
def end() -> Iterator[FarEnd]:
    """A collector."""
    with far_end() as running:
        yield running


def tracer_to(end: FarEnd) -> JobTracer:
    """A tracer of a process that sends there."""
    return otlp_tracer(end.address, {}, executor="bot-1", release="1.2.3")


def named(end: FarEnd) -> dict[str, Span]:
    """All spans that were sent, by their names."""
    return {span.name: span for span in end.spans()}


@given(SNOWFLAKES)
def test_ids_follow_from_the_job_and_are_valid(job_id: int) -> None:
    """Of the right size, never 0, and the same whoever asks."""
    assert 0 < trace_id_of(job_id) < 2**128
    assert 0 < root_span_id_of(job_id) < 2**64
    assert (trace_id_of(job_id), root_span_id_of(job_id)) == (
        trace_id_of(job_id),
        root_span_id_of(job_id),
    )


@given(SNOWFLAKES, SNOWFLAKES)
def test_no_two_jobs_share_a_trace(one: int, other: int) -> None:
    """The ids of their traces are as different as they are."""
    assert (one == other) == (trace_id_of(one) == trace_id_of(other))
    assert (one == other) == (root_span_id_of(one) == root_span_id_of(other))


def test_ids_never_change() -> None:
    """A job that outlives an upgrade keeps its trace."""
    assert f"{trace_id_of(JOB_ID):032x}" == "5edb1cef96c929a19222dd816028ab83"
    assert f"{root_span_id_of(JOB_ID):016x}" == "fcd242115209e47b"


async def test_a_job_has_one_trace_over_a_restart(end: FarEnd) -> None:
    """The command in one process, a step in the next: all hang on the command's span."""
    first, second = tracer_to(end), tracer_to(end)
    came_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    first.begin("command animate", JOB_ID, GUILD_ID, since=came_at)
    with first.of_job("accept", JOB_ID, GUILD_ID), first.part("check_files"):
        pass
    await asyncio.to_thread(first.end)
    queued = job(JobState.QUEUED, id=JOB_ID, guild_id=GUILD_ID)

    async def step(_job: Job) -> Job:
        with second.part("provider.submit"):
            await asyncio.sleep(0)
        return job(JobState.RUNNING, id=JOB_ID, guild_id=GUILD_ID)

    await traced(second, "submit", step)(queued)
    await asyncio.to_thread(second.end)

    spans = named(end)
    root = spans["command animate"]
    assert {span.trace_id for span in spans.values()} == {trace_id_of(JOB_ID).to_bytes(16)}
    assert root.span_id == root_span_id_of(JOB_ID).to_bytes(8)
    assert root.parent_span_id == b""
    assert root.start_time_unix_nano == int(came_at.timestamp()) * 10**9
    assert spans["accept"].parent_span_id == spans["submit"].parent_span_id == root.span_id
    assert spans["check_files"].parent_span_id == spans["accept"].span_id
    assert spans["provider.submit"].parent_span_id == spans["submit"].span_id
    assert facts_of(spans["submit"]) == {
        "job": str(JOB_ID),
        "guild": str(GUILD_ID),
        "model": queued.model,
        "state": "running",
    }


def failed_with(end: FarEnd, error: BaseException, **how: tuple[type[Exception], ...]) -> Span:
    """The span of what ended with an error."""
    tracer = tracer_to(end)
    with pytest.raises(type(error)), tracer.of_job("accept", JOB_ID, None, **how):
        raise error
    tracer.end()
    return named(end)["accept"]


def test_an_error_is_told_by_its_kind_alone(end: FarEnd) -> None:
    """Its text may be a member's."""
    span = failed_with(end, ValueError(WORDS))

    assert span.status.code == Status.STATUS_CODE_ERROR
    assert facts_of(span) == {"job": str(JOB_ID), "error.type": "ValueError"}
    assert list(span.events) == []
    assert WORDS not in end.everything


@pytest.mark.parametrize("error", [RefusedError(WORDS), asyncio.CancelledError()])
def test_a_refusal_and_a_stop_are_no_faults(end: FarEnd, error: BaseException) -> None:
    """They are told, and do not count as errors."""
    span = failed_with(end, error, fine=(RefusedError,))

    assert span.status.code == Status.STATUS_CODE_UNSET
    assert facts_of(span)["error.type"] == type(error).__name__


def test_what_is_done_for_no_job_is_not_traced(end: FarEnd) -> None:
    """Such as a look at the balance."""
    tracer = tracer_to(end)
    with tracer.part("provider.balance"):
        pass
    tracer.end()

    assert end.sent == []


def test_the_collector_s_key_goes_along_and_the_bot_s_secrets_do_not(end: FarEnd) -> None:
    """As the settings say; the version and the process are told."""
    settings = Settings(
        **BASE,
        otel_exporter_otlp_endpoint=end.address,
        otel_exporter_otlp_headers="Authorization=Bearer%20of-the-collector, x-team=fox",
        executor_id="bot-2",
        _env_file=None,
    )
    with open_reporting(settings, release="1.2.3", redact=str) as reporting:
        assert reporting.tracer is not None
        with reporting.tracer.of_job("accept", JOB_ID, None):
            pass

    (sent,) = end.sent
    headers = {key.lower(): value for key, value in sent.headers.items()}
    assert (headers["authorization"], headers["x-team"]) == ("Bearer of-the-collector", "fox")
    assert "of-the-collector" in settings.secrets
    assert b"bot-2" in sent.body
    assert b"1.2.3" in sent.body
    assert not any(secret in end.everything for secret in BASE.values())


def test_headers_that_are_none_are_told_without_repeating_them() -> None:
    """They hold a key."""
    with pytest.raises(ConfigurationError) as caught:
        headers_of("very-secret")

    assert "OTEL_EXPORTER_OTLP_HEADERS" in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_far_ends_that_hang_hold_up_no_stop(caplog: pytest.LogCaptureFixture) -> None:
    """The end waits for a second, whatever there is still to send, and to both at once."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # it takes connections, and no more
        port = deaf.getsockname()[1]
        record = logging.makeLogRecord({"name": "bot.test", "levelno": logging.ERROR})
        settings = Settings(
            **BASE,
            sentry_dsn=f"http://key@127.0.0.1:{port}/1",
            otel_exporter_otlp_endpoint=f"http://127.0.0.1:{port}",
            _env_file=None,
        )
        with (
            caplog.at_level(logging.CRITICAL, "opentelemetry"),
            open_reporting(settings, release="1", redact=str) as reporting,
        ):
            assert reporting.tracer is not None
            with reporting.tracer.of_job("accept", JOB_ID, None):
                pass
            reporting.handlers[0].handle(record)
            began_s = time.monotonic()
        took_s = time.monotonic() - began_s

    assert 0.9 < took_s < 4


def test_a_missing_library_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only hosts who want traces install it."""
    monkeypatch.delitem(sys.modules, "bot.reporting.traces")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    settings = Settings(**BASE, otel_exporter_otlp_endpoint="http://127.0.0.1:9", _env_file=None)
    with (
        pytest.raises(ConfigurationError, match=r"requirements-reporting\.lock"),
        open_reporting(settings, release="1", redact=str),
    ):
        pass


async def test_without_a_tracer_steps_do_the_same() -> None:
    """Its stand-in does nothing, and lets errors through."""
    tracer: Tracer = NO_TRACES

    async def step(_job: Job) -> Job:
        with tracer.part("post"):
            raise ValueError(WORDS)

    with pytest.raises(ValueError, match=WORDS):
        await traced(tracer, "deliver", step)(job(JobState.FINISHED))
