"""What a guild's moderators see of its last days: counted purely, from one fact for each job."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
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
    """

    user_id: int
    model: str
    state: JobState
    created_at: datetime
    queued_at: datetime | None
    ended_at: datetime | None
    credits: int
    usd: Decimal


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Jobs that were let in, with what they cost."""

    jobs: int = 0
    credits: int = 0
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """A guild's last days.

    Attributes:
        by_day: Every day from the first to the last, also those without jobs.
        by_model: Slug to totals, the most credits first.
        top_members: User id and totals, the most credits first; without what was forgotten.
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
    states: dict[JobState, int]
    waiting_median_s: float | None
    waiting_p90_s: float | None

    @property
    def success(self) -> float | None:
        """The share of jobs delivered, of those sent and ended; None when none has."""
        delivered = self.states.get(JobState.DELIVERED, 0)
        lost = (self.states.get(state, 0) for state in (JobState.FAILED, JobState.UNDELIVERED))
        ended = delivered + sum(lost)
        return delivered / ended if ended else None


def tally(
    facts: Sequence[JobFact], *, first_day: date, last_day: date, zone: ZoneInfo, top: int = 10
) -> Statistics:
    """Count the jobs whose day in `zone` is from `first_day` to `last_day`, both included.

    A job's day is that of its reservation; of one that never was let in, of its asking.
    """
    days = {fact: _day(fact, zone) for fact in facts}
    facts = [fact for fact in facts if first_day <= days[fact] <= last_day]
    let_in = [fact for fact in facts if fact.queued_at is not None]
    by_day = dict(_grouped(let_in, days.__getitem__))
    every_day = (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
    waits = sorted(_waits(let_in))
    return Statistics(
        first_day=first_day,
        last_day=last_day,
        total=_totals(let_in),
        by_day=tuple((day, by_day.get(day, Totals())) for day in every_day),
        by_model=_grouped(let_in, lambda fact: fact.model),
        top_members=_grouped(
            [fact for fact in let_in if fact.user_id != NOBODY], lambda fact: fact.user_id
        )[:top],
        states=dict(Counter(fact.state for fact in facts)),
        waiting_median_s=median(waits) if waits else None,
        waiting_p90_s=_nine_in_ten(waits),
    )


def _day(fact: JobFact, zone: ZoneInfo) -> date:
    return (fact.queued_at or fact.created_at).astimezone(zone).date()


def _grouped(facts: Iterable[JobFact], key: Callable[[JobFact], K]) -> tuple[tuple[K, Totals], ...]:
    groups: dict[K, list[JobFact]] = {}
    for fact in facts:
        groups.setdefault(key(fact), []).append(fact)
    found = [(name, _totals(group)) for name, group in groups.items()]
    return tuple(sorted(found, key=lambda one: (-one[1].credits, -one[1].jobs, str(one[0]))))


def _totals(facts: Sequence[JobFact]) -> Totals:
    return Totals(
        jobs=len(facts),
        credits=sum(fact.credits for fact in facts),
        usd=sum((fact.usd for fact in facts), Decimal(0)),
    )


def _waits(facts: Iterable[JobFact]) -> Iterable[float]:
    for fact in facts:
        if fact.state is JobState.DELIVERED and fact.ended_at and fact.queued_at:
            # A clock that was set back meanwhile must not make a wait negative.
            yield max(0.0, (fact.ended_at - fact.queued_at).total_seconds())


def _nine_in_ten(waits: Sequence[float]) -> float | None:
    if not waits:
        return None
    if len(waits) == 1:
        return waits[0]
    return quantiles(waits, n=_TENTHS, method="inclusive")[-1]
