"""How soon bursts of commands are acknowledged, against a bot that does nothing else.

So many members send `/animate` with a picture at the same moment. Measured in the Discord
stand-in: from the moment at which it sends an INTERACTION_CREATE to the moment at which the
callback arrives. Beside it, on a stand-in of its own in the same process, answers a bare
discord.py bot that only defers; both bots are processes of their own and take turns. All
interactions of a burst are made beforehand, so that the stand-in only has to send them.

BENCH_QUICK=1 leaves out the largest burst and most repetitions; BENCH_LOOP=uvloop runs the bot
on uvloop; `--profile FILE` runs it under cProfile.
"""

import argparse
import asyncio
import io
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import kit
from sandbox.bot_process import PROJECT, BotProcess
from sandbox.chaos import waiting
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.asking import Asking
from sandbox.discord_api.interactions import Interaction, Interactions
from sandbox.discord_api.uploads import Body, Upload
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, User
from sandbox.environment import bot_environment
from sandbox.segmind_api import SegmindStandIn

# Commands at once: how often, so that small bursts have a p99 as well.
BURSTS = {1: 20, 20: 5, 200: 3, 500: 1}
QUICK_BURSTS = {1: 5, 20: 2, 200: 1}
LOST_AFTER_S = 3.0
# Both bots have started, and written down what they write at a start.
QUIET_S = 3.0
PATIENCE_S = 90.0
LOOK_EVERY_S = 0.1
PICTURE_PX = (1024, 768)
SETTINGS = {
    "DAILY_CREDITS": "100000000",
    "MONTHLY_CREDITS": "100000000",
    "JOBS_IN_FLIGHT_PER_MEMBER": "5000",
    "JOBS_IN_FLIGHT_PER_GUILD": "5000",
}
BARE = (sys.executable, "-m", "benchmarks.bare_bot")


class TimedInteractions(Interactions):
    """The stand-in's interactions, which take the time when a callback arrives."""

    def __init__(self, stand_in: DiscordStandIn) -> None:
        super().__init__(stand_in.hub.clock, stand_in.hub.ids)
        self.sent_s: dict[str, float] = {}
        self.arrived_s: dict[str, float] = {}

    def note_sent(self, payload: Json) -> None:
        """Take the time of an interaction on its way to the bot."""
        if payload["t"] == "INTERACTION_CREATE":
            self.sent_s[payload["d"]["id"]] = time.monotonic()

    def answer(self, interaction_id: str, token: str) -> Interaction:
        """Take the time of a callback before anything is looked at."""
        self.arrived_s.setdefault(interaction_id, time.monotonic())
        return super().answer(interaction_id, token)


class HeldAsking(Asking):
    """Makes interactions and keeps them, to send them all at one moment."""

    def __init__(self, stand_in: DiscordStandIn) -> None:
        super().__init__(stand_in.hub)
        self._stand_in = stand_in
        self._held: list[tuple[Interaction, Json, str | None]] = []

    def _start(self, interaction: Interaction, user: User, channel: Channel, extra: Json) -> None:
        payload = self._payload(interaction, user, channel) | extra
        self._held.append((interaction, payload, channel.guild_id))

    def release(self) -> list[str]:
        """Send what is held; return the ids."""
        held, self._held = self._held, []
        hub = self._stand_in.hub
        for interaction, _, _ in held:
            interaction.created_s = hub.clock()
            hub.interactions.add(interaction)
        for _, payload, guild_id in held:
            hub.gateway.publish(
                "INTERACTION_CREATE",
                lambda session, payload=payload, guild_id=guild_id: (
                    payload if session.user.bot and session.hears(guild_id) else None
                ),
            )
        return [interaction.id for interaction, _, _ in held]


