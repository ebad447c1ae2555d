"""When to ask the provider next: a pure function of what is known of a request.

A request is worth asking about when the video is expected to have lain there, unnoticed, for
some time already. How long that is (`urgency_s`) grows from the last answer on: slowly while
completion is unlikely, fast where it is likely, slowly again in the tail, but for ever. With
one bound for all jobs this comes within a half per cent of the fewest requests that any
schedule needs for the same mean delay (`benchmarks/bench_notice.py` computes those by dynamic
programming). Where the requests per minute are short, the most urgent goes first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.latency import STRAGGLER_FACTOR, STRAGGLER_SPREAD, Fit, Latency

# A request is made to save so many seconds of somebody's waiting. About one second of delay in
# the mean comes of it with the usual spreads: 15 to 20 % around one to two minutes.
REQUEST_WORTH_S = 0.06
# A straggler is asked about at least once in so many of its usual times, up to the longest.
_TAIL_GAP, _LONGEST_GAP_S = 0.5, 120.0
# What no figure covers: three jobs in a thousand may take any time, one never ends.
_ANY = Fit(median_s=3.0, spread=0.8, stragglers=0.0)
_ANY_SHARE, _NEVER_SHARE = 0.003, 0.001
# Failures come early or late.
_FAILURE_SPREAD = 0.7
# Between two answers the provider may have begun at any time: so many are looked at.
_BEGINS = 3
_UNLIKELY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the provider has said of a request so far; seconds since it was accepted.

    Attributes:
        asked_s: When it was last not yet completed.
        queued_s: When it was last said to wait; None if never.
        working_s: When it was first said to be worked on; None if not yet.
    """

    asked_s: float = 0.0
    queued_s: float | None = None
    working_s: float | None = None

    def heard(self, at_s: float, *, processing: bool) -> "Answers":
        """Return them with one more: not completed at `at_s`."""
        if not processing:
            return replace(self, asked_s=at_s, queued_s=at_s, working_s=None)
        return replace(
            self, asked_s=at_s, working_s=at_s if self.working_s is None else self.working_s
        )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One way it may go, with its likelihood: a log-normal time from a begin on."""

    share: float
    begin_s: float
    median_s: float
    spread: float

    def at(self, at_s: float) -> tuple[float, float]:
        """Return the likelihood of this way and not having ended by then; its integral from 0."""
        time_s = at_s - self.begin_s
        if time_s <= 0:
            return self.share, self.share * at_s
        sigmas = (math.log(time_s) - math.log(self.median_s)) / self.spread
        left = _above(sigmas)
        mean_s = self.median_s * math.exp(self.spread**2 / 2)
        passed_s = mean_s * _above(self.spread - sigmas) + time_s * left
        return self.share * left, self.share * (self.begin_s + passed_s)


class _Outlook:
    """What can have happened since the last answer."""

    def __init__(self, latency: Latency, answers: Answers, asked_s: float) -> None:
        self._ways = _ways(latency, answers)
        self._asked_s = asked_s
        self._before, self._before_s = self._at(asked_s)

    def urgency_s(self, at_s: float) -> float:
        """Return the expected time since completion, against the odds."""
        lost_s, left = self._lost_s(at_s)
        return lost_s / left if left > 0 else math.inf

    def unnoticed_s(self, at_s: float) -> float:
        """Return the expected time since completion, if it is completed."""
        lost_s, left = self._lost_s(at_s)
        ended = self._before - left
        passed_s = max(at_s - self._asked_s, 0.0)
        # Too unlikely for figures: any time in between.
        return min(lost_s / ended, passed_s) if ended > _UNLIKELY else passed_s / 2

    def _lost_s(self, at_s: float) -> tuple[float, float]:
        """Return the expected time since completion, and how likely there is none."""
        if at_s <= self._asked_s:
            return 0.0, self._before
        left, passed_s = self._at(at_s)
        lost_s = (at_s - self._asked_s) * self._before - (passed_s - self._before_s)
        return max(lost_s, 0.0), left

    def _at(self, at_s: float) -> tuple[float, float]:
        ways = [way.at(at_s) for way in self._ways]
        return sum(left for left, _ in ways), sum(passed_s for _, passed_s in ways)


def urgency_s(latency: Latency, answers: Answers, at_s: float) -> float:
    """Return how long the video is expected to have lain there unnoticed, against the odds.

    It is the expected time since completion, divided by the likelihood of there being none:
    0 right after an answer, and growing without bound.

    Args:
        latency: What is known of this model and size.
        answers: What the provider said so far.
        at_s: Now, in seconds since the request was accepted.
    """
    return _Outlook(latency, answers, answers.asked_s).urgency_s(at_s)


def unnoticed_s(latency: Latency, answers: Answers, at_s: float) -> float:
    """Return how long a video that is noticed now is expected to have lain there.

    Args:
        latency: What is known of this model and size.
        answers: What the provider had said before.
        at_s: Now, in seconds since the request was accepted.
    """
    return _Outlook(latency, answers, answers.asked_s).unnoticed_s(at_s)


def next_poll_s(
    elapsed_s: float,
    latency: Latency,
    answers: Answers | None = None,
    *,
    min_gap_s: float = 1.0,
    worth_s: float = REQUEST_WORTH_S,
) -> float:
    """Return in how many seconds to ask next.

    Args:
        elapsed_s: Seconds since the provider accepted the request.
        latency: What is known of this model and size.
        answers: What the provider said so far.
        min_gap_s: Never sooner than this.
        worth_s: How many seconds of waiting one request must be expected to save.
    """
    elapsed_s = max(elapsed_s, 0.0)  # a clock that was set back must not make us wait for it
    answers = answers or Answers()
    asked_s = min(answers.asked_s, elapsed_s)
    outlook = _Outlook(latency, answers, asked_s)
    first_s = latency.usual_s if answers.queued_s is None else 0.0
    longest_s = max(first_s, min(_TAIL_GAP * latency.usual_s, _LONGEST_GAP_S))
    early_s, late_s = elapsed_s, max(asked_s + longest_s, elapsed_s)
    if outlook.urgency_s(late_s) > worth_s:
        while late_s - early_s > min_gap_s / 20:
            middle_s = (early_s + late_s) / 2
            if outlook.urgency_s(middle_s) > worth_s:
                late_s = middle_s
            else:
                early_s = middle_s
    return max(late_s - elapsed_s, min_gap_s)


def _ways(latency: Latency, answers: Answers) -> list[_Part]:
    """Return how it may go on, by what the provider said."""
    queued_s, working_s = answers.queued_s, answers.working_s
    usual_s = latency.usual_s
    ways = [
        _Part(share=_NEVER_SHARE, begin_s=math.inf, median_s=1.0, spread=1.0),
        _Part(share=_ANY_SHARE, begin_s=0.0, median_s=_ANY.median_s * usual_s, spread=_ANY.spread),
    ]
    if latency.failing:
        ways.append(
            _Part(
                share=latency.failing,
                begin_s=0.0,
                median_s=latency.fails_at_s,
                spread=_FAILURE_SPREAD,
            )
        )
    if queued_s is None:
        # It is worked on: what makes jobs wait for long does not concern it any more.
        stragglers = latency.total.stragglers
        if working_s is not None:
            stragglers = min(stragglers, latency.work.stragglers)
        fit = replace(latency.total, stragglers=stragglers)
        return ways + _parts(fit, begins_s=(0.0,))
    # It began after it was last said to wait, before it was first said to be worked on; while it
    # waits, perhaps in a while, the longer the longer it has waited.
    until_s = working_s if working_s is not None else queued_s * 1.5
    begins_s = [queued_s + (until_s - queued_s) * (i + 0.5) / _BEGINS for i in range(_BEGINS)]
    return ways + _parts(latency.work, begins_s=begins_s)


def _parts(fit: Fit, *, begins_s: Sequence[float]) -> list[_Part]:
    """Return the usual way and the stragglers', from each begin."""
    parts = []
    for begin_s in begins_s:
        parts.append(
            _Part(
                share=(1 - fit.stragglers) / len(begins_s),
                begin_s=begin_s,
                median_s=fit.median_s,
                spread=fit.spread,
            )
        )
        parts.append(
            _Part(
                share=fit.stragglers / len(begins_s),
                begin_s=begin_s,
                median_s=fit.median_s * STRAGGLER_FACTOR,
                spread=math.hypot(fit.spread, STRAGGLER_SPREAD),
            )
        )
    return parts


def _above(sigmas: float) -> float:
    """Return how much of a normal distribution lies above so many standard deviations."""
    return math.erfc(sigmas / math.sqrt(2)) / 2
