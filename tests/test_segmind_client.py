"""The client against a real server on loopback: what is sent, and what breaks how."""

import asyncio
import base64
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import SecretStr

from bot.catalogue import JsonScalar
from bot.errors import (
    BrokenContractError,
    NeverStartedError,
    ProviderError,
    RateLimitedError,
    UnauthorizedError,
    UncertainError,
)
from bot.segmind import HistoryStatus, ProviderStatus, SegmindClient, client, make_session

KEY = "SG_0123456789abcdef"
SLUG = "wan-2.2-i2v-flash"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Provider:
    """A far end on a free port that answers every call with `handler` and keeps what it got."""

    handler: Handler
    base: str = ""
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Keep the request, then answer it."""
        self.requests.append(request)
        self.bodies.append(await request.read())
        return await self.handler(request)


@asynccontextmanager
async def provider(handler: Handler) -> AsyncIterator[Provider]:
    """Serve `handler` on loopback."""
    far_end = Provider(handler)
    app = web.Application(client_max_size=64 * 1024**2)
    app.router.add_route("*", "/{path:.*}", far_end.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    far_end.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield far_end
    finally:
        await runner.cleanup()


def client_on(
    session: aiohttp.ClientSession,
    base: str,
    *,
    timeout_s: float = 20.0,
    connect_timeout_s: float = 10.0,
) -> SegmindClient:
    """Return a client whose three bases are one far end."""
    return SegmindClient(
        session,
        api_key=SecretStr(KEY),
        api_base=base,
        history_base=base + "/",
        upload_base=base,
        timeout_s=timeout_s,
        connect_timeout_s=connect_timeout_s,
        upload_timeout_s=timeout_s,
    )


@asynccontextmanager
async def client_of(base: str, *, timeout_s: float = 20.0) -> AsyncIterator[SegmindClient]:
    """Open a client with a session of its own."""
    async with make_session() as session:
        yield client_on(session, base, timeout_s=timeout_s)


def says(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    """Return a handler that always gives the same JSON."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return handler


async def accepts(request: web.Request) -> web.StreamResponse:
    """Accept a submit."""
    base = f"http://{request.host}/v2/requests/one"
    return web.json_response(
        {"request_id": "one", "status_url": f"{base}/status", "response_url": base}
    )


# -- what is sent ----------------------------------------------------------------------


async def test_submit_posts_the_parameters_with_the_key() -> None:
    """The body is the model's parameters as JSON; the key is in its header."""
    body: dict[str, JsonScalar] = {
        "image": "https://cdn.example/x.png",
        "prompt": "a cät",
        "seed": 7,
        "watermark": False,
    }
    async with provider(accepts) as far_end, client_of(far_end.base) as segmind:
        accepted = await segmind.submit(SLUG, body)

    request = far_end.requests[0]
    assert (request.method, request.path) == ("POST", f"/v2/{SLUG}")
    assert request.headers["x-api-key"] == KEY
    assert request.content_type == "application/json"
    assert json.loads(far_end.bodies[0]) == body
    assert accepted.request_id == "one"


async def test_poll_and_fetch_follow_the_given_addresses() -> None:
    """`status_url` and `response_url` are asked as they came."""
    video = "https://images.segmind.com/x.mp4"
    answer = {"status": "COMPLETED", "output": video, "metrics": {"cost": 0.1}}
    async with provider(says(answer)) as far_end, client_of(far_end.base) as segmind:
        progress = await segmind.poll(f"{far_end.base}/v2/requests/one/status?a=b")
        result = await segmind.fetch(f"{far_end.base}/v2/requests/one")

    assert [request.raw_path for request in far_end.requests] == [
        "/v2/requests/one/status?a=b",
        "/v2/requests/one",
    ]
    assert progress.status is ProviderStatus.COMPLETED
    assert (result.output_url, result.cost_usd) == (video, 0.1)


async def test_a_foreign_address_is_not_asked_at_all() -> None:
    """Not even an address from our own database may carry the key elsewhere."""
    async with provider(accepts) as mine, provider(accepts) as foreign:
        async with client_of(mine.base) as segmind:
            with pytest.raises(BrokenContractError):
                await segmind.poll(f"{foreign.base}/v2/requests/one/status")
            with pytest.raises(BrokenContractError):
                await segmind.fetch(f"{foreign.base}/v2/requests/one")

        assert foreign.requests == []


