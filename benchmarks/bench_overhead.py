"""How long from "COMPLETED noticed" until the video is posted, without the transfers. Prints JSON.

The whole bot as its own process, between the Discord stand-in and a small provider, both of
which run here and take the times: when the answer that says COMPLETED goes out, when the result
is asked for, when the download begins and ends, and when the request that posts the video comes
in. The overhead is what lies between; the download and the upload themselves do not count.

BENCH_QUICK=1 takes fewer jobs; BENCH_LOOP=uvloop runs the bot on uvloop.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from benchmarks import kit
from sandbox.bot_process import BotProcess
from sandbox.chaos import waiting
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.commands import Scope
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.faults import Fault, Faults
from sandbox.discord_api.messaging import Messaging
from sandbox.discord_api.store import StoredMessage
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel
from sandbox.environment import bot_environment
from sandbox.segmind_api.plan import RenderPlan
from sandbox.segmind_api.render import Renderer

JOBS, QUICK_JOBS = 40, 20
ORDER_EVERY_S = 0.5
MADE_IN_S = (2.0, 4.0)
# The bot expects videos so many times sooner: it polls a few times in those seconds.
SPEED = 20.0
PATIENCE_S = 120.0
LOOK_EVERY_S = 0.1
SETTINGS = {
    "DAILY_CREDITS": "100000000",
    "MONTHLY_CREDITS": "100000000",
    "JOBS_IN_FLIGHT_PER_MEMBER": "5000",
    "JOBS_IN_FLIGHT_PER_GUILD": "5000",
    "MEMBER_COMMANDS_PER_MINUTE": "1000000",
    "SEGMIND_CONCURRENCY": "100",
}


@dataclass(kw_only=True)
class Times:
    """When what happened to one job, in seconds."""

    made_at: float
    noticed: float | None = None
    fetched: float | None = None
    download_began: float | None = None
    download_ended: float | None = None


@dataclass(kw_only=True)
class Provider:
    """A provider that makes every video in a few seconds, and takes the times."""

    video: Path
    jobs: dict[str, Times] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)

    def application(self) -> web.Application:
        """Return its routes."""
        app = web.Application()
        app.router.add_post("/v2/{model}", self._submit)
        app.router.add_get("/v2/requests/{id}/status", self._status)
        app.router.add_get("/v2/requests/{id}", self._result)
        app.router.add_get("/files/{id}.mp4", self._file)
        return app

    async def _submit(self, request: web.Request) -> web.Response:
        prompt = (await request.json())["prompt"]
        one = f"00000000-0000-4000-8000-{len(self.jobs):012d}"
        self.jobs[one] = Times(made_at=time.monotonic() + random.uniform(*MADE_IN_S))
        self.prompts[prompt] = one
        base = f"http://{request.host}/v2/requests/{one}"
        urls = {"status_url": f"{base}/status", "response_url": base}
        return web.json_response({"request_id": one, "status": "QUEUED", **urls})

    async def _status(self, request: web.Request) -> web.Response:
        times = self.jobs[request.match_info["id"]]
        if time.monotonic() < times.made_at:
            return web.json_response({"status": "PROCESSING"})
        times.noticed = times.noticed or time.monotonic()
        return web.json_response({"status": "COMPLETED"})

    async def _result(self, request: web.Request) -> web.Response:
        one = request.match_info["id"]
        self.jobs[one].fetched = time.monotonic()
        output = f"http://{request.host}/files/{one}.mp4"
        metrics = {"cost": 0.1, "remaining_credits": 100.0}
        return web.json_response({"status": "COMPLETED", "output": output, "metrics": metrics})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        times = self.jobs[request.match_info["id"]]
        times.download_began = time.monotonic()
        data = await asyncio.to_thread(self.video.read_bytes)
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        response.content_length = len(data)
        await response.prepare(request)
        await response.write(data)
        times.download_ended = time.monotonic()
        await response.write_eof()
        return response


class TimedFaults(Faults):
    """Scripts no fault, but takes the time at which each call arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived_s: dict[asyncio.Task[Any] | None, float] = {}

    def take(self, method: str, path: str) -> Fault | None:
        """Take the time; the task is the connection's."""
        self.arrived_s[asyncio.current_task()] = time.monotonic()
        return super().take(method, path)


class TimedMessaging(Messaging):
    """Notes when the request came that posted a reply to a card."""

    def __init__(self, stand_in: DiscordStandIn, calls: TimedFaults) -> None:
        hub = stand_in.hub
        super().__init__(
            world=hub.world, clock=hub.clock, ids=hub.ids, gateway=hub.gateway, files=hub.files
        )
        self._calls = calls
        self.began_s: dict[str, float] = {}

    def post(self, channel: Channel, message: StoredMessage, allowed: Json | None) -> StoredMessage:
        """Note it."""
        if message.reply_to is not None and message.body.attachments:
            self.began_s[message.reply_to] = self._calls.arrived_s[asyncio.current_task()]
        return super().post(channel, message, allowed)


