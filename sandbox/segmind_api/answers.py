"""The provider's answers: its errors, and broken ones on purpose."""

import asyncio
from datetime import UTC, datetime, timedelta

from aiohttp import web

from sandbox.segmind_api.faults import Fault

# What the provider says where it gives no text of its own.
ERROR_TEXTS = {
    400: "Bad request: invalid parameters or request format",
    401: "Unauthorized. API key is invalid or may have expired",
    403: "Forbidden: this account is not permitted to use the model",
    404: "Not found",
    406: "Insufficient credits",
    410: "This model has been retired and is no longer available",
    422: "Inference failed",
    429: "Rate limit exceeded",
    500: "Internal server error",
    502: "Bad gateway",
    504: "Gateway timeout",
}
MISSING_KEY_TEXT = "Missing Authorization or x-api-key in header"
HTML_405 = (
    "<!doctype html><html><head><title>405 Method Not Allowed</title></head>"
    "<body><h1>Method Not Allowed</h1>"
    "<p>The method is not allowed for the requested URL.</p></body></html>"
)
FAULT_RESET_S = 2.0


class Closing(asyncio.Event):
    """Set when the server stops: answers that hang on purpose end then."""

    async def wait_at_most(self, seconds: float) -> None:
        """Return after `seconds`, or earlier when the server stops."""
        try:
            async with asyncio.timeout(seconds):
                await self.wait()
        except TimeoutError:
            return


def error(status: int, text: str | None = None) -> web.Response:
    """Return an error as the provider words it: JSON, except for 405."""
    if status == 405:  # noqa: PLR2004 - HTTP's own number
        return web.Response(status=405, text=HTML_405, content_type="text/html")
    body = {"error": text or ERROR_TEXTS.get(status, "Server error")}
    return web.json_response(body, status=status)


def rate_limited(reset_at: datetime) -> web.Response:
    """Return a 429 with the provider's one header, and no Retry-After."""
    response = error(429)
    text = reset_at.astimezone(UTC).isoformat(timespec="milliseconds")
    response.headers["x-rate-limit-reset-at-utc"] = text.replace("+00:00", "Z")
    return response


async def play(fault: Fault, request: web.Request, closing: Closing) -> web.StreamResponse:
    """Answer an API call with a scripted fault."""
    match fault.kind:
        case "hang":
            await closing.wait_at_most(fault.seconds)
            return cut(request)
        case "cut":
            return cut(request)
        case "not_json":
            return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")
        case "broken_contract":
            return web.json_response({"message": fault.text or "ok"})
        case _:
            pass
    if fault.status == 429:  # noqa: PLR2004 - HTTP's own number
        reset_s = FAULT_RESET_S if "seconds" not in fault.model_fields_set else fault.seconds
        return rate_limited(datetime.now(UTC) + timedelta(seconds=reset_s))
    return error(fault.status, fault.text)


def cut(request: web.Request) -> web.Response:
    """Break the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    # aiohttp wants a response object; the transport is gone, so nobody gets it.
    return web.Response()
