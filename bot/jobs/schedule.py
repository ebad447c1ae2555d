"""When to ask the provider next: a pure function of time passed and latencies known.

Rare while completion is unlikely, dense where it is likely, backing off in the tail.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# A page's figure is one average; until we know better, most jobs end within +-40 % of it.
_PRIOR_SPREAD = 0.25
# How many made-up samples the page's figure is worth against measured ones.
_PRIOR_WEIGHT = 3
_MIN_SPREAD = 0.05
# One afternoon of trouble at the provider must not make us blind: more counts as tail.
_MAX_SPREAD = 0.6
# Sizes of a model differ, but what is further off the page's figure was not the provider.
_MAX_FACTOR = 5.0
# One early question, so that the card can tell waiting from working.
_EARLY_FRACTION = 0.15
# Before this many standard deviations under the median hardly anything completes.
_FIRST_SIGMAS = 1.5
_TAIL_SIGMAS = 2.0


@dataclass(frozen=True, kw_only=True)
class LatencyModel:
    """How long a model takes for one size of job: log-normal.

    Attributes:
        median_s: Half of the jobs have ended by then.
        spread: Standard deviation of the logarithm.
    """

    median_s: float
    spread: float

    def quantile_s(self, sigmas: float) -> float:
        """Return the latency that lies this many standard deviations above the median."""
        return self.median_s * math.exp(sigmas * self.spread)


def learn(typical_s: float, samples_s: Sequence[float]) -> LatencyModel:
    """Estimate the latency from the page's typical figure and what was measured."""
    logs = [math.log(typical_s)] * _PRIOR_WEIGHT + [math.log(max(s, 0.01)) for s in samples_s]
    middle = statistics.median(logs)
    squares = [(value - middle) ** 2 for value in logs[_PRIOR_WEIGHT:]]
    prior = _PRIOR_WEIGHT * _PRIOR_SPREAD**2
    spread = math.sqrt((prior + sum(squares)) / (_PRIOR_WEIGHT + len(squares)))
    median_s = min(max(math.exp(middle), typical_s / _MAX_FACTOR), typical_s * _MAX_FACTOR)
    return LatencyModel(median_s=median_s, spread=min(max(spread, _MIN_SPREAD), _MAX_SPREAD))


def next_poll_s(elapsed_s: float, latency: LatencyModel, *, min_gap_s: float = 1.0) -> float:
    """Return in how many seconds to ask next.

    Args:
        elapsed_s: Seconds since the provider accepted the request.
        latency: What is known of this model and size.
        min_gap_s: Never sooner than this.
    """
    elapsed_s = max(elapsed_s, 0.0)  # a clock that was set back must not make us wait for it
    early_s = latency.median_s * _EARLY_FRACTION
    first_s = latency.quantile_s(-_FIRST_SIGMAS)
    tail_s = latency.quantile_s(_TAIL_SIGMAS)
    if elapsed_s < early_s:
        return max(early_s - elapsed_s, min_gap_s)
    if elapsed_s < first_s:
        return max(first_s - elapsed_s, min_gap_s)
    # A fortieth of the bulk's width, so that about half of it is spent on an average job.
    dense_s = (tail_s - first_s) / 40
    if elapsed_s <= tail_s:
        return max(dense_s, min_gap_s)
    # Stragglers: the longer it lasts, the rarer; at most every half median.
    return max(min((elapsed_s - tail_s) / 4 + dense_s, latency.median_s / 2), min_gap_s)