async def test_a_redirect_is_not_followed() -> None:
    """A redirect would carry the key, or repeat the POST, somewhere else."""
    async with provider(accepts) as foreign:

        async def redirects(_request: web.Request) -> web.StreamResponse:
            raise web.HTTPTemporaryRedirect(f"{foreign.base}/v2/{SLUG}")

        async with provider(redirects) as far_end, client_of(far_end.base) as segmind:
            with pytest.raises(BrokenContractError):
                await segmind.submit(SLUG, {})

        assert len(far_end.requests) == 1
        assert foreign.requests == []


async def test_history_asks_with_its_filters() -> None:
    """Every filter has the name that the provider documents."""
    async with provider(says({"data": []})) as far_end, client_of(far_end.base) as segmind:
        page = await segmind.history(model=SLUG, since=date(2026, 8, 27), page=2, per_page=50)

    assert far_end.requests[0].path == "/inference-request/request-history"
    assert dict(far_end.requests[0].query) == {
        "model_name": SLUG,
        "from_date": "2026-08-27",
        "page": "2",
        "per_page": "50",
    }
    assert page.rows == ()


async def test_an_unknown_history_row_is_none() -> None:
    """404 is an answer to "was it there?"."""
    async with provider(says({"error": "x"}, 404)) as far_end, client_of(far_end.base) as segmind:
        row = await segmind.history_row("a/b")

    assert row is None
    assert far_end.requests[0].raw_path == "/inference-request/request-history/a%2Fb"


async def test_a_known_history_row() -> None:
    """One row, with its state."""
    answer = {"request_id": "one", "model_status": "FAILED", "error": "x"}
    async with provider(says(answer)) as far_end, client_of(far_end.base) as segmind:
        row = await segmind.history_row("one")

    assert row is not None
    assert row.status is HistoryStatus.FAILED


async def test_the_balance() -> None:
    """USD, from the v1 endpoint."""
    async with provider(says({"credits": 12.5})) as far_end, client_of(far_end.base) as segmind:
        balance = await segmind.balance_usd()

    assert balance == 12.5
    assert far_end.requests[0].path == "/v1/get-user-credits"


async def test_upload_sends_one_data_url() -> None:
    """A file of some MB goes as one base64 data URL."""
    url = "https://images.segmind.com/assets/x.jpg"
    data = bytes(range(256)) * 8192
    async with provider(says({"file_urls": [url]})) as far_end, client_of(far_end.base) as segmind:
        uploaded = await segmind.upload(data, "image/jpeg")

    sent = json.loads(far_end.bodies[0])["data_urls"]
    assert uploaded == url
    assert far_end.requests[0].path == "/upload-asset"
    assert far_end.requests[0].content_type == "application/json"
    assert sent == ["data:image/jpeg;base64," + base64.b64encode(data).decode()]


async def test_connections_are_kept() -> None:
    """Calls one after another share a connection."""
    ports: list[object] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return web.json_response({"credits": 1})

    async with provider(handler) as far_end, client_of(far_end.base) as segmind:
        for _ in range(3):
            await segmind.balance_usd()

    assert len(set(ports)) == 1


async def test_cookies_are_not_kept() -> None:
    """Nothing that the provider sets comes back to it."""
    handler = says({"credits": 1}, headers={"Set-Cookie": "a=b"})
    async with provider(handler) as far_end, client_of(far_end.base) as segmind:
        await segmind.balance_usd()
        await segmind.balance_usd()

    assert "Cookie" not in far_end.requests[1].headers


# -- refusals, broken answers -------------------------------------------------------------


async def test_a_rate_limit_says_when_it_ends() -> None:
    """The header is read through aiohttp's own case-insensitive mapping."""
    handler = says({"error": "slow"}, 429, {"X-Rate-Limit-Reset-At-Utc": "2026-08-27T10:15:30Z"})
    async with provider(handler) as far_end, client_of(far_end.base) as segmind:
        with pytest.raises(RateLimitedError) as caught:
            await segmind.submit(SLUG, {})

    assert caught.value.reset_at is not None
    assert len(far_end.requests) == 1


async def test_an_endless_answer_is_cut_off() -> None:
    """An answer above the cap is no answer, and does not fill the memory."""
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while sent < 8 * client.MAX_ANSWER_BYTES:
                await response.write(b" " * 1024**2)
                sent += 1024**2
        except ConnectionResetError:
            pass
        return response

    async with provider(endless) as far_end, client_of(far_end.base) as segmind:
        with pytest.raises(BrokenContractError):
            await segmind.balance_usd()

    assert sent < 4 * client.MAX_ANSWER_BYTES


