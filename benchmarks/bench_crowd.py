"""Whether one member, moderator or large server slows the others down; one run, side by side.

A bot of its own process, on both stand-ins. Members give eight `/t2v` a second, half of them on
a server with 500 roles, and that is all, or one of these goes on meanwhile: a member floods, a
moderator fills the filter, looks through the roles' pages, counts a year; members leaf through
100 pages. Measured for each: how soon the others are acknowledged and see their cards, how late
the bot's loop is (by its own `LOOP_LAG_LOG_S`), and the processor's time.

BENCH_QUICK=1 measures shorter; `--only ACT ...` some acts; `--unbounded` without the bound on
what one member may send; `--profile FILE` runs the bot under cProfile.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import crowd_acts, crowd_seed, kit
from benchmarks.crowd_acts import Act, Stage
from benchmarks.crowd_kit import Scene, json_lines, lag_lines, opened, say, until_or_fail, usage
from benchmarks.crowd_talk import Talk
from benchmarks.sliced_bot import KEY
from bot.loop_lag import quantile_s
from bot.throttle import DEFAULT_PER_MINUTE
from bot.wordfilter import read_list
from sandbox.chaos import waiting
from sandbox.chaos.crowd import Crowd
from sandbox.discord_api.commands import Scope
from sandbox.discord_api.interactions import Interaction
from sandbox.runner import Parts

ACTS: Mapping[str, Act] = {
    "idle": crowd_acts.idle,
    "flood": crowd_acts.flood,
    "500 roles": crowd_acts.roles,
    "100 pages": crowd_acts.leaf,
    "a year's stats": crowd_acts.stats,
    "filter lists": crowd_acts.paste,
}
SLICED = (sys.executable, "-m", "benchmarks.sliced_bot")
LASTS_S, QUICK_S = 2.5, 1.5
FLOOD_LASTS_S = 10.0
OTHERS_PER_S = 8
# Numbers of members.
MODERATOR, FLOODER = 0, 1
LEAFING, OTHERS = range(1, 6), range(6, 36)
# As far apart as the bot's lines about its loop.
LAG_EVERY_S = 1.0
START_WITHIN_S = 60.0
QUIET_S = 1.0
CARDS_WITHIN_S = 15.0
PICTURE_PX = (2400, 1600)
BOUNDED = {"MEMBER_COMMANDS_PER_MINUTE": str(DEFAULT_PER_MINUTE)}


@dataclass(kw_only=True)
class Found:
    """What one act did to the others.

    Attributes:
        acknowledged_s: For how long each of the others waited for "thinking".
        carded_s: And for their card.
        lost: How many were not acknowledged within three seconds.
        lag_counts: How late the loop was, as `bot.loop_lag` counts.
        slice_ms: The longest piece of work that the loop did without a pause.
        slice_of: What that was.
        garbage_ms: The longest that the garbage collector took in the loop's thread, beside that.
        asked: How many interactions the act sent.
        answered: How many of them were answered, be it that there were too many.
    """

    act: str
    lasts_s: float
    acknowledged_s: list[float]
    carded_s: list[float]
    lost: int
    lag_counts: list[int]
    lag_worst_s: float
    slice_ms: float
    slice_of: str
    garbage_ms: float
    cpu_s: float
    asked: int
    answered: int

    def row(self) -> dict[str, Any]:
        """Return it as a row of the table."""
        return {
            "act": self.act,
            "others": len(self.acknowledged_s) + self.lost,
            "p50_ms": _ms(kit.percentile(self.acknowledged_s, 50)),
            "p99_ms": _ms(kit.percentile(self.acknowledged_s, 99)),
            "card_p50_ms": _ms(kit.percentile(self.carded_s, 50)),
            "card_p99_ms": _ms(kit.percentile(self.carded_s, 99)),
            "lost": self.lost,
            "lag_p99_ms": _ms(min(quantile_s(self.lag_counts, 0.99), self.lag_worst_s)),
            "lag_most_ms": _ms(self.lag_worst_s),
            "slice_most_ms": self.slice_ms,
            "garbage_most_ms": self.garbage_ms,
            "cpu_percent": round(100 * self.cpu_s / self.lasts_s),
            "act_sent": self.asked,
            "act_answered": self.answered,
        }


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


class Others:
    """Members who just want their videos, and how long each waits."""

    def __init__(self, talk: Talk, crowd: Crowd) -> None:
        places = [next(iter(guild.channels.values())) for guild in crowd.guilds[:2]]
        self._talk = talk
        self._turns = zip(
            itertools.cycle([crowd.members[number] for number in OTHERS]),
            itertools.cycle(places),
            strict=False,
        )
        self.asked: list[Interaction] = []
        self.carded_s: list[float] = []
        self._looking: set[asyncio.Task[None]] = set()

    async def ask(self, lasts_s: float) -> None:
        """Give commands at an even pace."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number in range(round(lasts_s * OTHERS_PER_S)):
            member, channel = next(self._turns)
            asked = await self._talk.command(member, channel, "t2v", prompt=f"a calm sea {number}")
            self.asked.append(asked)
            self._looking.add(asyncio.create_task(self._look(asked)))
            await asyncio.sleep(max(0.0, began_s + (number + 1) / OTHERS_PER_S - loop.time()))

    async def _look(self, asked: Interaction) -> None:
        began_s = asyncio.get_running_loop().time()
        await self._talk.wait(asked, within_s=CARDS_WITHIN_S)
        self.carded_s.append(asyncio.get_running_loop().time() - began_s)

    async def seen(self) -> None:
        """Wait until all have seen their cards, or too long."""
        await asyncio.gather(*self._looking)


