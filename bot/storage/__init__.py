"""The only room that knows SQL: the database, its migrations, the stores and the ledger."""

from bot.storage.asking import AskingStore
from bot.storage.backups import remove_database
from bot.storage.caring import CareStore, JobFilter, Unclosed
from bot.storage.database import Database
from bot.storage.exporting import ExportingStore
from bot.storage.forgetting import ForgettingStore
from bot.storage.going_back import Undone, go_back, way_back
from bot.storage.history import HistoryStore
from bot.storage.jobs import JobStore
from bot.storage.keeping import Restored, back_up, mark_restored, restore
from bot.storage.locks import PostgresLocks
from bot.storage.moving import Move, Moved, alone_on, back
from bot.storage.policies import PolicyStore
from bot.storage.preferences import PreferenceStore
from bot.storage.pruning import Prunable, prunable
from bot.storage.relocation import refuse_away
from bot.storage.reports import ReportStore
from bot.storage.requests import SharedRequests
from bot.storage.revisions import Migration, newest_revision
from bot.storage.troubles import told_apart
from bot.storage.undelivered import UndeliveredStore
from bot.storage.watching import WatchStore

__all__ = [
    "AskingStore",
    "CareStore",
    "Database",
    "ExportingStore",
    "ForgettingStore",
    "HistoryStore",
    "JobFilter",
    "JobStore",
    "Migration",
    "Move",
    "Moved",
    "PolicyStore",
    "PostgresLocks",
    "PreferenceStore",
    "Prunable",
    "ReportStore",
    "Restored",
    "SharedRequests",
    "Unclosed",
    "UndeliveredStore",
    "Undone",
    "WatchStore",
    "alone_on",
    "back",
    "back_up",
    "go_back",
    "mark_restored",
    "newest_revision",
    "prunable",
    "refuse_away",
    "remove_database",
    "restore",
    "told_apart",
    "way_back",
]
