"""The stand-in itself: builds its parts, listens on loopback, serves the page."""

import asyncio
import random
import shutil
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from aiohttp import web

from sandbox.discord_api.answering import Answering
from sandbox.discord_api.asking import Asking
from sandbox.discord_api.command_access import CommandAccess
from sandbox.discord_api.commands import CommandRegistry
from sandbox.discord_api.control import Control
from sandbox.discord_api.errors import not_found
from sandbox.discord_api.faults import Faults
from sandbox.discord_api.files import FileStore
from sandbox.discord_api.gateway import Gateway
from sandbox.discord_api.guilds import Guilds
from sandbox.discord_api.hub import Endpoint, Hub
from sandbox.discord_api.interactions import Interactions
from sandbox.discord_api.messaging import Messaging
from sandbox.discord_api.pipeline import struck, wrap
from sandbox.discord_api.rate_limits import RateLimits
from sandbox.discord_api.rendering import (
    application_json,
    channel_json,
    guild_json,
    user_json,
)
from sandbox.discord_api.routes_attachments import AttachmentRoutes
from sandbox.discord_api.routes_commands import CommandRoutes
from sandbox.discord_api.routes_interactions import InteractionRoutes
from sandbox.discord_api.routes_messages import MessageRoutes
from sandbox.discord_api.routes_threads import ThreadRoutes
from sandbox.discord_api.routes_world import WorldRoutes
from sandbox.discord_api.seed import GUILD_ID, VIDEO_ID, seed_world
from sandbox.discord_api.seed_places import add_places
from sandbox.discord_api.staged import StagedUploads
from sandbox.discord_api.wire import Clock, Json, Snowflakes, answer, iso_time
from sandbox.discord_api.world import Guild

