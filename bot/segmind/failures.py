"""The provider's error table: from status, headers and body to one error of our tree. Pure.

Source: the model pages' "Common Error Codes" and docs.segmind.com/docs/serverless-api.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

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
    UnauthorizedError,
    WrongVerbError,
)

NO_TEXT = "no error text"
RESET_HEADER = "x-rate-limit-reset-at-utc"
_DETAIL_MAX_CHARS = 500

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    400: InvalidParametersError,
    401: UnauthorizedError,
    403: ForbiddenError,
    405: WrongVerbError,
    410: ModelRetiredError,
    500: ServerError,
    502: GatewayError,
    504: GatewayError,
}

# A block by policy is FAILED like any other: only these words tell. The first six are how
# Alibaba, who makes the Wan models, words its own inspection.
_POLICY_MARKERS = re.compile(
    r"inappropriate"
    r"|data\s?inspection"
    r"|green net"
    r"|infringement"
    r"|sensitive (content|information|words?|data)"
    r"|content security"
    r"|nsfw"
    r"|\brai\b"
    r"|responsible ai"
    r"|moderat(ed|ion)"
    r"|content.polic(y|ies)"
    r"|policy violation|violat\w+ \w+ (policy|policies|guidelines)"
    r"|content (was |is |has been )?(blocked|flagged|rejected|filter)"
    r"|(blocked|flagged|rejected) by [\w ]*(filter|safety|policy)"
    r"|safety (filter|check|system|polic|setting)"
    r"|(prohibited|unsafe|explicit|adult) content",
    re.IGNORECASE,
)

_EPOCH_MIN_S = 1_000_000_000  # less is a delay or nonsense, not a moment of this century
_EPOCH_MILLISECONDS = 100_000_000_000


def failure_of(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    not_found: type[PermanentError] = PermanentError,
) -> ProviderError:
    """Return the error that an answer outside 2xx means.

    Args:
        status: HTTP status.
        headers: The answer's headers, in any case.
        body: The answer's body: JSON, or an HTML page for 405 and from gateways.
        not_found: What a 404 means for this call.
    """
    detail = error_text(body)
    if status == 406:  # noqa: PLR2004 - HTTP's own number
        return _not_acceptable(detail)
    if status == 422:  # noqa: PLR2004 - HTTP's own number
        return inference_failure(detail, status)
    if status == 429:  # noqa: PLR2004 - HTTP's own number
        return RateLimitedError(detail, status, parse_reset(header(headers, RESET_HEADER)))
    kind = {**_BY_STATUS, 404: not_found}.get(status) or _kind_of_unlisted(status)
    return kind(detail, status)


def _kind_of_unlisted(status: int) -> type[ProviderError]:
    if status >= 500:  # noqa: PLR2004 - HTTP's own number
        return GatewayError
    # A redirect is never followed with the key.
    return BrokenContractError if status < 400 else PermanentError  # noqa: PLR2004 - HTTP's number


def inference_failure(detail: str | None, status: int | None = None) -> InferenceFailedError:
    """Return what FAILED means: blocked by the content policy, or plainly failed."""
    text = detail or "no reason given"
    if _POLICY_MARKERS.search(text):
        return ContentBlockedError(text, status)
    return InferenceFailedError(text, status)


def _not_acceptable(detail: str) -> PermanentError:
    """406 is several things, told apart by the text; the model pages only know the credits."""
    text = detail.casefold()
    if "spend" in text or "team limit" in text:
        return SpendLimitError(detail, 406)
    if "credit" in text or "balance" in text or text == NO_TEXT:
        return InsufficientCreditsError(detail, 406)
    return InvalidParametersError(detail, 406)


def error_text(body: bytes) -> str:
    """Return the words of an error answer, whatever their form, shortened for a log line."""
    parsed = parse_json(body)
    if isinstance(parsed, dict):
        text = _text_of(parsed)
    elif isinstance(parsed, str):
        text = parsed
    else:
        text = re.sub(r"<[^>]*>", " ", body[:4096].decode("utf-8", "replace"))
    return " ".join(text.split())[:_DETAIL_MAX_CHARS] or NO_TEXT


def _text_of(parsed: dict[str, Any]) -> str:
    """`error` is a sentence; a code beside `error_description` on the auth surface."""
    parts: list[str] = []
    for key in ("error", "error_description", "message", "detail"):
        value = parsed.get(key)
        if isinstance(value, dict):
            value = _text_of(value)
        elif value is not None and not isinstance(value, str):
            value = json.dumps(value)
        if value and value not in parts:
            parts.append(value)
    return ": ".join(parts)


def parse_json(body: bytes) -> Any:
    """Return the parsed body, or None when it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header's value, whatever the case of its name."""
    return next((value for key, value in headers.items() if key.lower() == name), None)


def parse_reset(text: str | None) -> datetime | None:
    """Return when the rate limit's window resets, in UTC; None when it cannot be told.

    The form is documented nowhere: taken are seconds or milliseconds since the epoch,
    ISO 8601 (UTC unless it says otherwise) and HTTP's own date.
    """
    text = (text or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        return parse_time(text)
    if seconds > _EPOCH_MILLISECONDS:
        seconds /= 1000
    if not _EPOCH_MIN_S <= seconds <= _EPOCH_MILLISECONDS:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def parse_time(text: str) -> datetime | None:
    """Return an ISO 8601 or HTTP date in UTC; None when it is neither."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text.removesuffix("UTC").strip())
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
