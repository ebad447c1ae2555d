"""What a host watches of the running bot: values only, taken at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.job import JobState


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing the bot cannot do without.

    Attributes:
        words: What is wrong, in plain English; "works" when nothing is.
        known: Whether it has been looked at yet.
    """

    name: str
    well: bool
    words: str = "works"
    known: bool = True


@dataclass(frozen=True, kw_only=True)
class JobsInState:
    """Jobs of one model that have not ended and are in one state.

    Attributes:
        jobs: How many.
        oldest_at: Since when the one is in it that came first; None when that is not known.
    """

    model: str
    state: JobState
    jobs: int
    oldest_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class StuckJob:
    """A job that should have been over long ago.

    Attributes:
        guild_id: None for direct messages.
        since: Since when it is in its state.
    """

    id: int
    guild_id: int | None
    model: str
    state: JobState
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The requests a minute.

    Attributes:
        per_minute: At most so many, of all processes together.
        submits: So many of this process wait for their turn.
        polls: Likewise.
        paused: Whether a 429 of the provider holds all of them back.
    """

    per_minute: int
    submits: int
    polls: int
    paused: bool


@dataclass(frozen=True, kw_only=True)
class VitalSigns:
    """All of it.

    Attributes:
        jobs: As the database had them at its last look; None when that failed.
        stuck: Some of the jobs that should have been over long ago, the oldest first; None when
            the database did not say.
        jobs_here: How many jobs this process runs.
        database_s: How long the database took to answer, in seconds; None when it does not.
        engine_s: Likewise the durable engine's own tables.
        balance_usd: The account's; None when this process has not asked lately.
        month_usd: What all videos of the host's month have cost; None when that is not asked.
        outage_since: Since when the provider is out of order; None while it is not.
        key_refused: Whether the provider refuses the key.
        servers: Discord servers that this process serves.
        shards: Gateway connections that it keeps.
        shards_open: Those of them that are open.
        gateway_s: The slowest connection's time from a heartbeat to its answer, in seconds.
        discord_answers: How many answers Discord's HTTP API gave, by status.
    """

    now: datetime
    parts: Sequence[Part]
    jobs: Sequence[JobsInState] | None
    stuck: Sequence[StuckJob] | None
    jobs_here: int
    budget: Budget
    database_s: float | None
    engine_s: float | None
    balance_usd: float | None
    month_usd: float | None
    outage_since: datetime | None
    key_refused: bool
    servers: int
    shards: int
    shards_open: int
    gateway_s: float | None
    discord_answers: Mapping[int, int] = field(default_factory=dict)

    @property
    def on_discord(self) -> bool:
        """Whether every gateway connection is there, and with it what is known of servers."""
        return any(part.name == "gateway" and part.well for part in self.parts)
