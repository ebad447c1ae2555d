"""The stand-in as one server: the vendor's three hosts are paths of it."""

import random
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp
from aiohttp import web

from sandbox.segmind_api import api, control, files, history
from sandbox.segmind_api.answers import Closing
from sandbox.segmind_api.context import CONTEXT, Context
from sandbox.segmind_api.faults import FaultBook
from sandbox.segmind_api.gate import gate
from sandbox.segmind_api.records import Account, Store
from sandbox.segmind_api.render import Renderer
from sandbox.segmind_api.worker import Worker

_SHUTDOWN_S = 1.0


class SegmindStandIn:
    """Segmind on this machine: same protocol, made-up videos, no money.

    Attributes:
        account: The balance and limits; changed through `/control/settings`, too.
    """

    def __init__(
        self,
        *,
        folder: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        light_videos: bool = False,
        extra_routes: Sequence[web.AbstractRouteDef] = (),
    ) -> None:
        """Prepare a server; nothing is opened before `start`.

        Args:
            folder: Where videos and uploads are written; made when missing, never emptied.
            host: Address to listen on.
            port: 0 takes a free one.
            speed: Latencies are divided by this.
            seed: Decides latencies and seeds that were not given.
            clock: Seconds since the epoch.
            light_videos: Answer with one tiny video for all, see `render.lightened`.
            extra_routes: Further control routes of whoever runs the stand-in.
        """
        self._folder = folder
        self._host = host
        self._port = port
        self._seed = seed
        self._clock = clock
        self._light_videos = light_videos
        self._extra_routes = extra_routes
        # The documented form of a key: SG_ and 16 hexadecimal digits.
        self.account = Account(api_key=f"SG_{secrets.token_hex(8)}", speed=speed)
        self._context: Context | None = None
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def context(self) -> Context:
        """What it works with, for whoever runs in the same process; RuntimeError when stopped."""
        if self._context is None:
            raise RuntimeError("the stand-in does not run")
        return self._context

    @property
    def api_key(self) -> str:
        """The one key that is accepted."""
        return self.account.api_key

    @property
    def api_url(self) -> str:
        """Base address of all three hosts, without a path."""
        return f"http://{self._host}:{self._port}"

    @property
    def control_url(self) -> str:
        """Base address of the control endpoint."""
        return f"{self.api_url}/control"

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._session = aiohttp.ClientSession()
        self._context = self._make_context(self._session)
        app = web.Application(middlewares=[gate], client_max_size=api.MAX_BODY_BYTES)
        app[CONTEXT] = self._context
        for routes in (api.routes, history.routes, files.routes, self._extra_routes):
            app.add_routes(routes)
        app.add_routes(control.routes)
        self._runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_S, access_log=None)
        try:
            await self._runner.setup()
            site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
            await site.start()
        except BaseException:
            await self.stop()
            raise
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End every request, close every connection."""
        if self._context is not None:
            self._context.closing.set()
            await self._context.worker.close()
            await self._context.renderer.close()
            self._context = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _make_context(self, session: aiohttp.ClientSession) -> Context:
        store, faults = Store(self._clock), FaultBook()
        renderer = Renderer(self._folder, light=self._light_videos)
        worker = Worker(
            account=self.account,
            store=store,
            faults=faults,
            renderer=renderer,
            session=session,
            rng=random.Random(self._seed),
        )
        return Context(
            account=self.account,
            store=store,
            faults=faults,
            worker=worker,
            renderer=renderer,
            closing=Closing(),
            folder=self._folder,
        )
