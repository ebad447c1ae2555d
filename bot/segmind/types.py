"""What the provider's answers mean to us."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class ProviderStatus(StrEnum):
    """Where a request stands at the provider."""

    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        """Whether nothing changes any more."""
        return self in (ProviderStatus.COMPLETED, ProviderStatus.FAILED)


class HistoryStatus(StrEnum):
    """Where a request stands in the request history; PENDING is everything unfinished."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A submit that was accepted: from now on it may cost money.

    Attributes:
        request_id: The provider's id.
        status_url: Where to poll; on the API's own host.
        response_url: Where the result will be; on the API's own host.
    """

    request_id: str
    status_url: str
    response_url: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The answer to a poll.

    Attributes:
        error: The provider's words when FAILED; see `inference_failure`.
    """

    status: ProviderStatus
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """A completed request.

    Attributes:
        output_url: The video: public, unguessable, kept for a limited time.
        cost_usd: What was charged; None where the provider said nothing.
        queue_s: How long it waited before it was worked on; None likewise.
        total_s: How long it took in all; None likewise.
    """

    output_url: str
    cost_usd: float | None
    queue_s: float | None = None
    total_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One request as the account's history lists it.

    Attributes:
        request_body: The parameters as they were sent.
        cost_usd: What was charged; None when unknown.
        created_at: UTC; None when the row has no readable time.
    """

    request_id: str
    status: HistoryStatus
    request_body: Mapping[str, Any]
    cost_usd: float | None
    output_url: str | None
    created_at: datetime | None
    error: str | None


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """One page of the history, newest first; one that is not full is the last."""

    rows: tuple[HistoryRow, ...]
