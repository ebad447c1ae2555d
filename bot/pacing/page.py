"""What is known of the account's requests, and what a process wants and gets: values only."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

# A minute, and what one request may be slower on its way than a later one: the provider counts
# when they arrive.
WINDOW_S = 60.5
# One is the submits' own, and one is for polls.
LEAST_PER_MINUTE = 2
# No pause is longer, whatever a clock says.
LONGEST_PAUSE_S = 300.0
# The urgency of a poll that should go before all others. A number that every database can keep.
MOST_URGENT = 1e12
# That of a poll that has waited for too long: a few of those do not even give way to submits.
OVERDUE = 2e12
# One in so many requests is the submits' own.
_SHARE = 10
# A minute is not told in finer parts: a large limit must not make a long page.
_MOST_TIMES = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Turns that were given at one time."""

    at_s: float
    submits: int = 0
    polls: int = 0

    @property
    def all(self) -> int:
        """Of both kinds."""
        return self.submits + self.polls


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a process still waits for.

    Attributes:
        submits: So many of its submits wait.
        urgency: Of its most urgent poll; None when no poll waits.
        until_s: It counts until then: the process may be dead.
    """

    submits: int
    urgency: float | None
    until_s: float


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is known of the account's requests; times are in seconds on the page's own clock.

    Attributes:
        taken: What went within the last `WINDOW_S`, oldest first.
        paused_until_s: Until when a 429 holds everything back; may be over.
        next_poll_s: When the next poll would go at an even pace; may be over.
        wishes: Process to what it waits for.
    """

    taken: tuple[Taken, ...] = ()
    paused_until_s: float = -math.inf
    next_poll_s: float = -math.inf
    wishes: Mapping[str, Wish] = field(default_factory=dict)

    # Counted once: with hundreds a minute that is most of what a decision costs.
    @cached_property
    def requests(self) -> int:
        """How many went."""
        return sum([taken.submits + taken.polls for taken in self.taken])

    @cached_property
    def polls(self) -> int:
        """How many of them were polls."""
        return sum([taken.polls for taken in self.taken])


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a process wants.

    Attributes:
        process: Which one it is.
        submits: So many want to go.
        urgencies: Those of the polls that want to go, the most urgent first.
        pause_s: It heard a 429: nothing may go for so long. 0 when it did not.
    """

    process: str
    submits: int = 0
    urgencies: Sequence[float] = ()
    pause_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a process gets.

    Attributes:
        submits: So many may go.
        polls: So many of the polls may go, the most urgent first.
        wait_s: When to look again for the rest; 0 when nothing is left.
        paused_s: For how long a 429 holds everything back.
    """

    submits: int = 0
    polls: int = 0
    wait_s: float = 0.0
    paused_s: float = 0.0


def polls_share(per_minute: int) -> int:
    """Return how many of the requests a minute may be polls: one in ten is the submits' own."""
    return per_minute - max(1, per_minute // _SHARE)


def polls_own(per_minute: int) -> int:
    """Return how many requests a minute are polls' where some have waited for too long."""
    return max(1, per_minute // _SHARE)


def used_up_evenly(per_minute: int, *, now_s: float) -> Page:
    """Return the page as if the last minute had been used up at an even pace."""
    polls, times = polls_share(per_minute), min(per_minute, _MOST_TIMES)
    taken = []
    for number in range(times):
        # Of both kinds as many as they may be, evenly mixed.
        all_, poll = (
            (number + 1) * share // times - number * share // times for share in (per_minute, polls)
        )
        at_s = now_s - WINDOW_S + (number + 1) * WINDOW_S / times
        taken.append(Taken(at_s=at_s, submits=all_ - poll, polls=poll))
    return Page(taken=tuple(taken), next_poll_s=now_s + WINDOW_S / polls)
