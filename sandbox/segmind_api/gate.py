"""What every API call passes first: counting, scripted faults, the key, the rate limit."""

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.segmind_api import answers
from sandbox.segmind_api.context import CONTEXT, Context
from sandbox.segmind_api.faults import Place

# Named routes are API calls; the control endpoint and the files have no name.
API_CALLS: dict[str | None, Place] = {
    "submit": "submit",
    "status": "status",
    "result": "result",
    "credits": "credits",
    "history": "history",
    "history_row": "history",
    "upload": "upload",
}


@web.middleware
async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a call through, or answer it as the provider would."""
    context = request.app[CONTEXT]
    call = API_CALLS.get(request.match_info.route.name)
    if call is None:
        return await _with_provider_errors(request, handler)
    slug = _count(context, call, request)
    fault = context.faults.take(call, slug)
    if fault is not None and fault.when == "before":
        return await answers.play(fault, request, context.closing)
    response = _refusal(context, request) or await handler(request)
    if fault is not None:
        return await answers.play(fault, request, context.closing)
    return response


def _count(context: Context, call: str, request: web.Request) -> str | None:
    """Count the call; return the model it is about, if any."""
    context.store.calls[call] += 1
    slug = request.match_info.get("slug")
    if call == "submit" and slug is not None:
        context.store.submits_received[slug] += 1
        return slug
    record = context.store.records.get(request.match_info.get("request_id", ""))
    if record is None:
        return None
    record.calls[call] += 1
    return record.model.slug


def _refusal(context: Context, request: web.Request) -> web.Response | None:
    given = request.headers.get("x-api-key")
    if given is None:
        # A bearer token is refused with the same words as a bad key.
        bearer = "Authorization" in request.headers
        return answers.error(401, None if bearer else answers.MISSING_KEY_TEXT)
    account = context.account
    if given != account.api_key or not account.api_key_valid:
        return answers.error(401)
    reset_at = context.store.over_limit(account.requests_per_minute)
    return None if reset_at is None else answers.rate_limited(reset_at)


async def _with_provider_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        refused = answers.error(405)
        refused.headers["Allow"] = error.headers["Allow"]
        return refused
    except web.HTTPNotFound:
        return answers.error(404)