# -- the key ------------------------------------------------------------------------------


def everything(error: BaseException) -> str:
    """Return all that a log could make of an error, its causes and contexts included."""
    texts = traceback.format_exception(error)
    seen: BaseException | None = error
    while seen is not None:
        texts += [repr(seen), str(seen), repr(vars(seen))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(texts)


async def test_the_key_is_in_no_repr() -> None:
    """Neither the client's nor the session's."""
    async with make_session() as session:
        segmind = client_on(session, "https://a.example")
        texts = repr(segmind) + repr(vars(segmind)) + repr(session)

    assert KEY not in texts
    assert "https://a.example" in repr(segmind)


async def test_a_key_that_the_provider_echoes_is_removed() -> None:
    """A refused key may come back in the refusal."""
    handler = says({"error": f"API key {KEY} is invalid"}, 401)
    async with provider(handler) as far_end, client_of(far_end.base) as segmind:
        with pytest.raises(UnauthorizedError) as caught:
            await segmind.submit(SLUG, {})

    assert KEY not in everything(caught.value)
    assert "[key] is invalid" in caught.value.detail


async def test_the_key_is_in_no_transport_error_and_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The library's error for a malformed answer holds the request's headers: kept inside."""
    caplog.set_level(logging.DEBUG)
    async with raw_server(b"NONSENSE\r\n\r\n") as server, client_of(server.base) as segmind:
        with pytest.raises(UncertainError) as caught:
            await segmind.submit(SLUG, {})

    assert KEY.encode() in server.requests[0]
    assert caught.value.__context__ is None
    assert KEY not in everything(caught.value)
    assert KEY not in caplog.text


# -- never started, or uncertain --------------------------------------------------------------


@dataclass
class RawServer:
    """A far end below HTTP: reads each request whole, sends `answers` in turn, then closes.

    An answer of None keeps the connection open without a word; with `keep` the connection
    stays open after an answer.
    """

    answers: list[bytes | None]
    base: str = ""
    requests: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk on one connection."""
        try:
            while request := await self._read(reader):
                self.requests.append(request)
                self.arrived.set()
                answer = self.answers.pop(0) if self.answers else b""
                if answer is None:
                    await self.closing.wait()
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
                if b"keep-alive" not in answer:
                    break
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
        length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-len")]
        return head + (await reader.readexactly(int(length[0].split(b":")[1])) if length else b"")


@asynccontextmanager
async def raw_server(*answers: bytes | None) -> AsyncIterator[RawServer]:
    """Serve raw answers on loopback."""
    far_end = RawServer(list(answers))

    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await far_end.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quiet, "127.0.0.1", 0)
    far_end.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield far_end
    finally:
        far_end.closing.set()
        server.close()
        await server.wait_closed()


OK = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 14\r\n\r\n" + b'{"credits": 1}'


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 2",
        b"NONSENSE\r\n\r\n",
    ],
    ids=["closed", "short body", "short chunk", "half a status line", "no HTTP"],
)
async def test_a_submit_that_breaks_after_the_body_is_uncertain_and_sent_once(
    answer: bytes,
) -> None:
    """The provider may have accepted it: never repeat it, look into the history."""
    async with raw_server(answer, answer) as server, client_of(server.base) as segmind:
        with pytest.raises(UncertainError):
            await segmind.submit(SLUG, {"seed": 1})

    assert len(server.requests) == 1


async def test_a_submit_on_a_kept_connection_that_closes_is_uncertain_and_sent_once() -> None:
    """The library repeats a GET when a kept connection turns out dead: never a POST."""
    async with raw_server(OK, b"", OK) as server, client_of(server.base) as segmind:
        await segmind.balance_usd()
        with pytest.raises(UncertainError):
            await segmind.submit(SLUG, {"seed": 1})

    posts = [request for request in server.requests if request.startswith(b"POST")]
    assert len(posts) == 1


async def test_an_upload_is_not_repeated_either() -> None:
    """The same library, the other POST."""
    async with raw_server(OK, b"", OK) as server, client_of(server.base) as segmind:
        await segmind.balance_usd()
        with pytest.raises(UncertainError):
            await segmind.upload(b"x", "image/png")

    assert len(server.requests) == 2