async def measure_act(scene: Scene, stage: Stage, crowd: Crowd, name: str) -> Found:
    """Let one thing go on for a while, and see what the others notice of it."""
    lasts_s = QUICK_S if kit.is_quick() else FLOOD_LASTS_S if name == "flood" else LASTS_S
    say(name)
    stage.asked, stage.done = [], 0
    others = Others(stage.talk, crowd)
    log = scene.parts.bot_log()
    offset, cpu_s = log.stat().st_size, usage(scene.pid).cpu_s
    acting = asyncio.create_task(_acting(ACTS[name], stage))
    await others.ask(lasts_s)
    acting.cancel()
    with suppress(asyncio.CancelledError):
        await acting
    cpu_s = usage(scene.pid).cpu_s - cpu_s
    await others.seen()
    await asyncio.sleep(LAG_EVERY_S)
    lines = lag_lines(log, offset)
    slices = json_lines(log, KEY, offset)
    longest = max(slices, key=lambda said: float(said[KEY]))
    times = [stage.talk.times.took_s(asked.id) for asked in others.asked]
    found = Found(
        act=name,
        lasts_s=lasts_s,
        acknowledged_s=[one for one in times if one is not None],
        carded_s=others.carded_s,
        lost=sum(one is None for one in times),
        lag_counts=[
            sum(counts) for counts in zip(*(one["lag_counts"] for one in lines), strict=True)
        ],
        lag_worst_s=max(float(one["lag_worst_s"]) for one in lines),
        slice_ms=longest[KEY],
        slice_of=longest["what"],
        garbage_ms=max(float(said["collected_ms"]) for said in slices),
        cpu_s=cpu_s,
        asked=len(stage.asked),
        answered=sum(one.answer is not None for one in stage.asked),
    )
    await _quiet(stage)
    return found


async def _acting(act: Act, stage: Stage) -> None:
    try:
        await act(stage)
    except Exception as error:  # said at once; raised where the act is awaited, much later
        say(f"the act failed: {error!r}")
        raise


async def _quiet(stage: Stage) -> None:
    """Let the act's last interactions be answered, and done: they are not the next act's."""

    async def answered() -> bool:
        return all(one.answer is not None for one in stage.asked)

    await waiting.until(answered, every_s=0.1, within_s=3.0)
    await asyncio.sleep(QUIET_S)


async def measure(
    folder: Path, names: Sequence[str], settings: Mapping[str, str], profile: str | None = None
) -> list[Found]:
    """Measure acts, one after the other, by one bot."""
    picture = folder / "fox.jpg"
    await asyncio.to_thread(_draw, picture)
    held: list[tuple[Talk, Crowd]] = []

    async def furnish(parts: Parts, crowd: Crowd) -> None:
        roles = crowd_seed.add_roles(crowd, OTHERS)
        file = parts.bot_folder() / "bot.sqlite3"
        await crowd_seed.fill(file, crowd, roles=roles, leafing=LEAFING)
        held.append((Talk(parts.discord), crowd))

    async with opened(
        folder / "scene",
        speed=1.0,
        command=SLICED if profile is None else kit.bot_command(profile=profile),
        bot_settings=settings,
        furnish=furnish,
    ) as scene:
        ((talk, crowd),) = held
        await until_or_fail(partial(_is_up, scene), "the bot comes up", within_s=START_WITHIN_S)
        talk.take_times()
        await asyncio.sleep(QUIET_S)
        stage = Stage(
            talk=talk,
            moderator=crowd.members[MODERATOR],
            flooder=crowd.members[FLOODER],
            leafing=[crowd.members[number] for number in LEAFING],
            channel=next(iter(crowd.guilds[0].channels.values())),
            picture=picture,
        )
        return [await measure_act(scene, stage, crowd, name) for name in names]


async def _is_up(scene: Scene) -> bool:
    hub = scene.parts.discord.hub
    known = any(command["name"] == "t2v" for command in hub.commands.all(Scope()))
    return known and any(session.connection for session in hub.gateway.sessions())


def _draw(path: Path) -> None:
    noise = Image.effect_noise(PICTURE_PX, 40)
    Image.merge("RGB", (noise, noise.rotate(180), noise)).save(path, quality=85)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=ACTS, metavar="ACT", default=list(ACTS))
    parser.add_argument("--unbounded", action="store_true")
    parser.add_argument("--profile", metavar="FILE")
    given = parser.parse_args()
    settings = {} if given.unbounded else BOUNDED
    with tempfile.TemporaryDirectory() as name:
        found = asyncio.run(measure(Path(name), given.only, settings, given.profile))
    rows = [one.row() for one in found]
    slices = {one.act: one.slice_of for one in found}
    kit.report(
        "crowd", rows, most=worst(rows), longest_slices=slices, megabyte_list_ms=megabyte_list_ms()
    )


def megabyte_list_ms() -> float:
    """Return how long a list of a megabyte keeps its thread: Discord's form takes 4,000 characters.

    It is refused by its length alone, wherever it may come from one day.
    """
    text = "\n".join(f"zorgle{number:06}" for number in range(80_000))
    began_s = time.perf_counter()
    if read_list(text, []).patterns:
        raise RuntimeError("a list of a megabyte was read")
    return _ms(time.perf_counter() - began_s)


def worst(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the figures that have limits, each at its worst."""
    names = ("p99_ms", "lost", "lag_p99_ms", "slice_most_ms")
    return {name: max(row[name] for row in rows) for name in names}


if __name__ == "__main__":
    main()
