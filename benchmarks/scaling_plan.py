"""What so many servers need in their busiest minute, and where each limit is reached. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.scaling_figures import (
    BATCH,
    HOURS,
    MODELS,
    SLOWER,
    SPREAD,
    STRAGGLERS,
    VALUES,
)
from benchmarks.scaling_queue import (
    Order,
    Waits,
    places_needed,
    sent_at_s,
    unnoticed_s,
    waits,
)

# A minute so busy is one in a thousand of the busiest hour's (normal approximation).
_DEVIATIONS = 3.0
# The variance of a Poisson process of geometric batches, divided by its mean.
_BURSTS = 2 * BATCH - 1
# Places are planned so that of 100 jobs of the busiest hour 95 wait no longer.
WAIT_S, WAIT_SHARE = 30.0, 0.95
_DAYS = 30
_LARGE = 16

MEAN_USD = math.fsum(model.share * model.usd for model in MODELS)
_MEDIAN_S = math.fsum(model.share * model.median_s for model in MODELS)
# The mean of a log-normal time, and of those that take longer.
MEAN_S = _MEDIAN_S * math.exp(SPREAD**2 / 2) * (1 + STRAGGLERS * (sum(SLOWER) / 2 - 1))

Values = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Need:
    """What is needed; rates are of the busiest minute, unless they say something else.

    Attributes:
        in_flight: Jobs at the provider in the mean of the busiest hour.
        places: `SEGMIND_CONCURRENCY` at which 95 of 100 jobs wait 30 s at most.
        requests_a_minute: For a mean delay of 1 s; `least_requests_a_minute`: three a video.
        discord_calls_a_second: Those that count against the limit of all.
        database_statements_a_second: Of the videos alone.
        budget_share: How busy the one row is in which all processes take their turns.
        shards, least_shards: About what Discord advises, and what it demands.
        identifying_s: Until the last shard is there, at the pace that Discord allows.
        whole_starts_a_day: How often all shards may identify anew.
        mbit_a_second: Of videos, in and as much out.
    """

    videos_a_day: float
    videos_a_minute: float
    in_flight: float
    places: int
    requests_a_minute: float
    least_requests_a_minute: float
    interactions_a_second: float
    discord_calls_a_second: float
    database_writes_a_second: float
    database_transactions_a_second: float
    database_statements_a_second: float
    budget_share: float
    cores: float
    memory_mb: float
    processes: int
    shards: int
    least_shards: int
    identifying_s: float
    whole_starts_a_day: float
    mbit_a_second: float
    rows_gb_a_month: float
    videos_usd_a_month: float
    hosting_usd_a_month: float


def busiest_hour(videos_a_day: float) -> float:
    """Return the videos a minute of the day's busiest hour."""
    return videos_a_day * max(HOURS) / 60


def busiest_minute(videos_a_day: float) -> float:
    """Return the videos of a minute that one in a thousand of that hour's exceeds."""
    mean = busiest_hour(videos_a_day)
    return mean + _DEVIATIONS * math.sqrt(mean * _BURSTS)


def need(servers: int, videos_a_server: float, values: Values = VALUES) -> Need:
    """Return what so many servers need that order so many videos a day each."""
    a_day = servers * videos_a_server
    minute = busiest_minute(a_day)
    a_second, hour_a_second = minute / 60, busiest_hour(a_day) / 60
    in_flight = hour_a_second * MEAN_S
    cores, memory_mb = _cores(a_second, values), _memory_mb(servers, in_flight, values)
    processes = max(
        1,
        math.ceil(cores / values["core_share"]),
        math.ceil(memory_mb / values["servers_memory_mb"]),
    )
    shards = _shards(servers, values["servers_a_shard"], values)
    requests = minute * requests_a_video(values)
    return Need(
        videos_a_day=a_day,
        videos_a_minute=minute,
        in_flight=in_flight,
        places=places_needed(hour_a_second, MEAN_S, within_s=WAIT_S, for_share=WAIT_SHARE),
        requests_a_minute=requests,
        least_requests_a_minute=minute * values["least_requests_a_video"],
        interactions_a_second=a_second * (1 + values["other_interactions_a_video"]),
        discord_calls_a_second=a_second * values["discord_global_calls_a_video"],
        database_writes_a_second=a_second * values["writes_a_video"]
        + processes * values["writes_standing"],
        database_transactions_a_second=a_second * values["transactions_a_video"]
        + processes * values["transactions_standing"],
        database_statements_a_second=a_second * values["statements_a_video"],
        budget_share=_budget_share(requests, values),
        cores=cores,
        memory_mb=memory_mb + processes * values["process_memory_mb"],
        processes=processes,
        shards=shards,
        least_shards=_shards(servers, values["most_servers_a_shard"], values),
        identifying_s=_identifying_s(servers, shards, values),
        whole_starts_a_day=_identifies_a_day(servers, values) / shards,
        mbit_a_second=a_second * values["video_mb"] * 8,
        rows_gb_a_month=a_day * _DAYS * values["row_bytes_a_video"] / 1e9,
        videos_usd_a_month=a_day * _DAYS * MEAN_USD,
        hosting_usd_a_month=processes * values["process_usd"]
        + (values["database_usd"] if processes > 1 else 0),
    )


def requests_a_video(values: Values = VALUES) -> float:
    """Return what a video of the mix takes: submit, result, and polls in proportion to its time."""
    polls = values["requests_a_video"] - 2
    return 2 + polls * _MEDIAN_S / values["requests_video_s"]


def _cores(a_second: float, values: Values) -> float:
    others_ms = values["other_interactions_a_video"] * values["other_interaction_cpu_ms"]
    return a_second * (values["accept_cpu_ms"] + values["job_cpu_ms"] + others_ms) / 1000


