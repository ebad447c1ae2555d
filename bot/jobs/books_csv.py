"""The ledger and the audit log as the rows of a spreadsheet. Pure.

Adding up the ledger's `member_credits`: over all rows of one grant they are what is left of it;
over the rows of a member whose source is the allowance, what they used of it, below zero. The
sum of `server_spent_credits` is what counts against the server's budget.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from bot.audit import AuditEvent
from bot.quota import EntryKind, LedgerEntry

Cell: TypeAlias = str | int | None

# What makes a spreadsheet take a text for a formula, full-width forms included.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# What an entry does to what a member has, and to what a server has spent: a refund gives credits
# back to the member, not money to the server.
_MEMBER: Mapping[EntryKind, int] = {
    EntryKind.GRANT: 1,
    EntryKind.RESERVE: -1,
    EntryKind.SETTLE: 0,
    EntryKind.RELEASE: 1,
    EntryKind.ADJUST: 1,
}
_SERVER: Mapping[EntryKind, int] = {EntryKind.RESERVE: 1, EntryKind.RELEASE: -1}

LEDGER_COLUMNS = (
    "entry_id",
    "counted_on_local_date",
    "counted_at_utc",
    "booked_at_utc",
    "kind",
    "credits",
    "member_credits",
    "server_spent_credits",
    "member_id",
    "job_id",
    "source",
    "grant_entry_id",
    "grant_expires_at_utc",
    "moderator_id",
    "reason",
)


def ledger_row(entry: LedgerEntry, zone: ZoneInfo) -> Sequence[Cell]:
    """Return an entry's cells; `zone` is the guild's, whose days count."""
    given = entry.kind is EntryKind.GRANT
    grant_id = entry.id if given else entry.grant_id
    return (
        entry.id,
        entry.counted_at.astimezone(zone).date().isoformat(),
        _time(entry.counted_at),
        _time(entry.created_at),
        entry.kind.value,
        entry.credits,
        _MEMBER[entry.kind] * entry.credits,
        _SERVER.get(entry.kind, 0) * entry.credits,
        entry.user_id,
        entry.job_id,
        "allowance" if grant_id is None else "grant",
        grant_id,
        _time(entry.expires_at),
        entry.actor_id,
        safe(entry.reason),
    )


AUDIT_COLUMNS = ("event_id", "at_utc", "action", "moderator_id", "target_id", "detail_json")


def audit_row(event: AuditEvent) -> Sequence[Cell]:
    """Return an event's cells."""
    return (
        event.id,
        _time(event.created_at),
        safe(event.action),
        event.actor_id,
        event.target_id,
        safe(json.dumps(dict(event.detail), ensure_ascii=False)),
    )


def safe(text: str | None) -> str | None:
    """Return the text so that no spreadsheet calculates it: an apostrophe goes before."""
    return f"'{text}" if text is not None and text.startswith(_FORMULA_STARTS) else text


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
