"""Vital signs to show, and Prometheus's text read back, for tests of the watching room."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from bot.job import JobState
from bot.vital_signs import Budget, JobsInState, Part, VitalSigns
from bot.watching import Pages, Tally

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
PART_NAMES = ("gateway", "database", "engine", "provider")


def parts(**words: str) -> Sequence[Part]:
    """Return the parts; those that are named do not work."""
    return [
        Part(name=name, well=name not in words, words=words.get(name, "works"))
        for name in PART_NAMES
    ]


def signs(**changes: Any) -> VitalSigns:
    """Return the signs of a bot that has something of everything."""
    values: dict[str, Any] = {
        "now": NOW,
        "parts": parts(),
        "jobs": [
            JobsInState(
                model="wan-2.2-t2v-fast",
                state=JobState.QUEUED,
                jobs=3,
                oldest_at=NOW - timedelta(seconds=70),
            )
        ],
        "stuck": [],
        "jobs_here": 2,
        "budget": Budget(per_minute=60, submits=1, polls=4, paused=True),
        "database_s": 0.004,
        "engine_s": 0.005,
        "balance_usd": 12.5,
        "month_usd": None,
        "outage_since": None,
        "key_refused": False,
        "servers": 7,
        "shards": 2,
        "shards_open": 1,
        "gateway_s": 0.04,
        "discord_answers": {200: 10, 204: 5, 429: 2},
    }
    return VitalSigns(**values | changes)


def pages_of(taken: VitalSigns, tally: Tally | None = None) -> Pages:
    """Return the pages of a bot with these signs."""
    return Pages(
        lambda: taken,
        lag_buckets=lambda: [("0.1", 5.0), ("+Inf", 6.0)],
        registry=(tally or new_tally()).registry,
        version="0.1.0",
    )


def new_tally() -> Tally:
    """Return a tally at zero."""
    return Tally(usd_per_credit=Decimal("0.01"))


def samples(text: str) -> dict[str, float]:
    """Return each series as Prometheus reads it: `name{label=value,...}` to its value."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def names(found: dict[str, float]) -> set[str]:
    """Return the names of series, without their labels."""
    return {series.partition("{")[0] for series in found}