def _memory_mb(servers: int, in_flight: float, values: Values) -> float:
    return (servers * values["server_memory_kb"] + in_flight * values["job_memory_kb"]) / 1000


def _budget_share(requests_a_minute: float, values: Values) -> float:
    """Return how busy the one row is in which all processes take their turns."""
    transactions = requests_a_minute / 60 / values["requests_a_budget_transaction"]
    return transactions * values["budget_transaction_ms"] / 1000


def _shards(servers: int, each: float, values: Values) -> int:
    shards = math.ceil(servers / each)
    if servers >= values["large_bot_servers"]:
        return -(-shards // _LARGE) * _LARGE
    return shards


def _identifying_s(servers: int, shards: int, values: Values) -> float:
    large = servers >= values["large_bot_servers"]
    at_once = values["large_bot_concurrency"] if large else 1
    return (math.ceil(shards / at_once) - 1) * values["identify_every_s"]


def _identifies_a_day(servers: int, values: Values) -> float:
    """Return Discord's limit: five for every 1,000 servers of a large bot, and 2,000 at least.

    https://docs.discord.com/developers/events/gateway#sharding-for-large-bots
    """
    if servers < values["large_bot_servers"]:
        return values["identifies_a_day"]
    return max(2 * values["identifies_a_day"], servers / 1000 * 5)


# -- where each limit is reached -----------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """A limit, and what part of it is used."""

    says: str
    used: Callable[[Need, Values], float]


CEILINGS = (
    Ceiling(says="the defaults: 10 places", used=lambda need, _: need.places / 10),
    Ceiling(
        says="the defaults: 60 requests a minute, seen after 1 s",
        used=lambda need, _: need.requests_a_minute / 60,
    ),
    Ceiling(
        says="the largest published plan, seen after 1 s",
        used=lambda need, values: need.requests_a_minute / values["provider_requests_a_minute"],
    ),
    Ceiling(
        says="the largest published plan, three requests a video",
        used=lambda need, values: (
            need.least_requests_a_minute / values["provider_requests_a_minute"]
        ),
    ),
    Ceiling(says="one process (half a core, 1.5 GB)", used=lambda need, _: float(need.processes)),
    Ceiling(says="one shard", used=lambda need, _: float(need.least_shards)),
    Ceiling(
        says="Discord: 50 calls a second",
        used=lambda need, values: need.discord_calls_a_second / values["discord_calls_a_second"],
    ),
    Ceiling(
        says="PostgreSQL: 2,000 writing transactions a second",
        used=lambda need, values: (
            need.database_writes_a_second / values["database_writes_a_second"]
        ),
    ),
    Ceiling(
        says="PostgreSQL: 10,000 transactions a second",
        used=lambda need, values: (
            need.database_transactions_a_second / values["database_transactions_a_second"]
        ),
    ),
    Ceiling(says="the one row of the request budget", used=lambda need, _: need.budget_share),
    Ceiling(says="256 processes", used=lambda need, _: need.processes / 256),
)


def full_at(ceiling: Ceiling, videos_a_server: float, values: Values = VALUES) -> int:
    """Return the most servers that a limit allows, to about one in a thousand."""

    def allows(servers: int) -> bool:
        return ceiling.used(need(servers, videos_a_server, values), values) <= 1

    many = 2
    while allows(many):
        many *= 2
    few = many // 2
    while many - few > max(1, few // 1000):
        middle = (few + many) // 2
        if allows(middle):
            few = middle
        else:
            many = middle
    return few


# -- a day, simulated ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How a host has set the bot up for so many servers.

    Attributes:
        places: `SEGMIND_CONCURRENCY`.
        requests_a_minute: `SEGMIND_REQUESTS_PER_MINUTE`, the plan's.
    """

    says: str
    servers: int
    places: int
    requests_a_minute: int


SETUPS = (
    Setup(says="defaults", servers=1_000, places=10, requests_a_minute=60),
    Setup(says="largest published plan", servers=100_000, places=200, requests_a_minute=1_000),
    Setup(says="largest published plan", servers=1_000_000, places=2_000, requests_a_minute=1_000),
    Setup(says="20,000 requests agreed", servers=1_000_000, places=2_000, requests_a_minute=20_000),
)


def simulate(setup: Setup, arriving: Sequence[Order], values: Values = VALUES) -> Waits:
    """Let a day pass with these orders, and return how long they waited."""
    gap_s = values["least_requests_a_video"] * 60 / setup.requests_a_minute
    late_s = late_when_full_s(setup, values)
    sent = sent_at_s(arriving, places=setup.places, gap_s=gap_s, unnoticed_s=late_s)
    return waits(arriving, sent)


def used(setup: Setup, needed: Need, values: Values = VALUES) -> dict[str, float]:
    """Return what part of each thing the busiest minute takes; more than 1 cannot be."""
    return {
        "places": needed.in_flight / setup.places,
        "requests": needed.least_requests_a_minute / setup.requests_a_minute,
        "Discord": needed.discord_calls_a_second / values["discord_calls_a_second"],
        "PostgreSQL": max(
            needed.database_writes_a_second / values["database_writes_a_second"],
            needed.database_transactions_a_second / values["database_transactions_a_second"],
        ),
        "budget row": _budget_share(min(needed.requests_a_minute, setup.requests_a_minute), values),
    }


def late_when_full_s(setup: Setup, values: Values = VALUES) -> float:
    """Return how long a finished video lies while every place is taken, the worst that can be."""
    for_each = setup.requests_a_minute / 60 * MEAN_S / setup.places
    longer = values["requests_video_s"] / _MEDIAN_S  # than our mix, were the measured ones
    return unnoticed_s(2 + (for_each - 2) * longer)
