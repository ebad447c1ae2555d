"""What the stand-in remembers: its account, every request, and how often it was called."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.catalogue import JsonScalar, Model
from sandbox.segmind_api.words import Outcome

# The pages: "Results are retained for 1 hour, then expire."
RETENTION_S = 3600.0
STARTING_CREDITS_USD = 1000.0
WINDOW_S = 60.0


class Status(StrEnum):
    """The four states of the protocol."""

    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        """Whether nothing changes any more."""
        return self in (Status.COMPLETED, Status.FAILED)


@dataclass(kw_only=True)
class Account:
    """The one account of the stand-in; the control endpoint changes it.

    Attributes:
        requests_per_minute: Budget over all calls; None for no limit.
        speed: Latencies are divided by this.
    """

    api_key: str = field(repr=False)
    api_key_valid: bool = True
    credits_usd: float = STARTING_CREDITS_USD
    requests_per_minute: int | None = None
    speed: float = 1.0
    retention_s: float = RETENTION_S


@dataclass(kw_only=True, eq=False)
class Record:
    """One accepted request. Times are seconds since the epoch.

    Attributes:
        body: The JSON as it was sent.
        values: The same, checked and with defaults.
        queue_s: How long it waits for a worker; `inference_s`: how long the worker takes.
        hurry: Set by the control endpoint to end the waiting.
        output_name: Last part of the output's address; unguessable.
    """

    model: Model
    body: dict[str, Any]
    values: dict[str, JsonScalar | None]
    seed: int
    price_usd: float
    outcome: Outcome
    queue_s: float
    inference_s: float
    created_at: float
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    output_name: str = field(default_factory=lambda: f"{uuid.uuid4()}.mp4")
    status: Status = Status.QUEUED
    started_at: float | None = None
    finished_at: float | None = None
    error: str | None = None
    output: Path | None = None
    charged_usd: float | None = None
    credits_left_usd: float | None = None
    expired: bool = False
    output_expired: bool = False
    hurry: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    calls: Counter[str] = field(default_factory=Counter)

    def metrics(self) -> dict[str, float]:
        """Return the metrics of a finished request; money only where money was taken."""
        finished = self.finished_at or self.created_at
        started = self.started_at or finished
        times = {
            "inference_time": round(finished - started, 3),
            "queue_time": round(started - self.created_at, 3),
            "total_time": round(finished - self.created_at, 3),
        }
        if self.charged_usd is None or self.credits_left_usd is None:
            return times
        return {
            "cost": self.charged_usd,
            "remaining_credits": round(self.credits_left_usd, 6),
            **times,
        }


class Store:
    """Requests by id and by output name, call counts, and the rate-limit window."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.records: dict[str, Record] = {}
        self.calls: Counter[str] = Counter()
        self.submits_received: Counter[str] = Counter()
        self.uploads: dict[str, tuple[str, Path]] = {}
        self._by_output: dict[str, Record] = {}
        self._window_start = 0.0
        self._window_calls = 0

    def add(self, record: Record) -> None:
        """Remember an accepted request."""
        self.records[record.request_id] = record
        self._by_output[record.output_name] = record

    def by_output(self, name: str) -> Record | None:
        """Return the request that made this output file."""
        return self._by_output.get(name)

    def alive(self, request_id: str, retention_s: float) -> Record | None:
        """Return a request that is known and has not expired."""
        record = self.records.get(request_id)
        if record is None or record.expired:
            return None
        if record.finished_at is not None and self.clock() > record.finished_at + retention_s:
            return None
        return record

    def over_limit(self, requests_per_minute: int | None) -> datetime | None:
        """Count one call; return when the window resets if the budget is spent."""
        now = self.clock()
        if now >= self._window_start + WINDOW_S:
            self._window_start, self._window_calls = now, 0
        self._window_calls += 1
        if requests_per_minute is None or self._window_calls <= requests_per_minute:
            return None
        return datetime.fromtimestamp(self._window_start + WINDOW_S, UTC)

    def restart_window(self) -> None:
        """Begin a new rate-limit window with the next call."""
        self._window_start, self._window_calls = 0.0, 0
