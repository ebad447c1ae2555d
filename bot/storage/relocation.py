"""The note in a database that says that it is being moved, and what the note forbids.

A move goes through these phases. At every moment at most one of the two databases can be
started, whatever dies in between; repeating the move ends it.

| source    | target     |                                          |
|-----------|------------|------------------------------------------|
| -         | -          | the bot runs on the source               |
| `leaving` | -          | nothing runs any more                    |
| `leaving` | `arriving` | rows are copied                          |
| `left`    | `arriving` | verified                                 |
| `left`    | `arrived`  | the bot runs on the target               |
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import ConfigurationError
from bot.storage.database import Database
from bot.storage.tables import SHORT_LIVED, RelocationRow, Table

# The version of the tables that has a place for the note.
SINCE = "0006"


class Phase(StrEnum):
    """How far a move is, seen from one of its databases."""

    LEAVING = "leaving"
    LEFT = "left"
    ARRIVING = "arriving"
    ARRIVED = "arrived"


@dataclass(frozen=True, kw_only=True)
class Note:
    """The note.

    Attributes:
        phase: How far the move is.
        move_id: The same in both databases.
        peer: The other database, without its password.
        progress: In a target: table to the key of the last row that was copied.
        changed_at: When the phase was entered.
    """

    phase: Phase
    move_id: str
    peer: str
    progress: Mapping[str, Sequence[Any]]
    changed_at: datetime


_WORDS: Mapping[Phase, str] = {
    Phase.LEAVING: (
        "{here} is being moved to {peer}, and the move is not over. Run it again: python -m bot "
        "move --to (that address). To give it up: python -m bot move --back"
    ),
    Phase.LEFT: (
        "{here} was moved to {peer} on {day}: set DATABASE_URL to that. To go back to the old "
        "database, without what has happened since: python -m bot move --back"
    ),
    Phase.ARRIVING: (
        "{here} holds an unfinished copy of {peer}. Run the move again, with DATABASE_URL set "
        "as it was: python -m bot move --to (this address)"
    ),
}


async def refuse_away(database: Database) -> None:
    """Return when a bot may run on this database.

    Raises:
        ConfigurationError: it is being moved or was moved away, or is an unfinished copy.
    """
    note = await database.read(noted)
    if note is None or note.phase is Phase.ARRIVED:
        return
    words = _WORDS[note.phase].format(
        here=database.url, peer=note.peer, day=f"{note.changed_at:%Y-%m-%d}"
    )
    raise ConfigurationError(f"DATABASE_URL: {words}")


async def noted(session: AsyncSession) -> Note | None:
    """Return the note, if there is one."""
    row = await session.get(RelocationRow, 1)
    return (
        None
        if row is None
        else Note(
            phase=Phase(row.phase),
            move_id=row.move_id,
            peer=row.peer,
            progress=dict(row.progress),
            changed_at=row.changed_at,
        )
    )


async def put(session: AsyncSession, note: Note | None) -> None:
    """Replace the note."""
    await session.execute(delete(RelocationRow))
    if note is not None:
        await session.execute(insert(RelocationRow).values(id=1, **asdict(note)))


async def leave(session: AsyncSession, *, peer: str, move_id: str, now: datetime) -> Note:
    """Note in the source that it is being moved; an unfinished move keeps its id.

    Raises:
        ConfigurationError: it was moved elsewhere already, or is an unfinished copy itself.
    """
    before = await noted(session)
    if before is not None and before.phase is Phase.ARRIVING:
        raise ConfigurationError(f"DATABASE_URL is an unfinished copy of {before.peer}.")
    if before is not None and before.phase is Phase.LEFT:
        if before.peer != peer:
            raise ConfigurationError(f"DATABASE_URL was moved to {before.peer} already.")
        return before
    if before is not None and before.phase is Phase.LEAVING:
        move_id = before.move_id
    note = Note(phase=Phase.LEAVING, move_id=move_id, peer=peer, progress={}, changed_at=now)
    await put(session, note)
    return note


async def arrive(session: AsyncSession, *, peer: str, move_id: str, now: datetime) -> None:
    """Claim an empty target for this move, or find it claimed by it.

    Raises:
        ConfigurationError: it holds something else.
    """
    before = await noted(session)
    if before is not None and before.phase in {Phase.ARRIVING, Phase.ARRIVED}:
        if before.move_id == move_id:
            return
        if before.phase is Phase.ARRIVING:
            raise ConfigurationError(
                f"--to: it holds an unfinished copy by another move, from {before.peer}. Finish "
                "that move, or drop that database and make it anew."
            )
    filled = await _filled(session)
    if before is not None or filled:
        holds = f" ({', '.join(filled)})" if filled else ""
        raise ConfigurationError(
            f"--to: it holds the data of another installation{holds}. A move needs an empty "
            "database: make a new one."
        )
    note = Note(phase=Phase.ARRIVING, move_id=move_id, peer=peer, progress={}, changed_at=now)
    await put(session, note)


async def progress(session: AsyncSession, table: str, key: Sequence[Any]) -> None:
    """Note that a table is copied up to and including the row with this key."""
    row = await session.get_one(RelocationRow, 1)
    row.progress = {**row.progress, table: list(key)}


async def advance(session: AsyncSession, phase: Phase, *, now: datetime) -> None:
    """Write the next phase into the note."""
    row = await session.get_one(RelocationRow, 1)
    row.phase, row.changed_at = phase, now


async def _filled(session: AsyncSession) -> list[str]:
    return [
        table.name
        for table in Table.metadata.sorted_tables
        if table.name not in SHORT_LIVED
        and await session.scalar(select(func.count()).select_from(table))
    ]
