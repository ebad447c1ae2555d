"""Alembic's environment: migrate on the connection that the bot hands over.

A developer without one gives an address instead, to draft a new migration:
`alembic -c migrations/alembic.ini -x url=sqlite:///data/bot.sqlite3 revision --autogenerate -m ...`
"""

from typing import Literal

from alembic import context
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from bot.storage import engines
from bot.storage.tables import Table, UtcDateTime


def render_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our column type as what the database sees: migrations must not depend on our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    """Run the migrations in the connection's transaction."""
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        transactional_ddl=True,  # SQLite can, once the driver leaves BEGIN to us
        render_item=render_type,
        render_as_batch=True,  # SQLite alters a table by copying it
    )
    with context.begin_transaction():
        context.run_migrations()


def run_on_address() -> None:
    """Connect to the address of the command line's `-x url=...`."""
    address = context.get_x_argument(as_dictionary=True).get("url")
    if address is None:
        raise CommandError("say which database: alembic -x url=sqlite:///path/to/file ...")
    engine = engines.migration_engine(engines.parse(str(address)))
    with engine.begin() as connection:
        run(connection)
    engine.dispose()


given = context.config.attributes.get("connection")
if given is None:
    run_on_address()
else:
    run(given)
