"""A room with finished videos in it, each with all buttons, for tests of the second click.

One bot serves many tests; the videos are posted before it is (perhaps) restarted.
"""

import asyncio
import io
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import aiohttp
import av
import discord
from discord import ui
from PIL import Image

from bot.catalogue import Model, find_model, models_of_kind
from bot.discord_ui.buttons import JobButton, ModelSelect
from bot.job import Job, JobState, NewJob
from bot.pricing import load_prices
from bot.quota import Allowance
from bot.remaking import kind_of
from bot.request import build_request
from bot.storage import Database, JobStore, PolicyStore
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from sandbox.segmind_api import SegmindStandIn
from tests.discord_kit import until
from tests.face_running import EPHEMERAL, Face, all_text, now, start, stop

PRICES = load_prices()
ACTIONS = ("again", "change", "continue", "show", "delete")
FIRST, LAST = (250, 20, 20), (20, 20, 250)  # the colours of a video's first and last picture
# What is made here counts in no allowance of today.
LONG_AGO = timedelta(days=45)
MUCH = Allowance(
    daily_credits=10**6, monthly_credits=10**6, jobs_in_flight_member=99, jobs_in_flight_guild=99
)


@cache
def red_to_blue(pictures: int = 4) -> bytes:
    """Return a short video whose first picture is red and whose last is blue."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=8)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for colour in (FIRST, (20, 250, 20), (20, 250, 20), LAST)[:pictures]:
            picture = Image.new("RGB", (128, 96), colour)
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV's
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def colour_of(data: bytes) -> tuple[int, ...]:
    """Return the colour in the middle of a picture, in steps of 50."""
    with Image.open(io.BytesIO(data)) as picture:
        pixel = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return in_steps(pixel)


def in_steps(colour: tuple[int, ...]) -> tuple[int, ...]:
    """Return a colour in steps of 50, which compression does not change."""
    return tuple(round(part / 50) * 50 for part in colour)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A finished job and the message that carries its video, as members see it."""

    job: Job
    message: dict[str, Any]

    def button(self, action: str) -> str:
        """Return the custom id of a button."""
        return f"job:{action}:{self.job.id}"


@dataclass(kw_only=True)
class Room:
    """The running bot, the people, and what was made."""

    face: Face
    segmind: SegmindStandIn
    mia: MemberDriver
    theo: MemberDriver
    nora: MemberDriver
    photo_url: str
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    ready: list[Result] = field(default_factory=list)

    async def result(self, **changes: Any) -> Result:
        """Return a fresh result of Mia's: one from before the restart where there is one."""
        if not changes and self.ready:
            return self.ready.pop()
        return await self.made(**changes)

    async def made(
        self,
        slug: str = "wan-2.6-i2v",
        *,
        options: dict[str, Any] | None = None,
        by: MemberDriver | None = None,
        channel_id: str | None = None,
        direct: bool = False,
        link: str | None = None,
        state: JobState = JobState.DELIVERED,
        **changes: Any,
    ) -> Result:
        """Make a job in a state and post its video, or only a link to it."""
        model = find_model(slug)
        known = model or models_of_kind("i2v")[0]
        user_id = int((by or self.mia).user["id"])
        channel = await self._channel(user_id, channel_id, direct=direct)
        new = self._new_job(known, options or {}, slug, user_id, channel.id, direct=direct)
        job = await self._ended(replace(new, **changes), state)
        if link is None:
            file = discord.File(io.BytesIO(red_to_blue()), filename="result.mp4")
            sent = await channel.send(view=_result_view(job, video=True), file=file)
        else:
            sent = await channel.send(view=_result_view(job, video=False))
        job = await self.face.store.note(
            job.id, result_channel_id=channel.id, result_message_id=sent.id, output_url=link
        )
        owner = by or self.mia
        return Result(
            job=job, message=await owner.wait_for_message(lambda m: m["id"] == str(sent.id))
        )

    async def _channel(
        self, user_id: int, channel_id: str | None, *, direct: bool
    ) -> discord.DMChannel | discord.PartialMessageable:
        bot = self.face.bot
        if direct:
            return await bot.create_dm(discord.Object(user_id))
        return bot.get_partial_messageable(int(channel_id or self.face.stand_in.channel_id))

    def _new_job(
        self,
        model: Model,
        options: dict[str, Any],
        slug: str,
        user_id: int,
        channel_id: int,
        *,
        direct: bool,
    ) -> NewJob:
        given = {"prompt": "A fox jumps", **options}
        if model.kind == "i2v":
            given.setdefault("image", self.photo_url)
        request = build_request(model, given, prices=PRICES, draw_seed=lambda _low, _high: 4242)
        moment = now() - LONG_AGO
        return NewJob(
            id=discord.utils.time_snowflake(moment) + next(self.numbers),
            guild_id=None if direct else int(self.face.stand_in.guild_id),
            channel_id=channel_id,
            user_id=user_id,
            model=slug,
            parameters=request.parameters,
            price_credits=request.price_credits,
            interaction_token="gone",
            token_expires_at=moment + timedelta(minutes=15),
            upload_limit_bytes=10 * 2**20,
        )

    async def _ended(self, new: NewJob, end: JobState) -> Job:
        store, moment = self.face.store, now() - LONG_AGO
        job = await store.accept(new, MUCH, ZoneInfo("UTC"), now=moment)
        for state in (JobState.SUBMITTING, JobState.RUNNING, JobState.FINISHED, JobState.DELIVERED):
            if job.state is not end:
                job = await store.transition(new.id, state, now=moment)
        return job

    async def children(self, result: Result) -> Sequence[Job]:
        """Return what was made from a result, oldest first."""
        return (await self.face.store.made_from(result.job.id, limit=25))[::-1]

    async def child(self, result: Result, *, number: int = 1) -> Job:
        """Wait until so many jobs were made from a result; return the last one, with its card."""

        async def there() -> bool:
            return len(await self.children(result)) >= number

        await until(there)
        return await self.face.carded((await self.children(result))[-1].id)

    async def told(self, member: MemberDriver, words: str) -> dict[str, Any]:
        """Wait until a member alone is told something, for the first time since `told` before."""
        message = await member.wait_for_message(
            lambda m: bool(m["flags"] & EPHEMERAL) and words in all_text(m)
        )
        member.seen.pop(message["id"], None)
        return message

    async def planted(self, result: Result, action: str) -> dict[str, Any]:
        """Post a button about a result where it does not belong; return the message."""
        view = ui.LayoutView(timeout=None)
        row: ui.ActionRow[Any] = ui.ActionRow(JobButton(action, result.job.id))
        view.add_item(row)
        channel = self.face.bot.get_partial_messageable(int(self.face.stand_in.channel_id))
        sent = await channel.send(view=view)
        return await self.mia.wait_for_message(lambda m: m["id"] == str(sent.id))

    async def gone(self, result: Result) -> bool:
        """Say whether the message with the video is deleted."""
        channel_id = str(result.message["channel_id"])
        return all(m["id"] != result.message["id"] for m in await self.face.posted(channel_id))

    async def forget_jobs(self) -> None:
        """End what is queued, so that the next test begins with a full allowance."""
        store = self.face.store
        for job in [*await store.queued(), *await store.awaiting()]:
            await store.transition(job.id, JobState.CANCELLED, now=now())
        for job in await store.unfinished():
            await store.transition(job.id, JobState.FAILED, now=now())

    def expired(self, url: str) -> str:
        """Return the address as it was given out two days ago."""
        files = self.face.stand_in.hub.files
        path, issued = urlsplit(url).path, int(time.time()) - 48 * 3600
        ends, began = f"{issued + 24 * 3600:x}", f"{issued:x}"
        signature = files._signature(path, ends, began)
        return f"{files.base_url}{path}?ex={ends}&is={began}&hm={signature}&"

    def lose_file(self, url: str) -> None:
        """Let Discord no longer have a file."""
        del self.face.stand_in.hub.files._attachments[urlsplit(url).path.split("/")[3]]

    async def posted_file(self, path: Path) -> str:
        """Let Mia post a file; return its address."""
        message = await self.mia.send_message("Look", [path])
        return str(message["attachments"][0]["url"])


