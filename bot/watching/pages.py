"""What the three pages say: pure but for the counts that they are given."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot.vital_signs import JobsInState, Part, VitalSigns
from bot.watching.labels import model_label, status_label

K = TypeVar("K", bound=tuple[str, ...])
LagBuckets = Callable[[], Sequence[tuple[str, float]]]


class Pages:
    """Live, ready, metrics."""

    def __init__(
        self,
        signs: Callable[[], VitalSigns],
        *,
        lag_buckets: LagBuckets,
        registry: CollectorRegistry,
        version: str,
    ) -> None:
        """Make them.

        Args:
            signs: Takes the bot's vital signs; quick, and never raises.
            lag_buckets: The event loop's lag, as `LagTotals.buckets` returns it.
            registry: What is counted as it happens; what is looked at comes to it here.
            version: The bot's.
        """
        self._signs = signs
        self._registry = registry
        registry.register(_Looks(signs, lag_buckets, version))

    def ready(self) -> tuple[bool, bytes]:
        """Return whether every part works, and each part's words as JSON."""
        parts = self._signs().parts
        well = all(part.well for part in parts)
        body = {"ready": well, "parts": {part.name: _part(part) for part in parts}}
        return well, json.dumps(body, indent=2).encode()

    def metrics(self) -> bytes:
        """Return every metric in Prometheus's text form."""
        return generate_latest(self._registry)


def _part(part: Part) -> dict[str, object]:
    return {"well": part.well, "words": part.words}


class _Looks(Collector):
    """Metrics of what is as it is, taken when Prometheus asks."""

    def __init__(
        self, signs: Callable[[], VitalSigns], lag_buckets: LagBuckets, version: str
    ) -> None:
        self._signs = signs
        self._lag_buckets = lag_buckets
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """Give the metrics. The library's hook."""
        signs = self._signs()
        yield _gauge("info", "Which bot this is.", ("version",), {(self._version,): 1})
        yield from _of_parts(signs)
        if signs.jobs is not None:
            yield from _of_jobs(signs, signs.jobs)
        yield from _of_provider(signs)
        yield from _of_discord(signs)
        yield HistogramMetricFamily(
            "wanbot_event_loop_lag_seconds",
            "How late the event loop is.",
            buckets=self._lag_buckets(),
            sum_value=None,
        )

    def describe(self) -> Iterator[Metric]:
        """Name nothing beforehand: that would look at a bot which has not started. The hook."""
        return iter(())


def _of_parts(signs: VitalSigns) -> Iterator[Metric]:
    up = {(part.name,): float(part.well) for part in signs.parts}
    yield _gauge("part_up", "Whether a part of the bot works.", ("part",), up)
    if signs.database_s is not None:
        yield _gauge("database_seconds", "How long the database took.", (), {(): signs.database_s})
    if signs.engine_s is not None:
        yield _gauge("engine_lag_seconds", "How long the engine took.", (), {(): signs.engine_s})
    yield _gauge("engine_jobs", "Jobs that this process runs.", (), {(): signs.jobs_here})


def _of_jobs(signs: VitalSigns, jobs: Sequence[JobsInState]) -> Iterator[Metric]:
    counts: Counter[tuple[str, ...]] = Counter()
    ages: dict[tuple[str, ...], float] = {}
    for one in jobs:
        counts[model_label(one.model), one.state.value] += one.jobs
        if one.oldest_at is not None:
            age_s = max((signs.now - one.oldest_at).total_seconds(), 0.0)
            ages[(one.state.value,)] = max(ages.get((one.state.value,), 0.0), age_s)
    yield _gauge("jobs", "Jobs that have not ended.", ("model", "state"), counts)
    yield _gauge("jobs_oldest_seconds", "How long the first is in a state.", ("state",), ages)


def _of_provider(signs: VitalSigns) -> Iterator[Metric]:
    budget = signs.budget
    waiting = {("submit",): budget.submits, ("poll",): budget.polls}
    yield _gauge("budget_requests_per_minute", "The account's limit.", (), {(): budget.per_minute})
    yield _gauge("budget_waiting", "Requests that wait for their turn.", ("kind",), waiting)
    yield _gauge("budget_paused", "Whether a 429 holds all back.", (), {(): budget.paused})
    if signs.balance_usd is not None:
        yield _gauge("balance_usd", "What is left at the provider.", (), {(): signs.balance_usd})


def _of_discord(signs: VitalSigns) -> Iterator[Metric]:
    yield _gauge("servers", "Discord servers of this process.", (), {(): signs.servers})
    shards = {("open",): signs.shards_open, ("closed",): signs.shards - signs.shards_open}
    yield _gauge("shards", "Gateway connections.", ("state",), shards)
    if signs.gateway_s is not None:
        yield _gauge("gateway_seconds", "The slowest heartbeat.", (), {(): signs.gateway_s})
    answers: Counter[str] = Counter()
    for status, count in signs.discord_answers.items():
        answers[status_label(status)] += count
    family = CounterMetricFamily(
        "wanbot_discord_answers", "Answers of Discord's API.", labels=("status",)
    )
    for label, count in sorted(answers.items()):
        family.add_metric((label,), count)
    yield family


def _gauge(name: str, words: str, labels: tuple[str, ...], values: Mapping[K, float]) -> Metric:
    family = GaugeMetricFamily(f"wanbot_{name}", words, labels=labels)
    for label, value in values.items():
        family.add_metric(label, float(value))
    return family
