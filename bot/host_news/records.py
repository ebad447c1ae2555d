"""What is known of faults, and what is said of them: values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, auto

from bot.vital_signs import StuckJob

_IN_TEN_MINUTES_S = 600.0
_IN_A_DAY_S = 86400.0


class Kind(StrEnum):
    """What can be wrong."""

    GATEWAY = auto()
    DATABASE = auto()
    ENGINE = auto()
    PROVIDER = auto()
    KEY = auto()
    BALANCE = auto()
    STUCK = auto()
    CAP_NEAR = auto()
    CAP = auto()


# What is so for all processes on one database: one of them tells it.
WHOLE = frozenset(Kind) - {Kind.GATEWAY}


class Phase(StrEnum):
    """What a message says of a fault."""

    BEGIN = auto()
    MORE = auto()
    STILL = auto()
    END = auto()
    # It began and ended before anything could be said.
    PAST = auto()


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """Something is wrong now.

    Attributes:
        since: Since when, as far as anybody knows.
        detail: What was found, ready to be shown.
        jobs: Which jobs are stuck, if it is about jobs: others than before are news.
    """

    since: datetime
    detail: str = ""
    jobs: tuple[StuckJob, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A symptom, followed from its first sight until its end is told.

    Attributes:
        noticed_at: When it was first seen.
        lasts: Whether it has been there for long enough to be told.
        well_at: Since when it is not to be seen; None while it is.
        over: Whether that has been so for long enough to be told.
        told_at: When the host was last told that it is there; None: not yet.
        told_jobs: The ids of the jobs that this was about.
    """

    since: datetime
    noticed_at: datetime
    detail: str = ""
    jobs: tuple[StuckJob, ...] = ()
    lasts: bool = False
    well_at: datetime | None = None
    over: bool = False
    told_at: datetime | None = None
    told_jobs: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Book:
    """All that is known, and what was told.

    Attributes:
        begun_at: When the host was last told of a fault's begin, by kind.
        missed: How many faults came and went untold since then.
    """

    faults: Mapping[Kind, Fault] = field(default_factory=dict)
    begun_at: Mapping[Kind, datetime] = field(default_factory=dict)
    missed: Mapping[Kind, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait, in seconds.

    Attributes:
        hold_s: A fault that is over sooner is not told.
        settle_s: One that is back sooner was not over.
        quiet_s: Between two faults of one kind that are told.
        insist_s: One that stays for so long is told even so.
        repeat_s: After so long a fault that goes on is told again.
    """

    hold_s: Mapping[Kind, float] = field(
        # The others have their own patience: a circuit breaker, an answer that leaves no doubt.
        default_factory=lambda: {
            Kind.GATEWAY: 12.0,
            Kind.DATABASE: 12.0,
            Kind.ENGINE: 12.0,
            Kind.STUCK: 300.0,
        }
    )
    settle_s: float = 8.0
    quiet_s: float = _IN_TEN_MINUTES_S
    insist_s: float = 60.0
    repeat_s: float = _IN_A_DAY_S

    def faster(self, speed: float) -> "Patience":
        """Return the same for a world that is so many times faster."""
        return Patience(
            hold_s={kind: seconds / speed for kind, seconds in self.hold_s.items()},
            settle_s=self.settle_s / speed,
            quiet_s=self.quiet_s / speed,
            insist_s=self.insist_s / speed,
            repeat_s=self.repeat_s / speed,
        )


@dataclass(frozen=True, kw_only=True)
class News:
    """What is to be said now.

    Attributes:
        missed: How many other faults of its kind came and went untold before it.
    """

    kind: Kind
    phase: Phase
    fault: Fault
    missed: int = 0


@dataclass(frozen=True, kw_only=True)
class Change:
    """What the log is to say: a fault lasts, or a lasting one is over."""

    kind: Kind
    fault: Fault
