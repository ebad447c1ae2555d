"""What members have said so far and like to say: drafts, last options, presets."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.asking import MOST_PRESETS, Draft, NewPreset, Options, Preset, Taken, key_of
from bot.catalogue import JsonScalar
from bot.errors import RefusedError
from bot.i18n import gettext, number_text
from bot.storage.database import Database
from bot.storage.tables import UNSYNCED, DraftRow, LastOptionsRow, PresetRow

# Discord's signed addresses of pictures work for about a day.
KEPT_FOR = timedelta(hours=24)


class AskingStore:
    """Keeps, for each member, what is no job yet. Returns frozen values only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- drafts --------------------------------------------------------------------

    async def keep_draft(self, draft: Draft, *, now: datetime) -> None:
        """Keep a draft for `KEPT_FOR`, and forget all that are too old.

        One with the same id is replaced unless it has been taken: an interaction may be heard
        by two processes.
        """

        async def work(session: AsyncSession) -> None:
            await forget_old(session, now=now)
            row = await session.get(DraftRow, draft.id)
            if row is None:
                made = DraftRow(id=draft.id, user_id=draft.user_id, body=_body(draft), kept_at=now)
                session.add(made)
            elif row.user_id == draft.user_id and row.taken_by is None:
                row.body, row.kept_at = _body(draft), now

        # On PostgreSQL too, two processes keep the same one after each other.
        await self._database.write(work, locks=(draft.user_id,))

    async def draft(self, draft_id: int, user_id: int, *, now: datetime) -> Draft | None:
        """Return a member's draft; None when it is gone, taken or somebody else's."""
        query = select(DraftRow).where(
            *_own(draft_id, user_id, now), col(DraftRow.taken_by).is_(None)
        )

        async def work(session: AsyncSession) -> Draft | None:
            row = (await session.scalars(query)).one_or_none()
            return None if row is None else _draft(row)

        return await self._database.read(work)

    async def take_draft(self, draft_id: int, user_id: int, *, by: int, now: datetime) -> Taken:
        """Take a member's draft for one interaction; another then gets it no more.

        The same interaction may take it again: it is heard by two processes, and is one job.
        """
        taken_by = col(DraftRow.taken_by)
        guarded = (
            update(DraftRow)
            .where(*_own(draft_id, user_id, now), taken_by.is_(None) | (taken_by == by))
            .values(taken_by=by)
            .returning(DraftRow)
        )
        other = select(taken_by).where(*_own(draft_id, user_id, now))

        async def work(session: AsyncSession) -> Taken:
            row = (await session.scalars(guarded)).one_or_none()
            if row is not None:
                return Taken(draft=_draft(row))
            by_other = await session.scalar(other)
            return Taken(draft=None, why_not="taken" if by_other else "gone", by=by_other)

        return await self._database.write(work)

    async def give_back(self, draft: Draft, *, by: int) -> None:
        """Let a draft that this interaction took be taken again, as it is now."""
        free = (
            update(DraftRow)
            .where(col(DraftRow.id) == draft.id, col(DraftRow.taken_by) == by)
            .values(taken_by=None, body=_body(draft))
        )

        async def work(session: AsyncSession) -> None:
            await session.execute(free, execution_options=UNSYNCED)

        await self._database.write(work)

    async def drop_draft(self, draft_id: int, *, by: int) -> None:
        """Forget a draft that this interaction has taken."""
        gone = delete(DraftRow).where(col(DraftRow.id) == draft_id, col(DraftRow.taken_by) == by)

        async def work(session: AsyncSession) -> None:
            await session.execute(gone, execution_options=UNSYNCED)

        await self._database.write(work)

    # -- last options ----------------------------------------------------------------

    async def last_options(self, user_id: int, command: str) -> Mapping[str, JsonScalar]:
        """Return what a member chose last for a command; empty at first."""

        async def work(session: AsyncSession) -> Mapping[str, JsonScalar]:
            row = await session.get(LastOptionsRow, (user_id, command))
            return {} if row is None else row.options

        return await self._database.read(work)

    async def remember(self, user_id: int, command: str, options: Options) -> None:
        """Keep what a member chose for a command, in place of what it was before."""
        if await self.last_options(user_id, command) == options:
            return

        async def work(session: AsyncSession) -> None:
            row = LastOptionsRow(user_id=user_id, command=command, options=dict(options))
            await session.merge(row)

        await self._database.write(work, locks=(user_id,))

    # -- presets -----------------------------------------------------------------------

    async def save_preset(self, new: NewPreset, *, now: datetime) -> Preset:
        """Save a preset, in place of one of the same name.

        Raises:
            RefusedError: the member has as many as there may be.
        """
        same = select(col(PresetRow.id)).where(
            col(PresetRow.user_id) == new.user_id, col(PresetRow.key) == key_of(new.name)
        )
        number = select(func.count()).where(col(PresetRow.user_id) == new.user_id)

        async def work(session: AsyncSession) -> Preset:
            old_id = await session.scalar(same)
            if old_id is None and (await session.scalar(number) or 0) >= MOST_PRESETS:
                raise RefusedError(_too_many())
            row = PresetRow(
                id=old_id,
                user_id=new.user_id,
                key=key_of(new.name),
                name=new.name,
                model=new.model,
                options=dict(new.options),
                saved_at=now,
            )
            row = await session.merge(row)
            await session.flush()
            return _preset(row)

        return await self._database.write(work, locks=(new.user_id,))

    async def presets(self, user_id: int) -> Sequence[Preset]:
        """Return a member's presets by name."""
        query = select(PresetRow).where(col(PresetRow.user_id) == user_id)

        async def work(session: AsyncSession) -> Sequence[Preset]:
            found = await session.scalars(query.order_by(col(PresetRow.key)))
            return [_preset(row) for row in found]

        return await self._database.read(work)

    async def preset(self, user_id: int, name: str) -> Preset | None:
        """Return the member's preset of this name; None when there is none."""
        wanted = key_of(name)
        return next((p for p in await self.presets(user_id) if key_of(p.name) == wanted), None)

    async def delete_preset(self, user_id: int, preset_id: int) -> bool:
        """Delete a preset; False when it is gone already, or somebody else's."""
        gone = (
            delete(PresetRow)
            .where(col(PresetRow.id) == preset_id, col(PresetRow.user_id) == user_id)
            .returning(col(PresetRow.id))
        )

        async def work(session: AsyncSession) -> bool:
            found = await session.scalars(gone, execution_options=UNSYNCED)
            return len(found.all()) > 0

        return await self._database.write(work)