@dataclass(kw_only=True)
class Contestant:
    """A bot on its stand-in.

    Attributes:
        latencies_s: By size of burst.
        carded_s: How long until the cards were there; only of the bot that has any.
        lost: Acknowledged too late, or never.
    """

    name: str
    stand_in: DiscordStandIn
    picture: Path
    latencies_s: dict[int, list[float]] = field(default_factory=dict)
    carded_s: dict[int, float] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.times = TimedInteractions(self.stand_in)
        self.stand_in.hub.interactions = self.times
        self.asking = HeldAsking(self.stand_in)

    async def is_ready(self) -> bool:
        """Whether the bot is connected and has its command."""
        hub = self.stand_in.hub
        known = any(c["name"] == "animate" for c in hub.usable_commands(self.stand_in.guild_id))
        return known and any(session.connection for session in hub.gateway.sessions())

    def take_times(self) -> None:
        """Hear when something is sent to the bot."""
        for session in self.stand_in.hub.gateway.sessions():
            if session.connection is not None:
                session.connection.on_send = self.times.note_sent

    async def burst(self, size: int) -> None:
        """Send commands at once, and wait for what comes of them."""
        for number in range(size):
            await self._prepare(number)
        began_s = time.monotonic()
        ids = self.asking.release()

        async def answered() -> bool:
            return all(one in self.times.arrived_s for one in ids)

        await waiting.until(answered, every_s=LOOK_EVERY_S, within_s=2 * LOST_AFTER_S)
        found = [
            self.times.arrived_s[one] - self.times.sent_s[one]
            for one in ids
            if one in self.times.arrived_s
        ]
        self.latencies_s.setdefault(size, []).extend(found)
        late = sum(latency_s > LOST_AFTER_S for latency_s in found)
        self.lost[size] = self.lost.get(size, 0) + late + len(ids) - len(found)
        if self.name == "bot" and await waiting.until(
            lambda: self._carded(ids), every_s=LOOK_EVERY_S, within_s=PATIENCE_S
        ):
            self.carded_s[size] = time.monotonic() - began_s

    async def _carded(self, ids: Sequence[str]) -> bool:
        interactions, store = self.times, self.stand_in.hub.messaging.store
        for one in ids:
            interaction = interactions.get(one)
            if interaction is None or interaction.original_id is None:
                return False
            message = store.get(interaction.channel_id, interaction.original_id)
            if message is not None and message.loading:
                return False
        return True

    async def _prepare(self, number: int) -> None:
        stand_in, hub = self.stand_in, self.stand_in.hub
        command = next(
            c for c in hub.usable_commands(stand_in.guild_id) if c["name"] == "animate"
        )
        members = stand_in.members
        user = hub.world.users[members[number % len(members)].id]
        path = hub.files.folder / f"held-{self.name}-{number}-{random.getrandbits(64):x}"
        await asyncio.to_thread(shutil.copyfile, self.picture, path)
        size_bytes = path.stat().st_size
        name = self.picture.name
        data: Json = {key: command[key] for key in ("version", "id", "name", "type")} | {
            "attachments": [{"id": "0", "filename": name}],
            "options": [
                {"type": 11, "name": "image", "value": "0"},
                {"type": 3, "name": "prompt", "value": f"the fox number {number} jumps"},
            ],
        }
        payload: Json = {
            "type": 2,
            "application_id": stand_in.application_id,
            "channel_id": stand_in.channel_id,
            "guild_id": stand_in.guild_id,
            "data": data,
        }
        upload = Upload(index="0", filename=name, path=path, size_bytes=size_bytes)
        await self.asking.ask(user, Body(payload=payload, uploads=(upload,)))

    def row(self, size: int) -> dict[str, Any]:
        """Return a row of the table."""
        ms = [1000 * latency_s for latency_s in self.latencies_s[size]]
        return {
            "at_once": size,
            "bot": self.name,
            "samples": len(ms),
            "p50_ms": round(kit.percentile(ms, 50), 1),
            "p99_ms": round(kit.percentile(ms, 99), 1),
            "most_ms": round(max(ms), 1),
            "lost": self.lost[size],
            "all_cards_s": round(self.carded_s.get(size, 0.0), 1) or "-",
        }


def picture(folder: Path) -> Path:
    """Write a picture that the provider takes as it is, large enough to be some work."""
    noise = Image.effect_noise(PICTURE_PX, 40)
    path = folder / "fox.jpg"
    Image.merge("RGB", (noise, noise.rotate(180), noise)).save(path, quality=85)
    return path


@asynccontextmanager
async def contestant(
    name: str, command: Sequence[str], segmind: SegmindStandIn, folder: Path
) -> AsyncIterator[Contestant]:
    """Run a bot on a stand-in of its own."""
    stand_in = DiscordStandIn()
    data = folder / name
    data.mkdir()
    await stand_in.start()
    one = Contestant(name=name, stand_in=stand_in, picture=folder / "fox.jpg")
    bot = BotProcess(
        environment=bot_environment(
            {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))},
            discord_token=stand_in.bot_token,
            discord_api=stand_in.api_url,
            discord_gateway=stand_in.gateway_url,
            segmind_key=segmind.api_key,
            segmind_api=segmind.api_url,
            speed=1.0,
            data_dir=data,
            extra=SETTINGS,
        ),
        log_file=folder / f"{name}.log",
        command=command,
    )
    try:
        await bot.start()
        if not await waiting.until(one.is_ready, every_s=LOOK_EVERY_S, within_s=PATIENCE_S):
            raise TimeoutError(f"{name} does not come up: {bot.last_lines()}")
        one.take_times()
        await asyncio.sleep(QUIET_S)
        yield one
    finally:
        await bot.stop()
        await stand_in.stop()


async def measure(folder: Path, bursts: dict[int, int], profile: str | None) -> list[Contestant]:
    """Let both bots answer every burst, one after the other."""
    await asyncio.to_thread(picture, folder)
    async with AsyncExitStack() as stack:
        segmind = SegmindStandIn(folder=folder / "segmind", light_videos=True)
        await segmind.start()
        stack.push_async_callback(segmind.stop)
        contestants = [
            await stack.enter_async_context(contestant("bare", BARE, segmind, folder)),
            await stack.enter_async_context(
                contestant("bot", kit.bot_command(profile=profile), segmind, folder)
            ),
        ]
        for size, times in bursts.items():
            for _ in range(times):
                for one in contestants:
                    await one.burst(size)
        return contestants


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", metavar="FILE")
    parser.add_argument("--bursts", type=json.loads, help='as {"200": 1}')
    given = parser.parse_args()
    bursts = QUICK_BURSTS if kit.is_quick() else BURSTS
    if given.bursts:
        bursts = {int(size): int(times) for size, times in given.bursts.items()}
    with tempfile.TemporaryDirectory() as name:
        bare, bot = asyncio.run(measure(Path(name), bursts, given.profile))
    rows = [one.row(size) for size in bursts for one in (bare, bot)]
    ratios = {
        size: round(
            kit.percentile(bot.latencies_s[size], 99) / kit.percentile(bare.latencies_s[size], 99),
            2,
        )
        for size in bursts
    }
    kit.report("acknowledge", rows, p99_times_the_bare_bots=ratios, loop=os.environ.get("BENCH_LOOP", "asyncio"))


if __name__ == "__main__":
    main()
