"""The only room that knows SQL: the database, its migrations, the stores and the ledger."""

from bot.storage.database import Database
from bot.storage.exporting import ExportingStore
from bot.storage.forgetting import ForgettingStore
from bot.storage.jobs import JobStore
from bot.storage.policies import PolicyStore
from bot.storage.reports import ReportStore
from bot.storage.undelivered import UndeliveredStore

__all__ = [
    "Database",
    "ExportingStore",
    "ForgettingStore",
    "JobStore",
    "PolicyStore",
    "ReportStore",
    "UndeliveredStore",
]
