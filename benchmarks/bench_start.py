"""The start: from the process's begin to commands, and to every job followed again after kill -9.

1. A bot starts on an empty database and on ones with old jobs, twice each: the second start is on
   tables that are up to date, as all but the first are. It can take commands when Discord has its
   session and its commands; the times before are read from its log.
2. A bot with N jobs at the provider is killed and started again. Watched at the provider: when it
   was asked about each of them again. The jobs are late by then, which is when they are asked
   about often. A bot without jobs started beside it says what a start alone takes.

`BENCH_QUICK=1` measures a tenth of the jobs.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import crowd_kit, kit

OLD = (0, 10_000)
IN_FLIGHT = (1000,)
# Times as fast as the provider: few jobs are asked about before the last was sent.
SPEED = 2.5
PATIENCE_S = 150.0
# Jobs that are all late and all of one age would be asked about thousands of times a second.
REQUESTS_PER_MINUTE = 6000


async def cold(old: int) -> dict[str, Any]:
    """Start a bot twice on a database with so many old jobs."""
    with tempfile.TemporaryDirectory() as folder:
        async with crowd_kit.opened(Path(folder), speed=SPEED, over=old) as scene:
            first = await _ready(scene)
            await scene.bot.stop()
            again = [await _started_again(scene) for _ in range(2)]
            return {
                "old_jobs": old,
                "first_s": round(first, 2),
                "again_s": round(min(one[0] for one in again), 2),
                "again_cpu_s": round(min(one[1] for one in again), 2),
            }


async def _ready(scene: crowd_kit.Scene) -> float:
    began_s = time.monotonic()
    while not scene.parts.control.is_ready():
        if time.monotonic() - began_s > PATIENCE_S:
            raise TimeoutError(f"the bot does not come up:\n{scene.bot.last_lines()}")
        await asyncio.sleep(0.01)
    return time.monotonic() - began_s


async def _started_again(scene: crowd_kit.Scene) -> tuple[float, float]:
    await scene.bot.start()
    ready_s, cpu_s = await _ready(scene), crowd_kit.usage(scene.pid).cpu_s
    await scene.bot.stop()
    return ready_s, cpu_s


async def killed(jobs: int) -> dict[str, Any]:
    """Kill a bot with so many jobs at the provider, and start it again."""
    with tempfile.TemporaryDirectory() as folder:
        async with crowd_kit.opened(
            Path(folder),
            speed=SPEED,
            waiting=jobs,
            words="sandbox-stuck",
            requests_per_minute=REQUESTS_PER_MINUTE,
        ) as scene:
            await crowd_kit.until_or_fail(
                lambda: _sent(scene, jobs), "all sent", within_s=PATIENCE_S
            )
            records = scene.parts.segmind.context.store.records
            await scene.bot.kill()
            asked = {name: record.calls["status"] for name, record in records.items()}
            again_s: dict[str, float] = {}
            began_s = time.monotonic()
            await scene.bot.start()
            ready_s: float | None = None
            while len(again_s) < jobs and time.monotonic() - began_s < PATIENCE_S:
                await asyncio.sleep(0.02)
                now_s = time.monotonic() - began_s
                for name, record in records.items():
                    if name not in again_s and record.calls["status"] > asked[name]:
                        again_s[name] = now_s
                if ready_s is None and scene.parts.control.is_ready():
                    ready_s = now_s
            found = sorted(again_s.values())
            return {
                "in_flight": jobs,
                "ready_s": None if ready_s is None else round(ready_s, 2),
                "first_followed_s": round(found[0], 2),
                "half_followed_s": round(found[len(found) // 2], 2),
                "all_followed_s": round(found[-1], 2) if len(found) == jobs else None,
                "followed": len(found),
                "sent_twice": len(records) - jobs,
                "cpu_s": round(crowd_kit.usage(scene.pid).cpu_s, 2),
            }


async def _sent(scene: crowd_kit.Scene, jobs: int) -> bool:
    states = await asyncio.to_thread(scene.states)
    return states.get("running", 0) == jobs


async def run() -> dict[str, Any]:
    """Measure everything, one after the other."""
    share = 10 if kit.is_quick() else 1
    starts, kills = [], []
    for old in OLD:
        crowd_kit.say(f"old jobs: {old // share}")
        starts.append(await cold(old // share))
    for jobs in IN_FLIGHT:
        crowd_kit.say(f"in flight: {jobs // share}")
        kills.append(await killed(jobs // share))
    return {
        "benchmark": "start",
        "cold": starts,
        "killed": kills,
        "ratios": {
            "start_with_many_old_jobs": round(starts[-1]["again_s"] / starts[0]["again_s"], 2),
        },
    }


def table(figures: dict[str, Any]) -> str:
    """Return it for people."""
    lines = [f"{'old jobs':>9}{'first start':>13}{'again, s':>10}{'CPU, s':>8}"]
    lines += [
        f"{one['old_jobs']:>9}{one['first_s']:>13}{one['again_s']:>10}{one['again_cpu_s']:>8}"
        for one in figures["cold"]
    ]
    lines.append(
        f"{'in flight':>9}{'ready, s':>13}{'half':>10}{'all followed, s':>17}{'sent twice':>12}"
        f"{'CPU, s':>8}"
    )
    lines += [
        f"{one['in_flight']:>9}{one['ready_s'] or '-':>13}{one['half_followed_s']:>10}"
        f"{one['all_followed_s'] or '-':>17}{one['sent_twice']:>12}{one['cpu_s']:>8}"
        for one in figures["killed"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    figures = asyncio.run(run())
    print(table(figures), file=sys.stderr)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
