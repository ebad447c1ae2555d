"""The only room that knows SQL: the database, its migrations, the job store and the ledger."""

from bot.storage.database import Database
from bot.storage.jobs import JobStore

__all__ = ["Database", "JobStore"]
