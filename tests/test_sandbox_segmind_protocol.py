"""The Segmind stand-in's answers, call by call, as `segmind-api.md` has them."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.segmind_running import FLASH, T2V, data_url, png, running


async def test_a_submit_answers_with_the_id_and_where_to_look(tmp_path: Path) -> None:
    """The three fields of the contract are there, and they work."""
    async with running(tmp_path) as provider:
        answer = await provider.submit()
        status, state = await provider.call("GET", answer["status_url"])

    assert str(uuid.UUID(answer["request_id"])) == answer["request_id"]
    assert answer["response_url"].endswith(f"/v2/requests/{answer['request_id']}")
    assert answer["status"] == "QUEUED"
    assert status == 200
    assert state["request_id"] == answer["request_id"]


async def test_a_request_goes_through_its_states_in_order(tmp_path: Path) -> None:
    """QUEUED, PROCESSING, COMPLETED; before the end the result is only the state."""
    async with running(tmp_path, speed=60.0) as provider:
        submitted = await provider.submit()
        _, early = await provider.call("GET", submitted["response_url"])
        seen: list[str] = []
        while not seen or seen[-1] != "COMPLETED":
            _, state = await provider.call("GET", submitted["status_url"])
            if state["status"] not in seen:
                seen.append(state["status"])
            await asyncio.sleep(0.005)

    assert "output" not in early
    assert seen == ["QUEUED", "PROCESSING", "COMPLETED"]


async def test_a_completed_request_is_charged_once_and_says_so(tmp_path: Path) -> None:
    """The metrics, the balance and the state agree."""
    async with running(tmp_path) as provider:
        result = await provider.result(seed=7)
        _, credits_now = await provider.call("GET", "/v1/get-user-credits")
        request = (await provider.state())["requests"][0]

    metrics = result["metrics"]
    assert metrics["cost"] == request["charged_usd"] == request["price_usd"]
    assert credits_now["credits"] == pytest.approx(1000 - metrics["cost"])
    assert metrics["remaining_credits"] == pytest.approx(credits_now["credits"])
    assert metrics["total_time"] == pytest.approx(
        metrics["queue_time"] + metrics["inference_time"], abs=0.01
    )
    assert result["seed"] == 7
    assert result["video"]["url"] == result["output"]


async def test_a_failed_request_is_a_422_with_a_body_and_costs_nothing(tmp_path: Path) -> None:
    """FAILED carries its error on both addresses, and no money."""
    async with running(tmp_path) as provider:
        submitted = await provider.submit(prompt="something forbidden")
        status, state = await provider.finish(submitted)
        result_status, result = await provider.call("GET", submitted["response_url"])
        _, credits_now = await provider.call("GET", "/v1/get-user-credits")

    assert (status, result_status) == (422, 422)
    assert state == result
    assert state["status"] == "FAILED"
    assert "content policy" in state["error"]
    assert "cost" not in state["metrics"]
    assert credits_now == {"credits": 1000}


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"x-api-key": "SG_wrong"}, "Unauthorized"),
        ({"Authorization": "Bearer KEY"}, "Unauthorized"),
        ({}, "Missing"),
    ],
)
async def test_the_key_is_needed_and_a_bearer_token_is_refused(
    tmp_path: Path, headers: dict[str, str], text: str
) -> None:
    """401 for no key, a wrong key, and the right key as a bearer token."""
    async with running(tmp_path) as provider:
        key = provider.stand_in.api_key
        sent = {name: value.replace("KEY", key) for name, value in headers.items()}
        url = provider.stand_in.api_url + f"/v2/{T2V}"
        async with provider.session.post(url, json={"prompt": "x"}, headers=sent) as response:
            body = await response.json()
        state = await provider.state()

    assert response.status == 401
    assert text in body["error"]
    assert state["requests"] == []
    assert state["calls"] == {"submit": 1}


async def test_a_key_can_be_revoked(tmp_path: Path) -> None:
    """The control endpoint makes the right key a wrong one."""
    async with running(tmp_path) as provider:
        await provider.control("settings", {"api_key_valid": False})
        status, _ = await provider.call("GET", "/v1/get-user-credits")

    assert status == 401


async def test_only_json_is_taken(tmp_path: Path) -> None:
    """406 with the vendor's words for any other content type; 400 for broken JSON."""
    async with running(tmp_path) as provider:
        form = await provider.call("POST", f"/v2/{T2V}", data={"prompt": "x"})
        json_type = {"Content-Type": "application/json"}
        broken = await provider.call("POST", f"/v2/{T2V}", data="{", headers=json_type)
        array = await provider.call("POST", f"/v2/{T2V}", json=["prompt"])
        invalid = await provider.call("POST", f"/v2/{T2V}", json={"prompt": "x", "num_frames": 80})

    assert form == (406, {"error": "Invalid content type"})
    assert broken == (400, {"error": "Malformed JSON body"})
    assert array == (400, {"error": "The body must be a JSON object"})
    assert invalid == (400, {"error": "num_frames must be at least 81"})