def _result_view(job: Job, *, video: bool) -> ui.LayoutView:
    gallery: ui.MediaGallery[Any] = ui.MediaGallery(
        discord.MediaGalleryItem("attachment://result.mp4", description="A video")
    )
    kind = kind_of(job.model, job.parameters)
    options = [
        discord.SelectOption(label=model.title, value=model.slug) for model in models_of_kind(kind)
    ]
    box: ui.Container[Any] = ui.Container(ui.TextDisplay(f"job `{job.id}`"))
    if video:
        box.add_item(gallery)
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    view.add_item(ui.ActionRow(*(JobButton(action, job.id) for action in ACTIONS)))
    view.add_item(ui.ActionRow(ModelSelect(job.id, options)))
    return view


@asynccontextmanager
async def opened_room(folder: Path, file: Path, *, restarted: bool) -> AsyncIterator[Room]:
    """Give a room; `restarted`: whether the bot was, after the first videos were posted."""
    async with AsyncExitStack() as stack:
        stand_in, segmind = DiscordStandIn(speed=100), SegmindStandIn(folder=folder / "segmind")
        for server in (stand_in, segmind):
            await server.start()
            stack.push_async_callback(server.stop)
        database = Database.open(f"sqlite:///{file}")
        stack.push_async_callback(database.close)
        face = Face(
            stand_in=stand_in,
            store=JobStore(database),
            policies=PolicyStore(database),
            http=await stack.enter_async_context(aiohttp.ClientSession()),
            data_dir=folder,
            upload_base=segmind.api_url,
            provider_key=segmind.api_key,
        )
        task = await start(face)
        people = [
            await stack.enter_async_context(face.member(name)) for name in ("Mia", "Theo", "Nora")
        ]
        photo = folder / "fox.png"
        await asyncio.to_thread(Image.new("RGB", (320, 240), (250, 250, 20)).save, photo)
        posted = await people[0].send_message("My fox", [photo])
        mia, theo, nora = people
        room = Room(
            face=face,
            segmind=segmind,
            mia=mia,
            theo=theo,
            nora=nora,
            photo_url=posted["attachments"][0]["url"],
        )
        if restarted:
            room.ready = [await room.made() for _ in range(12)]
            await stop(face, task)
            room.face = replace_face(face)
            task = await start(room.face)
        yield room
        await stop(room.face, task)


def replace_face(face: Face) -> Face:
    """Return the bot as it is after a restart, with the same provider."""
    again = face.again()
    again.upload_base, again.provider_key = face.upload_base, face.provider_key
    return again
