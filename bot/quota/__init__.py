"""Who may spend how much, decided purely: windows, allowances, grants, budgets, the check.

Storage adds up what was spent (`Usage`) inside the transaction that reserves; this
module says yes or no. All credits are whole numbers, all times are aware UTC.
"""

from bot.quota.entries import EntryKind, Grant, LedgerEntry
from bot.quota.rules import (
    Allowance,
    Balance,
    Budget,
    Part,
    Refusal,
    Rule,
    Usage,
    check,
    parts,
)
from bot.quota.windows import Window, Windows, day_window, days_window, month_window, windows_at
from bot.quota.words import refusal_text

__all__ = [
    "Allowance",
    "Balance",
    "Budget",
    "EntryKind",
    "Grant",
    "LedgerEntry",
    "Part",
    "Refusal",
    "Rule",
    "Usage",
    "Window",
    "Windows",
    "check",
    "day_window",
    "days_window",
    "month_window",
    "parts",
    "refusal_text",
    "windows_at",
]
