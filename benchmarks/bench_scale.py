"""Thousands of jobs in one bot process: what each costs, and how late its event loop is.

The bot runs as always, in its own process, against the stand-ins. Its database holds N jobs that
were let in a moment ago; it takes them all up at once, sends them, follows them, shows them on
their cards and posts their videos: both waves are as steep as they can be. A bot without jobs
says what a start and standing still cost, which is not the jobs'. The largest number is watched
only until all are at the provider and for some seconds more.

`BENCH_SCALE=short` measures a tenth of the jobs.
"""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import crowd_kit as kit
from bot.loop_lag import quantile_s

SPEED = 3.0
# Jobs of the largest number must not end while others are still being sent.
SPEED_LARGEST = 1.0
SIZES = (10, 100, 1000, 3000)
SHORT_SIZES = (10, 30, 100, 300)
PATIENCE_S = 200.0
LOOK_EVERY_S = 0.5
WATCHED_S = 10.0
# The bot's last line about its loop comes a second after what it is about.
LINE_S = 1.2
MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Moment:
    """How things stood at a moment, since the bot's start."""

    at_s: float
    cpu_s: float
    in_flight: int
    over: int


@dataclass(kw_only=True)
class Life:
    """A run: what was seen, moment by moment."""

    jobs: int
    moments: list[Moment] = field(default_factory=list)
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
    def job_minutes(self) -> float:
        """Minutes in flight of all jobs together."""
        return sum(
            (after.at_s - before.at_s) * (before.in_flight + after.in_flight) / 2 / 60
            for before, after in pairwise(self.moments)
        )


async def live(jobs: int, *, speed: float, to_the_end: bool) -> Life:
    """Let a bot have so many jobs at once, and watch it."""
    with tempfile.TemporaryDirectory() as folder:
        async with kit.opened(Path(folder), speed=speed, waiting=jobs) as scene:
            life = Life(jobs=jobs)
            before_bytes = kit.database_bytes(scene.folder)
            await _watch(life, scene, to_the_end=to_the_end)
            used = kit.usage(scene.pid)
            lines = kit.lag_lines(scene.parts.bot_log())
            if to_the_end:
                await scene.bot.stop()  # what waits beside the files goes into them
            else:
                scene.bot.send(signal.SIGKILL)
            after_bytes = kit.database_bytes(scene.folder)
            calls = scene.parts.discord.hub.calls
            life.figures = {
                "jobs": jobs,
                "most_in_flight": max(moment.in_flight for moment in life.moments),
                "delivered": scene.states().get("delivered", 0),
                "wall_s": round(life.moments[-1].at_s, 1),
                "all_sent_after_s": _all_sent_s(life),
                "cpu_s": round(used.cpu_s, 2),
                "peak_rss_mb": round(used.peak_rss_bytes / MB),
                "threads": used.threads,
                "provider_calls": scene.calls(),
                "edits": sum(number for name, number in calls.items() if name.startswith("PATCH")),
                "database_bytes_per_job": {
                    name: round((after_bytes[name] - before_bytes[name]) / max(jobs, 1))
                    for name in after_bytes
                },
                "lag_ms": _lag(lines),
            }
            return life


async def _watch(life: Life, scene: kit.Scene, *, to_the_end: bool) -> None:
    began_s = time.monotonic()
    full_s: float | None = None
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        states = await asyncio.to_thread(scene.states)
        over = sum(states.get(state, 0) for state in ("delivered", "undelivered", "failed"))
        moment = Moment(
            at_s=time.monotonic() - began_s,
            cpu_s=kit.usage(scene.pid).cpu_s,
            in_flight=states.get("running", 0),
            over=over,
        )
        life.moments.append(moment)
        if full_s is None and moment.in_flight >= life.jobs:
            full_s = moment.at_s
        if moment.at_s > PATIENCE_S:
            raise TimeoutError(f"after {PATIENCE_S:g} s: {states}")
        if life.jobs == 0:
            done = moment.at_s > WATCHED_S * 2
        elif to_the_end:
            done = over >= life.jobs
        else:
            done = full_s is not None and moment.at_s > full_s + WATCHED_S
        if done:
            await asyncio.sleep(LINE_S)
            return


