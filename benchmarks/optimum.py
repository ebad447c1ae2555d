"""The best that any poll schedule can do when the distribution of the latencies is known.

By dynamic programming over a grid of times, backwards: from each time at which a request may
have been asked about, the next time that costs least, where a question costs `worth_s` and the
time that a finished video lies unnoticed costs itself. For the mean delay that comes of it no
schedule needs fewer requests.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# The likelihood that a request has not ended so many seconds after it was accepted.
Survival = Callable[[float], float]

# What is less likely than this is left to the last question.
_NEGLIGIBLE = 1e-7
# Near enough to the delay that was asked for.
_NEAR = 0.005


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a schedule costs per job, as expected values.

    Attributes:
        requests: How often it is asked.
        delay_s: From completion to the answer that tells of it.
    """

    requests: float
    delay_s: float


def cost_of(times_s: Sequence[float], survival: Survival, *, step_s: float = 0.05) -> Cost:
    """Return what asking at these times costs; by then all must be over."""
    requests = delay_s = asked_s = 0.0
    before = survival(0.0)
    for time_s in times_s:
        requests += before
        delay_s += _unnoticed_s(survival, asked_s, time_s, before, step_s)
        asked_s, before = time_s, survival(time_s)
        if before < _NEGLIGIBLE:
            break
    return Cost(requests=requests, delay_s=delay_s)


def optimum(survival: Survival, *, worth_s: float, until_s: float, step_s: float) -> list[float]:
    """Return the times to ask at, in seconds, that cost least in all.

    Args:
        survival: The known distribution.
        worth_s: What one question costs, in seconds of delay.
        until_s: By then all must be over.
        step_s: The grid.
    """
    left = [survival(i * step_s) for i in range(int(until_s / step_s) + 1)]
    end = next((i for i, share in enumerate(left) if share < _NEGLIGIBLE), len(left) - 1)
    area_s = [0.0]
    for i in range(end):
        area_s.append(area_s[-1] + (left[i] + left[i + 1]) / 2 * step_s)
    cost_s = [0.0] * (end + 1)
    following = [end] * (end + 1)
    for i in range(end - 1, -1, -1):
        best_s = float("inf")
        for j in range(i + 1, end + 1):
            unnoticed_s = left[i] * (j - i) * step_s - (area_s[j] - area_s[i])
            if unnoticed_s > best_s:
                break  # it only grows
            total_s = worth_s * left[i] + unnoticed_s + cost_s[j]
            if total_s < best_s:
                best_s, following[i] = total_s, j
        cost_s[i] = best_s
    times_s, at = [], 0
    while at < end:
        at = following[at]
        times_s.append(at * step_s)
    return times_s


def at_delay(cost_at: Callable[[float], Cost], delay_s: float, *, rounds: int = 7) -> Cost:
    """Return the cost with the longest mean delay found that is not above this one.

    The delay goes with the square root of the worth, nearly: so few rounds will do. Where it
    moves in steps, as the mean of some hundred jobs does, the rest is halved.

    Args:
        cost_at: What it costs if a request is worth so many seconds.
        delay_s: The mean delay.
        rounds: Tries at most.

    Raises:
        ValueError: All tries came out above.
    """
    low_s, high_s, worth_s = 0.0, math.inf, 0.1
    below: list[Cost] = []
    for _ in range(rounds):
        cost = cost_at(worth_s)
        if cost.delay_s > delay_s:
            high_s = worth_s
        else:
            low_s = worth_s
            below.append(cost)
            if cost.delay_s > delay_s * (1 - _NEAR):
                break
        worth_s *= (delay_s * (1 - _NEAR / 2) / cost.delay_s) ** 2
        if not low_s < worth_s < high_s:
            worth_s = math.sqrt(low_s * high_s)
    if not below:
        raise ValueError(f"no mean delay up to {delay_s:g} s")
    return max(below, key=lambda cost: cost.delay_s)


def at_requests(cost_at: Callable[[float], Cost], requests: float, *, rounds: int = 14) -> Cost:
    """Return the cost with the fewest requests above so many, found by halving.

    Args:
        cost_at: What it costs if a request is worth so many seconds.
        requests: Per job, from 1 on.
        rounds: Halvings, between a millisecond and hours.

    Raises:
        ValueError: So many can only be had by asking all the time.
    """
    low_s, high_s = 1e-3, 1e4
    found: Cost | None = None
    for _ in range(rounds):
        middle_s = (low_s * high_s) ** 0.5
        cost = cost_at(middle_s)
        if cost.requests > requests:
            low_s, found = middle_s, cost
        else:
            high_s = middle_s
    if found is None:
        raise ValueError(f"a request is worth less than {low_s:g} s")
    return found


def _unnoticed_s(
    survival: Survival, from_s: float, to_s: float, before: float, step_s: float
) -> float:
    """Return the integral of what has ended since `from_s`."""
    steps = max(1, round((to_s - from_s) / step_s))
    width_s = (to_s - from_s) / steps
    return sum(before - survival(from_s + (i + 0.5) * width_s) for i in range(steps)) * width_s
