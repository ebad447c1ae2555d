import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.schedule import LatencyModel, learn, next_poll_s

TYPICAL_S = 62.36  # wan-2.2-i2v-flash
latencies = st.lists(st.floats(0.0, 1e6), max_size=60)
models = st.builds(learn, st.floats(0.01, 1e5), latencies)


def polls_until(end_s: float, latency: LatencyModel, *, min_gap_s: float = 1.0) -> list[float]:
    """Return when a request that ends at `end_s` is asked about; the last one sees the end."""
    times: list[float] = []
    elapsed_s = 0.0
    while elapsed_s < end_s:
        elapsed_s += next_poll_s(elapsed_s, latency, min_gap_s=min_gap_s)
        times.append(elapsed_s)
    return times


# -- at any time ------------------------------------------------------------------------


@given(
    elapsed_s=st.floats(-1e6, 1e7),
    latency=models,
    min_gap_s=st.floats(0.01, 60.0),
)
def test_a_wait_is_finite_and_never_under_the_gap(
    elapsed_s: float, latency: LatencyModel, min_gap_s: float
) -> None:
    """Whatever was measured, and even when the clock was set back, the next poll comes."""
    wait_s = next_poll_s(elapsed_s, latency, min_gap_s=min_gap_s)

    assert min_gap_s <= wait_s
    assert wait_s <= max(latency.quantile_s(0), min_gap_s)


@given(latency=models, beyond_s=st.floats(0.001, 1e7), min_gap_s=st.floats(0.01, 60.0))
def test_the_tail_waits_at_most_half_a_median(
    latency: LatencyModel, beyond_s: float, min_gap_s: float
) -> None:
    """A straggler is seen at most half a median late."""
    tail_s = latency.quantile_s(2.0)

    wait_s = next_poll_s(tail_s + beyond_s, latency, min_gap_s=min_gap_s)

    assert wait_s <= max(latency.median_s / 2, min_gap_s)


@given(latency=models, first_s=st.floats(0, 1e6), second_s=st.floats(0, 1e6))
def test_the_tail_backs_off(latency: LatencyModel, first_s: float, second_s: float) -> None:
    """The longer a straggler lasts, the rarer it is asked about."""
    tail_s = latency.quantile_s(2.0)
    sooner, later = sorted((first_s, second_s))

    waits = [next_poll_s(tail_s + beyond_s, latency) for beyond_s in (sooner, later)]

    assert waits[0] <= waits[1]


@given(latency=models)
def test_it_is_dense_around_the_median(latency: LatencyModel) -> None:
    """Where most jobs end, one is asked at least ten times as often as half a median."""
    wait_s = next_poll_s(latency.median_s, latency, min_gap_s=0.001)

    assert wait_s <= max(latency.median_s / 10, 0.001)


@given(latency=models)
def test_it_is_denser_at_the_median_than_before_and_behind(latency: LatencyModel) -> None:
    """Rare while completion is unlikely, dense where it is likely, backing off in the tail."""
    at_start, at_median, far_out = (
        next_poll_s(elapsed_s, latency, min_gap_s=0.0001)
        for elapsed_s in (0.0, latency.median_s, latency.quantile_s(2.0) + 2 * latency.median_s)
    )

    assert at_median < at_start
    assert at_median < far_out


def test_one_early_poll_then_silence_until_it_may_end() -> None:
    """At 15 % one question tells waiting from working; the next comes when jobs begin to end."""
    latency = learn(TYPICAL_S, [])

    times = polls_until(TYPICAL_S, latency)

    assert times[0] == pytest.approx(0.15 * TYPICAL_S)
    assert times[1] == pytest.approx(latency.quantile_s(-1.5))
    assert all(time_s > latency.quantile_s(-1.5) for time_s in times[2:])


# -- learning -----------------------------------------------------------------------------


def test_without_samples_the_page_is_believed() -> None:
    """The page's figure is the median until something was measured."""
    latency = learn(TYPICAL_S, [])

    assert latency.median_s == pytest.approx(TYPICAL_S)
    assert latency.spread == pytest.approx(0.25)


@given(actual_s=st.floats(TYPICAL_S / 5, TYPICAL_S * 5), count=st.integers(4, 60))
def test_samples_outweigh_the_page(actual_s: float, count: int) -> None:
    """Four equal measurements and more are believed instead of the page."""
    assert learn(TYPICAL_S, [actual_s] * count).median_s == pytest.approx(actual_s)


