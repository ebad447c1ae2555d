"""Serving what was made and what was uploaded; downloads can be made to go wrong."""

import asyncio

from aiohttp import web

from sandbox.segmind_api import answers
from sandbox.segmind_api.context import CONTEXT
from sandbox.segmind_api.faults import Fault
from sandbox.segmind_api.records import Record

_NOT_A_VIDEO = b"<html><body>The file you asked for is being prepared.</body></html>"
_CHUNK_BYTES = 64 * 1024

routes = web.RouteTableDef()


@routes.get("/output/{name}")
async def output(request: web.Request) -> web.StreamResponse:
    """Serve a video; public, as the vendor's addresses are."""
    context = request.app[CONTEXT]
    record = context.store.by_output(request.match_info["name"])
    if record is None or record.output is None or record.output_expired:
        return answers.error(404, "File not found")
    context.store.calls["download"] += 1
    record.calls["download"] += 1
    fault = context.faults.take("download", record.model.slug)
    if fault is not None:
        return await _faulty(request, record, fault)
    return web.FileResponse(record.output, headers={"Content-Type": "video/mp4"})


@routes.get("/assets/{name}")
async def asset(request: web.Request) -> web.StreamResponse:
    """Serve an uploaded file."""
    found = request.app[CONTEXT].store.uploads.get(request.match_info["name"])
    if found is None:
        return answers.error(404, "File not found")
    content_type, path = found
    return web.FileResponse(path, headers={"Content-Type": content_type})


async def _faulty(request: web.Request, record: Record, fault: Fault) -> web.StreamResponse:
    closing = request.app[CONTEXT].closing
    if fault.kind in ("error", "hang", "cut"):
        return await answers.play(fault, request, closing)
    if fault.kind == "not_a_video":
        return web.Response(body=_NOT_A_VIDEO, content_type="video/mp4")
    if record.output is None:
        return answers.error(404, "File not found")
    data = await asyncio.to_thread(record.output.read_bytes)
    response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
    if fault.kind == "oversize":
        response.content_length = max(fault.oversize_bytes, len(data))
    else:
        response.content_length = len(data)
    try:
        await response.prepare(request)
        await _send(response, data, fault, closing)
    except ConnectionError:
        return response  # the caller has had enough, as it should
    if fault.kind == "truncated":
        return answers.cut(request)
    await response.write_eof()
    return response


async def _send(
    response: web.StreamResponse, data: bytes, fault: Fault, closing: answers.Closing
) -> None:
    match fault.kind:
        case "truncated":
            await response.write(data[: len(data) // 2])
        case "oversize":
            await response.write(data)
            left = max(0, fault.oversize_bytes - len(data))
            while left > 0:
                await response.write(bytes(min(left, _CHUNK_BYTES)))
                left -= _CHUNK_BYTES
        case _:  # slow
            step = max(1, fault.bytes_per_second // 4)
            for start in range(0, len(data), step):
                await response.write(data[start : start + step])
                await closing.wait_at_most(0.25)
