"""What the append-only ledger holds, as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EntryKind(StrEnum):
    """What a ledger entry does to a balance.

    Attributes:
        RESERVE: Takes credits for a job that was let in.
        SETTLE: Closes a reservation for good: the video was delivered.
        RELEASE: Closes a reservation by giving its credits back.
        GRANT: Gives a member credits beyond their allowance.
        ADJUST: A moderator's refund of settled credits.
    """

    RESERVE = "reserve"
    SETTLE = "settle"
    RELEASE = "release"
    GRANT = "grant"
    ADJUST = "adjust"


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One line of the append-only ledger.

    A job has one `reserve` entry for each source its price was drawn from, and what closes
    it (`settle` or `release`) and what refunds it (`adjust`) mirrors them one to one.

    Attributes:
        guild_id: None in direct messages.
        user_id: 0 when the member was forgotten.
        credits: Always positive; `kind` says which way they go.
        actor_id: The moderator behind a grant or refund; None when the bot did it, 0 when the
            moderator was forgotten.
        counted_at: The time whose windows the entry belongs to: that of the reservation,
            so a job reserved yesterday and released today gives yesterday's credits back.
        expires_at: When a grant lapses.
        grant_id: The `grant` entry that these credits of a job came from and go back to; None
            for those of the day's and month's allowance.
    """

    id: int
    job_id: int | None
    guild_id: int | None
    user_id: int
    kind: EntryKind
    credits: int
    counted_at: datetime
    created_at: datetime
    actor_id: int | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    grant_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Credits that a moderator gave a member once.

    Attributes:
        id: Of its ledger entry.
        credits: As given.
        left: Those that no job holds or has used.
        expires_at: From then on it is worth nothing; None never lapses.
    """

    id: int
    credits: int
    left: int
    expires_at: datetime | None
    reason: str | None
    actor_id: int | None
