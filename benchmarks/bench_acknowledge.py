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
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import kit
from benchmarks.timing import TimedInteractions
from sandbox.bot_process import BotProcess
from sandbox.chaos import waiting
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.asking import Asking
from sandbox.discord_api.commands import Scope
from sandbox.discord_api.gateway import Session
from sandbox.discord_api.interactions import Interaction
from sandbox.discord_api.uploads import Body, Upload
from sandbox.discord_api.wire import Json
from sandbox.discord_api.world import Channel, User
from sandbox.environment import bot_environment
from sandbox.segmind_api import SegmindStandIn

# Commands at once, and how often: small bursts have a p99 as well.
BURSTS = {1: 4, 20: 2, 200: 1, 500: 1}
QUICK_BURSTS = {1: 5, 20: 2, 200: 1}
# The burst that comes while as many earlier commands are being looked at.
BEHIND = 200
# Until their cards are there takes too long for more, and says no more.
CARDS_UP_TO = 200
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
    "MEMBER_COMMANDS_PER_MINUTE": "1000000",
}
BARE = (sys.executable, "-m", "benchmarks.bare_bot")


class HeldAsking(Asking):
    """Makes interactions and keeps them, to send them all at one moment."""

    def __init__(self, stand_in: DiscordStandIn) -> None:
        super().__init__(stand_in.hub)
        self._stand_in = stand_in
        self._held: list[tuple[Interaction, Json, str | None]] = []

    def _start(self, interaction: Interaction, user: User, channel: Channel, extra: Json) -> None:
        payload = self._payload(interaction, user, channel) | extra
        self._held.append((interaction, payload, channel.guild_id))

    def release(self, count: int) -> list[str]:
        """Send so many of those held; return their ids."""
        held, self._held = self._held[:count], self._held[count:]
        hub = self._stand_in.hub
        for interaction, _, _ in held:
            interaction.created_s = hub.clock()
            hub.interactions.add(interaction)
        for _, payload, guild_id in held:
            hub.gateway.publish("INTERACTION_CREATE", partial(_for_the_bot, payload, guild_id))
        return [interaction.id for interaction, _, _ in held]


def _for_the_bot(payload: Json, guild_id: str | None, session: Session) -> Json | None:
    return payload if session.user.bot and session.hears(guild_id) else None


@dataclass(frozen=True, kw_only=True)
class Case:
    """A burst of commands; `behind`: the bot is busy with as many earlier ones."""

    at_once: int
    behind: bool = False

    def __str__(self) -> str:
        return f"{self.at_once} behind {self.at_once}" if self.behind else str(self.at_once)


@dataclass(kw_only=True)
class Result:
    """What came of the bursts of one case.

    Attributes:
        lost: Acknowledged too late, or never.
        carded_s: How long until all cards were there; None for a bot without any.
    """

    latencies_s: list[float] = field(default_factory=list)
    lost: int = 0
    carded_s: float | None = None

    @property
    def p99_s(self) -> float:
        """The time within which 99 of 100 were acknowledged."""
        return kit.percentile(self.latencies_s, 99)


