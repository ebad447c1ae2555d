"""What the pictures show, and they themselves, as the JSON that two processes exchange."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from bot.job import TERMINAL, JobState
from bot.statistics import Statistics, Totals

# More would not fit; the text beside the pictures names more.
_ROWS = 6
_TAIL_DIGITS = 4
_NOT_WANTED = frozenset({JobState.CANCELLED, JobState.DENIED, JobState.DROPPED})
_LOST = frozenset({JobState.FAILED, JobState.UNDELIVERED})


@dataclass(frozen=True, kw_only=True)
class Day:
    """What was made on one day."""

    day: date
    jobs: int
    credits: int
    usd: float


@dataclass(frozen=True, kw_only=True)
class Share:
    """A model's or a member's part of the whole.

    Attributes:
        name: As people wrote it, any characters.
        otherwise: What to write when no font has them.
    """

    name: str
    otherwise: str
    jobs: int
    credits: int


@dataclass(frozen=True, kw_only=True)
class ChartData:
    """Everything the pictures show.

    Attributes:
        days: In order, without gaps, at least one.
        zone: In which the days begin.
        estimated: Whether a part of the USD is an estimate.
        models: The most credits first.
        members: Likewise.
        delivered: How many of the jobs asked for were.
        lost: How many failed or could not be delivered.
        not_wanted: How many were cancelled, dropped or not approved.
        under_way: How many have not ended.
        success: Share of those sent and ended, 0 to 1; None when none has.
    """

    days: tuple[Day, ...]
    zone: str
    estimated: bool
    models: tuple[Share, ...]
    members: tuple[Share, ...]
    delivered: int
    lost: int
    not_wanted: int
    under_way: int
    success: float | None
    waiting_median_s: float | None
    waiting_p90_s: float | None


def chart_data(statistics: Statistics, *, zone: str, names: Mapping[int, str]) -> ChartData:
    """Return what to draw.

    Args:
        statistics: The numbers.
        zone: The name of the guild's time zone.
        names: Of members, as far as they are known.
    """
    states = statistics.states
    return ChartData(
        days=tuple(
            Day(day=day, jobs=totals.jobs, credits=totals.credits, usd=float(totals.usd))
            for day, totals in statistics.by_day
        ),
        zone=zone,
        estimated=statistics.total.usd_estimated > 0,
        models=tuple(_share(slug, slug, totals) for slug, totals in statistics.by_model[:_ROWS]),
        members=tuple(
            _share(names.get(user_id, ""), f"member …{user_id % 10**_TAIL_DIGITS:04}", totals)
            for user_id, totals in statistics.top_members[:_ROWS]
        ),
        delivered=states.get(JobState.DELIVERED, 0),
        lost=sum(states.get(state, 0) for state in _LOST),
        not_wanted=sum(states.get(state, 0) for state in _NOT_WANTED),
        under_way=sum(states.get(state, 0) for state in set(JobState) - TERMINAL),
        success=statistics.success,
        waiting_median_s=statistics.waiting_median_s,
        waiting_p90_s=statistics.waiting_p90_s,
    )


def _share(name: str, otherwise: str, totals: Totals) -> Share:
    return Share(name=name, otherwise=otherwise, jobs=totals.jobs, credits=totals.credits)


def to_json(data: ChartData) -> bytes:
    """Return the data as JSON."""
    return json.dumps(asdict(data), default=date.isoformat).encode()


def from_json(text: bytes) -> ChartData:
    """Return what `to_json` was given."""
    values: dict[str, Any] = json.loads(text)
    values["days"] = tuple(
        Day(**day | {"day": date.fromisoformat(day["day"])}) for day in values["days"]
    )
    for part in ("models", "members"):
        values[part] = tuple(Share(**share) for share in values[part])
    return ChartData(**values)


def pictures_to_json(pictures: Iterable[bytes]) -> bytes:
    """Return pictures as JSON."""
    return json.dumps([base64.b64encode(picture).decode() for picture in pictures]).encode()


def pictures_from_json(text: bytes) -> tuple[bytes, ...]:
    """Return what `pictures_to_json` was given.

    Raises:
        ValueError: it is something else.
    """
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("no list of pictures")  # noqa: TRY004 - not the caller's mistake: what was read is wrong
    return tuple(base64.b64decode(str(picture), validate=True) for picture in found)