API = "/api/{version:v(?:9|10)}"
PAGE_FOLDER = Path(__file__).parent.parent / "page"
LATE_CHECK_S = 0.05
FRESH = {"Cache-Control": "no-store"}


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person in a guild. `roles` are the names of their roles there."""

    id: str
    name: str
    token: str = field(repr=False)
    roles: tuple[str, ...] = ()


class DiscordStandIn:
    """Discord on loopback.

    Args:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        speed: How many times faster rate limit windows pass. Deadlines are not scaled.
        clock: Seconds since the Unix epoch; deadlines, ids and signatures follow it.
        rng: Where tokens come from; a seeded one gives the same tokens each time.
        page_folder: The folder of `index.html`.
        late_check_s: How often it looks for interactions that were not answered in time.
        everywhere: Whether there are all kinds of places, see `seed_places`.
        extra_routes: Further routes of whoever runs the stand-in.
        extra_pages: Those of them that the page links to, by name.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        clock: Clock = time.time,
        rng: random.Random | None = None,
        page_folder: Path | None = None,
        late_check_s: float = LATE_CHECK_S,
        everywhere: bool = False,
        extra_routes: Sequence[web.AbstractRouteDef] = (),
        extra_pages: Mapping[str, str] | None = None,
    ) -> None:
        self._extra_routes = extra_routes
        self._extra_pages = extra_pages or {}
        self._late_check_s = late_check_s
        self._host = host
        self._port = port
        self._rng = rng or random.SystemRandom()
        self._page_folder = page_folder or PAGE_FOLDER
        self._folder = Path(tempfile.gettempdir()) / f"discord-stand-in-{uuid4().hex}"
        self._runner: web.AppRunner | None = None
        self._watch: asyncio.Task[None] | None = None
        self.world = seed_world(self._new_token, now_s=clock())
        if everywhere:
            add_places(self.world)
        ids = Snowflakes(clock)
        gateway = Gateway(self.world, clock)
        files = FileStore(self._folder, clock)
        self.hub = Hub(
            world=self.world,
            clock=clock,
            ids=ids,
            gateway=gateway,
            files=files,
            staged=StagedUploads(self._folder),
            messaging=Messaging(
                world=self.world, clock=clock, ids=ids, gateway=gateway, files=files
            ),
            guilds=Guilds(world=self.world, gateway=gateway),
            commands=CommandRegistry(self.world.application.id, ids),
            access=CommandAccess(self.world),
            interactions=Interactions(clock, ids),
            limits=RateLimits(clock, speed=speed),
            faults=Faults(),
        )

    def _new_token(self) -> str:
        parts = [urlsafe_b64encode(self._rng.randbytes(n)).decode().strip("=") for n in (18, 4, 27)]
        return ".".join(parts)

    @property
    def page_url(self) -> str:
        """The page's address."""
        return f"http://{self._host}:{self._port}/"

    @property
    def api_url(self) -> str:
        """What `discord.http.Route.BASE` must be."""
        return f"{self.page_url}api/v10"

    @property
    def gateway_url(self) -> str:
        """What `DiscordWebSocket.DEFAULT_GATEWAY` must be."""
        return f"ws://{self._host}:{self._port}/gateway"

    @property
    def guild_id(self) -> str:
        """The first guild."""
        return GUILD_ID

    @property
    def channel_id(self) -> str:
        """The channel #video."""
        return VIDEO_ID

    @property
    def application_id(self) -> str:
        """The bot's application."""
        return self.world.application.id

    @property
    def bot_token(self) -> str:
        """The bot's token."""
        return self.world.bot.token

    @property
    def members(self) -> tuple[Member, ...]:
        """The people of the first guild; the first has no roles."""
        return self.members_of(GUILD_ID)

    def members_of(self, guild_id: str) -> tuple[Member, ...]:
        """The people of a guild."""
        guild = self.world.guilds[guild_id]
        people = [self.world.users[user_id] for user_id in guild.members]
        return tuple(
            Member(
                id=user.id,
                name=user.name,
                token=user.token,
                roles=tuple(guild.roles[role].name for role in guild.members[user.id].roles),
            )
            for user in people
            if not user.bot
        )

    def describe(self) -> Json:
        """Addresses, ids and tokens, for whoever drives the stand-in.

        `guild_id`, `channel_id` and `members` are those of the first of the `guilds`.
        """
        return {
            "api": self.api_url,
            "gateway": self.gateway_url,
            "guild_id": self.guild_id,
            "channel_id": self.channel_id,
            "application_id": self.application_id,
            "bot_token": self.bot_token,
            "members": [
                {"id": m.id, "name": m.name, "token": m.token, "roles": list(m.roles)}
                for m in self.members
            ],
            "guilds": [self._describe_guild(guild) for guild in self.world.guilds.values()],
        }

    def _describe_guild(self, guild: Guild) -> Json:
        return {
            "id": guild.id,
            "name": guild.name,
            "channel_id": guild.first_channel().id,
            "channels": [{"id": c.id, "name": c.name} for c in guild.channels.values()],
            "roles": [
                {"id": r.id, "name": r.name, "color": r.color, "permissions": str(r.permissions)}
                for r in guild.roles.values()
            ],
            "members": [
                {
                    "id": member.id,
                    "name": member.name,
                    "token": member.token,
                    "roles": list(member.roles),
                    "owner": member.id == guild.owner_id,
                    "joined_at": iso_time(guild.members[member.id].joined_at_s),
                }
                for member in self.members_of(guild.id)
            ],
        }

    async def start(self) -> None:
        """Starts listening."""
        await asyncio.to_thread(self._folder.mkdir, mode=0o700)
        self._runner = web.AppRunner(self._application(), access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.hub.gateway.url = self.gateway_url
        self.hub.files.base_url = self.hub.staged.base_url = self.page_url.rstrip("/")
        self._watch = asyncio.create_task(self._watch_deadlines())

    async def stop(self) -> None:
        """Closes every connection and removes the stored files."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await self.hub.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _watch_deadlines(self) -> None:
        """Tells members of interactions that the bot did not answer in time."""
        while True:
            await asyncio.sleep(self._late_check_s)
            for late in self.hub.interactions.overdue():
                event = {"id": late.id, "nonce": late.nonce}
                self.hub.gateway.tell_user(late.user_id, "INTERACTION_FAILURE", event)

    def _endpoints(self) -> list[Endpoint]:
        asking, answering = Asking(self.hub), Answering(self.hub)
        return [
            *WorldRoutes(self.hub).endpoints(),
            *CommandRoutes(self.hub).endpoints(),
            *InteractionRoutes(self.hub, asking, answering).endpoints(),
            *MessageRoutes(self.hub).endpoints(),
            *ThreadRoutes(self.hub).endpoints(),
            *AttachmentRoutes(self.hub).endpoints(),
        ]

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=1 << 30)
        for endpoint in self._endpoints():
            handler = wrap(self.hub, endpoint)
            app.router.add_route(endpoint.method, API + endpoint.path, handler)
        app.router.add_route("*", "/api/{rest:.*}", self._no_route)
        app.router.add_get("/gateway", struck(self.hub, self.hub.gateway.handle))
        for room in ("attachments", "ephemeral-attachments"):
            path = f"/{room}/{{place}}/{{attachment_id}}/{{filename}}"
            app.router.add_get(path, self.hub.files.serve)
        app.router.add_put("/sandbox/upload/{key}", self.hub.staged.put)
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{path:.+}", self._page)
        app.router.add_get("/sandbox/config.json", self._config)
        app.add_routes(self._extra_routes)
        Control(self.hub).add_to(app.router)
        return app

    async def _no_route(self, _request: web.Request) -> web.Response:
        error = not_found()
        return answer(error.body, status=error.status)

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return await self._file("index.html")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return await self._file(request.match_info["path"])

    async def _file(self, name: str) -> web.StreamResponse:
        folder = self._page_folder.resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or not await asyncio.to_thread(path.is_file):
            return web.Response(status=404, text=f"The page has no file {name}.")
        return web.FileResponse(path, headers=FRESH)

    async def _config(self, _request: web.Request) -> web.Response:
        """What the page needs to know; everything of `describe()` but the bot's token."""
        world = self.world
        guild = world.guilds[GUILD_ID]
        facts = self.describe()
        del facts["bot_token"]
        facts |= {
            "guild": guild_json(guild),
            "channels": [channel_json(world, channel) for channel in guild.channels.values()],
            "application": application_json(world),
            "bot": user_json(world.bot),
            "pages": [{"title": t, "path": path} for t, path in self._extra_pages.items()],
        }
        return answer(facts, headers=FRESH)