async def forget_old(session: AsyncSession, *, now: datetime) -> None:
    """Forget all drafts that are too old."""
    await session.execute(delete(DraftRow).where(is_old(now)), execution_options=UNSYNCED)


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return what is true of drafts that are too old."""
    return col(DraftRow.kept_at) <= now - KEPT_FOR


async def forget_member(session: AsyncSession, user_id: int) -> tuple[int, int]:
    """Forget all of a member's; return how many drafts, and how many settings of theirs."""
    numbers = [0, 0]
    for place, table in ((0, DraftRow), (1, LastOptionsRow), (1, PresetRow)):
        whose = col(table.user_id) == user_id
        numbers[place] += int(await session.scalar(select(func.count()).where(whose)) or 0)
        await session.execute(delete(table).where(whose), execution_options=UNSYNCED)
    return numbers[0], numbers[1]


def _own(draft_id: int, user_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(DraftRow.id) == draft_id,
        col(DraftRow.user_id) == user_id,
        col(DraftRow.kept_at) > now - KEPT_FOR,
    )


def _body(draft: Draft) -> dict[str, Any]:
    return draft.model_dump(mode="json", exclude={"id", "user_id"})


def _draft(row: DraftRow) -> Draft:
    return Draft.model_validate({**row.body, "id": row.id, "user_id": row.user_id})


def _preset(row: PresetRow) -> Preset:
    return Preset(
        id=row.id or 0, user_id=row.user_id, name=row.name, model=row.model, options=row.options
    )


def _too_many() -> str:
    return gettext(
        "You have {most} presets, as many as there may be. Delete one with `/preset delete`, or "
        "save over one by giving its name."
    ).format(most=number_text(MOST_PRESETS))
