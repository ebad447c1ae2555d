"""How long the provider takes: what is known of one model and size, learned from what happened.

A job's time is log-normal around its usual, apart from a few stragglers that take some times
as long. Both come from the samples by expectation-maximisation, which a few stragglers
do not mislead; the page's figure stands in until there are samples.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# A page's figure is one average; until we know better, most jobs end within +-40 % of it.
_PRIOR_SPREAD = 0.25
# How many made-up samples the page's figure is worth against measured ones.
_PRIOR_WEIGHT = 1.0
# Until we know better, three jobs in a hundred are stragglers.
_PRIOR_STRAGGLERS, _PRIOR_STRAGGLERS_WEIGHT = 0.03, 20.0
_MIN_SPREAD = 0.03
# One afternoon of trouble at the provider must not make us blind: more counts as straggling.
_MAX_SPREAD = 0.6
# Sizes of a model differ, but what is further off the page's figure was not the provider.
_MAX_FACTOR = 5.0
# The logarithm of how far off a time may be before it is no time at all; so far figures work.
_FAR_OFF = 20.0
# Of a sample's weight so much is left when the next one comes: about the last hundred count.
_FADING = 0.99
# Providers have busy hours: what was measured at another time of the day counts less.
_SAME_HOURS, _OTHER_HOURS_WEIGHT = 3.0, 0.5
_ROUNDS = 6

# Stragglers take about two to four times as long as usual: the middle of it, and its spread.
STRAGGLER_FACTOR, STRAGGLER_SPREAD = 2.6, 0.3


@dataclass(frozen=True, kw_only=True)
class Sample:
    """How long one job took.

    Attributes:
        latency_s: From being accepted to its end.
        queue_s: The part of it before the provider began to work, if it said so.
        failed: Whether it ended without a video.
        at: When it ended, aware.
    """

    latency_s: float
    queue_s: float | None = None
    failed: bool = False
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A log-normal time with stragglers.

    Attributes:
        median_s: Half of the jobs, apart from stragglers, take less.
        spread: Standard deviation of the logarithm.
        stragglers: The part of the jobs that takes some times as long.
    """

    median_s: float
    spread: float
    stragglers: float


@dataclass(frozen=True, kw_only=True)
class Latency:
    """What is known of one model and size of job.

    Attributes:
        total: From being accepted to the video.
        work: From the provider's begin of the work to the video.
        failing: The part of the jobs that ended without a video.
        fails_at_s: When those ended, usually.
    """

    total: Fit
    work: Fit
    failing: float = 0.0
    fails_at_s: float = 1.0

    @property
    def usual_s(self) -> float:
        """How long a job usually takes."""
        return self.total.median_s


def learn(typical_s: float, samples: Sequence[Sample], *, now: datetime) -> Latency:
    """Estimate what a job will take.

    Args:
        typical_s: The model page's figure, over 0.
        samples: What was measured, newest first.
        now: The time, aware: samples from this time of the day count more.
    """
    weighted = [(one, _FADING**age * _hour_weight(one, now)) for age, one in enumerate(samples)]
    videos = [(one, weight) for one, weight in weighted if not one.failed]
    works = [(one, weight) for one, weight in videos if one.queue_s is not None]
    total = _fit(typical_s, [(one.latency_s, weight) for one, weight in videos])
    # Without the provider's word about its queue: the work is nearly all of the time.
    work = _fit(
        total.median_s, [(one.latency_s - (one.queue_s or 0.0), weight) for one, weight in works]
    )
    failures = [(one.latency_s, weight) for one, weight in weighted if one.failed]
    failed_weight = sum(weight for _, weight in failures)
    return Latency(
        total=total,
        work=work,
        failing=failed_weight / (_PRIOR_STRAGGLERS_WEIGHT + sum(weight for _, weight in weighted)),
        fails_at_s=_mean([s for s, _ in failures]) if failures else 1.0,
    )


def _hour_weight(sample: Sample, now: datetime) -> float:
    apart_h = abs((now - sample.at).total_seconds()) / 3600 % 24
    return 1.0 if min(apart_h, 24 - apart_h) <= _SAME_HOURS else _OTHER_HOURS_WEIGHT


def _fit(typical_s: float, times: Sequence[tuple[float, float]]) -> Fit:
    """Fit times with their weights, and the prior, by expectation-maximisation."""
    centre = math.log(typical_s)
    logs = [
        (min(max(math.log(max(time_s, 0.01)), centre - _FAR_OFF), centre + _FAR_OFF), weight)
        for time_s, weight in times
    ]
    middle, variance, stragglers = _start(centre, logs)
    for _ in range(_ROUNDS if logs else 0):
        usual = [
            (value, weight * _usual_share(value - middle, variance, stragglers))
            for value, weight in logs
        ]
        weight_usual = sum(weight for _, weight in usual)
        # The page's figure says little about where the middle is, in units of what is measured.
        pull = _PRIOR_WEIGHT * min(variance / _PRIOR_SPREAD**2, 1.0)
        middle = (pull * centre + sum(v * w for v, w in usual)) / (pull + weight_usual)
        squares = sum(weight * (value - middle) ** 2 for value, weight in usual)
        variance = (_PRIOR_WEIGHT * _PRIOR_SPREAD**2 + squares) / (_PRIOR_WEIGHT + weight_usual)
        variance = min(max(variance, _MIN_SPREAD**2), _MAX_SPREAD**2)
        late = sum(
            weight - used
            for (value, weight), (_, used) in zip(logs, usual, strict=True)
            if value > middle
        )
        all_weight = sum(weight for _, weight in logs)
        stragglers = (_PRIOR_STRAGGLERS * _PRIOR_STRAGGLERS_WEIGHT + late) / (
            _PRIOR_STRAGGLERS_WEIGHT + all_weight
        )
    limit = math.log(_MAX_FACTOR)
    median_s = math.exp(min(max(middle, centre - limit), centre + limit))
    return Fit(median_s=median_s, spread=math.sqrt(variance), stragglers=min(stragglers, 0.5))


def _start(centre: float, logs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Begin at the weighted median, with a spread that no straggler has a say in."""
    if not logs:
        return centre, _PRIOR_SPREAD**2, _PRIOR_STRAGGLERS
    middle = _weighted_median([*logs, (centre, _PRIOR_WEIGHT)])
    off = _weighted_median([(abs(value - middle), weight) for value, weight in logs])
    spread = min(max(1.5 * off, _PRIOR_SPREAD / 2), _PRIOR_SPREAD)
    return middle, spread**2, _PRIOR_STRAGGLERS


def _usual_share(off: float, variance: float, stragglers: float) -> float:
    """Return how likely it is that a time this far off the middle is no straggler's."""
    usual = (1 - stragglers) * _density(off, variance)
    slow = _density(off - math.log(STRAGGLER_FACTOR), STRAGGLER_SPREAD**2 + variance)
    # What is much too short is no straggler, but tells as little of the usual.
    odd = stragglers * (slow + _density(off, 4.0)) / 2
    return usual / (usual + odd)


def _density(off: float, variance: float) -> float:
    return math.exp(-off * off / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def _weighted_median(values: Sequence[tuple[float, float]]) -> float:
    half = sum(weight for _, weight in values) / 2
    seen = 0.0
    for value, weight in sorted(values):
        seen += weight
        if seen >= half:
            return value
    return values[-1][0]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
