"""The HTTP server of the pages; for this machine and its Prometheus, not for the world."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.errors import ConfigurationError
from bot.watching.pages import Pages

_UNAVAILABLE = 503
_PATIENCE_S = 1.0


@asynccontextmanager
async def watch_server(pages: Pages, *, host: str, port: int) -> AsyncIterator[None]:
    """Serve the pages for as long as the block lasts.

    Raises:
        ConfigurationError: the port cannot be had.
    """
    runner = web.AppRunner(
        _application(pages), access_log=None, handle_signals=False, shutdown_timeout=_PATIENCE_S
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigurationError(
                f"WATCH_PORT: {host} port {port} cannot be had: {error.strerror}. Choose another, "
                "or leave it empty."
            ) from error
        yield
    finally:
        await runner.cleanup()


def _application(pages: Pages) -> web.Application:
    async def live(_request: web.Request) -> web.Response:
        # Who can answer at all is alive: the loop turns.
        return web.json_response({"live": True})

    async def ready(_request: web.Request) -> web.Response:
        well, body = pages.ready()
        status = 200 if well else _UNAVAILABLE
        return web.Response(body=body, status=status, content_type="application/json")

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=pages.metrics(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.router.add_get("/healthz", live)
    application.router.add_get("/readyz", ready)
    application.router.add_get("/metrics", metrics)
    return application
