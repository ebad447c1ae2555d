"""What the host is told of: which faults there are, since when, and when it is time to say so."""

from bot.host_news.book import BookFile, MigrationFile, MigrationNote
from bot.host_news.diagnosis import GuardRails, diagnose, overdue, stuck_before
from bot.host_news.faults import due, observe, told
from bot.host_news.records import (
    WHOLE,
    Book,
    Change,
    Fault,
    Kind,
    News,
    Patience,
    Phase,
    Symptom,
)

__all__ = [
    "WHOLE",
    "Book",
    "BookFile",
    "Change",
    "Fault",
    "GuardRails",
    "Kind",
    "MigrationFile",
    "MigrationNote",
    "News",
    "Patience",
    "Phase",
    "Symptom",
    "diagnose",
    "due",
    "observe",
    "overdue",
    "stuck_before",
    "told",
]