async def test_unknown_things_are_404(tmp_path: Path) -> None:
    """A model, a request, a file, a path: each answers in JSON."""
    async with running(tmp_path) as provider:
        answers = [
            await provider.call("POST", "/v2/wan-9", json={"prompt": "x"}),
            await provider.call("GET", f"/v2/requests/{uuid.UUID(int=0)}/status"),
            await provider.call("GET", f"/v2/requests/{uuid.UUID(int=0)}"),
            await provider.call("GET", "/output/x.mp4"),
            await provider.call("GET", "/assets/x.png"),
            await provider.call("GET", "/nowhere"),
        ]

    assert [status for status, _ in answers] == [404] * 6
    assert all("error" in body for _, body in answers)


async def test_the_wrong_verb_gets_an_html_page(tmp_path: Path) -> None:
    """405 is the one error that is not JSON."""
    async with running(tmp_path) as provider:
        status, body = await provider.call("GET", f"/v2/{T2V}")

    assert status == 405
    assert body.startswith("<!doctype html>")


async def test_a_balance_below_the_price_is_refused_with_both_numbers(tmp_path: Path) -> None:
    """406 Insufficient credits names what is there and what was needed."""
    async with running(tmp_path) as provider:
        await provider.control("settings", {"credits_usd": 0.01})
        status, body = await provider.call("POST", f"/v2/{T2V}", json={"prompt": "x"})

    assert status == 406
    assert body["error"].startswith("Insufficient credits")
    assert "0.0100" in body["error"]


async def test_the_rate_limit_counts_every_call_and_says_when_it_resets(tmp_path: Path) -> None:
    """Polls count too; 429 has the vendor's header and no Retry-After."""
    async with running(tmp_path) as provider:
        await provider.control("settings", {"requests_per_minute": 2})
        await provider.submit()
        await provider.call("GET", "/v1/get-user-credits")
        headers = {"x-api-key": provider.stand_in.api_key}
        url = provider.stand_in.api_url + "/v1/get-user-credits"
        async with provider.session.get(url, headers=headers) as response:
            body = await response.json()
        await provider.control("settings", {"requests_per_minute": None})
        after, _ = await provider.call("GET", "/v1/get-user-credits")

    reset_at = datetime.fromisoformat(response.headers["x-rate-limit-reset-at-utc"])
    assert response.status == 429
    assert body == {"error": "Rate limit exceeded"}
    assert "Retry-After" not in response.headers
    assert 0 < (reset_at - datetime.now(UTC)).total_seconds() <= 60
    assert after == 200


async def test_a_new_minute_has_a_new_budget(tmp_path: Path) -> None:
    """The window is a minute of the stand-in's clock."""
    now = [1_000_000.0]
    async with running(tmp_path, clock=lambda: now[0]) as provider:
        await provider.control("settings", {"requests_per_minute": 1})
        statuses = []
        for step_s in (0, 1, 60):
            now[0] += step_s
            statuses.append((await provider.call("GET", "/v1/get-user-credits"))[0])

    assert statuses == [200, 429, 200]


async def test_results_are_kept_for_an_hour(tmp_path: Path) -> None:
    """Afterwards the id is unknown, but the file and the history still know it."""
    now = [1_000_000.0]
    async with running(tmp_path, clock=lambda: now[0]) as provider:
        submitted = await provider.submit()
        await provider.finish(submitted)
        now[0] += 3599
        _, result = await provider.call("GET", submitted["response_url"])
        now[0] += 2
        status, _ = await provider.call("GET", submitted["status_url"])
        video = await provider.download(result["output"])
        path = f"/inference-request/request-history/{submitted['request_id']}"
        history_status, row = await provider.call("GET", path)

    assert status == 404
    assert video[4:8] == b"ftyp"
    assert (history_status, row["model_status"]) == (200, "COMPLETED")


