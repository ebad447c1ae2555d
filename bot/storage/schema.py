"""Alembic, run from Python: no alembic.ini, one transaction, one process at a time."""

import threading
from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Engine, func, select

from bot.errors import ConfigurationError
from bot.storage.revisions import SCRIPTS, Migration, current_revision

# Names the advisory lock on PostgreSQL; Discord's ids (the other keys) are far larger.
_MIGRATION_LOCK = 2
# Alembic keeps its current context in module globals.
_alembic_turn = threading.Lock()


def upgrade(engine: Engine, revision: str = "head") -> Migration | None:
    """Bring the schema up to `revision`; does nothing when it is there already. Blocking.

    The engine's transactions must exclude each other on SQLite (BEGIN IMMEDIATE).

    Returns:
        What this call has done; None when there was nothing to do.

    Raises:
        ConfigurationError: a newer version of the bot made this database.
    """
    before, after = _run(engine, lambda config: command.upgrade(config, revision))
    if after is None or before == after:
        return None
    return Migration(before=before, after=after)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to `revision` ("base" drops everything). Blocking."""
    _run(engine, lambda config: command.downgrade(config, revision))


def between(older: str, newer: str) -> list[tuple[str, str]]:
    """Return the migrations after `older` up to `newer`, the newest first, and what each is about.

    Raises:
        CommandError: one of the two is no revision, or they are in another order.
    """
    scripts = ScriptDirectory.from_config(_config())
    return [
        (script.revision, script.doc)
        for script in scripts.iterate_revisions(newer, older)
        if script.revision != older
    ]


def _run(engine: Engine, action: Callable[[Config], None]) -> tuple[str | None, str | None]:
    """Return the schema's version before and after, as nobody else can have changed it."""
    config = _config()
    with _alembic_turn, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        before = current_revision(connection)
        try:
            action(config)
        except CommandError as error:
            raise ConfigurationError(
                f"The database cannot be migrated ({error}). Was it made by a newer version of "
                "the bot? Install that version, or restore a backup."
            ) from error
        return before, current_revision(connection)


def _config() -> Config:
    config = Config()
    # Alembic reads options through configparser, where a percent sign is special.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