@given(actual_s=st.floats(0.01, 100_000.0), count=st.integers(0, 60))
def test_the_median_stays_near_the_page(actual_s: float, count: int) -> None:
    """What is further off than a factor of five was not the provider's doing."""
    median_s = learn(TYPICAL_S, [actual_s] * count).median_s

    assert median_s * 1.000001 >= TYPICAL_S / 5
    assert median_s <= TYPICAL_S * 5 * 1.000001


@given(samples=st.lists(st.floats(TYPICAL_S / 5, TYPICAL_S * 5), min_size=20, max_size=60))
def test_the_median_follows_the_samples(samples: list[float]) -> None:
    """With many samples the median lies among the middle ones."""
    ordered = sorted(samples)

    median_s = learn(TYPICAL_S, samples).median_s

    assert ordered[len(samples) // 2 - 3] * 0.999 <= median_s
    assert median_s <= ordered[(len(samples) + 1) // 2 + 2] * 1.001


def test_steady_latencies_narrow_the_schedule() -> None:
    """When every video takes as long, the bulk is narrow and few polls are needed."""
    steady, unknown = learn(TYPICAL_S, [60.0] * 40), learn(TYPICAL_S, [])

    assert steady.spread < 0.1 < unknown.spread
    assert len(polls_until(60.0, steady)) <= len(polls_until(60.0, unknown))


def test_one_outage_does_not_blind_the_schedule() -> None:
    """A single video that took an hour changes neither median nor density by much."""
    latency = learn(TYPICAL_S, [60.0, 61.0, 62.0, 63.0, 64.0, 3600.0])

    assert latency.median_s == pytest.approx(62.4, abs=1)
    assert next_poll_s(latency.median_s, latency) < 10


@given(samples=st.lists(st.sampled_from([0.0, -1.0, 1e-9, 1e9]), max_size=50))
def test_nonsense_measurements_still_give_a_model(samples: Sequence[float]) -> None:
    """A measured 0 (a clock set back) is no reason to stop."""
    latency = learn(TYPICAL_S, list(samples))

    assert math.isfinite(latency.median_s)
    assert 0.05 <= latency.spread <= 0.6


# -- what it costs and what it brings --------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Mean number of polls of a job and mean seconds between its end and our seeing it."""

    polls: float
    delay_s: float


def simulate(*, median_s: float, spread: float, latency: LatencyModel, jobs: int = 2000) -> Cost:
    """Follow many made-up jobs whose latencies are log-normal."""
    rng = random.Random(20240817)
    polls, delays = [], []
    for _ in range(jobs):
        end_s = median_s * math.exp(rng.gauss(0.0, spread))
        times = polls_until(end_s, latency)
        polls.append(len(times))
        delays.append(times[-1] - end_s)
    return Cost(polls=statistics.fmean(polls), delay_s=statistics.fmean(delays))


@pytest.mark.parametrize(
    ("median_s", "spread", "most_polls", "most_delay_s"),
    [
        (62.36, 0.15, 17, 0.9),  # when written: 15.9 polls, 0.77 s
        (129.07, 0.15, 17, 1.8),  # 15.9 polls, 1.60 s
        (177.19, 0.25, 18, 3.1),  # 16.8 polls, 2.83 s
        (62.36, 0.4, 20, 2.5),  # 18.6 polls, 2.26 s
    ],
)
def test_a_fresh_schedule_needs_few_polls_and_sees_the_end_soon(
    median_s: float, spread: float, most_polls: float, most_delay_s: float
) -> None:
    """With nothing but the page's figure: under 20 polls a job, seen within 2 %."""
    cost = simulate(median_s=median_s, spread=spread, latency=learn(median_s, []))

    assert cost.polls <= most_polls
    assert cost.delay_s <= most_delay_s


def test_learning_pays() -> None:
    """A model twice as slow as its page: what was measured saves polls without losing time."""
    rng = random.Random(7)
    samples = [120 * math.exp(rng.gauss(0.0, 0.1)) for _ in range(50)]

    believing = simulate(median_s=120, spread=0.1, latency=learn(60, []))
    learned = simulate(median_s=120, spread=0.1, latency=learn(60, samples))

    assert learned.delay_s < believing.delay_s / 2
    assert learned.polls < believing.polls


def test_it_beats_a_fixed_clock() -> None:
    """The vendor's SDK asks every 2 s, twice as often; as rarely, it would see the end later."""
    latency = learn(TYPICAL_S, [])
    ours = simulate(median_s=TYPICAL_S, spread=0.2, latency=latency)

    fixed_delay_s = TYPICAL_S / ours.polls / 2

    assert ours.polls < 0.6 * TYPICAL_S / 2.0
    assert ours.delay_s < 0.5 * fixed_delay_s