async def video(folder: Path) -> Path:
    """Draw the video that all jobs come to."""
    renderer = Renderer(folder)
    plan = RenderPlan(
        width_px=832, height_px=480, frames=81, fps=16, seed=7, label="bench", prompt="a fox"
    )
    try:
        return await renderer.render(plan, image=None, audio=None)
    finally:
        await renderer.close()


async def served(provider: Provider, stack: AsyncExitStack) -> str:
    """Let the provider listen; return its address."""
    runner = web.AppRunner(provider.application(), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def started(
    stand_in: DiscordStandIn, segmind: str, folder: Path, profile: str | None
) -> BotProcess:
    """Start the bot, pointed at both."""
    data = folder / "bot"
    await asyncio.to_thread(data.mkdir)
    bot = BotProcess(
        environment=bot_environment(
            os.environ,
            discord_token=stand_in.bot_token,
            discord_api=stand_in.api_url,
            discord_gateway=stand_in.gateway_url,
            segmind_key="SG_0123456789abcdef",
            segmind_api=segmind,
            speed=SPEED,
            data_dir=data,
            extra=SETTINGS,
        ),
        log_file=folder / "bot.log",
        command=kit.bot_command(profile=profile),
    )
    await bot.start()
    return bot


async def measure(folder: Path, count: int, profile: str | None) -> list[Mapping[str, float]]:
    """Order videos one after the other; return the parts of each job's overhead, in ms."""
    async with AsyncExitStack() as stack:
        provider = Provider(video=await video(folder))
        segmind = await served(provider, stack)
        stand_in, calls = DiscordStandIn(speed=100.0), TimedFaults()
        stand_in.hub.faults = calls
        stand_in.hub.messaging = messaging = TimedMessaging(stand_in, calls)
        await stand_in.start()
        stack.push_async_callback(stand_in.stop)
        bot = await started(stand_in, segmind, folder, profile)
        stack.push_async_callback(bot.stop)
        member = MemberDriver(
            stand_in.api_url,
            stand_in.gateway_url,
            stand_in.members[0].token,
            timeout_s=PATIENCE_S,
        )
        await stack.enter_async_context(member)

        async def ready() -> bool:
            return any(c["name"] == "t2v" for c in stand_in.hub.commands.all(Scope()))

        await waiting.until(ready, every_s=LOOK_EVERY_S, within_s=PATIENCE_S)
        await asyncio.sleep(2)
        for number in range(count):
            await member.run_command("t2v", {"prompt": f"fox {number}"}, wait=False)
            await asyncio.sleep(ORDER_EVERY_S)

        async def all_posted() -> bool:
            return len(messaging.began_s) >= count

        if not await waiting.until(all_posted, every_s=LOOK_EVERY_S, within_s=PATIENCE_S):
            raise TimeoutError(f"only {len(messaging.began_s)} posted: {bot.last_lines()}")
        posted = {
            _prompt(one.data): messaging.began_s[one.original_id]
            for one in stand_in.hub.interactions
            if one.original_id in messaging.began_s
        }
        return [
            parts(provider.jobs[provider.prompts[prompt]], posted_s)
            for prompt, posted_s in posted.items()
        ]


def _prompt(data: Json) -> str:
    return next(str(o["value"]) for o in data["options"] if o["name"] == "prompt")


def parts(times: Times, posted_s: float) -> Mapping[str, float]:
    """Return what the overhead of a job is made of, in ms."""
    noticed, fetched = times.noticed or 0.0, times.fetched or 0.0
    began, ended = times.download_began or 0.0, times.download_ended or 0.0
    found = {
        "noticed to result asked for": fetched - noticed,
        "result to download": began - fetched,
        "download to post": posted_s - ended,
    }
    return {name: 1000 * span_s for name, span_s in found.items()} | {
        "all": 1000 * sum(found.values())
    }


def row(name: str, found: list[Mapping[str, float]]) -> dict[str, Any]:
    """Return a row of the table."""
    at = partial(kit.percentile, [one[name] for one in found])
    return {
        "part": name,
        "median_ms": round(at(50), 1),
        "p95_ms": round(at(95), 1),
        "most_ms": round(at(100), 1),
    }


def main() -> None:
    """Measure and print."""
    count = QUICK_JOBS if kit.is_quick() else JOBS
    with tempfile.TemporaryDirectory() as name:
        found = asyncio.run(measure(Path(name), count, os.environ.get("BENCH_PROFILE")))
    rows = [row(part, found) for part in found[0]]
    loop = os.environ.get("BENCH_LOOP", "asyncio")
    kit.report("overhead", rows, jobs=len(found), loop=loop)


if __name__ == "__main__":
    main()
