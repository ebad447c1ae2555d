"""A released database on its way to the newest tables, back, and there again; what it holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Engine, inspect

from bot.storage import engines, schema
from bot.storage.revisions import TABLE as REVISION
from tests.releasing.releases import Release

Row: TypeAlias = Mapping[str, Any]
# Table to its rows, by primary key.
Contents: TypeAlias = Mapping[str, Mapping[tuple[Any, ...], Row]]


@dataclass(frozen=True, kw_only=True)
class Journey:
    """A database's contents at each stop. It is at the newest tables now.

    Attributes:
        url: Where it is.
        released: As the release left it.
        newest: After the upgrade.
        one_back: After going back by one migration.
        newest_again: And up again.
        home: Back with the release's own tables.
        newest_at_last: And up again.
    """

    release: Release
    url: str
    released: Contents
    newest: Contents
    one_back: Contents
    newest_again: Contents
    home: Contents
    newest_at_last: Contents


def travelled(release: Release, url: str) -> Journey:
    """Take a database that was just filled from a release's dump all the way. Blocking."""
    engine = engines.migration_engine(engines.parse(url))

    def after(step: Callable[[], object]) -> Contents:
        step()
        return contents(engine)

    try:
        return Journey(
            release=release,
            url=url,
            released=contents(engine),
            newest=after(lambda: schema.upgrade(engine)),
            one_back=after(lambda: schema.downgrade(engine, "-1")),
            newest_again=after(lambda: schema.upgrade(engine)),
            home=after(lambda: schema.downgrade(engine, release.revision)),
            newest_at_last=after(lambda: schema.upgrade(engine)),
        )
    finally:
        engine.dispose()


def contents(engine: Engine) -> Contents:
    """Return every row of the bot's tables, of whatever version, as the driver gives it."""
    keys = inspect(engine).get_multi_pk_constraint()
    with engine.connect() as connection:
        return {
            table: {
                tuple(row[name] for name in key["constrained_columns"]): dict(row)
                for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').mappings()  # noqa: S608 - as the database says itself
            }
            for (_, table), key in keys.items()
            if key is not None and table != REVISION
        }


def lost(before: Contents, after: Contents, *, given_up: Sequence[str] = ()) -> list[str]:
    """Return what was before and is not any more, or is otherwise. Pure.

    Args:
        before: Then.
        after: Now.
        given_up: Tables (`table`) and columns (`table.column`) that may be gone.
    """
    return [
        words
        for table, rows in before.items()
        if table not in given_up
        for words in _lost_of(table, rows, after.get(table), given_up)
    ]


def _lost_of(
    table: str,
    before: Mapping[tuple[Any, ...], Row],
    after: Mapping[tuple[Any, ...], Row] | None,
    given_up: Sequence[str],
) -> list[str]:
    if after is None:
        return [f"the table {table}"]
    found = []
    for key, row in before.items():
        now = after.get(key)
        if now is None:
            found.append(f"{table} {key}")
            continue
        for column, value in row.items():
            name = f"{table}.{column}"
            if name in given_up:
                continue
            if column not in now:
                found.append(f"the column {name}")
            elif now[column] != value:
                found.append(f"{name} of {key}: {value!r} became {now[column]!r}")
    found += [f"{table} {key} is new" for key in after.keys() - before.keys()]
    return list(dict.fromkeys(found))
