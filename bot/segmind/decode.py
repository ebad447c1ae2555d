"""From the provider's answers (status, headers, body) to values or errors. Pure.

Every function takes an answer as it came and returns what it means, or raises the
`bot.errors.ProviderError` that it means.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from yarl import URL

from bot.errors import (
    BrokenContractError,
    NotJsonError,
    NotReadyError,
    PermanentError,
    UnknownModelError,
    UnknownRequestError,
)
from bot.segmind.failures import failure_of, inference_failure, parse_json, parse_time
from bot.segmind.types import (
    Accepted,
    HistoryPage,
    HistoryRow,
    HistoryStatus,
    Progress,
    ProviderStatus,
    Result,
)

# The history's documentation says "paginated dictionary" and no more.
_ROW_LIST_KEYS = ("data", "results", "items", "rows", "requests", "history")
_CREATED_KEYS = ("model_created", "created_at", "created", "timestamp")

Headers = Mapping[str, str]


def decode_submit(status: int, headers: Headers, body: bytes, *, api_base: str) -> Accepted:
    """Return the accepted request.

    Raises:
        BrokenContractError: A 2xx that lacks one of the three fields, or points elsewhere.
        ProviderError: The row of the error table.
    """
    answer = _object(status, headers, body, not_found=UnknownModelError)
    fields = {key: _text(answer.get(key)) for key in ("request_id", "status_url", "response_url")}
    missing = [key for key, value in fields.items() if value is None]
    if missing:
        raise BrokenContractError(f"a submit was accepted without {', '.join(missing)}", status)
    return Accepted(
        request_id=fields["request_id"] or "",
        status_url=check_api_url(fields["status_url"] or "", api_base),
        response_url=check_api_url(fields["response_url"] or "", api_base),
    )


def check_api_url(url: str, api_base: str) -> str:
    """Return `url` when it is on the configured API host, so that the key may go there.

    Raises:
        BrokenContractError: Another scheme, host or port, or no plain address.
    """
    if not is_api_url(url, api_base):
        raise BrokenContractError(f"an address outside {api_base}: {url[:200]!r}")
    return url


def is_api_url(url: str, api_base: str) -> bool:
    """Tell whether `url` has the scheme, host and port of `api_base`, and no user or password."""
    try:
        # yarl is what aiohttp itself reads addresses with: what is checked is what is asked.
        given, base = URL(url), URL(api_base)
        same = (given.scheme, given.host, given.port) == (base.scheme, base.host, base.port)
    except (ValueError, TypeError):
        return False
    return same and given.user is None and given.password is None and base.host is not None


def decode_status(status: int, headers: Headers, body: bytes) -> Progress:
    """Return where a request stands; FAILED is an answer here, not an error.

    Raises:
        UnknownRequestError: No such request, or it has expired.
        BrokenContractError: A 2xx without a known status.
        ProviderError: Another row of the error table.
    """
    answer, state = _stated(status, headers, body)
    return Progress(status=state, error=_failure_words(answer, state))


def decode_result(status: int, headers: Headers, body: bytes) -> Result:
    """Return the finished request.

    Raises:
        ContentBlockedError: FAILED by the content policy.
        InferenceFailedError: FAILED otherwise.
        NotReadyError: Still queued or running.
        UnknownRequestError: No such request, or it has expired.
        BrokenContractError: COMPLETED without the address of an output.
        ProviderError: Another row of the error table.
    """
    answer, state = _stated(status, headers, body)
    if state is ProviderStatus.FAILED:
        raise inference_failure(_failure_words(answer, state), status)
    if state is not ProviderStatus.COMPLETED:
        raise NotReadyError(f"the request is still {state}", status)
    output_url = _output_url(answer)
    if output_url is None:
        raise BrokenContractError("COMPLETED without the address of an output", status)
    metrics = answer.get("metrics")
    if not isinstance(metrics, dict):
        metrics = {}
    return Result(
        output_url=output_url,
        cost_usd=_number(metrics.get("cost")),
        queue_s=_number(metrics.get("queue_time")),
        total_s=_number(metrics.get("total_time")),
    )


def decode_history(status: int, headers: Headers, body: bytes) -> HistoryPage:
    """Return one page of the request history.

    Raises:
        BrokenContractError: No list of rows, or a row without an id.
        ProviderError: The row of the error table.
    """
    answer = _success(status, headers, body)
    rows = answer if isinstance(answer, list) else _find_rows(answer)
    if rows is None:
        raise BrokenContractError("the request history holds no list of rows", status)
    return HistoryPage(rows=tuple(_history_row(row, status) for row in rows))


def decode_history_row(status: int, headers: Headers, body: bytes) -> HistoryRow:
    """Return one request of the history, whatever its age.

    Raises:
        UnknownRequestError: The account has no such request.
        BrokenContractError: A 2xx that is no row.
        ProviderError: Another row of the error table.
    """
    answer = _object(status, headers, body, not_found=UnknownRequestError)
    inner = answer.get("data")
    return _history_row(inner if isinstance(inner, dict) else answer, status)


def decode_balance(status: int, headers: Headers, body: bytes) -> float:
    """Return the account's balance in USD.

    Raises:
        BrokenContractError: A 2xx without a number.
        ProviderError: Another row of the error table.
    """
    balance = _number(_object(status, headers, body).get("credits"))
    if balance is None:
        raise BrokenContractError("the balance is not a number", status)
    return balance


def decode_upload(status: int, headers: Headers, body: bytes) -> str:
    """Return the public address of the one file that was uploaded.

    Raises:
        BrokenContractError: A 2xx without an address.
        ProviderError: The row of the error table.
    """
    urls = _object(status, headers, body).get("file_urls")
    url = _web_url(urls[0]) if isinstance(urls, list) and urls else None
    if url is None:
        raise BrokenContractError("an upload was accepted without an address", status)
    return url


def _stated(status: int, headers: Headers, body: bytes) -> tuple[dict[str, Any], ProviderStatus]:
    """A body that announces a terminal state is valid whatever the HTTP code (FAILED is 422)."""
    parsed = parse_json(body)
    state = _state(parsed.get("status")) if isinstance(parsed, dict) else None
    if state is not None and state.terminal:
        return parsed, state
    answer = _object(status, headers, body, not_found=UnknownRequestError)
    if state is None:
        raise BrokenContractError(f"no known status: {answer.get('status')!r:.80}", status)
    return answer, state


def _state(value: object) -> ProviderStatus | None:
    try:
        return ProviderStatus(str(value).strip().upper())
    except ValueError:
        return None


def _failure_words(answer: dict[str, Any], state: ProviderStatus) -> str | None:
    if state is not ProviderStatus.FAILED:
        return None
    error = answer.get("error") or answer.get("message") or "no reason given"
    return error if isinstance(error, str) else json.dumps(error)


def _success(
    status: int, headers: Headers, body: bytes, *, not_found: type[PermanentError] = PermanentError
) -> Any:
    """Return the JSON of a 2xx; raise what anything else means."""
    if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
        raise failure_of(status, headers, body, not_found=not_found)
    parsed = parse_json(body)
    if parsed is None:
        raise NotJsonError("the answer is not JSON", status)
    return parsed


def _object(
    status: int, headers: Headers, body: bytes, *, not_found: type[PermanentError] = PermanentError
) -> dict[str, Any]:
    parsed = _success(status, headers, body, not_found=not_found)
    if not isinstance(parsed, dict):
        raise BrokenContractError("the answer is not a JSON object", status)
    return parsed


def _output_url(answer: dict[str, Any]) -> str | None:
    """The address is `output` itself; some models give a list, or `video: {url}`."""
    for value in (answer.get("output"), answer.get("video")):
        first = value[0] if isinstance(value, list) and value else value
        url = _web_url(first.get("url") if isinstance(first, dict) else first)
        if url is not None:
            return url
    return None


def _find_rows(answer: object) -> list[Any] | None:
    if not isinstance(answer, dict):
        return None
    for key in _ROW_LIST_KEYS:
        value = answer.get(key)
        rows = value if isinstance(value, list) else _find_rows(value)
        if rows is not None:
            return rows
    return None


def _history_row(row: object, status: int) -> HistoryRow:
    request_id = _text(row.get("request_id")) if isinstance(row, dict) else None
    if not isinstance(row, dict) or request_id is None:
        raise BrokenContractError("a row of the request history has no request_id", status)
    times = (_text(row.get(key)) for key in _CREATED_KEYS)
    return HistoryRow(
        request_id=request_id,
        status=_history_status(row.get("model_status")),
        request_body=_request_body(row.get("request_body")),
        cost_usd=_number(row.get("credits_deduction")),
        output_url=_web_url(row.get("generation_url")),
        created_at=next((parse_time(text) for text in times if text), None),
        error=_text(row.get("error")),
    )


def _history_status(value: object) -> HistoryStatus:
    try:
        return HistoryStatus(str(value).strip().upper())
    except ValueError:
        return HistoryStatus.PENDING


def _request_body(value: object) -> dict[str, Any]:
    parsed = parse_json(value.encode()) if isinstance(value, str) else value
    return parsed if isinstance(parsed, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _web_url(value: object) -> str | None:
    text = _text(value)
    return text if text is not None and text.startswith(("https://", "http://")) else None


def _number(value: object) -> float | None:
    """Numbers also come as text on some endpoints."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
