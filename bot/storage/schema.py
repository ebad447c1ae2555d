"""Alembic, run from Python: no alembic.ini, one transaction, one process at a time."""

import threading
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, func, select

from bot.errors import ConfigurationError

_SCRIPTS = Path(__file__).parents[2] / "migrations"
# Names the advisory lock on PostgreSQL; Discord's ids (the other keys) are far larger.
_MIGRATION_LOCK = 2
# Alembic keeps its current context in module globals.
_alembic_turn = threading.Lock()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema up to `revision`; does nothing when it is there already. Blocking.

    The engine's transactions must exclude each other on SQLite (BEGIN IMMEDIATE).

    Raises:
        ConfigurationError: a newer version of the bot made this database.
    """
    _run(engine, lambda config: command.upgrade(config, revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to `revision` ("base" drops everything). Blocking."""
    _run(engine, lambda config: command.downgrade(config, revision))


def newest_revision() -> str:
    """Return the revision that this program's tables need."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError(f"no migrations in {_SCRIPTS}")
    return revision


def current_revision(connection: Connection) -> str | None:
    """Return the revision the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def _run(engine: Engine, action: Callable[[Config], None]) -> None:
    config = _config()
    with _alembic_turn, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        try:
            action(config)
        except CommandError as error:
            raise ConfigurationError(
                f"The database cannot be migrated ({error}). Was it made by a newer version of "
                "the bot? Install that version, or restore a backup."
            ) from error


def _config() -> Config:
    config = Config()
    # Alembic reads options through configparser, where a percent sign is special.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
