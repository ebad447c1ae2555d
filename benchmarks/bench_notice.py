"""How soon a completed video is noticed, and how many requests that takes.

Three parts. *Known*: the bot's schedule against the offline optimum (dynamic programming) for
distributions that are known, as expected values, without a word of the provider's but the end.
*Learned*: 200 made-up jobs, followed with what 200 others before them have taught, hearing QUEUED
and PROCESSING as the provider says it. Both at a mean delay of 1 s, against the vendor SDK's loop
at 1 s and 2 s. *Budget*: 5, 30 and 100 jobs in flight under 60, 120 and 500 requests a minute, the
bot's own `RequestBudget` in virtual time against the same provider as the SDK's loop; without a
budget jobs have nothing to do with each other, so one number in flight stands for all.

Stragglers, 3 in 100, take two to three times as long, waiting in the provider's queue. Prints a
table to standard error and JSON to standard output. `BENCH_QUICK=1` follows a third of the jobs.
"""

import asyncio
import json
import logging
import math
import random
import statistics
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from benchmarks import kit
from benchmarks.optimum import Cost, at_delay, at_requests, cost_of, optimum
from bot.jobs.budget import RequestBudget
from bot.jobs.schedule import REQUEST_WORTH_S, Answers, next_poll_s, urgency_s
from bot.latency import Fit, Latency, Sample, learn
from tests.virtual_time import run_virtually

