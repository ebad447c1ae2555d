"""A Segmind that does exactly what a test scripts, for the steps of a job.

The stand-in of the sandbox behaves like the vendor; this one misbehaves on command, in the
middle of a call, and keeps books on every call that reached it.
"""

import asyncio
import socket
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any, Literal

import av
import numpy as np
from aiohttp import web

Place = Literal["submit", "status", "result", "history", "row", "file", "balance"]
Act = Callable[[web.Request], Awaitable[web.StreamResponse]]

COST_USD = 0.0731


@cache
def tiny_mp4() -> bytes:
    """Return one second of real video."""
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))
    return out.getvalue()


@cache
def noisy_mp4(seconds: int = 2, width: int = 192, height: int = 144) -> bytes:
    """Return a real video with sound, of far more bytes than it needs: pictures of noise."""
    noise = np.random.default_rng(7)
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        pictures = container.add_stream("libx264", rate=12, options={"crf": "1"})
        sound = container.add_stream("aac", rate=44100)
        assert isinstance(pictures, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        for _ in range(12 * seconds):
            pixels = noise.integers(0, 255, (height, width, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(pictures.encode(frame))
        silence = np.zeros((1, 44100 * seconds), dtype=np.float32)
        heard = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        heard.sample_rate = 44100
        container.mux(sound.encode(heard))
        for stream in (pictures, sound):
            container.mux(stream.encode(None))
    return out.getvalue()


@dataclass(kw_only=True)
class Record:
    """A request that was accepted: it runs, and costs when it completes."""

    slug: str
    body: dict[str, Any]
    created_at: datetime
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    model_status: str = "PENDING"
    output_url: str | None = None
    error: str | None = None


class FarEnd:
    """The vendor's hosts on one port.

    Attributes:
        scripts: What answers the next calls to a place; behind them all is well: a submit is
            accepted, and the next poll finds it completed.
        records: What was accepted, by id.
        calls: How many calls reached each place.
        times: What a result says of the time it took, in seconds.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        # Bound but not yet listening: connections are refused until `listen`.
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.scripts: dict[Place, deque[Act]] = {}
        self.records: dict[str, Record] = {}
        self.calls: Counter[Place] = Counter()
        self.times: dict[str, float] = {"queue_time": 4.0, "total_time": 40.0}
        self.listening = False
        app = web.Application()
        places: tuple[tuple[str, str, Place, Act], ...] = (
            ("POST", "/v2/{slug}", "submit", self.accept),
            ("GET", "/v2/requests/{id}/status", "status", self._status),
            ("GET", "/v2/requests/{id}", "result", self._result),
            ("GET", "/inference-request/request-history", "history", self._history),
            ("GET", "/inference-request/request-history/{id}", "row", self._history_row),
            ("GET", "/files/{name}", "file", self._file),
            ("GET", "/v1/get-user-credits", "balance", reply(credits=100.0)),
        )
        for method, path, place, act in places:
            app.router.add_route(method, path, self._scripted(place, act))
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)

    async def listen(self) -> None:
        """Take connections from now on."""
        self.listening = True
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def close(self) -> None:
        """Stop, whether it ever listened or not."""
        await self._runner.cleanup()
        self._socket.close()

    def script(self, place: Place, *acts: Act) -> None:
        """Let these answer the next calls to a place, one each."""
        self.scripts.setdefault(place, deque()).extend(acts)

    @property
    def only(self) -> Record:
        """The one request that was accepted."""
        (record,) = self.records.values()
        return record

    def add(self, slug: str, body: dict[str, Any], created_at: datetime) -> Record:
        """Accept a request that somebody else sent."""
        record = Record(slug=slug, body=body, created_at=created_at)
        self.records[record.request_id] = record
        return record

    def complete(self, record: Record) -> None:
        """Let a request have its video."""
        record.model_status = "COMPLETED"
        record.output_url = f"{self.url}/files/{record.request_id}.mp4"

    def _scripted(self, place: Place, otherwise: Act) -> Act:
        async def answer(request: web.Request) -> web.StreamResponse:
            await request.read()
            self.calls[place] += 1
            script = self.scripts.get(place)
            return await (script.popleft() if script else otherwise)(request)

        return answer

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Take a submit."""
        slug = request.match_info["slug"]
        record = self.add(slug, await request.json(), self._now())
        base = f"{self.url}/v2/requests/{record.request_id}"
        return web.json_response(
            {
                "request_id": record.request_id,
                "status_url": f"{base}/status",
                "response_url": base,
            }
        )

    async def _status(self, request: web.Request) -> web.StreamResponse:
        record = self.records.get(request.match_info["id"])
        if record is None:
            return web.json_response({"error": "Request not found"}, status=404)
        self.complete(record)
        return web.json_response({"status": "COMPLETED"})

    async def _result(self, request: web.Request) -> web.StreamResponse:
        record = self.records[request.match_info["id"]]
        self.complete(record)
        return web.json_response(
            {
                "status": "COMPLETED",
                "output": record.output_url,
                "metrics": {"cost": COST_USD, **self.times},
            }
        )

    async def _history(self, request: web.Request) -> web.StreamResponse:
        page, per_page = int(request.query["page"]), int(request.query["per_page"])
        rows = [
            _row(record)
            for record in sorted(self.records.values(), key=_created_at, reverse=True)
            if request.query["model_name"] in record.slug
            and record.created_at.date().isoformat() >= request.query["from_date"]
        ]
        return web.json_response({"data": rows[(page - 1) * per_page : page * per_page]})

    async def _history_row(self, request: web.Request) -> web.StreamResponse:
        record = self.records.get(request.match_info["id"])
        if record is None:
            return web.json_response({"error": "Request not found"}, status=404)
        return web.json_response(_row(record))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return await file(tiny_mp4())(request)


def _created_at(record: Record) -> datetime:
    return record.created_at


def _row(record: Record) -> dict[str, Any]:
    return {
        "request_id": record.request_id,
        "model_name": record.slug,
        "model_status": record.model_status,
        "request_body": record.body,
        "credits_deduction": COST_USD if record.model_status == "COMPLETED" else 0,
        "generation_url": record.output_url,
        "model_created": record.created_at.isoformat(),
        "error": record.error,
    }


# -- acts -----------------------------------------------------------------------------------


def reply(status: int = 200, /, headers: dict[str, str] | None = None, **body: Any) -> Act:
    """Answer with this status and JSON."""

    async def act(_request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return act


def html(status: int) -> Act:
    """Answer with a page, as the vendor does for 405 and gateways do for anything."""

    async def act(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="<html>no</html>", content_type="text/html")

    return act


def file(data: bytes) -> Act:
    """Answer with a file that calls itself a video."""

    async def act(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=data, content_type="video/mp4")

    return act


async def cut(request: web.Request) -> web.StreamResponse:
    """Break the connection instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(_request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable: the wait ends by cancellation only")


def after(effect: Act, then: Act) -> Act:
    """Carry the call out, and answer otherwise: the caller cannot know."""

    async def act(request: web.Request) -> web.StreamResponse:
        await effect(request)
        return await then(request)

    return act
