"""What the request handlers share."""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.segmind_api.answers import Closing
from sandbox.segmind_api.faults import FaultBook
from sandbox.segmind_api.records import Account, Record, Store
from sandbox.segmind_api.render import Renderer
from sandbox.segmind_api.worker import Worker


@dataclass(frozen=True, kw_only=True)
class Context:
    """The parts of one running stand-in."""

    account: Account
    store: Store
    faults: FaultBook
    worker: Worker
    renderer: Renderer
    closing: Closing
    folder: Path


CONTEXT = web.AppKey("context", Context)


def address(request: web.Request, path: str) -> str:
    """Return the full address of a path, on the host name the caller used."""
    return f"{request.url.origin()}{path}"


def output_url(request: web.Request, record: Record) -> str:
    """Return the address of a request's video."""
    return address(request, f"/output/{record.output_name}")