def _all_sent_s(life: Life) -> float | None:
    reached = [m.at_s for m in life.moments if m.in_flight + m.over >= life.jobs]
    return round(reached[0], 1) if reached else None


def _lag(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    counts = [sum(column) for column in zip(*(line["lag_counts"] for line in lines), strict=True)]
    return {
        "p50": round(quantile_s(counts, 0.5) * 1000, 1),
        "p99": round(quantile_s(counts, 0.99) * 1000, 1),
        "max": round(max(float(line["lag_worst_s"]) for line in lines) * 1000, 1),
    }


def add_costs(life: Life, idle: Life) -> None:
    """Add what each job cost, without what a bot costs that has none."""
    end_s, idle_end_s = life.moments[-1].at_s, idle.moments[-1].at_s
    half_s = idle_end_s / 2  # by then it has started
    started_cpu_s = idle.cpu_s(half_s)
    idle_rate = (idle.cpu_s(idle_end_s) - started_cpu_s) / (idle_end_s - half_s)
    own_cpu_s = life.figures["cpu_s"] - started_cpu_s - idle_rate * max(0.0, end_s - half_s)
    life.figures["cpu_ms_per_job"] = round(own_cpu_s * 1000 / life.jobs, 1)
    if life.full and len(life.full) > 1:
        first, last = life.full[0], life.full[-1]
        minutes = (last.at_s - first.at_s) * life.jobs / 60
        steady_s = last.cpu_s - first.cpu_s - idle_rate * (last.at_s - first.at_s)
        life.figures["steady_cpu_ms_per_job_minute"] = round(steady_s * 1000 / minutes, 1)
        life.figures["steady_s"] = round(last.at_s - first.at_s, 1)


async def run() -> dict[str, Any]:
    """Measure every size; the small ones beside each other."""
    sizes = SHORT_SIZES if os.environ.get("BENCH_SCALE") == "short" else SIZES
    *small, large, largest = sizes
    kit.say(f"jobs: {', '.join(map(str, small))}, and none")
    idle, *lives = await asyncio.gather(
        *(live(jobs, speed=SPEED, to_the_end=True) for jobs in (0, *small))
    )
    kit.say(f"jobs: {large}")
    lives.append(await live(large, speed=SPEED, to_the_end=True))
    kit.say(f"jobs: {largest}")
    lives.append(await live(largest, speed=SPEED_LARGEST, to_the_end=False))
    for life in lives:
        add_costs(life, idle)
    rows = [life.figures for life in lives]
    return {
        "benchmark": "scale",
        "idle": {**idle.figures, "cpu_ms_a_second": None},
        "rows": rows,
        "ratios": {
            "cpu_per_job_large_to_middle": round(
                rows[2]["cpu_ms_per_job"] / rows[1]["cpu_ms_per_job"], 2
            ),
        },
    }


def table(figures: dict[str, Any]) -> str:
    """Return it for people."""
    head = (
        f"{'jobs':>6}{'in flight':>10}{'sent by s':>10}{'CPU ms/job':>11}"
        f"{'CPU ms/job-min':>15}{'peak MB':>8}{'lag p50':>8}{'p99':>7}{'max ms':>8}"
        f"{'polls/job':>10}{'edits/job':>10}{'bot B/job':>10}{'engine':>8}"
    )
    lines = [head]
    for row in (figures["idle"], *figures["rows"]):
        jobs = max(row["jobs"], 1)
        lag, size = row["lag_ms"], row["database_bytes_per_job"]
        lines.append(
            f"{row['jobs']:>6}{row['most_in_flight']:>10}{row['all_sent_after_s'] or '-':>10}"
            f"{row.get('cpu_ms_per_job', '-'):>11}"
            f"{row.get('steady_cpu_ms_per_job_minute', '-'):>15}{row['peak_rss_mb']:>8}"
            f"{lag['p50']:>8}{lag['p99']:>7}{lag['max']:>8}"
            f"{row['provider_calls'].get('status', 0) / jobs:>10.1f}{row['edits'] / jobs:>10.1f}"
            f"{size['bot']:>10}{size['engine']:>8}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    figures = asyncio.run(run())
    kit.say_all(table(figures))
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
