"""Scripted faults of the Segmind stand-in, as a client sees them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.segmind_running import T2V, Provider, running


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 410, 422, 500, 502, 504])
async def test_every_error_can_be_scripted_and_then_it_is_over(tmp_path: Path, status: int) -> None:
    """One fault hits one call; nothing was accepted by it."""
    async with running(tmp_path) as provider:
        await provider.control("faults", {"on": "submit", "kind": "error", "status": status})
        hit, body = await provider.call("POST", f"/v2/{T2V}", json={"prompt": "x"})
        await provider.submit()
        state = await provider.state()

    assert hit == status
    assert body["error"]
    assert state["submits_received"] == {T2V: 2}
    assert len(state["requests"]) == 1
    assert state["faults"] == []


async def test_a_scripted_405_is_html_and_a_429_has_its_header(tmp_path: Path) -> None:
    """The two odd rows of the error table are as odd when scripted."""
    async with running(tmp_path) as provider:
        faults = [
            {"on": "status", "kind": "error", "status": 405},
            {"on": "status", "kind": "error", "status": 429, "seconds": 30},
        ]
        await provider.control("faults", faults)
        submitted = await provider.submit()
        page = await provider.call("GET", submitted["status_url"])
        headers = {"x-api-key": provider.stand_in.api_key}
        async with provider.session.get(submitted["status_url"], headers=headers) as limited:
            await limited.read()

    reset_at = datetime.fromisoformat(limited.headers["x-rate-limit-reset-at-utc"])
    assert page[0] == 405
    assert "<html>" in page[1]
    assert limited.status == 429
    assert 20 < (reset_at - datetime.now(UTC)).total_seconds() < 31


async def test_the_text_of_a_406_can_be_chosen(tmp_path: Path) -> None:
    """A team's spend limit is told from the others only by its text."""
    text = "Team monthly spend limit of 50 USD reached"
    async with running(tmp_path) as provider:
        fault = {"on": "submit", "kind": "error", "status": 406, "text": text}
        await provider.control("faults", fault)
        answer = await provider.call("POST", f"/v2/{T2V}", json={"prompt": "x"})

    assert answer == (406, {"error": text})


