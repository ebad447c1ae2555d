"""Answers of every call, as the provider gives them, and what they mean."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import (
    BrokenContractError,
    ContentBlockedError,
    InferenceFailedError,
    InsufficientCreditsError,
    NotReadyError,
    ProviderError,
    UnknownModelError,
    UnknownRequestError,
)
from bot.segmind import HistoryStatus, ProviderStatus
from bot.segmind.decode import (
    check_api_url,
    decode_balance,
    decode_history,
    decode_history_row,
    decode_result,
    decode_status,
    decode_submit,
    decode_upload,
)

API = "https://api.segmind.com"
ID = "2c7f59ea-13f1-402c-9353-915a2b5a2124"
VIDEO = f"https://images.segmind.com/outputs/{ID}.mp4"
METRICS = {
    "cost": 0.175,
    "remaining_credits": 41.2,
    "inference_time": 61.3,
    "queue_time": 0.2,
    "total_time": 61.5,
    "retry_count": 1,
}
FAILED = {
    "status": "FAILED",
    "error": "Prompt is Mandatory and must be string",
    "metrics": {"inference_time": 0.007, "queue_time": 0.23, "total_time": 0.24},
}


def raw(value: object) -> bytes:
    """Return a JSON body."""
    return json.dumps(value).encode()


def accepted(**changes: object) -> dict[str, object]:
    """Return the answer to an accepted submit, with some fields changed."""
    answer: dict[str, object] = {
        "request_id": ID,
        "status": "QUEUED",
        "poll_url": f"{API}/v2/requests/{ID}/status",
        "status_url": f"{API}/v2/requests/{ID}/status",
        "response_url": f"{API}/v2/requests/{ID}",
    }
    return answer | changes


# -- submit ----------------------------------------------------------------------


def test_an_accepted_submit_gives_its_id_and_addresses() -> None:
    """The three promised fields are taken as given; more is ignored."""
    answer = decode_submit(200, {}, raw(accepted()), api_base=API)

    assert answer.request_id == ID
    assert answer.status_url == f"{API}/v2/requests/{ID}/status"
    assert answer.response_url == f"{API}/v2/requests/{ID}"


@pytest.mark.parametrize(
    "body",
    [
        raw(accepted(request_id=None)),
        raw(accepted(status_url="")),
        raw(accepted(response_url=7)),
        raw(accepted(status_url="https://evil.example/v2/requests/x/status")),
        raw(accepted(response_url="/v2/requests/x")),
        raw({}),
        raw([1]),
        b"null",
        b"",
        b"<html>welcome</html>",
    ],
)
def test_an_accepted_submit_without_what_is_promised_is_a_broken_contract(body: bytes) -> None:
    """A 2xx that we cannot follow fails loudly."""
    with pytest.raises(BrokenContractError):
        decode_submit(200, {}, body, api_base=API)


def test_a_submit_to_an_unknown_model_is_told_from_an_unknown_request() -> None:
    """404 means another thing on submit than on poll and fetch."""
    with pytest.raises(UnknownModelError):
        decode_submit(404, {}, raw({"error": "Model not found"}), api_base=API)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.segmind.com/v2/requests/x",
        "https://api.segmind.com:8443/v2/requests/x",
        "https://api.segmind.com.evil.example/v2",
        "https://api.segmind.com@evil.example/v2",
        "https://key@api.segmind.com/v2",
        "https://evil.example\\@api.segmind.com/v2",
        "https://evil.example#@api.segmind.com/v2",
        "//evil.example/v2",
        "https://[::1/v2",
        "https://api.segmind.com:99999/v2",
        "file:///etc/passwd",
        "",
    ],
)
def test_addresses_off_the_api_host_are_refused(url: str) -> None:
    """The key goes to the configured scheme, host and port, and nowhere else."""
    with pytest.raises(BrokenContractError):
        check_api_url(url, API)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.segmind.com/v2/requests/x", API),
        ("https://API.segmind.com:443/v2/requests/x", API + "/"),
        ("http://127.0.0.1:8080/v2/requests/x", "http://127.0.0.1:8080"),
    ],
)
def test_addresses_on_the_api_host_are_followed_as_given(url: str, base: str) -> None:
    """The same host in other words is the same host."""
    assert check_api_url(url, base) == url


# -- poll ------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["QUEUED", "PROCESSING", "COMPLETED", "completed"])
def test_a_poll_tells_where_the_request_stands(state: str) -> None:
    """Four states, and no error beside the first three."""
    progress = decode_status(200, {}, raw({"status": state}))

    assert progress.status == state.upper()
    assert progress.error is None


def test_failed_is_an_answer_though_it_comes_as_422() -> None:
    """A body that announces a terminal state is valid whatever the HTTP code."""
    progress = decode_status(422, {}, raw(FAILED))

    assert progress.status is ProviderStatus.FAILED
    assert progress.error == "Prompt is Mandatory and must be string"


@pytest.mark.parametrize("status", [200, 404, 410, 500, 502])
def test_completed_is_believed_under_any_code(status: int) -> None:
    """Not only FAILED may come with an odd code."""
    assert decode_status(status, {}, raw({"status": "COMPLETED"})).status.terminal


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, {"error": f"Request {ID} not found"}, UnknownRequestError),
        (422, {"error": "odd"}, InferenceFailedError),
        (500, {"status": "PROCESSING"}, ProviderError),
        (200, {"status": "DANCING"}, BrokenContractError),
        (200, {}, BrokenContractError),
        (200, ["COMPLETED"], BrokenContractError),
    ],
)
def test_other_poll_answers_are_errors(
    status: int, body: object, expected: type[ProviderError]
) -> None:
    """An unknown id, an unknown state, a state that is not terminal under an error code."""
    with pytest.raises(expected):
        decode_status(status, {}, raw(body))


# -- result ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "output",
    [
        {"output": VIDEO},
        {"output": [VIDEO]},
        {"output": {"url": VIDEO}},
        {"output": None, "video": {"url": VIDEO, "content_type": "video/mp4", "file_size": "9"}},
        {"video": [{"url": VIDEO}]},
    ],
)
def test_a_result_names_its_video_in_every_documented_form(output: dict[str, Any]) -> None:
    """`output` is the address itself; some models give `video: {url}`."""
    body = raw({"status": "COMPLETED", "seed": 42, "metrics": METRICS} | output)

    result = decode_result(200, {}, body)

    assert result.output_url == VIDEO
    assert result.cost_usd == 0.175


def test_a_result_may_lack_all_that_is_optional() -> None:
    """A missing price is unknown, not zero."""
    result = decode_result(200, {}, raw({"status": "COMPLETED", "output": VIDEO}))

    assert result.cost_usd is None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (422, FAILED, InferenceFailedError),
        (200, FAILED, InferenceFailedError),
        (422, {"status": "FAILED", "error": "NSFW content detected"}, ContentBlockedError),
        (200, {"status": "PROCESSING"}, NotReadyError),
        (404, {"error": "not found"}, UnknownRequestError),
        (200, {"status": "COMPLETED"}, BrokenContractError),
        (200, {"status": "COMPLETED", "output": "some words"}, BrokenContractError),
        (200, {"status": "COMPLETED", "output": []}, BrokenContractError),
        (200, {"output": VIDEO}, BrokenContractError),
    ],
)
def test_results_that_are_none(status: int, body: object, expected: type[ProviderError]) -> None:
    """FAILED, blocked, unfinished, expired, or without an output."""
    with pytest.raises(expected) as caught:
        decode_result(status, {}, raw(body))

    assert type(caught.value) is expected


def test_a_failure_without_words_is_still_a_failure() -> None:
    """`error` may be missing or an object."""
    silent = decode_status(422, {}, raw({"status": "FAILED"}))
    nested = decode_status(422, {}, raw({"status": "FAILED", "error": {"code": 7}}))

    assert silent.error == "no reason given"
    assert nested.error == '{"code": 7}'


# -- history, balance, upload -------------------------------------------------------

ROW = {
    "request_id": ID,
    "model_name": "wan-2.2-i2v-flash",
    "model_status": "COMPLETED",
    "request_body": {"prompt": "a cat", "seed": 7},
    "credits_deduction": 0.175,
    "generation_url": VIDEO,
    "model_created": "2026-08-27T10:15:30Z",
    "error": None,
}


@pytest.mark.parametrize(
    "body",
    [[ROW], {"data": [ROW], "page": 1}, {"data": {"items": [ROW]}}, {"results": [ROW]}],
)
def test_history_rows_are_found_in_every_likely_page(body: object) -> None:
    """The documentation says "paginated dictionary" and no more."""
    page = decode_history(200, {}, raw(body))

    assert len(page.rows) == 1
    row = page.rows[0]
    assert row.request_id == ID
    assert row.status is HistoryStatus.COMPLETED
    assert row.request_body == {"prompt": "a cat", "seed": 7}
    assert row.cost_usd == 0.175
    assert row.output_url == VIDEO
    assert row.created_at == datetime(2026, 8, 27, 10, 15, 30, tzinfo=UTC)


def test_a_row_in_flight_has_little_in_it() -> None:
    """Unfinished rows are PENDING under any name; inputs may come as JSON text."""
    body = raw(
        {
            "data": [
                {
                    "request_id": ID,
                    "model_status": "PROCESSING",
                    "request_body": '{"seed": 7}',
                    "created_at": "yesterday",
                }
            ]
        }
    )

    page = decode_history(200, {}, body)

    assert page.rows[0].status is HistoryStatus.PENDING
    assert page.rows[0].request_body == {"seed": 7}
    assert page.rows[0].created_at is None


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": [{"model_name": "x"}]}, ["x"]])
def test_a_history_that_cannot_be_trusted_is_a_broken_contract(body: object) -> None:
    """Never mistake a strange page for "not found": credits would be released wrongly."""
    with pytest.raises(BrokenContractError):
        decode_history(200, {}, raw(body))


def test_one_row_by_id() -> None:
    """Bare or wrapped; an unknown id is its own error."""
    assert decode_history_row(200, {}, raw(ROW)).request_id == ID
    assert decode_history_row(200, {}, raw({"data": ROW})).request_id == ID
    with pytest.raises(UnknownRequestError):
        decode_history_row(404, {}, raw({"error": "not found"}))


@pytest.mark.parametrize(("value", "expected"), [(41.2, 41.2), (0, 0.0), ("3.5", 3.5)])
def test_the_balance_is_a_number(value: object, expected: float) -> None:
    """Text that is a number counts."""
    assert decode_balance(200, {}, raw({"credits": value, "free-credits": 1})) == expected


@pytest.mark.parametrize("value", [None, True, "much", [], float("nan"), 10**400])
def test_a_balance_that_is_no_number_is_a_broken_contract(value: object) -> None:
    """NaN, infinity and booleans are no money."""
    with pytest.raises(BrokenContractError):
        decode_balance(200, {}, raw({"credits": value}))


def test_an_upload_gives_its_address() -> None:
    """The one address for the one file."""
    url = "https://images.segmind.com/assets/x.jpg"

    assert decode_upload(200, {}, raw({"file_urls": [url], "message": "ok"})) == url


@pytest.mark.parametrize("urls", [None, [], [None], ["ftp://x"], "https://x"])
def test_an_upload_without_an_address_is_a_broken_contract(urls: object) -> None:
    """A list with a web address is promised."""
    with pytest.raises(BrokenContractError):
        decode_upload(200, {}, raw({"file_urls": urls}))


# -- any answer ---------------------------------------------------------------------

DECODERS: dict[str, Callable[[int, bytes], object]] = {
    "submit": lambda status, body: decode_submit(status, {}, body, api_base=API),
    "status": lambda status, body: decode_status(status, {}, body),
    "result": lambda status, body: decode_result(status, {}, body),
    "history": lambda status, body: decode_history(status, {}, body),
    "row": lambda status, body: decode_history_row(status, {}, body),
    "balance": lambda status, body: decode_balance(status, {}, body),
    "upload": lambda status, body: decode_upload(status, {}, body),
}


@pytest.mark.parametrize("call", DECODERS)
def test_every_call_reads_the_error_table(call: str) -> None:
    """406 is 406 wherever it comes."""
    with pytest.raises(InsufficientCreditsError):
        DECODERS[call](406, raw({"error": "Insufficient credits"}))


KEYS = st.sampled_from(
    ["status", "output", "video", "metrics", "seed", "error", "request_id", "data", "url"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
BODIES = st.binary(max_size=60) | st.builds(
    lambda value, state: raw(value if state is None else {"status": state, "output": value}),
    JSON,
    st.none() | st.sampled_from([*ProviderStatus]),
)


@pytest.mark.parametrize("call", DECODERS)
@settings(deadline=None)  # the machine may be busy
@given(status=st.sampled_from([200, 204, 302, 404, 406, 422, 500]), body=BODIES)
def test_any_answer_is_a_value_or_a_provider_error(call: str, status: int, body: bytes) -> None:
    """No answer can raise anything but an error of our tree."""
    try:
        value = DECODERS[call](status, body)
    except ProviderError as error:
        value = error.detail

    assert value is not None
