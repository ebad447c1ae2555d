"""All that is kept about a member, for them to read: every stored field but secrets."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.job import JobState
from bot.pseudonyms import NOBODY, Pseudonyms
from bot.storage import holding, skeletons, thumbnails
from bot.storage.database import Database
from bot.storage.tables import (
    AllowanceRow,
    AuditRow,
    BlockRow,
    DraftRow,
    FilterRuleRow,
    JobRow,
    LastOptionsRow,
    LedgerRow,
    MemberPreferenceRow,
    PolicyRow,
    PresetRow,
    Table,
    ThumbnailRow,
)

_ROWS_A_READ = 200
_SECRET = frozenset({"interaction_token", "forgotten_at"})
# Who did something to a member is not told by name: those are data about somebody else.
_ACTORS = frozenset({"actor_id", "decided_by", "removed_by"})

# Whoever can keep a video from being posted, by closing direct messages for one, would have it
# for nothing.
_NOT_PAID = "not told: the video was not delivered, and so not paid for"
# Nor does anybody see what its member dropped: no moderator could take it down.
_DROPPED = "not told: you dropped this video"

Record = dict[str, Any]
# What its rows are called, its table, a column that tells them apart in order, and which they are.
_Sources: TypeAlias = Sequence[tuple[str, type[Table], str, tuple[ColumnElement[bool], ...]]]


class ExportingStore:
    """Reads all of a member's rows, some at a time."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms) -> None:
        self._database = database
        self._pseudonyms = pseudonyms

    async def export(self, user_id: int) -> AsyncIterator[tuple[str, Record]]:
        """Yield a member's rows with the name of what they are, kind by kind.

        Each read is a transaction of its own. Times are aware, ids whole numbers.
        """
        both = self._pseudonyms.both(user_id)
        sources: _Sources = (
            ("jobs", JobRow, "id", (col(JobRow.user_id) == user_id,)),
            ("thumbnails", ThumbnailRow, "job_id", (thumbnails.of_member(user_id),)),
            ("credits", LedgerRow, "id", (col(LedgerRow.user_id).in_(both),)),
            ("blocks", BlockRow, "guild_id", (col(BlockRow.user_id) == user_id,)),
            ("allowances", AllowanceRow, "guild_id", holding.own_allowance(user_id)),
            ("drafts", DraftRow, "id", (col(DraftRow.user_id) == user_id,)),
            ("presets", PresetRow, "id", (col(PresetRow.user_id) == user_id,)),
            # As many as there are commands: one read.
            ("last_options", LastOptionsRow, "user_id", (col(LastOptionsRow.user_id) == user_id,)),
            (
                "preferences",
                MemberPreferenceRow,
                "user_id",
                (col(MemberPreferenceRow.user_id) == user_id,),
            ),
            ("moderation", AuditRow, "id", (_names(user_id),)),
        )
        async for kind, row in self._rows(sources):
            yield kind, _record(row, user_id)

    async def export_guild(self, guild_id: int) -> AsyncIterator[tuple[str, Record]]:
        """Yield a guild's rows likewise, for its host; with ids of members, without pictures."""
        sources: _Sources = (
            ("policy", PolicyRow, "guild_id", ()),
            ("allowances", AllowanceRow, "target_id", ()),
            ("blocks", BlockRow, "user_id", ()),
            ("filter_rules", FilterRuleRow, "id", ()),
            ("jobs", JobRow, "id", (col(JobRow.forgotten_at).is_(None),)),
            ("credits", LedgerRow, "id", ()),
            ("moderation", AuditRow, "id", ()),
        )
        of_guild: _Sources = tuple(
            (kind, table, key, (*conditions, col(getattr(table, "guild_id")) == guild_id))  # noqa: B009 - not every table has one
            for kind, table, key, conditions in sources
        )
        async for kind, row in self._rows(of_guild):
            yield kind, _guild_record(row)

    async def _rows(self, sources: _Sources) -> AsyncIterator[tuple[str, Record]]:
        for kind, table, key, conditions in sources:
            last: int | None = None
            while rows := await self._read(table, key, conditions, last):
                for row in rows:
                    yield kind, row
                last = int(rows[-1][key])

    async def _read(
        self,
        table: type[Table],
        key: str,
        conditions: tuple[ColumnElement[bool], ...],
        after: int | None,
    ) -> list[Record]:
        column = col(getattr(table, key))
        query = select(table).where(*conditions).order_by(column).limit(_ROWS_A_READ)
        if after is not None:
            query = query.where(column > after)

        async def work(session: AsyncSession) -> list[Record]:
            return [row.model_dump() for row in await session.scalars(query)]

        return await self._database.read(work)


def _names(user_id: int) -> ColumnElement[bool]:
    return skeletons.about(user_id) | (col(AuditRow.actor_id) == user_id)


def _record(row: Record, user_id: int) -> Record:
    record: Record = {}
    for name, value in row.items():
        if name in _SECRET:
            continue
        if name in _ACTORS:
            record[name.removesuffix("_id")] = _who(value, user_id)
        elif name == "user_id" and isinstance(value, int) and value < NOBODY:
            record[name] = "a pseudonym of yours"
        elif name == "output_url" and value is not None and row["state"] != JobState.DELIVERED:
            record[name] = _DROPPED if row["state"] == JobState.DROPPED else _NOT_PAID
        elif isinstance(value, bytes):
            # Thousands of them would not fit into a file that Discord takes.
            record[name] = f"a WebP picture of {len(value)} bytes: /history shows it"
        else:
            record[name] = value
    return record


def _guild_record(row: Record) -> Record:
    record = {name: value for name, value in row.items() if name not in _SECRET}
    if isinstance(whose := record.get("user_id"), int) and whose < NOBODY:
        record["user_id"] = "a pseudonym"
    if record.get("output_url") is not None and record["state"] != JobState.DELIVERED:
        # As for members: what was not delivered is nobody's to see.
        record["output_url"] = "not told: the video was not delivered"
    return record


def _who(actor_id: int | None, user_id: int) -> str | None:
    if actor_id is None:
        return None
    return "you" if actor_id == user_id else "a moderator"
