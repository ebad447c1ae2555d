"""The calls a bot makes: submit, status, result, balance, upload."""

import asyncio
import base64
import binascii
import json
import mimetypes
import re
import uuid
from typing import Any

from aiohttp import web

from bot.catalogue import MODELS
from sandbox.segmind_api import answers
from sandbox.segmind_api.context import CONTEXT, address, output_url
from sandbox.segmind_api.pricing import price_usd
from sandbox.segmind_api.records import Record, Status
from sandbox.segmind_api.validation import InvalidBodyError, complete_values

MAX_BODY_BYTES = 96 * 1024 * 1024
_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>[A-Za-z0-9+/=\s]+)")
_BY_SLUG = {model.slug: model for model in MODELS}

routes = web.RouteTableDef()


@routes.post("/v2/{slug}", name="submit")
async def submit(request: web.Request) -> web.Response:
    """Accept a request, or say why not; an accepted one will run, and cost when it completes."""
    context = request.app[CONTEXT]
    if request.content_type != "application/json":
        return answers.error(406, "Invalid content type")
    model = _BY_SLUG.get(request.match_info["slug"])
    if model is None:
        return answers.error(404, f"Model {request.match_info['slug']} not found")
    try:
        body = await _json_object(request)
        values = complete_values(model, body)
    except InvalidBodyError as error:
        return answers.error(400, str(error))
    price, balance = price_usd(model, values), context.account.credits_usd
    if balance < price:
        text = f"Insufficient credits: the balance is {balance:.4f}, this call needs {price:.4f}"
        return answers.error(406, text)
    record = context.worker.accept(model, body, values, price)
    base = address(request, f"/v2/requests/{record.request_id}")
    return web.json_response(
        {
            "request_id": record.request_id,
            "status": record.status,
            "status_url": f"{base}/status",
            "poll_url": f"{base}/status",
            "response_url": base,
        }
    )


@routes.get("/v2/requests/{request_id}/status", name="status")
async def status(request: web.Request) -> web.Response:
    """Tell the state; FAILED comes as 422."""
    record = _alive(request)
    if record is None:
        return _unknown(request)
    return _state(record)


@routes.get("/v2/requests/{request_id}", name="result")
async def result(request: web.Request) -> web.Response:
    """Return the whole answer of a completed request; until then its state."""
    record = _alive(request)
    if record is None:
        return _unknown(request)
    if record.status is not Status.COMPLETED or record.output is None:
        return _state(record)
    url = output_url(request, record)
    size_bytes = (await asyncio.to_thread(record.output.stat)).st_size
    body: dict[str, Any] = {
        "request_id": record.request_id,
        "status": record.status,
        "output": url,
        "video": {
            "url": url,
            "content_type": "video/mp4",
            "file_name": record.output_name,
            "file_size": size_bytes,
        },
        "seed": record.seed,
        "prompt": record.values.get("prompt"),
        "metrics": record.metrics(),
    }
    if record.outcome.without_output:
        del body["output"], body["video"]
    elif record.values.get("base64"):
        data = await asyncio.to_thread(record.output.read_bytes)
        body["output"] = base64.b64encode(data).decode()
    return web.json_response(body)


@routes.get("/v1/get-user-credits", name="credits")
async def user_credits(request: web.Request) -> web.Response:
    """Return the balance in US dollars."""
    return web.json_response({"credits": round(request.app[CONTEXT].account.credits_usd, 6)})


@routes.post("/upload-asset", name="upload")
async def upload(request: web.Request) -> web.Response:
    """Keep the files of `data_urls` and return where they can be fetched."""
    if request.content_type != "application/json":
        return answers.error(406, "Invalid content type")
    try:
        files = _decoded_files(await _json_object(request))
    except InvalidBodyError as error:
        return answers.error(400, str(error))
    file_urls = [await _keep(request, content_type, data) for content_type, data in files]
    return web.json_response({"file_urls": file_urls, "message": "Files uploaded successfully"})


async def _keep(request: web.Request, content_type: str, data: bytes) -> str:
    context = request.app[CONTEXT]
    name = f"{uuid.uuid4()}{mimetypes.guess_extension(content_type) or '.bin'}"
    path = context.folder / name
    await asyncio.to_thread(path.write_bytes, data)
    context.store.uploads[name] = (content_type, path)
    return address(request, f"/assets/{name}")


def _decoded_files(body: dict[str, Any]) -> list[tuple[str, bytes]]:
    urls = body.get("data_urls")
    if not isinstance(urls, list) or not urls:
        raise InvalidBodyError("Missing required field: data_urls")
    return [_decoded(url) for url in urls]


def _decoded(url: object) -> tuple[str, bytes]:
    match = _DATA_URL.fullmatch(url) if isinstance(url, str) else None
    if match is None:
        raise InvalidBodyError("data_urls must hold data:<type>;base64,<content> addresses")
    try:
        return match["type"], base64.b64decode(match["data"], validate=False)
    except binascii.Error as error:
        raise InvalidBodyError("data_urls holds damaged base64") from error


async def _json_object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise InvalidBodyError("Malformed JSON body") from error
    if not isinstance(body, dict):
        raise InvalidBodyError("The body must be a JSON object")
    return body


def _alive(request: web.Request) -> Record | None:
    context = request.app[CONTEXT]
    return context.store.alive(request.match_info["request_id"], context.account.retention_s)


def _unknown(request: web.Request) -> web.Response:
    return answers.error(404, f"Request {request.match_info['request_id']} not found")


def _state(record: Record) -> web.Response:
    body: dict[str, Any] = {"request_id": record.request_id, "status": record.status}
    if record.status.terminal:
        body["metrics"] = record.metrics()
    if record.status is not Status.FAILED:
        return web.json_response(body)
    return web.json_response({**body, "error": record.error}, status=422)
