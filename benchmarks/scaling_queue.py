"""Jobs that wait for the provider: Erlang's formula, and a simulation of a day.

Pure: arrivals and times come from a seeded generator, and nothing else is random. Jobs begin in
the order in which they came, at most `places` are under way, and between two beginnings lies a
gap where the provider's requests do not suffice for more.
"""

import heapq
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, islice, pairwise

from benchmarks import kit
from benchmarks.scaling_figures import (
    BATCH,
    HOURS,
    MODELS,
    NOTICED,
    SLOWER,
    SPREAD,
    STRAGGLERS,
)

HOUR_S = 3600.0


@dataclass(frozen=True)
class Order:
    """A video that is ordered.

    Attributes:
        at_s: When, since midnight.
        takes_s: How long the provider will take.
    """

    at_s: float
    takes_s: float


@dataclass(frozen=True, kw_only=True)
class Waits:
    """How long jobs waited for their place.

    Attributes:
        jobs: How many there were.
        mean_s, p95_s: Until the job was sent.
        last_sent_s: When the last one was sent, since midnight.
    """

    jobs: int
    mean_s: float
    p95_s: float
    last_sent_s: float


def erlang_c(places: int, load: float) -> float:
    """Return the likelihood that a job has to wait (M/M/c).

    Args:
        places: Jobs at once.
        load: Jobs that would be under way if none had to wait: arrivals times duration.
    """
    if load >= places:
        return 1.0
    blocked = next(islice(_blocked(load), places - 1, None))
    return _waits(places, load, blocked)


def _blocked(load: float) -> Iterator[float]:
    """Give Erlang's B for 1, 2, 3, … places, each from the one before."""
    blocked = 1.0
    for places in count(1):
        blocked = load * blocked / (places + load * blocked)
        yield blocked


def _waits(places: int, load: float, blocked: float) -> float:
    return places * blocked / (places - load * (1 - blocked))


def mean_wait_s(places: int, a_second: float, takes_s: float) -> float:
    """Return the mean wait of all jobs in M/M/c; infinite where more come than can be done."""
    load = a_second * takes_s
    if load >= places:
        return math.inf
    return erlang_c(places, load) * takes_s / (places - load)


def places_needed(a_second: float, takes_s: float, *, within_s: float, for_share: float) -> int:
    """Return the fewest places at which so large a part of the jobs waits no longer (M/M/c)."""
    load = a_second * takes_s
    for places, blocked in enumerate(_blocked(load), start=1):
        if places > load:
            late = _waits(places, load, blocked) * math.exp((load - places) * within_s / takes_s)
            if late <= 1 - for_share:
                return places
    raise AssertionError("the numbers of places do not end")


def unnoticed_s(requests_a_video: float) -> float:
    """Return how long a finished video lies unnoticed in the mean, by what a video may ask.

    Between the measured points as powers: both axes span decades.
    """
    asked = min(max(requests_a_video, NOTICED[0][0]), NOTICED[-1][0])
    for (few, late_s), (many, soon_s) in pairwise(NOTICED):
        if asked <= many:
            part = math.log(asked / few) / math.log(many / few)
            return late_s * math.pow(soon_s / late_s, part)
    return NOTICED[-1][1]


def orders(a_day: float, seed: int) -> Iterator[Order]:
    """Make up a day's orders: a Poisson process of batches, whose rate follows the hours."""
    rng = random.Random(seed)
    medians_s = [model.median_s for model in MODELS]
    shares = list(accumulate(model.share for model in MODELS))
    for hour, part in enumerate(HOURS):
        batches_a_second = a_day * part / BATCH / HOUR_S
        at_s = hour * HOUR_S + rng.expovariate(batches_a_second)
        while at_s < (hour + 1) * HOUR_S:
            for _ in range(_batch(rng)):
                (median_s,) = rng.choices(medians_s, cum_weights=shares)
                yield Order(at_s, _takes_s(rng, median_s))
            at_s += rng.expovariate(batches_a_second)


def _batch(rng: random.Random) -> int:
    return 1 + int(math.log(1 - rng.random()) / math.log(1 - 1 / BATCH))


def _takes_s(rng: random.Random, median_s: float) -> float:
    slower = rng.uniform(*SLOWER) if rng.random() < STRAGGLERS else 1.0
    return median_s * slower * math.exp(rng.gauss(0, SPREAD))


def sent_at_s(
    arriving: Sequence[Order], *, places: int, gap_s: float = 0.0, unnoticed_s: float = 0.0
) -> list[float]:
    """Return when each job is sent.

    Args:
        arriving: By time.
        places: Jobs under way at once.
        gap_s: At least so long between two that are sent.
        unnoticed_s: A place is taken for so long after the video is finished.
    """
    free_s = [0.0] * places  # a heap: when each place is free
    sent, next_s = [], 0.0
    for order in arriving:
        at_s = max(order.at_s, free_s[0], next_s)
        heapq.heapreplace(free_s, at_s + order.takes_s + unnoticed_s)
        next_s = at_s + gap_s
        sent.append(at_s)
    return sent


def waits(arriving: Sequence[Order], sent: Sequence[float]) -> Waits:
    """Return how long jobs waited."""
    waited_s = [at_s - order.at_s for order, at_s in zip(arriving, sent, strict=True)]
    return Waits(
        jobs=len(waited_s),
        mean_s=math.fsum(waited_s) / len(waited_s),
        p95_s=kit.percentile(waited_s, 95),
        last_sent_s=max(sent),
    )
