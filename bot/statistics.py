"""What a guild's moderators see of its last days: counted purely, from one fact for each job."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median, quantiles
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.job import JobState
from bot.pseudonyms import NOBODY

K = TypeVar("K")
_TENTHS = 10


@dataclass(frozen=True, kw_only=True)
class JobFact:
    """What counting needs to know of a job.

    Attributes:
        user_id: `NOBODY` when the job was forgotten.
        created_at: When it was asked for.
        queued_at: When its price was reserved; None for one that never was let in.
        credits: What it cost its member in the end: 0 when they came back.
        usd: The real cost, else the estimated price; 0 for a job that costs nothing.
        estimated: Whether `usd` is an estimate.
    """

    user_id: int
    model: str
    state: JobState
    created_at: datetime
    queued_at: datetime | None
    ended_at: datetime | None
    credits: int
    usd: Decimal
    estimated: bool


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Jobs that were let in, with what they cost.

    Attributes:
        usd: Real costs where they are known, else estimates.
        usd_estimated: The part of `usd` that is estimated.
    """

    jobs: int = 0
    credits: int = 0
    usd: Decimal = Decimal(0)
    usd_estimated: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """A guild's last days.

    Attributes:
        by_day: Every day from the first to the last, also those without jobs.
        by_model: Slug to totals, the most credits first.
        top_members: User id and totals, the most credits first; without what was forgotten.
        members: How many made a video, likewise.
        forgotten: How many of all videos are forgotten, and so no member's.
        states: How many of the jobs asked for are in which state now.
        waiting_median_s: Seconds from the queue to the delivered video, of half of them at most;
            None when none was delivered.
        waiting_p90_s: The same of nine in ten.
    """

    first_day: date
    last_day: date
    total: Totals
    by_day: tuple[tuple[date, Totals], ...]
    by_model: tuple[tuple[str, Totals], ...]
    top_members: tuple[tuple[int, Totals], ...]
    members: int
    states: dict[JobState, int]
    waiting_median_s: float | None
    waiting_p90_s: float | None
    forgotten: int = 0

    @property
    def success(self) -> float | None:
        """The share of jobs delivered, of those sent and ended; None when none has."""
        delivered = self.states.get(JobState.DELIVERED, 0)
        lost = (self.states.get(state, 0) for state in (JobState.FAILED, JobState.UNDELIVERED))
        ended = delivered + sum(lost)
        return delivered / ended if ended else None


class Tally:
    """Counts the jobs whose day in `zone` is from `first_day` to `last_day`, both included.

    A job's day is that of its reservation; of one that never was let in, of its asking. Facts
    are given in any order and as many at a time as suits; only sums and waiting times are kept.
    """

    def __init__(self, *, first_day: date, last_day: date, zone: ZoneInfo, top: int = 10) -> None:
        self._first_day, self._last_day, self._zone, self._top = first_day, last_day, zone, top
        self._total = _Sums()
        self._by_day: dict[date, _Sums] = defaultdict(_Sums)
        self._by_model: dict[str, _Sums] = defaultdict(_Sums)
        self._by_member: dict[int, _Sums] = defaultdict(_Sums)
        self._states: Counter[JobState] = Counter()
        self._waits_s = array("d")

    def add(self, facts: Iterable[JobFact]) -> None:
        """Count some more jobs."""
        for fact in facts:
            day = (fact.queued_at or fact.created_at).astimezone(self._zone).date()
            if self._first_day <= day <= self._last_day:
                self._add(fact, day)

    def statistics(self) -> Statistics:
        """Return what was counted so far."""
        every_day = _days(self._first_day, self._last_day)
        waits_s = sorted(self._waits_s)
        return Statistics(
            first_day=self._first_day,
            last_day=self._last_day,
            total=self._total.totals(),
            by_day=tuple((day, self._by_day.get(day, _Sums()).totals()) for day in every_day),
            by_model=_ranked(self._by_model),
            top_members=_ranked(self._by_member)[: self._top],
            members=len(self._by_member),
            states=dict(self._states),
            waiting_median_s=median(waits_s) if waits_s else None,
            waiting_p90_s=_nine_in_ten(waits_s),
            forgotten=self._total.jobs - sum(sums.jobs for sums in self._by_member.values()),
        )

    def _add(self, fact: JobFact, day: date) -> None:
        self._states[fact.state] += 1
        if fact.queued_at is None:
            return
        for sums in (
            self._total,
            self._by_day[day],
            self._by_model[fact.model],
        ):
            sums.add(fact)
        if fact.user_id != NOBODY:
            self._by_member[fact.user_id].add(fact)
        if fact.state is JobState.DELIVERED and fact.ended_at is not None:
            # A clock that was set back meanwhile must not make a wait negative.
            self._waits_s.append(max(0.0, (fact.ended_at - fact.queued_at).total_seconds()))


@dataclass(kw_only=True)
class _Sums:
    """`Totals` while they grow."""

    jobs: int = 0
    credits: int = 0
    usd: Decimal = Decimal(0)
    usd_estimated: Decimal = Decimal(0)

    def add(self, fact: JobFact) -> None:
        self.jobs += 1
        self.credits += fact.credits
        self.usd += fact.usd
        if fact.estimated:
            self.usd_estimated += fact.usd

    def totals(self) -> Totals:
        return Totals(
            jobs=self.jobs,
            credits=self.credits,
            usd=self.usd,
            usd_estimated=self.usd_estimated,
        )


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _ranked(groups: Mapping[K, _Sums]) -> tuple[tuple[K, Totals], ...]:
    found = [(name, sums.totals()) for name, sums in groups.items()]
    return tuple(sorted(found, key=lambda one: (-one[1].credits, -one[1].jobs, str(one[0]))))


def _nine_in_ten(waits_s: Sequence[float]) -> float | None:
    if not waits_s:
        return None
    if len(waits_s) == 1:
        return waits_s[0]
    return quantiles(waits_s, n=_TENTHS, method="inclusive")[-1]
