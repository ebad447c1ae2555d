"""How soon a completed video is noticed, and how many requests that takes.

Compares the bot's poll schedule with the vendor SDK's fixed clock (1 s and 2 s) over the same
seeded log-normal latencies, in virtual time. Prints a table to standard error and JSON to
standard output.
"""

import json
import math
import random
import statistics
import sys
from collections.abc import Callable
from functools import partial

from bot.jobs.schedule import LatencyModel, next_poll_s

JOBS = 2000
MEDIANS_S = (62.36, 129.07)
SPREADS = (0.10, 0.20, 0.35)
STRAGGLERS = 0.03

NextPoll = Callable[[float], float]


def latencies_s(median_s: float, spread: float) -> list[float]:
    """Return seeded latencies: log-normal, a few of them two to four times as long."""
    rng = random.Random(f"{median_s}/{spread}")
    drawn = [median_s * math.exp(rng.gauss(0, spread)) for _ in range(JOBS)]
    return [d * rng.uniform(2, 4) if rng.random() < STRAGGLERS else d for d in drawn]


def follow(completed_s: float, next_poll: NextPoll) -> tuple[int, float]:
    """Return how many polls one job takes and how long after completion the last one comes."""
    polls, at_s = 0, 0.0
    while at_s < completed_s or polls == 0:
        at_s += next_poll(at_s)
        polls += 1
    return polls, at_s - completed_s


def measure(name: str, median_s: float, spread: float, next_poll: NextPoll) -> dict[str, object]:
    """Return the figures of one way of asking over all jobs."""
    seen = [follow(latency_s, next_poll) for latency_s in latencies_s(median_s, spread)]
    delays = [delay for _, delay in seen]
    return {
        "schedule": name,
        "median_s": median_s,
        "spread": spread,
        "requests_per_job": round(statistics.mean(polls for polls, _ in seen), 2),
        "mean_delay_s": round(statistics.mean(delays), 2),
        "p95_delay_s": round(statistics.quantiles(delays, n=20)[-1], 2),
    }


def main() -> None:
    """Measure and print."""
    rows = []
    for median_s in MEDIANS_S:
        for spread in SPREADS:
            ours = partial(next_poll_s, latency=LatencyModel(median_s=median_s, spread=spread))
            rows += [
                measure("ours", median_s, spread, ours),
                measure("SDK, 1 s", median_s, spread, lambda _: 1.0),
                measure("SDK, 2 s", median_s, spread, lambda _: 2.0),
            ]
    for row in rows:
        print("  ".join(f"{value!s:>10}" for value in row.values()), file=sys.stderr)
    print(json.dumps({"benchmark": "notice", "jobs": JOBS, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
