"""What is kept about a member, what went, and how long things are kept: values, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.errors import BotError


@dataclass(frozen=True, kw_only=True)
class KeptBlock:
    """A block that holds, which stays when its member's data goes.

    Attributes:
        guild_id: Where.
        until: When it ends by itself; None: when a moderator lifts it.
    """

    guild_id: int
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """What is kept about one member, everywhere, and what of it has to stay for a while.

    Attributes:
        jobs: Their videos that ended, with prompt, settings and links.
        running: Those under way, which nobody can stop.
        waiting: Those that they can still cancel.
        drafts: Orders that they have begun.
        habits: Presets, and what they chose last for a command.
        preferences: Settings of their own, such as whether they are told by direct message.
        events: Entries of moderators' logs that name them.
        entries: Entries of the credits' books that name them.
        granted_credits: What is left of credits that moderators gave them.
        counted_credits: What still counts against today's or this month's allowance somewhere.
        blocks: That hold.
        allowances: Own allowances that moderators gave them.
    """

    jobs: int = 0
    running: int = 0
    waiting: int = 0
    drafts: int = 0
    habits: int = 0
    preferences: int = 0
    events: int = 0
    entries: int = 0
    granted_credits: int = 0
    counted_credits: int = 0
    blocks: tuple[KeptBlock, ...] = ()
    allowances: int = 0

    @property
    def removable(self) -> int:
        """How many things a deletion takes away or takes the name from."""
        own = self.drafts + self.habits + self.preferences
        return self.jobs + own + self.events + self.entries


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What a deletion took away, in numbers.

    Attributes:
        entries: Of the books, that name nobody now.
        events: Of moderators' logs, likewise.
    """

    jobs: int = 0
    drafts: int = 0
    habits: int = 0
    entries: int = 0
    events: int = 0
    preferences: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was anything to take away."""
        own = (self.drafts, self.habits, self.preferences)
        return any((self.jobs, *own, self.entries, self.events))


class UnderWayError(BotError):
    """A member has jobs that did not end, so nothing of theirs was forgotten."""

    def __init__(self, *, running: int, waiting: int) -> None:
        super().__init__(f"{running} jobs run and {waiting} wait")
        self.running = running
        self.waiting = waiting


def coarse(moment: datetime) -> datetime:
    """Return the month that a deletion falls in: its moment would show what was one member's."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def days_kept(*limits: int | None) -> int | None:
    """Return the shorter of the host's and a guild's days; None keeps things for good."""
    given: Iterable[int] = [limit for limit in limits if limit is not None]
    return min(given, default=None)
