"""The only room that knows SQL: the database, its migrations, the stores and the ledger."""

from bot.storage.database import Database
from bot.storage.exporting import ExportingStore
from bot.storage.forgetting import ForgettingStore
from bot.storage.jobs import JobStore
from bot.storage.locks import PostgresLocks
from bot.storage.policies import PolicyStore
from bot.storage.reports import ReportStore

__all__ = [
    "Database",
    "ExportingStore",
    "ForgettingStore",
    "JobStore",
    "PolicyStore",
    "PostgresLocks",
    "ReportStore",
]