MEDIANS_S = (62.36, 129.07)
SPREADS = (0.10, 0.20, 0.35)
STRAGGLERS, SLOWER = 0.03, (2.0, 3.0)
# Of the usual jobs' time the provider's queue takes up to so much.
QUEUE_SHARE = 0.05
JOBS = 200
# Three times as many where chance would have too much of a say.
FOLLOWED = JOBS if kit.is_quick() else 3 * JOBS
MEAN_DELAY_S = 1.0
BUDGETS = (60, 120, 500)
IN_FLIGHT = (5, 30, 100)
# Budgets with jobs in flight.
LOADS = [(None, 30), *((budget, number) for budget in BUDGETS for number in IN_FLIGHT)]
SDK_EVERY_S = (1.0, 2.0)
BUDGET_SPREAD = 0.20
WINDOW_S = 60.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One made-up job at the provider.

    Attributes:
        queue_s: How long it waits.
        total_s: When it is completed, after being accepted.
    """

    queue_s: float
    total_s: float


def requests(median_s: float, spread: float, seed: str, count: int = JOBS) -> list[Request]:
    """Return made-up jobs: log-normal in all, and stragglers that wait in the queue."""
    rng = random.Random(f"{seed}/{median_s}/{spread}")
    made = []
    for _ in range(count):
        total_s = median_s * math.exp(rng.gauss(0, spread))
        queue_s = total_s * rng.uniform(0, QUEUE_SHARE)
        if rng.random() < STRAGGLERS:
            waited_s = total_s * (rng.uniform(*SLOWER) - 1)
            total_s, queue_s = total_s + waited_s, queue_s + waited_s
        made.append(Request(queue_s=queue_s, total_s=total_s))
    return made


def survival(at_s: float, *, median_s: float, spread: float) -> float:
    """Return how likely such a job has not ended by then."""
    if at_s <= 0:
        return 1.0
    low, high = SLOWER
    factors = [low + (high - low) * (i + 0.5) / 8 for i in range(8)]

    def left(factor: float) -> float:
        return math.erfc(math.log(at_s / (median_s * factor)) / spread / math.sqrt(2)) / 2

    late = sum(left(factor) for factor in factors) / len(factors)
    return (1 - STRAGGLERS) * left(1.0) + STRAGGLERS * late


# -- known distributions ------------------------------------------------------------------


def known(median_s: float, spread: float) -> dict[str, object]:
    """Return the expected cost of the bot's schedule, of the optimum and of the SDK's loop."""
    left = partial(survival, median_s=median_s, spread=spread)
    until_s, step_s = median_s * 12, median_s / 500
    fit = Fit(median_s=median_s, spread=spread, stragglers=STRAGGLERS)
    latency = Latency(total=fit, work=fit)
    sdk = cost_of([2.0 * (i + 1) for i in range(int(until_s / 2))], left)
    best = at_delay(
        lambda worth_s: cost_of(
            optimum(left, worth_s=worth_s, until_s=until_s, step_s=step_s), left
        ),
        MEAN_DELAY_S,
    )
    ours = at_delay(
        lambda worth_s: cost_of(list(own_times(latency, worth_s, until_s)), left), MEAN_DELAY_S
    )
    return {
        "median_s": median_s,
        "spread": spread,
        "sdk_2s_requests": round(sdk.requests, 2),
        "sdk_2s_delay_s": round(sdk.delay_s, 3),
        "optimum_ratio": round(best.requests / sdk.requests, 4),
        "ours_ratio": round(ours.requests / sdk.requests, 4),
        "ours_to_optimum": round(ours.requests / best.requests, 4),
    }


def own_times(latency: Latency, worth_s: float, until_s: float) -> Iterator[float]:
    """Give the times at which the bot asks about a job that the provider only says to work on."""
    at_s, answers = 0.0, Answers()
    while at_s < until_s:
        at_s += next_poll_s(at_s, latency, answers, min_gap_s=0.05, worth_s=worth_s)
        yield at_s
        answers = Answers(asked_s=at_s)


# -- learned ------------------------------------------------------------------------------


def learned(median_s: float, spread: float) -> list[dict[str, object]]:
    """Return what following jobs costs after 200 others have taught."""
    jobs = requests(median_s, spread, "these", FOLLOWED)
    taught = [_sample(one) for one in requests(median_s, spread, "before")]
    latency = learn(median_s, taught, now=NOW)
    sdk = {every_s: fixed(jobs, every_s) for every_s in SDK_EVERY_S}
    delays: dict[Cost, list[float]] = {}

    def cost_at(worth_s: float) -> Cost:
        counts, delays_s = zip(*(follow(one, latency, worth_s) for one in jobs), strict=True)
        cost = Cost(requests=statistics.mean(counts), delay_s=statistics.mean(delays_s))
        delays[cost] = [*delays_s]
        return cost

    case = {"median_s": median_s, "spread": spread}
    ours = at_delay(cost_at, MEAN_DELAY_S)
    rows = [_row("ours, taught by 200 jobs", case, ours, delays[ours], sdk[2.0])]
    own, own_delays = at_own_worth(jobs, median_s)
    rows.append(_row("ours, from nothing", case, own, own_delays, sdk[2.0]))
    for every_s, cost in sdk.items():
        fixed_delays = [every_s - one.total_s % every_s for one in jobs]
        rows.append(_row(f"SDK, {every_s:g} s", case, cost, fixed_delays, sdk[2.0]))
    return rows


def follow(one: Request, latency: Latency, worth_s: float) -> tuple[int, float]:
    """Return how many requests one job takes, and how long after completion the last one is."""
    answers, at_s, count = Answers(), 0.0, 0
    while True:
        at_s += next_poll_s(at_s, latency, answers, min_gap_s=0.25, worth_s=worth_s)
        count += 1
        if at_s >= one.total_s:
            return count, at_s - one.total_s
        answers = answers.heard(at_s, processing=at_s >= one.queue_s)


def at_own_worth(jobs: list[Request], median_s: float) -> tuple[Cost, list[float]]:
    """Return what it costs as the bot does it: one worth for all, learning on the way."""
    samples: deque[Sample] = deque(maxlen=100)
    counts, delays = [], []
    for one in jobs:
        latency = learn(median_s, list(samples), now=NOW)
        count, delay_s = follow(one, latency, REQUEST_WORTH_S)
        counts.append(count)
        delays.append(delay_s)
        samples.appendleft(_sample(one))
    return Cost(requests=statistics.mean(counts), delay_s=statistics.mean(delays)), delays


def fixed(jobs: list[Request], every_s: float) -> Cost:
    """Return what the vendor SDK's loop costs: it sleeps, then asks."""
    counts = [math.floor(one.total_s / every_s) + 1 for one in jobs]
    return Cost(
        requests=statistics.mean(counts),
        delay_s=statistics.mean(
            count * every_s - one.total_s for count, one in zip(counts, jobs, strict=True)
        ),
    )


def _sample(one: Request) -> Sample:
    return Sample(latency_s=one.total_s, queue_s=one.queue_s, at=NOW)


