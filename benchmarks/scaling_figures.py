"""The figures that `scaling.py` counts with, each with its source, and how much people order.

Measured figures are of one run of `make bench` on two idle cores (30 November 2026); a run of
one's own can take their place, see `measured_here`. What Discord and the provider document is as
in their documents. The rest are assumptions, and say so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks import limits

Kind = Literal["measured", "documented", "assumed"]
RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number.

    Attributes:
        value: In its unit.
        kind: Where it comes from, in a word.
        source: The program that measured it, the document, or why it is assumed.
        file, place: Where a run of one's own has it: NAME of results/NAME.json, and the place in
            it, as in `limits.toml`.
    """

    value: float
    unit: str
    kind: Kind
    source: str
    file: str | None = None
    place: limits.Place = ()


def _measured(
    value: float, unit: str, source: str, file: str | None = None, place: limits.Place = ()
) -> Figure:
    return Figure(value=value, unit=unit, kind="measured", source=source, file=file, place=place)


def _documented(value: float, unit: str, source: str) -> Figure:
    return Figure(value=value, unit=unit, kind="documented", source=source)


def _assumed(value: float, unit: str, why: str) -> Figure:
    return Figure(value=value, unit=unit, kind="assumed", source=why)


_GATEWAY = "docs.discord.com/developers/events/gateway"
_LIMITS = "docs.discord.com/developers/topics/rate-limits"
_JOBS: limits.Step = {"jobs": 1000}
_TWO_MINUTES: limits.Step = {"job": "2 min"}
_WITH_PICTURE: limits.Step = {"command": "picture", "engine": True}
_FULL_PAGE: limits.Step = {"what": "one transaction, 500 requests in the last minute"}
_AMONG_100: limits.Step = {"what": "100 jobs of 2 processes ask about once a second"}

FIGURES: Mapping[str, Figure] = {
    # -- one video
    "requests_a_video": _measured(
        19.52, "requests", "bench_notice, no budget", "notice", ("budget", 0, "requests_per_job")
    ),
    "requests_video_s": _documented(
        95.7, "s", "mean of the two medians that bench_notice follows (62.36 and 129.07)"
    ),
    "least_requests_a_video": _documented(
        3, "requests", "segmind-api.md: one submit, one poll that says COMPLETED, one result"
    ),
    "accept_cpu_ms": _measured(
        27.73, "ms", "bench_accept, with a picture", "accept", ("rows", _WITH_PICTURE, "cpu_ms")
    ),
    "job_cpu_ms": _measured(
        84.2, "ms", "bench_scale, 1,000 jobs", "scale", ("rows", _JOBS, "cpu_ms_per_job")
    ),
    "discord_calls_a_video": _measured(
        8, "calls", "bench_economy, 2 min", "economy", ("jobs", _TWO_MINUTES, "calls", "ours")
    ),
    "discord_global_calls_a_video": _measured(
        1,
        "calls",
        "bench_economy: the post; what goes by an interaction's token is not counted",
        "economy",
        ("jobs", _TWO_MINUTES, "kinds", "ours", "post"),
    ),
    "writes_a_video": _measured(17.8, "transactions that write", "scaling_measure, PostgreSQL"),
    "transactions_a_video": _measured(85.3, "transactions", "scaling_measure, PostgreSQL"),
    "statements_a_video": _measured(200.9, "statements", "scaling_measure, PostgreSQL"),
    "writes_standing": _measured(0.19, "a second and process", "scaling_measure, PostgreSQL"),
    "transactions_standing": _measured(38.4, "a second and process", "scaling_measure, PostgreSQL"),
    "row_bytes_a_video": _measured(
        2118, "bytes", "bench_scale, 1,000 jobs", "scale", ("rows", _JOBS, "bytes_per_job", "bot")
    ),
    # -- the budget of requests, one row in PostgreSQL
    "budget_transaction_ms": _measured(
        3.79, "ms", "bench_budget, 500 a minute", "budget", ("postgresql", _FULL_PAGE, "ms")
    ),
    "requests_a_budget_transaction": _measured(
        4.8,
        "requests",
        "bench_budget, two processes",
        "budget",
        ("postgresql", _AMONG_100, "polls a transaction"),
    ),
    # -- memory
    "process_memory_mb": _measured(
        141, "MB", "bench_scale, a bot without jobs", "scale", ("idle", "peak_rss_mb")
    ),
    "job_memory_kb": _measured(65, "kB", "benchmarks/README.md: 60-70 kB in flight"),
    "server_memory_kb": _measured(
        33.2, "kB", "scaling_measure: 40 channels, 25 roles in discord.py 2.7.1"
    ),
    # -- Discord
    "servers_a_shard": _assumed(
        1000, "servers", "about what GET /gateway/bot advises; it says how many for yours"
    ),
    "most_servers_a_shard": _documented(2500, "servers", f"{_GATEWAY}#sharding; discord-facts.md"),
    "identify_every_s": _documented(
        5, "s", f"{_GATEWAY}#session-start-limit-object: max_concurrency in each 5 s"
    ),
    "identifies_a_day": _documented(1000, "identifies", f"{_GATEWAY}#rate-limiting"),
    "large_bot_servers": _documented(
        150_000, "servers", f"{_GATEWAY}#sharding-for-large-bots: from here on other limits"
    ),
    "large_bot_concurrency": _assumed(
        16, "identifies", "at once, and shards in sixteens; GET /gateway/bot says it for yours"
    ),
    "discord_calls_a_second": _documented(50, "calls", f"{_LIMITS}; discord-facts.md"),
    # -- the provider
    "provider_requests_a_minute": _documented(
        1000, "requests", "segmind-api.md: the largest published plan"
    ),
    # -- assumptions
    "other_interactions_a_video": _assumed(
        4, "interactions", "autocomplete, /quota, /jobs, buttons"
    ),
    "other_interaction_cpu_ms": _assumed(8, "ms", "half of an accepted command without a picture"),
    "video_mb": _assumed(5, "MB", "5 s at 720p, 8 Mbit/s; it comes once and goes once"),
    "picture_mb": _assumed(1, "MB", "fetched to be checked; the provider gets the link"),
    "core_share": _assumed(0.5, "of a core", "one loop a process; above, commands begin to wait"),
    "servers_memory_mb": _assumed(1500, "MB", "of a process of 2 GB, for servers and jobs"),
    "database_writes_a_second": _assumed(
        2000, "transactions", "one PostgreSQL server on a good SSD; pgbench says what yours does"
    ),
    "database_transactions_a_second": _assumed(
        10_000, "transactions", "the same server, nearly all of them small reads"
    ),
    "process_usd": _assumed(15, "USD a month", "one core and 2 GB, rented"),
    "database_usd": _assumed(60, "USD a month", "four cores, 16 GB, SSD, backups"),
}