async def test_a_submit_without_an_answer_in_time_is_uncertain() -> None:
    """Silence says nothing about what the provider did."""
    async with raw_server(None) as server, client_of(server.base, timeout_s=0.5) as segmind:
        with pytest.raises(UncertainError):
            await segmind.submit(SLUG, {"seed": 1})

    assert len(server.requests) <= 1


async def test_a_refused_connection_never_started() -> None:
    """Nobody listens: the POST cannot have begun."""
    async with raw_server() as server:
        base = server.base
    async with client_of(base) as segmind:
        with pytest.raises(NeverStartedError):
            await segmind.submit(SLUG, {})


async def test_a_failed_tls_handshake_never_started() -> None:
    """The far end speaks no TLS: no request was sent."""
    async with provider(accepts) as far_end:
        async with client_of(far_end.base.replace("http:", "https:")) as segmind:
            with pytest.raises(NeverStartedError):
                await segmind.submit(SLUG, {})

        assert far_end.requests == []


class NoSuchName(AbstractResolver):
    """A name server that knows no name."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Fail as a lookup does."""
        raise OSError(-2, f"Name or service not known: {host}:{port} ({family})")

    async def close(self) -> None:
        """Nothing to close."""


async def test_an_unknown_host_never_started() -> None:
    """A failed name lookup comes before any connection."""
    connector = aiohttp.TCPConnector(resolver=NoSuchName())
    async with aiohttp.ClientSession(connector=connector) as session:
        segmind = client_on(session, "https://api.example")
        with pytest.raises(NeverStartedError):
            await segmind.submit(SLUG, {})


async def test_a_submit_that_waits_for_a_free_connection_in_vain_never_started() -> None:
    """The only connection is busy: the second submit never left this machine."""
    async with raw_server(None) as server, make_session(connections=1) as session:
        patient = client_on(session, server.base)
        hasty = client_on(session, server.base, connect_timeout_s=0.1)
        first = asyncio.create_task(patient.submit(SLUG, {"seed": 1}))
        await server.arrived.wait()
        with pytest.raises(NeverStartedError):
            await hasty.submit(SLUG, {"seed": 2})
        server.closing.set()
        with pytest.raises(UncertainError):
            await first

    assert len(server.requests) == 1


async def test_a_request_named_by_the_history_can_be_followed() -> None:
    """The history gives an id, not the two addresses: these are the API's own."""
    async with provider(says({"status": "QUEUED"})) as far_end, client_of(far_end.base) as segmind:
        status_url, response_url = segmind.request_urls("a/b")
        await segmind.poll(status_url)

    assert far_end.requests[0].raw_path == "/v2/requests/a%2Fb/status"
    assert response_url == f"{far_end.base}/v2/requests/a%2Fb"


async def test_a_request_s_own_addresses_are_kept_on_the_api_host() -> None:
    """Whatever path and query the provider chose."""
    given = ("https://api.example/v3/x/status?a=b", "https://api.example/v3/x")
    async with client_of("https://api.example") as segmind:
        assert segmind.request_urls("one", *given) == given


@pytest.mark.parametrize(
    "foreign",
    [
        "https://old.example/v2/requests/one",
        "http://api.example/v2/requests/one",
        "https://api.example:8443/v2/requests/one",
        "https://api.example@evil.example/v2/requests/one",
        "https://key@api.example/v2/requests/one",
        "",
    ],
)
async def test_addresses_off_the_api_host_are_rebuilt(foreign: str) -> None:
    """Given before the host was changed: the request's id is what counts."""
    base = "https://api.example/v2/requests/one"
    async with client_of("https://api.example") as segmind:
        assert segmind.request_urls("one", foreign, foreign) == (f"{base}/status", base)
        assert segmind.request_urls("one", f"{base}/st", foreign) == (f"{base}/st", base)


async def test_every_call_maps_broken_connections() -> None:
    """No aiohttp error leaves the client, whatever the call."""
    async with raw_server() as server:
        base = server.base
    async with client_of(base) as segmind:
        calls = [
            segmind.submit(SLUG, {}),
            segmind.poll(f"{base}/v2/requests/one/status"),
            segmind.fetch(f"{base}/v2/requests/one"),
            segmind.history(model=SLUG, since=date(2026, 8, 27)),
            segmind.history_row("one"),
            segmind.balance_usd(),
            segmind.upload(b"x", "image/png"),
        ]
        results = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(result, ProviderError) for result in results)
