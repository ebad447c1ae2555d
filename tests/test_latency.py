"""What is learned of how long the provider takes."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.latency import Latency, Sample, learn

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TYPICAL_S = 62.36  # wan-2.2-i2v-flash


def taken(
    *latencies_s: float, queue_s: float | None = None, ago: timedelta | None = None
) -> list[Sample]:
    """Return samples of videos that took so long."""
    at = NOW - (ago or timedelta())
    return [Sample(latency_s=s, queue_s=queue_s, at=at) for s in latencies_s]


def drawn(median_s: float, spread: float, count: int, *, stragglers: float = 0.0) -> list[Sample]:
    """Return seeded log-normal samples, some of them two to three times as long."""
    rng = random.Random(f"{median_s}/{spread}/{stragglers}")
    made = []
    for _ in range(count):
        latency_s = median_s * math.exp(rng.gauss(0, spread))
        made.append(latency_s * rng.uniform(2, 3) if rng.random() < stragglers else latency_s)
    return taken(*made)


samples = st.lists(
    st.builds(
        Sample,
        latency_s=st.floats(0.0, 1e6) | st.sampled_from([1e50, 1e308]),
        queue_s=st.none() | st.floats(0.0, 1e6),
        failed=st.booleans(),
        at=st.timedeltas(timedelta(days=-3000), timedelta(days=3000)).map(lambda off: NOW + off),
    ),
    max_size=40,
)


@given(typical_s=st.floats(0.01, 1e5), samples=samples)
def test_whatever_was_measured_it_can_be_reckoned_with(
    typical_s: float, samples: list[Sample]
) -> None:
    """Medians near the page's figure, spreads that neither blind nor burn, shares under one."""
    latency = learn(typical_s, samples, now=NOW)

    assert typical_s / 5.001 <= latency.total.median_s <= typical_s * 5.001
    for fit in (latency.total, latency.work):
        assert fit.median_s > 0
        assert 0.03 <= fit.spread <= 0.6
        assert 0 <= fit.stragglers <= 0.5
    assert 0 <= latency.failing < 1
    assert latency.fails_at_s >= 0


def test_without_samples_the_page_is_believed() -> None:
    """The page's figure is the median until something was measured."""
    latency = learn(TYPICAL_S, [], now=NOW)

    assert latency.usual_s == pytest.approx(TYPICAL_S)
    assert latency.total.spread == pytest.approx(0.25)
    assert latency.work == latency.total
    assert latency.failing == 0


@given(actual_s=st.floats(TYPICAL_S / 4, TYPICAL_S * 4), count=st.integers(6, 40))
def test_samples_outweigh_the_page(actual_s: float, count: int) -> None:
    """Half a dozen equal measurements are believed instead of the page."""
    latency = learn(TYPICAL_S, taken(*[actual_s] * count), now=NOW)

    assert latency.usual_s == pytest.approx(actual_s, rel=0.05)


@pytest.mark.parametrize("spread", [0.1, 0.2, 0.35])
def test_the_spread_is_found_among_stragglers(spread: float) -> None:
    """Three in a hundred that take two to three times as long do not widen what is usual."""
    latency = learn(TYPICAL_S, drawn(129.0, spread, 100, stragglers=0.03), now=NOW)

    assert latency.usual_s == pytest.approx(129.0, rel=0.06)
    assert latency.total.spread == pytest.approx(spread, rel=0.2)


def test_stragglers_are_counted() -> None:
    """Where one in five takes long, that is known."""
    few = learn(TYPICAL_S, drawn(62.0, 0.1, 100), now=NOW)
    many = learn(TYPICAL_S, drawn(62.0, 0.1, 100, stragglers=0.2), now=NOW)

    assert few.total.stragglers < 0.03
    assert many.total.stragglers == pytest.approx(0.18, abs=0.06)


def test_what_is_new_counts_more() -> None:
    """A provider that has become half as fast is seen so after two dozen jobs."""
    slow, fast = [120.0] * 24, [60.0] * 76

    latency = learn(TYPICAL_S, taken(*slow, *fast), now=NOW)
    reverse = learn(TYPICAL_S, taken(*reversed([*slow, *fast])), now=NOW)

    assert latency.usual_s > reverse.usual_s


def test_the_hour_counts() -> None:
    """What was measured at this time of the day, yesterday, counts more than what was not."""
    same_hour = taken(*[90.0] * 10, ago=timedelta(hours=24))
    other_hour = taken(*[60.0] * 10, ago=timedelta(hours=36))
    mixed = [one for pair in zip(same_hour, other_hour, strict=True) for one in pair]

    noon = learn(TYPICAL_S, mixed, now=NOW)
    midnight = learn(TYPICAL_S, mixed, now=NOW + timedelta(hours=12))

    assert noon.usual_s > midnight.usual_s


def test_the_queue_is_told_from_the_work() -> None:
    """Jobs that wait a minute and are worked on for half a minute."""
    latency = learn(TYPICAL_S, taken(*[90.0] * 30, queue_s=60.0), now=NOW)

    assert latency.usual_s == pytest.approx(90.0, rel=0.05)
    assert latency.work.median_s == pytest.approx(30.0, rel=0.1)


def test_failures_are_learned_apart() -> None:
    """They say nothing about how long a video takes, but when to look for the next failure."""
    failed = [Sample(latency_s=8.0, failed=True, at=NOW) for _ in range(5)]

    latency: Latency = learn(TYPICAL_S, [*failed, *taken(*[60.0] * 45)], now=NOW)

    assert latency.usual_s == pytest.approx(60.0, rel=0.05)
    assert 0.04 < latency.failing < 0.1
    assert latency.fails_at_s == pytest.approx(8.0)