VALUES: Mapping[str, float] = {name: figure.value for name, figure in FIGURES.items()}


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model of the provider, and its part of what is ordered.

    Attributes:
        share: Of all videos; assumed: most take the quick and cheap one.
        median_s: The vendor's figure, `bot/catalogue/models.py`.
        usd: The vendor's average price, segmind-api.md.
    """

    slug: str
    share: float
    median_s: float
    usd: float


MODELS = (
    Model(slug="wan-2.2-i2v-flash", share=0.60, median_s=62.36, usd=0.172),
    Model(slug="wan-2.2-t2v-fast", share=0.20, median_s=93.0, usd=0.0986),
    Model(slug="wan-2.6-i2v", share=0.10, median_s=129.07, usd=1.184),
    Model(slug="wan-2.5-i2v", share=0.05, median_s=177.0, usd=0.859),
    Model(slug="wan2.1-i2v-720p", share=0.05, median_s=149.0, usd=1.448),
)

# As in bench_notice: log-normal, and three in a hundred that take two to three times as long.
SPREAD = 0.20
STRAGGLERS, SLOWER = 0.03, (2.0, 3.0)

# Videos a server and day. Most servers of any bot are quiet; a lively one makes dozens.
USES: Mapping[str, float] = {"low": 0.1, "middle": 0.5, "high": 2.0}

# What part of a day's orders each hour has, from midnight: assumed, a community of one continent.
_HOURS = (2, 1, 1, 1, 1, 1, 2, 3, 3, 4, 4, 5, 5, 5, 5, 5, 6, 6, 7, 8, 8, 7, 6, 4)
HOURS = tuple(part / sum(_HOURS) for part in _HOURS)
# Who likes a video makes another: so many at once in the mean, geometrically distributed.
BATCH = 2.0

# How long a finished video lies unnoticed where requests are short: (requests a video, mean
# delay in s), bench_notice under budgets, jobs of 95.7 s in the mean.
NOTICED = (
    (3.03, 131.63),
    (3.95, 28.1),
    (4.17, 12.0),
    (7.43, 3.45),
    (11.24, 2.22),
    (15.1, 1.59),
    (19.52, 0.97),
)


class NotMeasuredError(LookupError):
    """A run of one's own lacks a figure; the text says which."""


def measured_here(folder: Path = RESULTS) -> dict[str, float]:
    """Return the values with those of a run of `make bench` in the place of the kept ones.

    Raises:
        NotMeasuredError: A benchmark has not run here, or its JSON lacks the figure.
    """
    found = dict(VALUES)
    for name, figure in FIGURES.items():
        if figure.file is None:
            continue
        try:
            text = (folder / f"{figure.file}.json").read_text()
            found[name] = float(limits.at(json.loads(text), figure.place))
        except (OSError, LookupError) as error:
            raise NotMeasuredError(f"{name}: make bench ONLY={figure.file} ({error})") from error
    return found
