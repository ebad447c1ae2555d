"""The page `/states`: every state side by side, drawn by the bot's own views."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from discord import ui

from bot.discord_ui.cards import status_card
from bot.discord_ui.results import alt_text, file_name, plain_content, plain_view, result_view
from bot.i18n import DEFAULT_LOCALE, speaking
from bot.pricing import load_prices
from sandbox.discord_api.message_body import Flag
from sandbox.discord_api.wire import Json
from sandbox.segmind_api.plan import RenderPlan
from sandbox.segmind_api.render import Renderer
from sandbox.states import CHANNEL_ID, GUILD_ID, MEMBER_ID, State, all_states

PATH = "/states"
_PAGE = Path(__file__).parent / "page" / "states.html"
_VIDEO = PATH + "/video.mp4"
_WIDTH_PX, _HEIGHT_PX = 640, 360
_BOT: Json = {"id": str(GUILD_ID + 9), "username": "Wan Video", "bot": True}
_MEMBER: Json = {"id": str(MEMBER_ID), "username": "Mia"}


def drawn(state: State) -> Json:
    """Return the message in which Discord would give a state to its clients.

    Languages are the caller's matter: see `bot.i18n.speaking`.
    """
    prices, job = load_prices(), state.job
    content, flags = "", int(Flag.COMPONENTS_V2)
    view: ui.View | ui.LayoutView
    if state.delivery is None:
        view = status_card(job, state.standing)
    elif state.plain:
        view = plain_view(job, prices, state.delivery)
        content, flags = plain_content(job, state.delivery), 0
    else:
        view = result_view(job, prices, state.delivery)
    with_file = state.delivery is not None and state.delivery.link is None
    return {
        "content": content,
        "flags": flags,
        "components": cast("Any", view).to_components(),
        "attachments": [_attachment(state)] if with_file else [],
    }


def _attachment(state: State) -> Json:
    return {
        "id": "1",
        "filename": file_name(state.job),
        "description": alt_text(state.job),
        "content_type": "video/mp4",
        "url": _VIDEO,
        "width": _WIDTH_PX,
        "height": _HEIGHT_PX,
    }


class StatesPage:
    """Serves the page, its messages in any language, and the video that they show."""

    def __init__(self, folder: Path) -> None:
        """Make one; `folder` takes the video, and is made when it is first asked for."""
        self._folder = folder
        self._renderer = Renderer(folder)

    async def close(self) -> None:
        """Stop drawing the video."""
        await self._renderer.close()

    @property
    def routes(self) -> list[web.AbstractRouteDef]:
        """What to serve beside the channel's page."""
        return [
            web.get(PATH, self._page),
            web.get(PATH + "/messages.json", self._messages),
            web.get(_VIDEO, self._video),
        ]

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_PAGE, headers={"Cache-Control": "no-store"})

    async def _messages(self, request: web.Request) -> web.Response:
        """Answer all of them, in the language of the query's `locale`."""
        now = datetime.fromtimestamp(time.time(), UTC)
        with speaking(request.query.get("locale", DEFAULT_LOCALE)):
            states = all_states(load_prices(), now=now)
            messages = [
                {
                    "group": state.group,
                    "name": state.name,
                    "message": {
                        "id": str(state.job.id + number),
                        "type": 0,
                        "channel_id": str(CHANNEL_ID),
                        "author": _BOT,
                        "embeds": [],
                        "mentions": [],
                        **drawn(state),
                    },
                }
                for number, state in enumerate(states)
            ]
        channel = {"id": str(CHANNEL_ID), "type": 0, "name": "video", "guild_id": str(GUILD_ID)}
        return web.json_response({"me": _MEMBER, "channel": channel, "states": messages})

    async def _video(self, _request: web.Request) -> web.StreamResponse:
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        plan = RenderPlan(
            width_px=_WIDTH_PX,
            height_px=_HEIGHT_PX,
            frames=32,
            fps=16,
            seed=3,
            label="a sample",
            prompt="A fox jumps over a creek in the morning mist",
        )
        return web.FileResponse(await self._renderer.render(plan, image=None, audio=None))
