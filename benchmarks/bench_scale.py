"""Thousands of jobs in one bot process: what each costs, and how late its event loop is.

The bot runs as always, in its own process, against the stand-ins. Its database holds N jobs that
were let in a moment ago; it takes them all up at once, sends them, follows them, shows them on
their cards and posts their videos: both waves are as steep as they can be. Beside it runs a bot
without jobs: it says what a start and standing still cost, which is not the jobs', and how late a
loop is on this machine for other reasons. The largest number is watched only until all are at
the provider and for some seconds more.

`BENCH_QUICK=1` measures a tenth of the jobs.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

from benchmarks import crowd_kit, kit
from bot.loop_lag import quantile_s

# No video is done before all jobs were sent, also on a slow machine.
SPEED = 2.0
# The largest number is watched after a restart: its jobs are at the provider, and stay there.
SPEED_LARGEST = 1.0
SIZES = (10, 100, 1000, 3000)
SHORT_SIZES = (10, 30, 100, 300)
PATIENCE_S = 150.0
PATIENCE_LARGEST_S = 100.0
LOOK_EVERY_S = 0.5
WATCHED_S = 10.0
# By then a bot has started, and what it uses is for standing still.
STARTED_S = 10.0
# The bot's last line about its loop comes a second after what it is about.
LINE_S = 1.2
MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Moment:
    """How things stood at a moment, since the bot's start."""

    at_s: float
    cpu_s: float
    rss_mb: float
    in_flight: int
    over: int


@dataclass(kw_only=True)
class Life:
    """A run: what was seen, moment by moment."""

    jobs: int
    began_at: datetime
    moments: list[Moment] = field(default_factory=list)
    bytes: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    def cpu_s(self, at_s: float) -> float:
        """Return what the process had used by a time, between the moments around it."""
        for before, after in pairwise(self.moments):
            if before.at_s <= at_s <= after.at_s:
                part = (at_s - before.at_s) / (after.at_s - before.at_s)
                return before.cpu_s + part * (after.cpu_s - before.cpu_s)
        return self.moments[-1].cpu_s

    @property
    def full(self) -> list[Moment]:
        """The moments with all jobs in flight, or nearly all."""
        return [moment for moment in self.moments if moment.in_flight >= self.jobs * 0.98]

    @property
    def full_from_to(self) -> tuple[float, float]:
        """When all jobs were in flight; nothing is between them when they never were."""
        return (self.full[0].at_s, self.full[-1].at_s) if self.full else (inf, inf)

    @property
    def full_rss_mb(self) -> int | None:
        """Memory while all were in flight, at most."""
        return round(max(moment.rss_mb for moment in self.full)) if self.full else None

    @property
    def all_sent_s(self) -> float | None:
        """When the provider had taken the last job."""
        reached = [m.at_s for m in self.moments if m.in_flight + m.over >= self.jobs]
        return round(reached[0], 1) if reached and self.jobs else None

    def lines_of(
        self, lines: Sequence[dict[str, Any]], from_s: float, to_s: float
    ) -> list[dict[str, Any]]:
        """Return what the bot said about its loop in a time, and the second before each."""
        at_s = [
            (datetime.fromisoformat(one["time"]) - self.began_at).total_seconds() for one in lines
        ]
        return [
            one for one, said_s in zip(lines, at_s, strict=True) if from_s + 1 <= said_s <= to_s
        ]


