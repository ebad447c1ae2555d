"""The control endpoint: scripted faults and a view of everything, for tests and the demo.

It is no part of the vendor's API and needs no key. All bodies and answers are JSON.

`GET /control/state`
    `{"account": {...}, "calls": {call: n}, "submits_received": {slug: n}, "requests": [...],
    "faults": [...], "renders": n}`. A request has `request_id`, `slug`, `state`, `body` (as
    sent), `unknown_parameters`, `seed`, `price_usd`, `inference_s` (the latency drawn),
    `charged_usd`, `error`, `calls` (how often `status`, `result`, `history`, `download` were
    asked), `expired`, `created_at`, `started_at`, `finished_at` (seconds since the epoch).
    POSTs received: `calls.submit`; accepted: the number of requests.

`POST /control/settings`
    Any of `credits_usd`, `requests_per_minute` (null: no limit; setting it starts a new window),
    `api_key_valid`, `speed`, `retention_s`. Answers with all of them. `GET` shows them.

`POST /control/faults`
    One fault, or a list. They wait in order; the first that fits a call hits it.
    - `on`: `submit`, `status`, `result`, `credits`, `history`, `upload` (API calls),
      `download` (the MP4), or `outcome` (how a request that is accepted will end)
    - `kind`
      - for API calls: `error` (with `status`, default 500, and `text`; 405 is HTML, 429 carries
        its header, `seconds` from now, default 2), `hang` (for `seconds`, then cut), `cut` (the
        connection), `not_json` (200 with HTML), `broken_contract` (200 without what is promised)
      - for `download`: `error`, `hang`, `cut`, `slow` (`bytes_per_second`), `truncated`,
        `not_a_video`, `oversize` (`size_bytes` in all); a missing file is `error` with 404
      - for `outcome`: `failed` (with `text`), `stuck`, `slow` (`factor`), `expire` (gone when it
        completes), `no_output` (COMPLETED without one), `large` (a real video of about
        `size_bytes`, default 20 MiB)
    - `when`: `before` (default: the call has no effect) or `after` (it is carried out, then the
      answer goes wrong: a submit is accepted and will be charged)
    - `slug`: only calls about this model; `times` (default 1); `skip`: let so many pass first
`GET /control/faults` lists what still waits, `DELETE /control/faults` forgets it.

`POST /control/requests/{request_id}/{action}`
    `complete` (do not wait any longer), `fail` (body `{"text": ...}`), `expire` (the record: 404),
    `expire-output` (the file: 404).
"""

import json
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sandbox.segmind_api.answers import error as error_answer
from sandbox.segmind_api.context import CONTEXT
from sandbox.segmind_api.faults import Fault
from sandbox.segmind_api.records import Account, Record
from sandbox.segmind_api.validation import unknown_names

routes = web.RouteTableDef()
_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])


class Settings(BaseModel):
    """What `POST /control/settings` takes."""

    model_config = ConfigDict(extra="forbid")

    credits_usd: float | None = None
    requests_per_minute: int | None = Field(default=None, ge=1)
    api_key_valid: bool | None = None
    speed: float | None = Field(default=None, gt=0)
    retention_s: float | None = Field(default=None, ge=0)


@routes.get("/control/state")
async def state(request: web.Request) -> web.Response:
    """Show everything that happened."""
    context = request.app[CONTEXT]
    return web.json_response(
        {
            "account": _account(context.account),
            "calls": context.store.calls,
            "submits_received": context.store.submits_received,
            "requests": [_request(record) for record in context.store.records.values()],
            "faults": context.faults.waiting(),
            "renders": context.renderer.rendered,
        }
    )


@routes.get("/control/settings")
async def show_settings(request: web.Request) -> web.Response:
    """Show the account's settings."""
    return web.json_response(_account(request.app[CONTEXT].account))


@routes.post("/control/settings")
async def change_settings(request: web.Request) -> web.Response:
    """Change the account's settings."""
    context = request.app[CONTEXT]
    try:
        settings = Settings.model_validate_json(await request.read())
    except ValidationError as error:
        return _invalid(error)
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if value is not None or name == "requests_per_minute":
            setattr(context.account, name, value)
    if "requests_per_minute" in settings.model_fields_set:
        context.store.restart_window()
    return web.json_response(_account(context.account))


@routes.post("/control/faults")
async def add_faults(request: web.Request) -> web.Response:
    """Script one fault or several."""
    faults = request.app[CONTEXT].faults
    try:
        given = json.loads(await request.read())
        scripted = _FAULTS.validate_python(given if isinstance(given, list) else [given])
    except ValidationError as error:
        return _invalid(error)
    except ValueError:
        return error_answer(400, "Malformed JSON body")
    for fault in scripted:
        faults.add(fault)
    return web.json_response({"faults": faults.waiting()})


@routes.get("/control/faults")
async def list_faults(request: web.Request) -> web.Response:
    """List the faults still to come."""
    return web.json_response({"faults": request.app[CONTEXT].faults.waiting()})


@routes.delete("/control/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Forget every fault."""
    request.app[CONTEXT].faults.clear()
    return web.json_response({"faults": []})


@routes.post("/control/requests/{request_id}/{action}")
async def act(request: web.Request) -> web.Response:
    """Hurry, fail or expire one request."""
    record = request.app[CONTEXT].store.records.get(request.match_info["request_id"])
    if record is None:
        return error_answer(404, "No such request")
    match request.match_info["action"]:
        case "complete":
            record.hurry.set()
        case "fail":
            if record.status.terminal:
                return error_answer(409, "The request has ended already")
            record.error = await _text(request) or "Inference failed"
            record.hurry.set()
        case "expire":
            record.expired = True
        case "expire-output":
            record.output_expired = True
        case _:
            return error_answer(404, "No such action")
    return web.json_response(_request(record))


async def _text(request: web.Request) -> str | None:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        return None
    text = body.get("text") if isinstance(body, dict) else None
    return text if isinstance(text, str) else None


def _account(account: Account) -> dict[str, Any]:
    return {name: getattr(account, name) for name in Settings.model_fields}


def _request(record: Record) -> dict[str, Any]:
    return {
        "request_id": record.request_id,
        "slug": record.model.slug,
        "state": record.status,
        "body": record.body,
        "unknown_parameters": unknown_names(record.model, record.body),
        "seed": record.seed,
        "price_usd": record.price_usd,
        "inference_s": record.inference_s,
        "charged_usd": record.charged_usd,
        "error": record.error,
        "calls": record.calls,
        "expired": record.expired,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
    }


def _invalid(error: ValidationError) -> web.Response:
    problems = [
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors()
    ]
    return error_answer(400, "; ".join(problems))