@dataclass(kw_only=True)
class Contestant:
    """A bot on its stand-in."""

    name: str
    stand_in: DiscordStandIn
    picture: Path
    makes_cards: bool
    results: dict[Case, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.times = TimedInteractions(self.stand_in)
        self.stand_in.hub.interactions = self.times
        self.asking = HeldAsking(self.stand_in)

    async def is_ready(self) -> bool:
        """Whether the bot is connected and has its command."""
        hub = self.stand_in.hub
        known = any(c["name"] == "animate" for c in hub.commands.all(Scope()))
        return known and any(session.connection for session in hub.gateway.sessions())

    def take_times(self) -> None:
        """Hear when something is sent to the bot."""
        for session in self.stand_in.hub.gateway.sessions():
            if session.connection is not None:
                session.connection.on_send = self.times.note_sent

    async def burst(self, case: Case) -> None:
        """Send commands at once, and wait for what comes of them."""
        for number in range(case.at_once * (2 if case.behind else 1)):
            await self._prepare(number)
        if case.behind:
            earlier = self.asking.release(case.at_once)
            await self._answered(earlier)
        began_s = time.monotonic()
        ids = self.asking.release(case.at_once)
        await self._answered(ids)
        found = [
            self.times.arrived_s[one] - self.times.sent_s[one]
            for one in ids
            if one in self.times.arrived_s
        ]
        result = self.results.setdefault(case, Result())
        result.latencies_s += found
        late = sum(latency_s > LOST_AFTER_S for latency_s in found)
        result.lost += late + len(ids) - len(found)
        waits = self.makes_cards and case.at_once <= CARDS_UP_TO and not case.behind
        if waits and await waiting.until(
            lambda: self._carded(ids), every_s=LOOK_EVERY_S, within_s=PATIENCE_S
        ):
            result.carded_s = time.monotonic() - began_s

    async def _answered(self, ids: Sequence[str]) -> None:
        async def answered() -> bool:
            return all(one in self.times.arrived_s for one in ids)

        await waiting.until(answered, every_s=0.02, within_s=2 * LOST_AFTER_S)

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
        command = next(c for c in hub.commands.all(Scope()) if c["name"] == "animate")
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


def row(name: str, case: Case, result: Result) -> dict[str, Any]:
    """Return a row of the table."""
    ms = [1000 * latency_s for latency_s in result.latencies_s]
    return {
        "at_once": str(case),
        "bot": name,
        "samples": len(ms),
        "p50_ms": round(kit.percentile(ms, 50), 1),
        "p99_ms": round(kit.percentile(ms, 99), 1),
        "most_ms": round(max(ms), 1),
        "lost": result.lost,
        "all_cards_s": "-" if result.carded_s is None else round(result.carded_s, 1),
    }


def picture(folder: Path) -> Path:
    """Write a picture that the provider takes as it is, large enough to be some work."""
    noise = Image.effect_noise(PICTURE_PX, 40)
    path = folder / "fox.jpg"
    Image.merge("RGB", (noise, noise.rotate(180), noise)).save(path, quality=85)
    return path


@asynccontextmanager
async def contestant(
    name: str,
    command: Sequence[str],
    *,
    makes_cards: bool,
    segmind: SegmindStandIn,
    folder: Path,
) -> AsyncIterator[Contestant]:
    """Run a bot on a stand-in of its own."""
    stand_in = DiscordStandIn()
    data = folder / name
    data.mkdir()
    await stand_in.start()
    one = Contestant(
        name=name, stand_in=stand_in, picture=folder / "fox.jpg", makes_cards=makes_cards
    )
    bot = BotProcess(
        environment=bot_environment(
            os.environ,
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


async def measure(folder: Path, case: Case, times: int, profile: str | None) -> list[Result]:
    """Let both bots, newly started, answer the bursts of one case in turns."""
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread(picture, folder)
    async with AsyncExitStack() as stack:
        segmind = SegmindStandIn(folder=folder / "segmind", light_videos=True)
        await segmind.start()
        stack.push_async_callback(segmind.stop)
        enter = partial(contestant, segmind=segmind, folder=folder)
        command = kit.bot_command(profile=profile)
        contestants = [
            await stack.enter_async_context(enter("bare", BARE, makes_cards=False)),
            await stack.enter_async_context(enter("bot", command, makes_cards=True)),
        ]
        for _ in range(times):
            for one in contestants:
                await one.burst(case)
        return [one.results[case] for one in contestants]


def cases(bursts: Mapping[int, int]) -> dict[Case, int]:
    """Return what is measured, and how often."""
    found = {Case(at_once=size): times for size, times in bursts.items()}
    return found | ({Case(at_once=BEHIND, behind=True): 1} if BEHIND in bursts else {})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", metavar="FILE")
    parser.add_argument("--bursts", type=json.loads, help='as {"200": 1}')
    given = parser.parse_args()
    bursts = QUICK_BURSTS if kit.is_quick() else BURSTS
    if given.bursts:
        bursts = {int(size): int(times) for size, times in given.bursts.items()}
    rows, ratios = [], {}
    with tempfile.TemporaryDirectory() as name:
        for number, (case, times) in enumerate(cases(bursts).items()):
            place = Path(name) / str(number)
            bare, bot = asyncio.run(measure(place, case, times, given.profile))
            rows += [row("bare", case, bare), row("bot", case, bot)]
            ratios[str(case)] = round(bot.p99_s / bare.p99_s, 2)
    loop = os.environ.get("BENCH_LOOP", "asyncio")
    kit.report("acknowledge", rows, p99_times_the_bare_bots=ratios, loop=loop)


if __name__ == "__main__":
    main()
