"""A migration of the database: logged, and kept for the host to be told."""

import logging
from datetime import datetime

from bot import __version__
from bot.host_news import MigrationFile, MigrationNote
from bot.settings import Settings
from bot.storage import Migration

log = logging.getLogger(__name__)


def note_migration(settings: Settings, migration: Migration | None, at: datetime) -> None:
    """Log that the tables were changed, and keep it for the host to be told. Blocking.

    It runs before the bot is on Discord, perhaps in another process.
    """
    if migration is None or migration.before is None:
        return
    log.warning(
        "version %s has changed the database's tables: schema %s is now %s",
        __version__,
        migration.before,
        migration.after,
    )
    if not settings.tells_host:
        return
    note = MigrationNote(before=migration.before, after=migration.after, program=__version__, at=at)
    try:
        MigrationFile(settings.data_dir).add(note)
    except OSError as error:
        log.warning("the host will not be told of it: %s", error)