def _row(
    name: str, case: Mapping[str, object], cost: Cost, delays: list[float], sdk: Cost
) -> dict[str, object]:
    return {
        "schedule": name,
        **case,
        "requests_per_job": round(cost.requests, 2),
        "mean_delay_s": round(cost.delay_s, 2),
        "p95_delay_s": round(_p95(delays), 2),
        "ratio_to_sdk_2s": round(cost.requests / sdk.requests, 3),
    }


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


# -- under a budget -----------------------------------------------------------------------


class Provider:
    """Counts requests in a sliding minute, and answers 429 above the limit."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._taken: deque[float] = deque()
        self.requests = self.refused = 0

    def takes(self) -> bool:
        """Say whether this request is answered, and not with 429."""
        now_s = self._clock()
        while self._taken and self._taken[0] <= now_s - WINDOW_S:
            self._taken.popleft()
        self.requests += 1
        if self._per_minute is not None and len(self._taken) >= self._per_minute:
            self.refused += 1
            return False
        self._taken.append(now_s)
        return True


@dataclass(kw_only=True)
class Tally:
    """What following jobs under a budget came to."""

    delays_s: list[float]
    requests: int = 0
    refused: int = 0
    lost_jobs: int = 0


def under_budget(
    per_minute: int | None, in_flight: int, sdk_every_s: float | None
) -> dict[str, object]:
    """Return what it costs to keep so many jobs in flight until 200 are done.

    Args:
        per_minute: What the provider takes; None for any number.
        in_flight: Jobs at a time.
        sdk_every_s: Follow them with the SDK's loop, which sleeps so long; None: as the bot does.
    """
    logging.disable()  # that polls wait for long is what is measured
    tally = run_virtually(_all_jobs(per_minute, in_flight, sdk_every_s))
    requests_per_job = tally.requests / JOBS
    row: dict[str, object] = {
        "schedule": "ours" if sdk_every_s is None else f"SDK, {sdk_every_s:g} s",
        "per_minute": per_minute,
        "in_flight": in_flight,
        "requests_per_job": round(requests_per_job, 2),
        "mean_delay_s": round(statistics.mean(tally.delays_s), 2),
        "p95_delay_s": round(_p95(tally.delays_s), 2),
        "answers_429": tally.refused,
        "jobs_that_met_429": tally.lost_jobs,
    }
    if sdk_every_s is None:
        # Submit and result are two of the requests; the rest are polls.
        row["optimum_delay_s"] = round(_best_delay_s(requests_per_job - 2), 2)
    return row


async def _all_jobs(per_minute: int | None, in_flight: int, sdk_every_s: float | None) -> Tally:
    clock = asyncio.get_running_loop().time
    provider = Provider(per_minute, clock)
    budget = RequestBudget(per_minute=per_minute or 10**6, clock=clock)
    half = JOBS // 2
    kinds = [(median_s, one) for median_s in MEDIANS_S for one in _of(median_s, "these", half)]
    random.Random(7).shuffle(kinds)
    waiting = deque(kinds)
    known_of = {
        median_s: learn(median_s, [_sample(one) for one in _of(median_s, "before")], now=NOW)
        for median_s in MEDIANS_S
    }
    tally = Tally(delays_s=[])

    async def place(number: int) -> None:
        await asyncio.sleep(number * 0.7)  # members do not come all at once
        while waiting:
            median_s, one = waiting.popleft()
            if sdk_every_s is None:
                delay_s = await _ours(one, known_of[median_s], budget, provider, clock)
            else:
                delay_s = await _sdk(one, provider, clock, tally, sdk_every_s)
            tally.delays_s.append(delay_s)

    await asyncio.gather(*(place(number) for number in range(in_flight)))
    tally.requests, tally.refused = provider.requests, provider.refused
    return tally


def _of(median_s: float, seed: str, count: int = JOBS) -> list[Request]:
    return requests(median_s, BUDGET_SPREAD, seed, count)


async def _ours(
    one: Request,
    latency: Latency,
    budget: RequestBudget,
    provider: Provider,
    clock: Callable[[], float],
) -> float:
    await budget.acquire("submit")
    provider.takes()
    began_s, answers = clock(), Answers()

    def passed_s() -> float:
        return clock() - began_s

    while True:
        await asyncio.sleep(next_poll_s(passed_s(), latency, answers))
        await budget.acquire("poll", urgency=partial(_urgency_s, latency, answers, passed_s))
        if provider.takes() and passed_s() >= one.total_s:
            delay_s = passed_s() - one.total_s
            await budget.acquire("poll")
            provider.takes()
            return delay_s
        answers = answers.heard(passed_s(), processing=passed_s() >= one.queue_s)


def _urgency_s(latency: Latency, answers: Answers, passed_s: Callable[[], float]) -> float:
    return urgency_s(latency, answers, passed_s())


async def _sdk(
    one: Request, provider: Provider, clock: Callable[[], float], tally: Tally, every_s: float
) -> float:
    """Follow as the SDK does; where it would raise at a 429, and lose the job, it tries again."""
    met = False
    while not provider.takes():
        met = True
        await asyncio.sleep(every_s)
    began_s = clock()
    while True:
        await asyncio.sleep(every_s)
        if not provider.takes():
            met = True
        elif clock() - began_s >= one.total_s:
            break
    delay_s = clock() - began_s - one.total_s
    while not provider.takes():
        met = True
        await asyncio.sleep(every_s)
    tally.lost_jobs += met
    return delay_s


_OPTIMA: dict[float, Cost] = {}


def _best_delay_s(polls: float) -> float:
    """Return the mean delay of the best schedule with so many polls a job, for both models."""
    lefts = [
        (partial(survival, median_s=median_s, spread=BUDGET_SPREAD), median_s)
        for median_s in MEDIANS_S
    ]

    def cost_at(worth_s: float) -> Cost:
        if worth_s not in _OPTIMA:
            costs = [
                cost_of(
                    optimum(left, worth_s=worth_s, until_s=median_s * 6, step_s=median_s / 250),
                    left,
                    step_s=0.25,
                )
                for left, median_s in lefts
            ]
            _OPTIMA[worth_s] = Cost(
                requests=statistics.mean(cost.requests for cost in costs),
                delay_s=statistics.mean(cost.delay_s for cost in costs),
            )
        return _OPTIMA[worth_s]

    return at_requests(cost_at, polls).delay_s


def main() -> None:
    """Measure, a case on each core, and print."""
    cases = [(median_s, spread) for median_s in MEDIANS_S for spread in SPREADS]
    loads = [(*load, every_s) for load in LOADS for every_s in (None, *SDK_EVERY_S)]
    with ProcessPoolExecutor() as pool:
        # Begun all together: the long ones first.
        learned_parts = pool.map(learned, *zip(*cases, strict=True))
        known_parts = pool.map(known, *zip(*cases, strict=True))
        budget_parts = pool.map(under_budget, *zip(*loads, strict=True))
        known_rows, budget_rows = list(known_parts), list(budget_parts)
        learned_rows = [row for part in learned_parts for row in part]
    _show("known distribution, mean delay 1 s", known_rows)
    _show("learned, with the provider's word", learned_rows)
    _show("under a budget of requests a minute", budget_rows)
    json.dump(
        {
            "benchmark": "notice",
            "jobs": JOBS,
            "known": known_rows,
            "learned": learned_rows,
            "budget": budget_rows,
            "worst": worst(learned_rows, budget_rows),
        },
        sys.stdout,
        indent=1,
    )


def worst(
    learned_rows: list[dict[str, object]], budget_rows: list[dict[str, object]]
) -> dict[str, float]:
    """Return the figures that have limits, each at its worst."""

    def most(spread: float, figure: str) -> float:
        ours = [row for row in learned_rows if str(row["schedule"]).startswith("ours, taught")]
        return max(float(str(row[figure])) for row in ours if row["spread"] == spread)

    refused = [int(str(row["answers_429"])) for row in budget_rows if row["schedule"] == "ours"]
    return {
        **{f"ratio_{spread:g}": most(spread, "ratio_to_sdk_2s") for spread in SPREADS},
        "mean_delay_s": max(most(spread, "mean_delay_s") for spread in SPREADS),
        "answers_429": sum(refused),
    }


def _show(title: str, rows: list[dict[str, object]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    print(f"\n{title}", file=sys.stderr)
    print("  ".join(f"{name:>18.18}" for name in names), file=sys.stderr)
    for row in rows:
        cells = (row.get(name, "") for name in names)
        print("  ".join(f"{cell!s:>18.27}" for cell in cells), file=sys.stderr)


if __name__ == "__main__":
    main()
