"""Copying all rows from one database to another, in pieces that can be repeated, and comparing.

Each batch and the note of how far it went are one transaction of the target, so that a copy that
was killed goes on where it stopped.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    MetaData,
    Select,
    Table,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage import relocation
from bot.storage.database import Database, Work
from bot.storage.tables import SHORT_LIVED, RelocationRow
from bot.storage.tables import Table as Base

BATCH_ROWS = 500

Record = dict[str, Any]


def _tables() -> tuple[Table, ...]:
    """Return the tables to copy, what is referred to first.

    They are our tables, but that an empty JSON column stays NULL and does not become `null`.
    """
    plain = MetaData()
    for table in Base.metadata.sorted_tables:
        for column in table.to_metadata(plain).columns:
            if isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)
    stay = {RelocationRow.__tablename__, *SHORT_LIVED}
    return tuple(table for table in plain.sorted_tables if table.name not in stay)


TABLES = _tables()


async def copy(source: Database, target: Database, table: Table) -> None:
    """Copy what the target does not have of a table; the target's note says how far it is."""
    note = await target.read(relocation.noted)
    after = (note.progress if note else {}).get(table.name)
    own = _own_references(table)
    async for rows in batches(source, table, after=after):
        await target.write(_writing(table, [{**row, **dict.fromkeys(own)} for row in rows]))
    # A row may refer to one that comes later: those references are set at the end.
    for name in own:
        async for rows in batches(source, table, having=name):
            await target.write(_referring(table, name, rows))


async def batches(
    source: Database, table: Table, *, after: Sequence[Any] | None = None, having: str | None = None
) -> AsyncIterator[list[Record]]:
    """Yield a table's rows in the order of their keys, some at a time.

    Args:
        source: Where from.
        table: One of `TABLES`.
        after: Only rows with keys behind this one.
        having: Only rows with a value in this column.
    """
    query = select(table).order_by(*table.primary_key.columns).limit(BATCH_ROWS)
    if having is not None:
        query = query.where(table.c[having].is_not(None))
    while rows := await _read(source, query if after is None else _behind(query, table, after)):
        yield rows
        after = _key(table, rows[-1])


async def differences(source: Database, target: Database, table: Table) -> list[str]:
    """Return a sentence for each thing in which two copies of a table differ."""
    counts = [await count(database, table) for database in (source, target)]
    if counts[0] != counts[1]:
        return [f"{table.name}: {counts[0]} rows became {counts[1]}"]
    found = 0
    async for rows in batches(source, table):
        copied = await _read(target, _same_keys(table, rows))
        by_key = {_key(table, row): row for row in copied}
        found += sum(by_key.get(_key(table, row)) != _storable(row) for row in rows)
    return [f"{table.name}: {found} rows are not as they were"] if found else []


async def count(database: Database, table: Table) -> int:
    """Return how many rows a table has."""

    async def work(session: AsyncSession) -> int:
        return await session.scalar(select(func.count()).select_from(table)) or 0

    return await database.read(work)


async def go_on_numbering(source: Database, target: Database, table: Table) -> None:
    """Let the target's next row have a number that the source never gave."""
    column = table.autoincrement_column
    if column is None:
        return
    last = await source.read(lambda session: _last_number(session, table, column))
    await target.write(lambda session: _set_last_number(session, table, column, last))


# -- rows ---------------------------------------------------------------------------------


def _own_references(table: Table) -> list[str]:
    return [key.parent.name for key in table.foreign_keys if key.column.table is table]


def _key(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _behind(query: Select[Any], table: Table, key: Sequence[Any]) -> Select[Any]:
    columns = list(table.primary_key.columns)
    values = [literal(value, column.type) for value, column in zip(key, columns, strict=True)]
    return query.where(tuple_(*columns) > tuple_(*values))


def _same_keys(table: Table, rows: Sequence[Record]) -> Select[Any]:
    keys = [_key(table, row) for row in rows]
    return select(table).where(tuple_(*table.primary_key.columns).in_(keys))


async def _read(database: Database, query: Select[Any]) -> list[Record]:
    async def work(session: AsyncSession) -> list[Record]:
        return [dict(row) for row in (await session.execute(query)).mappings()]

    return await database.read(work)


def _storable(row: Record) -> Record:
    """Return the row as both databases can hold it: PostgreSQL's texts have no NUL character."""
    return {
        name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value
        for name, value in row.items()
    }


def _writing(table: Table, rows: list[Record]) -> Work[None]:
    async def work(session: AsyncSession) -> None:
        connection = await session.connection()
        await connection.execute(insert(table), [_storable(row) for row in rows])
        await relocation.progress(session, table.name, _key(table, rows[-1]))

    return work


def _referring(table: Table, name: str, rows: list[Record]) -> Work[None]:
    (key,) = table.primary_key.columns
    statement = (
        update(table).where(key == bindparam("of")).values({name: bindparam("to", type_=key.type)})
    )

    async def work(session: AsyncSession) -> None:
        connection = await session.connection()
        await connection.execute(
            statement, [{"of": row[key.name], "to": row[name]} for row in rows]
        )

    return work


# -- numbers of rows ---------------------------------------------------------------------


async def _last_number(session: AsyncSession, table: Table, column: Column[Any]) -> int:
    """Return the highest number that was ever given, as far as the database remembers."""
    connection = await session.connection()
    highest = await session.scalar(select(func.max(column))) or 0
    if connection.dialect.name == "postgresql":
        sequence = await session.scalar(_sequence(table, column))
        query = text("SELECT pg_sequence_last_value(CAST(:sequence AS regclass))")
        given = await session.scalar(query, {"sequence": sequence})
        return max(highest, given or 0)
    if table.dialect_options["sqlite"]["autoincrement"]:
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return max(highest, await session.scalar(query, {"name": table.name}) or 0)
    return int(highest)


async def _set_last_number(
    session: AsyncSession, table: Table, column: Column[Any], last: int
) -> None:
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        if last:
            sequence = await session.scalar(_sequence(table, column))
            await session.execute(select(func.setval(sequence, literal(last, BigInteger))))
    elif table.dialect_options["sqlite"]["autoincrement"]:
        name = {"name": table.name}
        await session.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), name)
        await session.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"),
            {**name, "last": last},
        )


def _sequence(table: Table, column: Column[Any]) -> Select[Any]:
    return select(func.pg_get_serial_sequence(table.name, column.name))
