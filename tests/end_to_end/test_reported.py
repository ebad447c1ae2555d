"""A host has errors and traces sent: one video through the whole bot, and what left the machine."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bot.reporting.trace_ids import root_span_id_of, trace_id_of
from tests.end_to_end.sandbox_process import LIGHT, SandboxProcess, until
from tests.end_to_end.seen import ask, assert_keeps_secrets, make
from tests.reporting_kit import FarEnd, facts_of, far_end

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

PROMPT = "A fox that only Mia may read about"
# Each of these takes part in making every video.
SPANS = {
    "accept",
    "check_files",
    "submit",
    "provider.submit",
    "follow",
    "provider.poll",
    "provider.fetch",
    "deliver",
    "download",
    "post",
}


@pytest.fixture
def end() -> Iterator[FarEnd]:
    """Where both go."""
    with far_end() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def reported(tmp_path: Path, end: FarEnd) -> AsyncIterator[SandboxProcess]:
    """A sandbox whose bot reports."""
    settings = {
        "LOG_FORMAT": "json",
        "EXECUTOR_ID": "bot-7",
        "SENTRY_DSN": end.dsn,
        "OTEL_EXPORTER_OTLP_ENDPOINT": end.address,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    async with SandboxProcess(tmp_path, bot_env=settings, options=LIGHT) as sandbox:
        yield sandbox
        await assert_keeps_secrets(sandbox)


async def test_a_video_is_one_trace_and_an_error_is_one_report(
    reported: SandboxProcess, end: FarEnd
) -> None:
    """From the command to the post; the error carries the job's id, and neither anybody's words."""
    await reported.fault({"on": "submit", "kind": "broken_contract", "when": "after"})
    async with reported.member() as mia:
        job_id, _ = await make(mia, "t2v", {"prompt": PROMPT})
        await ask(mia, "quota")

    def names() -> set[str]:
        trace = trace_id_of(int(job_id)).to_bytes(16)
        return {span.name for span in end.spans() if span.trace_id == trace}

    async def sent() -> bool:
        return names() >= {"command t2v", "deliver"} and bool(end.events())

    await until(sent, "the trace and the error are sent")
    spans = {span.span_id: span for span in end.spans()}
    root = spans[root_span_id_of(int(job_id)).to_bytes(8)]
    (event,) = end.events()

    # The lost answer is looked up.
    assert names() == SPANS | {"command t2v", "provider.history"}
    assert root.name == "command t2v"
    assert {facts_of(one)["job"] for one in below(root, spans)} == {job_id}
    assert event["tags"] == {"job": job_id, "guild": reported.guild_id}
    assert event["server_name"] == "bot-7"
    for secret in (PROMPT, "Mia", *reported.secrets):
        assert secret not in end.everything

    lines = [json.loads(line) for line in reported.bot_log().splitlines() if line.startswith("{")]
    of_job = [line["message"] for line in lines if line.get("job") == job_id]
    assert {line["executor"] for line in lines} == {"bot-7"}
    assert any("without meaning" in message for message in of_job)
    assert f"job {job_id}: delivered" in of_job


def below(span: Span, spans: Mapping[bytes, Span]) -> list[Span]:
    """Return the spans that hang on this one."""
    return [one for one in spans.values() if one.parent_span_id == span.span_id]
