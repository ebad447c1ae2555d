"""A running Segmind stand-in with a small client, for tests."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from sandbox.segmind_api import SegmindStandIn

T2V = "wan-2.2-t2v-fast"
FLASH = "wan-2.2-i2v-flash"
POLL_S = 0.02
DEADLINE_S = 60.0


def png(width_px: int, height_px: int) -> bytes:
    """Return a PNG of that size."""
    out = BytesIO()
    Image.linear_gradient("L").resize((width_px, height_px)).convert("RGB").save(out, "PNG")
    return out.getvalue()


def data_url(data: bytes, content_type: str) -> str:
    """Return the bytes as the vendor's upload takes them."""
    return f"data:{content_type};base64,{base64.b64encode(data).decode()}"


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A stand-in and an HTTP session to it."""

    stand_in: SegmindStandIn
    session: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, *, key: str | None = None, **options: Any
    ) -> tuple[int, Any]:
        """Make one call with the right key; return status and JSON (or text)."""
        headers = {"x-api-key": key or self.stand_in.api_key, **options.pop("headers", {})}
        url = path if path.startswith("http") else self.stand_in.api_url + path
        async with self.session.request(method, url, headers=headers, **options) as response:
            if response.content_type == "application/json":
                return response.status, await response.json()
            return response.status, await response.text()

    async def control(self, path: str, body: object) -> Any:
        """Make one control call that must succeed."""
        status, answer = await self.call("POST", f"/control/{path}", json=body)
        assert status == 200, answer
        return answer

    async def state(self) -> Any:
        """Return the control endpoint's view."""
        return (await self.call("GET", "/control/state"))[1]

    async def until(self, reached: Callable[[Any], bool]) -> None:
        """Wait until the control endpoint's view is as wanted."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                if reached(await self.state()):
                    return
                await asyncio.sleep(POLL_S)

    async def upload(self, data: bytes, content_type: str = "image/png") -> str:
        """Upload a file; return its address."""
        body = {"data_urls": [data_url(data, content_type)]}
        _, answer = await self.call("POST", "/upload-asset", json=body)
        return str(answer["file_urls"][0])

    async def submit(self, slug: str = T2V, **body: Any) -> dict[str, Any]:
        """Submit a request that must be accepted."""
        status, answer = await self.call("POST", f"/v2/{slug}", json={"prompt": "a cat", **body})
        assert status == 200, answer
        return dict(answer)

    async def finish(self, submitted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Poll until the state is terminal; return the status answer."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                status, answer = await self.call("GET", submitted["status_url"])
                if not isinstance(answer, dict) or answer.get("status") not in (
                    "QUEUED",
                    "PROCESSING",
                ):
                    return status, answer
                await asyncio.sleep(POLL_S)

    async def result(self, slug: str = T2V, **body: Any) -> dict[str, Any]:
        """Submit, wait, and return the result of a request that must complete."""
        submitted = await self.submit(slug, **body)
        status, answer = await self.finish(submitted)
        assert (status, answer["status"]) == (200, "COMPLETED"), answer
        return dict((await self.call("GET", submitted["response_url"]))[1])

    async def download(self, url: str) -> bytes:
        """Download a file without a key, as a browser would."""
        async with self.session.get(url) as response:
            response.raise_for_status()
            return await response.read()


@asynccontextmanager
async def running(folder: Path, **options: Any) -> AsyncIterator[Provider]:
    """Run a fast stand-in for the length of a test."""
    stand_in = SegmindStandIn(folder=folder / "segmind", **{"speed": 500.0, **options})
    await stand_in.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Provider(stand_in=stand_in, session=session)
    finally:
        await stand_in.stop()