async def test_uploads_come_back_as_addresses_that_work(tmp_path: Path) -> None:
    """What was uploaded is served with its type."""
    picture = png(8, 8)
    async with running(tmp_path) as provider:
        body = {"data_urls": [data_url(picture, "image/png"), data_url(b"x", "audio/mpeg")]}
        status, answer = await provider.call("POST", "/upload-asset", json=body)
        async with provider.session.get(answer["file_urls"][0]) as response:
            served = await response.read()

    assert status == 200
    assert len(answer["file_urls"]) == 2
    assert served == picture
    assert response.content_type == "image/png"


@pytest.mark.parametrize("urls", [None, [], ["cat.png"], ["data:image/png;base64,A"], [5]])
async def test_an_upload_without_usable_data_is_a_400(tmp_path: Path, urls: object) -> None:
    """Nothing is kept that was not a data URL."""
    async with running(tmp_path) as provider:
        status, answer = await provider.call("POST", "/upload-asset", json={"data_urls": urls})

    assert status == 400
    assert "data_urls" in answer["error"]


async def test_the_history_lists_what_was_sent_and_what_became_of_it(tmp_path: Path) -> None:
    """In-flight, failed and completed requests are all there, newest first, bodies as sent."""
    async with running(tmp_path) as provider:
        done = await provider.submit(seed=1)
        await provider.finish(done)
        failed = await provider.submit(prompt="forbidden")
        await provider.finish(failed)
        await provider.submit(prompt="sandbox-stuck", num_frames="81")
        _, page = await provider.call("GET", "/inference-request/request-history")

    rows = page["data"]
    assert [row["model_status"] for row in rows] == ["PENDING", "FAILED", "COMPLETED"]
    assert rows[0]["request_body"] == {"prompt": "sandbox-stuck", "num_frames": "81"}
    assert rows[0]["generation_url"] is None
    assert "content policy" in rows[1]["error"]
    assert rows[1]["credits_deduction"] == 0
    assert rows[2]["credits_deduction"] > 0
    assert urlsplit(rows[2]["generation_url"]).path.startswith("/output/")
    assert rows[2]["request_id"] == done["request_id"]
    assert rows[2]["latency_ms"] >= 0


async def test_the_history_is_paged_and_filtered(tmp_path: Path) -> None:
    """Pages do not overlap and filters hold; a wrong filter is a 400."""
    history = "/inference-request/request-history"
    async with running(tmp_path) as provider:
        sent = [(await provider.submit(prompt="sandbox-stuck"))["request_id"] for _ in range(5)]
        pages = [
            (await provider.call("GET", history, params={"per_page": "2", "page": str(n)}))[1]
            for n in (1, 2, 3, 4)
        ]
        filters = [
            {"model_name": "t2v"},
            {"model_name": FLASH},
            {"status": "PENDING"},
            {"status": "COMPLETED"},
            {"from_date": "2026-01-01", "to_date": "2026-01-02"},
        ]
        totals = [
            (await provider.call("GET", history, params=params))[1]["total"] for params in filters
        ]
        bad, _ = await provider.call("GET", history, params={"per_page": "101"})

    listed = [row["request_id"] for page in pages for row in page["data"]]
    assert listed == sent[::-1]
    assert [len(page["data"]) for page in pages] == [2, 2, 1, 0]
    assert (pages[0]["total"], pages[0]["total_pages"]) == (5, 3)
    assert totals == [5, 0, 5, 0, 0]
    assert bad == 400


async def test_latencies_are_drawn_around_the_typical_one_and_divided_by_speed(
    tmp_path: Path,
) -> None:
    """The draw is seeded: two stand-ins with one seed behave alike."""
    async with running(tmp_path / "a", seed=3) as one, running(tmp_path / "b", seed=3) as two:
        for provider in (one, two):
            for _ in range(20):
                await provider.submit(prompt="sandbox-stuck")
        drawn = [
            [request["inference_s"] * 500 for request in (await provider.state())["requests"]]
            for provider in (one, two)
        ]

    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 20
    assert 80 < sum(drawn[0]) / 20 < 110
