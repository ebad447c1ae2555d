"""The HTTP route that gives attachments fresh addresses.

https://discord.com/developers/docs/reference#signed-attachment-cdn-urls: addresses end after a
day. Whether the file is still there only the CDN says.
"""

from typing import Any

from aiohttp import web

from sandbox.discord_api.form import Form
from sandbox.discord_api.hub import Endpoint, Hub
from sandbox.discord_api.uploads import parse_object
from sandbox.discord_api.wire import Json, answer

MOST_URLS = 50
URL_LENGTH = 2048


class AttachmentRoutes:
    """Handlers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        path = "/attachments/refresh-urls"
        return [Endpoint(method="POST", path=path, handler=self.refresh)]

    async def refresh(self, request: web.Request) -> web.Response:
        """Signs addresses anew; those of other places are refused."""
        self._hub.caller(request)
        form = Form(parse_object(await request.read()))
        urls = form.items("attachment_urls", most=MOST_URLS, least=1, required=True)
        found = [self._refreshed(form, index, url) for index, url in enumerate(urls)]
        form.errors.raise_if_any()
        return answer({"refreshed_urls": found})

    def _refreshed(self, form: Form, index: int, url: Any) -> Json:
        fits = isinstance(url, str) and len(url) <= URL_LENGTH
        fresh = self._hub.files.refreshed(url) if fits else None
        if fresh is None:
            at = ("attachment_urls", index)
            form.fail(at, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return {"original": url, "refreshed": fresh}
