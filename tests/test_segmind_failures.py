"""The error table, row by row, on answers as the provider gives them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import (
    BrokenContractError,
    ContentBlockedError,
    ForbiddenError,
    GatewayError,
    InferenceFailedError,
    InsufficientCreditsError,
    InvalidParametersError,
    ModelRetiredError,
    PermanentError,
    ProviderError,
    RateLimitedError,
    ServerError,
    SpendLimitError,
    TransientError,
    UnauthorizedError,
    UnknownModelError,
    WrongVerbError,
)
from bot.segmind.failures import (
    NO_TEXT,
    error_text,
    failure_of,
    inference_failure,
    parse_json,
    parse_reset,
)

HTML_405 = (
    b"<!doctype html><html><head><title>405 Method Not Allowed</title></head>"
    b"<body><h1>Method Not Allowed</h1></body></html>"
)

ROWS: list[tuple[int, str, type[ProviderError]]] = [
    (400, "Missing required field: prompt", InvalidParametersError),
    (401, "Missing Authorization or x-api-key in header", UnauthorizedError),
    (401, "Unauthorized. API key is invalid or may have expired", UnauthorizedError),
    (403, "You are not permitted to use this model", ForbiddenError),
    (404, "Model not found", UnknownModelError),
    (406, "Invalid content type", InvalidParametersError),
    (406, "Parameter guidance must be below 10", InvalidParametersError),
    (406, "Insufficient credits: balance 0.01, this model needs 0.17", InsufficientCreditsError),
    (406, "", InsufficientCreditsError),
    (406, "Your team's monthly spend limit of $50 has been reached", SpendLimitError),
    (410, "This model has been retired", ModelRetiredError),
    (418, "teapot", PermanentError),
    (422, "The worker ran out of memory", InferenceFailedError),
    (422, "Input data may contain inappropriate content.", ContentBlockedError),
    (429, "Rate limit exceeded", RateLimitedError),
    (500, "Internal server error", ServerError),
    (502, "Bad gateway", GatewayError),
    (503, "Service unavailable", GatewayError),
    (504, "Gateway timeout", GatewayError),
    (307, "", BrokenContractError),
]


@pytest.mark.parametrize(("status", "text", "expected"), ROWS)
def test_every_row_of_the_table_is_one_error_type(
    status: int, text: str, expected: type[ProviderError]
) -> None:
    """Status and text decide the type; the provider's words and the status stay with it."""
    body = json.dumps({"error": text}).encode()

    error = failure_of(status, {}, body, not_found=UnknownModelError)

    assert type(error) is expected
    assert error.detail == (text or NO_TEXT)
    assert error.status == status


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_what_may_be_tried_later_is_transient(status: int) -> None:
    """Whether to retry follows from the type."""
    assert isinstance(failure_of(status, {}, b"{}"), TransientError)


def test_the_html_page_of_405_becomes_words() -> None:
    """405 is the one answer that is no JSON."""
    error = failure_of(405, {"Content-Type": "text/html"}, HTML_405)

    assert type(error) is WrongVerbError
    assert error.detail == "405 Method Not Allowed Method Not Allowed"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "invalid_token", "error_description": "Expired."}', "invalid_token: Expired."),
        (b'{"error": {"message": "nested"}}', "nested"),
        (b'{"detail": [{"loc": ["prompt"]}]}', '[{"loc": ["prompt"]}]'),
        (b'"plain"', "plain"),
        (b"", NO_TEXT),
        (b"\xff\xfe broken", "\ufffd\ufffd broken"),
        (b"[" * 100_000, "[" * 500),
    ],
)
def test_error_words_are_found_in_any_form(body: bytes, words: str) -> None:
    """Errors are ad-hoc: a sentence, a code with a description, nested, or no JSON at all."""
    assert error_text(body) == words


@pytest.mark.parametrize(
    "text",
    [
        "Input data may contain inappropriate content.",
        "Output data may contain inappropriate content.",
        "DataInspectionFailed",
        "Green net check failed for image",
        "Input data is suspected of being involved in IP infringement.",
        "NSFW content detected",
        "the prompt was blocked by the content policy",
        "Blocked by the safety filter",
        "Content was flagged",
        "Request rejected: RAI",
        "Moderation failed for input image",
        "Your prompt violates our policy",
        "sensitive words detected",
    ],
)
def test_policy_texts_are_blocks(text: str) -> None:
    """A block by the content policy is FAILED too: only its words tell."""
    assert type(inference_failure(text)) is ContentBlockedError


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory",
        "failed to download image: connection blocked",
        "trained model not loaded: train step failed",
        "Prompt is Mandatory and must be string",
        "image aspect ratio must be between 1:3 and 3:1",
        "Request timed out in queue",
        None,
    ],
)
def test_other_texts_are_plain_failures(text: str | None) -> None:
    """Words that only look like policy do not blame the member."""
    assert type(inference_failure(text)) is InferenceFailedError


RESET = datetime(2026, 8, 27, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "1787825730",
        "1787825730.0",
        "1787825730000",
        "2026-08-27T10:15:30Z",
        "2026-08-27T10:15:30.000Z",
        "2026-08-27T12:15:30+02:00",
        "2026-08-27 10:15:30",
        "2026-08-27 10:15:30 UTC",
        "Thu, 27 Aug 2026 10:15:30 GMT",
        "  2026-08-27T10:15:30Z ",
    ],
)
def test_reset_times_are_read_in_every_likely_form(text: str) -> None:
    """The header's form is documented nowhere."""
    error = failure_of(429, {"X-Rate-Limit-Reset-At-UTC": text}, b"{}")

    assert isinstance(error, RateLimitedError)
    assert error.reset_at == RESET


@pytest.mark.parametrize("text", [None, "", "soon", "30", "-5", "nan", "inf", "1e400", "9" * 5000])
def test_an_unreadable_reset_time_is_none(text: str | None) -> None:
    """The caller then waits by its own schedule."""
    assert parse_reset(text) is None


@settings(deadline=None)  # the machine may be busy
@given(st.integers(100, 999), st.binary(max_size=300), st.text(max_size=40))
def test_no_answer_breaks_the_table(status: int, body: bytes, reset: str) -> None:
    """Whatever comes, it is one provider error with words."""
    error = failure_of(status, {"x-rate-limit-reset-at-utc": reset}, body)

    assert isinstance(error, ProviderError)
    assert error.detail


def test_json_nested_beyond_the_stack_is_no_json() -> None:
    """A hostile body cannot overflow the parser."""
    assert parse_json(b"[" * 200_000 + b"]" * 200_000) is None