async def live(
    jobs: int, *, speed: float = SPEED, to_the_end: bool = True, while_others: asyncio.Event
) -> Life:
    """Let a bot have so many jobs at once, and watch it.

    Args:
        jobs: None: it only stands beside another, and is watched for as long.
        speed: Times as fast as the real provider.
        to_the_end: Until all are over; else they are at the provider from the bot's start on,
            as after a restart, and stay there: until all have been followed for a while.
        while_others: Set at the end by a bot with jobs, awaited by one without.
    """
    with tempfile.TemporaryDirectory() as folder:
        crowd: dict[str, Any] = (
            {"waiting": jobs} if to_the_end else {"running": jobs, "words": "sandbox-stuck"}
        )
        async with crowd_kit.opened(Path(folder), speed=speed, **crowd) as scene:
            life = Life(jobs=jobs, began_at=datetime.now(UTC))
            await _watch(life, scene, to_the_end=to_the_end, while_others=while_others)
            used = crowd_kit.usage(scene.pid)
            lines = crowd_kit.lag_lines(scene.parts.bot_log())
            await (scene.bot.stop() if to_the_end else scene.bot.kill())
            life.bytes = await asyncio.to_thread(crowd_kit.database_bytes, scene.folder)
            life.figures = {
                "jobs": jobs,
                "most_in_flight": max(moment.in_flight for moment in life.moments),
                "delivered": scene.states().get("delivered", 0),
                "all_sent_after_s": life.all_sent_s,
                "watched_s": round(life.moments[-1].at_s, 1),
                "cpu_s": round(used.cpu_s, 2),
                "peak_rss_mb": round(used.peak_rss_bytes / MB),
                "rss_mb_all_in_flight": life.full_rss_mb,
                "threads": used.threads,
                "provider_calls": scene.calls(),
                "edits": scene.edits(),
                "lag_ms": {
                    "at_all_times": _lag(life.lines_of(lines, STARTED_S, inf)),
                    "all_in_flight": _lag(life.lines_of(lines, *life.full_from_to)),
                },
            }
            return life


async def _watch(
    life: Life, scene: crowd_kit.Scene, *, to_the_end: bool, while_others: asyncio.Event
) -> None:
    began_s = time.monotonic()
    full_s: float | None = None
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        states = await asyncio.to_thread(scene.states)
        used = crowd_kit.usage(scene.pid)
        moment = Moment(
            at_s=time.monotonic() - began_s,
            cpu_s=used.cpu_s,
            rss_mb=used.rss_bytes / MB,
            # After a restart a job is under way again when its card has been shown.
            in_flight=min(states.get("running", 0), life.jobs if to_the_end else scene.edits()),
            over=sum(states.get(state, 0) for state in ("delivered", "undelivered", "failed")),
        )
        life.moments.append(moment)
        if full_s is None and moment.in_flight >= life.jobs:
            full_s = moment.at_s
        if life.jobs == 0:
            done = while_others.is_set() and moment.at_s > STARTED_S * 2
        elif to_the_end:
            done = moment.over >= life.jobs
        else:
            done = full_s is not None and moment.at_s > full_s + WATCHED_S
        if done or moment.at_s > (PATIENCE_S if to_the_end else PATIENCE_LARGEST_S):
            await asyncio.sleep(LINE_S)
            return


def _lag(lines: Sequence[dict[str, Any]]) -> dict[str, float] | None:
    if not lines:
        return None
    counts = [sum(column) for column in zip(*(line["lag_counts"] for line in lines), strict=True)]
    return {
        "p50": round(quantile_s(counts, 0.5) * 1000, 1),
        "p99": round(quantile_s(counts, 0.99) * 1000, 1),
        "max": round(max(float(line["lag_worst_s"]) for line in lines) * 1000, 1),
    }


def add_costs(life: Life, idle: Life) -> None:
    """Add what each job cost, without what a bot costs that has none."""
    end_s, idle_end_s = life.moments[-1].at_s, idle.moments[-1].at_s
    started_cpu_s = idle.cpu_s(STARTED_S)
    idle_rate = (idle.cpu_s(idle_end_s) - started_cpu_s) / (idle_end_s - STARTED_S)
    own_cpu_s = life.figures["cpu_s"] - started_cpu_s - idle_rate * max(0.0, end_s - STARTED_S)
    life.figures["cpu_ms_per_job"] = round(own_cpu_s * 1000 / life.jobs, 1)
    life.figures["bytes_per_job"] = {
        name: round((life.bytes[name] - idle.bytes[name]) / life.jobs) for name in life.bytes
    }
    life.figures["lag_ms"]["beside_without_jobs"] = idle.figures["lag_ms"]["at_all_times"]
    if len(life.full) > 1:
        first, last = life.full[0], life.full[-1]
        seconds = last.at_s - first.at_s
        own_s = last.cpu_s - first.cpu_s - idle_rate * seconds
        life.figures["all_in_flight_s"] = round(seconds, 1)
        life.figures["cpu_ms_per_job_minute"] = round(own_s * 60_000 / seconds / life.jobs, 1)