@pytest.mark.parametrize(("when", "accepted"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("kind", ["cut", "hang"])
async def test_a_submit_can_be_lost_before_or_after_it_was_accepted(
    tmp_path: Path, kind: str, when: str, accepted: int
) -> None:
    """The client cannot tell; the control endpoint and the history can."""
    async with running(tmp_path) as provider:
        fault = {"on": "submit", "kind": kind, "when": when, "seconds": 0.2}
        await provider.control("faults", fault)
        with pytest.raises(aiohttp.ClientConnectionError):
            await provider.call("POST", f"/v2/{T2V}", json={"prompt": "lost"})
        state = await provider.state()
        _, page = await provider.call("GET", "/inference-request/request-history")

    assert state["submits_received"] == {T2V: 1}
    assert len(state["requests"]) == accepted
    assert [row["request_body"] for row in page["data"]] == [{"prompt": "lost"}] * accepted


async def test_a_gateway_timeout_after_acceptance_leaves_a_running_request(tmp_path: Path) -> None:
    """The worst answer: 504, and yet it will be charged."""
    async with running(tmp_path) as provider:
        fault = {"on": "submit", "kind": "error", "status": 504, "when": "after"}
        await provider.control("faults", fault)
        status, _ = await provider.call("POST", f"/v2/{T2V}", json={"prompt": "x"})
        state = await provider.state()

    assert status == 504
    assert len(state["requests"]) == 1


async def test_a_hanging_call_ends_when_the_server_stops(tmp_path: Path) -> None:
    """A test that scripts an endless hang can still stop its stand-in."""
    async with running(tmp_path) as provider:
        await provider.control("faults", {"on": "credits", "kind": "hang"})
        call = asyncio.create_task(provider.call("GET", "/v1/get-user-credits"))
        await provider.until(lambda state: state["calls"].get("credits") == 1)
        await provider.stand_in.stop()

        with pytest.raises(aiohttp.ClientConnectionError):
            await call


async def test_answers_can_break_the_contract(tmp_path: Path) -> None:
    """A 200 that is no JSON, and a 200 without the three fields."""
    async with running(tmp_path) as provider:
        kinds = ("not_json", "broken_contract")
        await provider.control("faults", [{"on": "submit", "kind": kind} for kind in kinds])
        answers = [await provider.call("POST", f"/v2/{T2V}", json={"prompt": "x"}) for _ in kinds]

    assert answers[0][0] == answers[1][0] == 200
    assert "<html>" in answers[0][1]
    assert "request_id" not in answers[1][1]


async def test_faults_can_be_limited_to_a_model_listed_and_forgotten(tmp_path: Path) -> None:
    """A fault for another model waits until it is cleared."""
    async with running(tmp_path) as provider:
        fault = {"on": "submit", "kind": "error", "slug": "wan-2.6-i2v", "times": 3}
        await provider.control("faults", fault)
        await provider.submit()
        _, listed = await provider.call("GET", "/control/faults")
        _, cleared = await provider.call("DELETE", "/control/faults")

    assert [(fault["slug"], fault["times"]) for fault in listed["faults"]] == [("wan-2.6-i2v", 3)]
    assert cleared == {"faults": []}


async def _download(provider: Provider, fault: dict[str, Any]) -> tuple[bytes, bytes | None]:
    """Return the good bytes and what came under the fault; None when it broke off."""
    result = await provider.result()
    good = await provider.download(result["output"])
    await provider.control("faults", {"on": "download", **fault})
    try:
        return good, await provider.download(result["output"])
    except aiohttp.ClientResponseError:
        raise
    except aiohttp.ClientError:
        return good, None


@pytest.mark.parametrize("kind", ["truncated", "cut"])
async def test_a_download_can_break_off(tmp_path: Path, kind: str) -> None:
    """The client sees that it is incomplete."""
    async with running(tmp_path) as provider:
        # Twice: aiohttp's client repeats a GET that a kept-alive connection did not answer.
        _, bad = await _download(provider, {"kind": kind, "times": 2})

    assert bad is None


async def test_a_download_can_be_something_else(tmp_path: Path) -> None:
    """The type says video, the bytes are a web page."""
    async with running(tmp_path) as provider:
        _, bad = await _download(provider, {"kind": "not_a_video"})

    assert bad is not None
    assert b"<html>" in bad


async def test_a_download_can_be_slow_yet_complete(tmp_path: Path) -> None:
    """Trickling bytes are the same bytes."""
    async with running(tmp_path) as provider:
        good, slow = await _download(provider, {"kind": "slow", "bytes_per_second": 400_000})

    assert slow == good


async def test_a_download_can_be_too_large(tmp_path: Path) -> None:
    """An oversize answer really sends so many bytes."""
    async with running(tmp_path) as provider:
        good, large = await _download(provider, {"kind": "oversize", "size_bytes": 3_000_000})

    assert large is not None
    assert len(large) == 3_000_000
    assert large.startswith(good)


async def test_a_download_can_be_missing(tmp_path: Path) -> None:
    """A 404 for a file that exists, once."""
    async with running(tmp_path) as provider:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            await _download(provider, {"kind": "error", "status": 404})

    assert caught.value.status == 404


async def test_the_end_of_a_request_can_be_scripted(tmp_path: Path) -> None:
    """FAILED with a text, gone at completion, completed without output."""
    async with running(tmp_path) as provider:
        kinds: list[dict[str, Any]] = [
            {"kind": "failed", "text": "NSFW content detected"},
            {"kind": "expire"},
            {"kind": "no_output"},
        ]
        await provider.control("faults", [{"on": "outcome", **kind} for kind in kinds])
        submitted = [await provider.submit() for _ in kinds]
        ends = [await provider.finish(each) for each in submitted]
        _, result = await provider.call("GET", submitted[2]["response_url"])

    assert ends[0][1]["error"] == "NSFW content detected"
    assert ends[1][0] == 404
    assert ends[2][1]["status"] == "COMPLETED"
    assert "output" not in result


async def test_a_stuck_request_can_be_completed_or_failed_by_hand(tmp_path: Path) -> None:
    """The control endpoint decides when and how it ends; the end is final."""
    async with running(tmp_path) as provider:
        stuck = [await provider.submit(prompt="sandbox-stuck") for _ in range(2)]
        ids = [each["request_id"] for each in stuck]
        await provider.control(f"requests/{ids[0]}/complete", {})
        await provider.control(f"requests/{ids[1]}/fail", {"text": "by hand"})
        ends = [await provider.finish(each) for each in stuck]
        late, _ = await provider.call("POST", f"/control/requests/{ids[1]}/fail", json={})

    assert ends[0][1]["status"] == "COMPLETED"
    assert ends[1][1]["error"] == "by hand"
    assert late == 409


async def test_record_and_file_can_be_made_to_expire(tmp_path: Path) -> None:
    """Each is 404 on its own."""
    async with running(tmp_path) as provider:
        submitted = await provider.submit()
        await provider.finish(submitted)
        _, result = await provider.call("GET", submitted["response_url"])
        request_id = submitted["request_id"]
        await provider.control(f"requests/{request_id}/expire", {})
        record, _ = await provider.call("GET", submitted["response_url"])
        file_before, _ = await provider.call("HEAD", result["output"])
        await provider.control(f"requests/{request_id}/expire-output", {})
        file_after, _ = await provider.call("GET", result["output"])

    assert (record, file_before, file_after) == (404, 200, 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"on": "status", "kind": "oversize"}),
        ("faults", {"on": "lunch", "kind": "error"}),
        ("faults", {"on": "status", "kind": "error", "colour": "red"}),
        ("settings", {"speed": 0}),
        ("settings", {"balance": 3}),
    ],
)
async def test_a_mistyped_control_call_is_refused(
    tmp_path: Path, path: str, body: dict[str, Any]
) -> None:
    """A chaos test must not pass because its fault was never scripted."""
    async with running(tmp_path) as provider:
        status, answer = await provider.call("POST", f"/control/{path}", json=body)

    assert status == 400
    assert answer["error"]


async def test_polls_are_counted_per_request(tmp_path: Path) -> None:
    """Who polls too often is seen."""
    async with running(tmp_path) as provider:
        submitted = await provider.submit(prompt="sandbox-stuck", colour="red")
        for _ in range(3):
            await provider.call("GET", submitted["status_url"])
        request = (await provider.state())["requests"][0]

    assert request["calls"] == {"status": 3}
    assert request["unknown_parameters"] == ["colour"]
    assert request["state"] in ("QUEUED", "PROCESSING")
