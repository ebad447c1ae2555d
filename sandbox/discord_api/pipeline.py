"""What happens to every API call around its handler."""

import asyncio
import re
from functools import partial

from aiohttp import web

from sandbox.discord_api.errors import ApiError
from sandbox.discord_api.hub import Endpoint, Handler, Hub
from sandbox.discord_api.wire import answer

PREFIX = re.compile(r"^/api/v\d+")
MAJOR = ("channel_id", "guild_id", "webhook_id", "token")


def wrap(hub: Hub, endpoint: Endpoint) -> Handler:
    """The aiohttp handler of an endpoint: counting, faults, token, limits, errors as JSON."""
    return struck(hub, partial(_answered, hub, endpoint))


def struck(hub: Hub, handler: Handler) -> Handler:
    """A handler that the faults on order hit."""

    async def handle(request: web.Request) -> web.StreamResponse:
        path = PREFIX.sub("", request.path)
        fault = hub.faults.take(request.method, path)
        if fault is None:
            return await handler(request)
        response = await handler(request) if fault.late else None
        await asyncio.sleep(fault.delay_s)
        if fault.drop:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        if fault.status is not None:
            await request.read()
            return answer(fault.body or {}, status=fault.status, headers=fault.headers)
        return response or await handler(request)

    return handle


async def _answered(hub: Hub, endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
    headers: dict[str, str] = {}
    try:
        limited = _admit(hub, endpoint, request)
        if limited and endpoint.bucket is not None:
            major = "/".join(request.match_info.get(name, "") for name in MAJOR)
            headers = hub.limits.take(endpoint.bucket, major)
        response = await endpoint.handler(request)
    except ApiError as error:
        await _drain(request)
        response = answer(error.body, status=error.status, headers=error.headers)
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


def _admit(hub: Hub, endpoint: Endpoint, request: web.Request) -> bool:
    """Checks the token and counts a bot's call; whether rate limits apply."""
    name = f"{endpoint.method} {endpoint.path}"
    if endpoint.open:
        hub.calls[name] += 1
        return True
    user = hub.authenticate(request)
    if not user.bot:
        return False
    hub.calls[name] += 1
    hub.limits.take_global(user.id)
    return True


async def _drain(request: web.Request) -> None:
    """Reads the rest of a refused body, so that the client sees the answer, not a reset."""
    if request.can_read_body and not request.content.at_eof():
        async for _chunk in request.content.iter_any():
            pass