async def beside_idle(*sizes: int, speed: float = SPEED, to_the_end: bool = True) -> list[Life]:
    """Measure sizes beside each other and beside a bot without jobs, which comes first."""
    crowd_kit.say(f"jobs: {', '.join(map(str, sizes))}, beside a bot that has none")
    over = asyncio.Event()

    async def all_sizes() -> list[Life]:
        try:
            return await asyncio.gather(
                *(live(n, speed=speed, to_the_end=to_the_end, while_others=over) for n in sizes)
            )
        finally:
            over.set()

    idle, lives = await asyncio.gather(live(0, while_others=over), all_sizes())
    for life in lives:
        add_costs(life, idle)
    return [idle, *lives]


async def run() -> dict[str, Any]:
    """Measure every size; the small ones beside each other."""
    sizes = SHORT_SIZES if kit.is_quick() else SIZES
    *small, large, largest = sizes
    # Beside each other: what one costs in CPU time it costs in the same circumstances.
    idle, *lives = await beside_idle(*small, large)
    lives += (await beside_idle(largest, speed=SPEED_LARGEST, to_the_end=False))[1:]
    rows = [life.figures for life in lives]
    _, middle, most, _ = rows
    return {
        "benchmark": "scale",
        "idle": idle.figures,
        "rows": rows,
        "ratios": {
            "jobs": [most["jobs"], middle["jobs"]],
            "cpu_per_job": round(most["cpu_ms_per_job"] / middle["cpu_ms_per_job"], 2),
        },
    }


def table(figures: dict[str, Any]) -> str:
    """Return it for people."""
    head = (
        f"{'jobs':>6}{'in flight':>10}{'sent, s':>9}{'CPU ms/job':>11}{'a minute':>9}"
        f"{'MB all':>7}{'peak':>6}{'lag p99':>9}{'waves':>8}{'beside':>8} ms"
        f"{'polls':>7}{'edits':>6} a job{'bytes bot':>10}{'engine':>8} a job"
    )
    lines = [head]
    for row in figures["rows"]:
        jobs, lag, size = row["jobs"], row["lag_ms"], row["bytes_per_job"]
        lines.append(
            f"{jobs:>6}{row['most_in_flight']:>10}{row['all_sent_after_s'] or '-':>9}"
            f"{row['cpu_ms_per_job']:>11}{row.get('cpu_ms_per_job_minute', '-'):>9}"
            f"{row['rss_mb_all_in_flight'] or '-':>7}{row['peak_rss_mb']:>6}"
            f"{_p99(lag['all_in_flight']):>9}{_p99(lag['at_all_times']):>8}"
            f"{_p99(lag['beside_without_jobs']):>8}   "
            f"{row['provider_calls'].get('status', 0) / jobs:>7.1f}{row['edits'] / jobs:>6.1f}"
            f"      {size['bot']:>10}{size['engine']:>8}"
        )
    jobs, fewer = figures["ratios"]["jobs"]
    lines.append(f"CPU per job, {jobs} to {fewer} jobs: {figures['ratios']['cpu_per_job']}")
    return "\n".join(lines)


def _p99(lag: dict[str, float] | None) -> str:
    return "-" if lag is None else f"{lag['p99']:.1f}"


def main() -> None:
    """Measure and print."""
    figures = asyncio.run(run())
    print(table(figures), file=sys.stderr)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
