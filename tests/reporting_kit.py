"""The far ends of error reports and traces: a server on loopback that keeps what it was sent."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "": bytes,
}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class FarEnd:
    """What it was sent so far."""

    port: int
    sent: list[Sent] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        """As a Sentry server would give it."""
        return f"http://0123456789abcdef@127.0.0.1:{self.port}/7"

    @property
    def address(self) -> str:
        """As a collector's."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def everything(self) -> str:
        """All that has left the machine, headers too."""
        return "\n".join(
            f"{one.path} {one.headers} {one.body.decode('utf-8', 'replace')}" for one in self.sent
        )

    def events(self) -> list[dict[str, Any]]:
        """Read what was sent to Sentry: each envelope is a header, then pairs of lines."""
        found = []
        for one in self.sent:
            if one.path == "/api/7/envelope/":
                _, *lines = [json.loads(line) for line in one.body.splitlines() if line]
                found += [
                    body
                    for head, body in zip(lines[::2], lines[1::2], strict=True)
                    if head["type"] == "event"
                ]
        return found

    def spans(self) -> list[Span]:
        """Read what was sent to the collector."""
        return [
            span
            for one in self.sent
            if one.path == "/v1/traces"
            for resource in ExportTraceServiceRequest.FromString(one.body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def far_end() -> Iterator[FarEnd]:
    """Run one, on threads of its own: what sends to it does so, too."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            unpack = _UNPACK[self.headers.get("Content-Encoding", "")]
            end.sent.append(
                Sent(path=self.path, headers=dict(self.headers.items()), body=unpack(body))
            )
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    end = FarEnd(port=server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield end
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def facts_of(span: Span) -> dict[str, str]:
    """Return a span's attributes."""
    return {fact.key: fact.value.string_value for fact in span.attributes}
