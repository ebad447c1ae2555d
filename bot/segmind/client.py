"""The provider's calls on aiohttp: send, read, hand to `decode`. Nothing is retried here."""

import asyncio
import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

from bot.catalogue import JsonScalar
from bot.errors import NeverStartedError, TransientError, UncertainError, UnknownRequestError
from bot.segmind import decode
from bot.segmind.types import Accepted, HistoryPage, HistoryRow, Progress, Result

TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 15.0
UPLOAD_TIMEOUT_S = 180.0
# A page of 100 history rows with long prompts is some 500 KB; results are a few KB.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
# Shorter than the usual 60 s of load balancers, so that a submit rarely meets a connection
# that the other side is just closing: that would be an uncertain submit.
KEEPALIVE_S = 15.0
_CHUNK_BYTES = 64 * 1024

# Raised by aiohttp only before a connection exists: name lookup, refusal, TLS handshake, no
# free connection in time. All else may come after the request went out.
_NEVER_STARTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def make_session(*, connections: int = 32) -> aiohttp.ClientSession:
    """Return a keep-alive session without cookies, for this client and for downloads.

    Args:
        connections: How many may be open at a time; further requests wait for one.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEPALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "wan-video-bot"},
    )


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class SegmindClient:
    """The account's calls. Every method raises `bot.errors.ProviderError` and nothing else."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_key: SecretStr,
        api_base: str,
        history_base: str,
        upload_base: str,
        timeout_s: float = TIMEOUT_S,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        upload_timeout_s: float = UPLOAD_TIMEOUT_S,
    ) -> None:
        self._session = session
        self._key = api_key
        self._api_base = api_base.rstrip("/")
        self._history_base = history_base.rstrip("/")
        self._upload_base = upload_base.rstrip("/")
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._upload_timeout_s = upload_timeout_s

    def __repr__(self) -> str:
        return f"SegmindClient(api_base={self._api_base!r})"

    async def submit(self, slug: str, body: Mapping[str, JsonScalar]) -> Accepted:
        """Ask for a video. An accepted submit costs money and is never repeated here.

        Raises:
            NeverStartedError: No connection was made: may be repeated.
            UncertainError: It broke after that: look into the history, never repeat.
            ProviderError: The provider's own refusal, or a broken contract.
        """
        url = f"{self._api_base}/v2/{quote(slug, safe='')}"
        answer = await self._call("POST", url, json=dict(body))
        return decode.decode_submit(
            answer.status, answer.headers, answer.body, api_base=self._api_base
        )

    async def poll(self, status_url: str) -> Progress:
        """Return where a request stands."""
        answer = await self._call("GET", decode.check_api_url(status_url, self._api_base))
        return decode.decode_status(answer.status, answer.headers, answer.body)

    async def fetch(self, response_url: str) -> Result:
        """Return the result of a completed request."""
        answer = await self._call("GET", decode.check_api_url(response_url, self._api_base))
        return decode.decode_result(answer.status, answer.headers, answer.body)

    def request_urls(
        self, request_id: str, status_url: str | None = None, response_url: str | None = None
    ) -> tuple[str, str]:
        """Return the status and response addresses to follow a request by.

        Args:
            request_id: The provider's id of it.
            status_url: As the submit gave it; kept when it is on the API host, else (it was
                given before the host was changed, or by the history: not at all) rebuilt.
            response_url: Likewise.
        """
        base = f"{self._api_base}/v2/requests/{quote(request_id, safe='')}"
        return self._own(status_url) or f"{base}/status", self._own(response_url) or base

    def _own(self, url: str | None) -> str | None:
        return url if url is not None and decode.is_api_url(url, self._api_base) else None

    async def history(
        self,
        *,
        model: str,
        since: date,
        page: int = 1,
        per_page: int = 100,
    ) -> HistoryPage:
        """Return one page of the account's requests, newest first, in-flight ones included.

        Args:
            model: Slug; the provider matches any model whose name contains it.
            since: First day, in UTC; at most 31 days ago.
            page: From 1.
            per_page: 1 to 100.
        """
        parameters: dict[str, str | int] = {
            "model_name": model,
            "from_date": since.isoformat(),
            "page": page,
            "per_page": per_page,
        }
        answer = await self._call("GET", self._history_url(), params=parameters)
        return decode.decode_history(answer.status, answer.headers, answer.body)

    async def history_row(self, request_id: str) -> HistoryRow | None:
        """Return one of the account's requests, or None when there is no such one."""
        answer = await self._call("GET", f"{self._history_url()}/{quote(request_id, safe='')}")
        try:
            return decode.decode_history_row(answer.status, answer.headers, answer.body)
        except UnknownRequestError:
            return None

    async def balance_usd(self) -> float:
        """Return the account's balance in USD."""
        answer = await self._call("GET", f"{self._api_base}/v1/get-user-credits")
        return decode.decode_balance(answer.status, answer.headers, answer.body)

    async def upload(self, data: bytes, media_type: str) -> str:
        """Store an input file at the provider and return its public address. Free of charge."""
        payload = await asyncio.to_thread(_upload_payload, data, media_type)
        answer = await self._call(
            "POST",
            f"{self._upload_base}/upload-asset",
            timeout_s=self._upload_timeout_s,
            data=io.BytesIO(payload),
            headers={"Content-Type": "application/json"},
        )
        return decode.decode_upload(answer.status, answer.headers, answer.body)

    def _history_url(self) -> str:
        return f"{self._history_base}/inference-request/request-history"

    async def _call(
        self,
        method: str,
        url: str,
        *,
        timeout_s: float | None = None,
        headers: Mapping[str, str] | None = None,
        json: Mapping[str, JsonScalar] | None = None,
        data: io.BytesIO | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> _Answer:
        key = self._key.get_secret_value()
        try:
            async with self._session.request(
                method,
                url,
                headers={**(headers or {}), "x-api-key": key},
                json=json,
                data=data,
                params=params,
                timeout=aiohttp.ClientTimeout(
                    total=timeout_s or self._timeout_s, connect=self._connect_timeout_s
                ),
                allow_redirects=False,  # the key goes to no other host
            ) as response:
                body = await _read_capped(response)
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure_of_transport(error)
        else:
            # Should the provider ever echo the key, it ends here.
            body = body.replace(key.encode(), b"[key]") if key else body
            return _Answer(status=response.status, headers=response.headers, body=body)
        # Raised outside the handler: aiohttp's errors can hold the request's headers, and
        # with them the key; chained, they would reach logs.
        raise failure


def _failure_of_transport(error: Exception) -> TransientError:
    detail = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, _NEVER_STARTED):
        return NeverStartedError(detail)
    return UncertainError(detail)


async def _read_capped(response: aiohttp.ClientResponse) -> bytes:
    """Return at most `MAX_ANSWER_BYTES` of the body: what is cut off is no JSON any more."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            break
    return bytes(body[:MAX_ANSWER_BYTES])


def _upload_payload(data: bytes, media_type: str) -> bytes:
    """Both values are plain ASCII without quotes: the JSON can be written as it is."""
    return b"".join(
        (
            b'{"data_urls": ["data:',
            media_type.encode("ascii"),
            b";base64,",
            base64.b64encode(data),
            b'"]}',
        )
    )
