"""When the provider is asked: properties for whatever was learned; how near the optimum it is."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.optimum import Cost, at_delay, cost_of, optimum
from bot.jobs.schedule import Answers, next_poll_s, unnoticed_s, urgency_s
from bot.latency import Fit, Latency, Sample, learn

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TYPICAL_S = 62.36  # wan-2.2-i2v-flash

fits = st.builds(
    Fit, median_s=st.floats(0.01, 1e5), spread=st.floats(0.03, 0.6), stragglers=st.floats(0, 0.5)
)
latencies = st.builds(
    Latency,
    total=fits,
    work=fits,
    failing=st.floats(0, 0.9),
    fails_at_s=st.floats(0.01, 1e5),
)
times_s = st.floats(0, 1e6)
answers_of = st.builds(
    lambda asked, queued, working: Answers(
        asked_s=max(asked, queued or 0, working or 0), queued_s=queued, working_s=working
    ),
    times_s,
    st.none() | times_s,
    st.none() | times_s,
)
USUAL = Latency(
    total=Fit(median_s=TYPICAL_S, spread=0.2, stragglers=0.03),
    work=Fit(median_s=TYPICAL_S, spread=0.2, stragglers=0.01),
)


def polls_until(
    end_s: float, latency: Latency, *, works_from_s: float = 0.0, worth_s: float = 0.06
) -> list[float]:
    """Return when a request that ends at `end_s` is asked about; the last one sees the end."""
    times: list[float] = []
    at_s, answers = 0.0, Answers()
    while at_s < end_s:
        at_s += next_poll_s(at_s, latency, answers, min_gap_s=0.05, worth_s=worth_s)
        times.append(at_s)
        answers = answers.heard(at_s, processing=at_s >= works_from_s)
    return times


# -- at any time ------------------------------------------------------------------------


@given(
    elapsed_s=st.floats(-1e6, 1e7),
    latency=latencies,
    answers=answers_of,
    min_gap_s=st.floats(0.01, 60.0),
    worth_s=st.floats(0.0001, 100),
)
def test_a_wait_is_never_under_the_gap_and_never_long(
    elapsed_s: float, latency: Latency, answers: Answers, min_gap_s: float, worth_s: float
) -> None:
    """Whatever was measured, and even when the clock was set back, the next poll comes."""
    wait_s = next_poll_s(elapsed_s, latency, answers, min_gap_s=min_gap_s, worth_s=worth_s)

    assert min_gap_s <= wait_s <= max(latency.usual_s, min_gap_s) * 1.001


@given(
    latency=latencies,
    beyond=st.floats(1.0, 1000),
    min_gap_s=st.floats(0.01, 60.0),
)
def test_the_tail_is_never_starved(latency: Latency, beyond: float, min_gap_s: float) -> None:
    """However long a straggler lasts, it is asked about every half of its usual time."""
    at_s = latency.usual_s * beyond
    answers = Answers(asked_s=at_s, queued_s=0.0, working_s=1.0)

    wait_s = next_poll_s(at_s, latency, answers, min_gap_s=min_gap_s)

    assert wait_s <= max(min(latency.usual_s / 2, 120.0), min_gap_s) * 1.001


@given(latency=latencies, answers=answers_of, first_s=times_s, second_s=times_s)
def test_urgency_grows_from_nothing(
    latency: Latency, answers: Answers, first_s: float, second_s: float
) -> None:
    """Right after an answer nothing is urgent; then it never falls."""
    sooner_s, later_s = sorted((answers.asked_s + first_s, answers.asked_s + second_s))

    sooner = urgency_s(latency, answers, sooner_s)
    later = urgency_s(latency, answers, later_s)

    assert urgency_s(latency, answers, answers.asked_s) == 0
    assert sooner >= 0
    assert sooner <= later * (1 + 1e-6) + 1e-6


@given(latency=latencies, answers=answers_of, passed_s=times_s)
def test_a_video_lay_there_for_no_longer_than_since_the_last_answer(
    latency: Latency, answers: Answers, passed_s: float
) -> None:
    """What is expected lies between the two answers."""
    lay_s = unnoticed_s(latency, answers, answers.asked_s + passed_s)

    assert -1e-6 <= lay_s <= passed_s * 1.001 + 1e-6


@given(latency=latencies)
def test_a_request_worth_less_is_made_sooner(latency: Latency) -> None:
    """The worth of a request decides how dense the polls are."""
    dear, cheap = (next_poll_s(0.0, latency, min_gap_s=0.01, worth_s=s) for s in (1.0, 0.01))

    assert cheap <= dear


# -- where the polls are --------------------------------------------------------------------


def test_rare_then_dense_then_rare() -> None:
    """Nothing while it cannot have ended; dense around the median; wider behind the usual."""
    times = polls_until(3 * TYPICAL_S, USUAL)
    gaps = {sooner: later - sooner for sooner, later in pairwise(times)}

    def gap_at(at_s: float) -> float:
        return next(gap for begin, gap in gaps.items() if begin + gap > at_s)

    assert times[0] > 0.55 * TYPICAL_S
    assert gap_at(TYPICAL_S) < times[0] / 10
    widest_s = max(gap for begin, gap in gaps.items() if begin > TYPICAL_S)
    assert widest_s > 2 * gap_at(TYPICAL_S)


def test_one_that_still_waits_is_left_alone() -> None:
    """A request that the provider has not begun cannot end before the work could be done."""
    at_s = 0.9 * TYPICAL_S
    waits = Answers().heard(at_s, processing=False)
    works = Answers().heard(at_s, processing=True)

    left_alone_s = next_poll_s(at_s, USUAL, waits)

    assert left_alone_s > 0.4 * TYPICAL_S
    assert left_alone_s > 10 * next_poll_s(at_s, USUAL, works)


def test_the_begin_of_the_work_moves_the_polls() -> None:
    """One that waited for two minutes is asked about when its work may be done."""
    times = polls_until(120 + TYPICAL_S, USUAL, works_from_s=120.0)

    dense = [time_s for time_s in times if time_s > 120 + 0.7 * TYPICAL_S]
    assert len(dense) > len(times) / 2


def test_where_jobs_fail_early_it_is_looked_early() -> None:
    """A tenth fails after about eight seconds: nobody waits a minute to hear of it."""
    failing = replace(USUAL, failing=0.1, fails_at_s=8.0)

    assert polls_until(1.0, failing)[0] < 15
    assert polls_until(1.0, USUAL)[0] > 30


def test_after_a_restart_it_is_asked_at_once() -> None:
    """Nothing was asked for ten minutes: it may have ended long ago."""
    assert next_poll_s(600.0, USUAL, Answers()) == 1.0


# -- what it costs -----------------------------------------------------------------------


def survival(at_s: float, *, fit: Fit) -> float:
    """Return how likely a job has not ended: log-normal, and stragglers around 2.5 times."""
    if at_s <= 0:
        return 1.0
    usual, slow = (
        math.erfc(math.log(at_s / (fit.median_s * factor)) / fit.spread / math.sqrt(2)) / 2
        for factor in (1.0, 2.5)
    )
    return (1 - fit.stragglers) * usual + fit.stragglers * slow


@pytest.mark.parametrize(("median_s", "spread"), [(62.36, 0.1), (129.07, 0.2), (62.36, 0.35)])
def test_it_is_near_the_best_that_can_be(median_s: float, spread: float) -> None:
    """For a known distribution: within 5 % of the offline optimum at a mean delay of 1 s."""
    fit = Fit(median_s=median_s, spread=spread, stragglers=0.03)
    left = partial(survival, fit=fit)
    until_s = median_s * 12

    def asking(times: Callable[[float], list[float]]) -> Cost:
        return at_delay(lambda worth_s: cost_of(times(worth_s), left, step_s=0.2), 1.0)

    best = asking(
        lambda worth_s: optimum(left, worth_s=worth_s, until_s=until_s, step_s=median_s / 250)
    )
    ours = asking(
        lambda worth_s: polls_until(until_s, Latency(total=fit, work=fit), worth_s=worth_s)
    )

    assert ours.requests * ours.delay_s <= best.requests * best.delay_s * 1.05


def test_learning_pays() -> None:
    """A model twice as slow as its page: what was measured saves polls without losing time."""
    rng = random.Random(7)
    ends = [120 * math.exp(rng.gauss(0.0, 0.1)) for _ in range(150)]
    samples = [Sample(latency_s=end_s, at=NOW) for end_s in ends[:50]]

    def cost(latency: Latency) -> tuple[float, float]:
        polls = [polls_until(end_s, latency) for end_s in ends[50:]]
        late_s = [times[-1] - end_s for times, end_s in zip(polls, ends[50:], strict=True)]
        return sum(map(len, polls)) / 100, sum(late_s) / 100

    believing, learned = cost(learn(60, [], now=NOW)), cost(learn(60, samples, now=NOW))

    assert learned[0] < believing[0]
    assert learned[1] < believing[1]
