"""Pages of jobs that a search finds, newest first; nothing here writes."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.history import PAGE_LENGTH, SEARCHED, HistoryPage, OfMember, Search, Whose
from bot.job import WITH_VIDEO
from bot.storage import rows, thumbnails
from bot.storage.database import Database
from bot.storage.tables import JobRow

_Conditions = tuple[ColumnElement[bool], ...]


class HistoryStore:
    """Reads by the indexes of members and of channels, and never all of a large server."""

    def __init__(self, database: Database, *, searched: int = SEARCHED) -> None:
        """Make one.

        Args:
            database: Where.
            searched: How many of the newest jobs are looked at.
        """
        self._database = database
        self._searched = searched

    async def page(self, whose: Whose, search: Search) -> HistoryPage:
        """Return the page; the newest one when there is none (any more) where it is asked for."""
        return await self._database.read(lambda session: self._page(session, whose, search))

    async def _page(self, session: AsyncSession, whose: Whose, search: Search) -> HistoryPage:
        scope = _scope(whose)
        beyond = await session.scalar(
            select(col(JobRow.id))
            .where(*scope)
            .order_by(col(JobRow.id).desc())
            .offset(self._searched)
            .limit(1)
        )
        wanted = (
            *scope,
            *_matching(search),
            *(() if beyond is None else (col(JobRow.id) > beyond,)),
        )
        found = await _found(session, wanted, search)
        hits, before = await _counts(session, wanted, found[0].id if found else 0)
        return HistoryPage(
            jobs=tuple(map(rows.job_of, found)),
            thumbnails=await thumbnails.of(session, [row.id for row in found]),
            hits=hits,
            first=before + 1 if found else 0,
            cut=beyond is not None,
        )


def _scope(whose: Whose) -> _Conditions:
    kept = col(JobRow.forgotten_at).is_(None)
    if isinstance(whose, OfMember):
        here = () if whose.guild_id is None else (_in_guild(whose.guild_id),)
        return (col(JobRow.user_id) == whose.user_id, *here, kept)
    return (col(JobRow.channel_id) == whose.channel_id, _in_guild(whose.guild_id), kept)


def _in_guild(guild_id: int) -> ColumnElement[bool]:
    """Return what is true of a guild's jobs; as a sum, so that no index of guilds is taken.

    SQLite would read all videos of a large guild to count those of a small channel.
    """
    return col(JobRow.guild_id) + 0 == guild_id


def _matching(search: Search) -> _Conditions:
    conditions = [_has_word(word) for word in search.words.split()]
    if search.model is not None:
        conditions.append(col(JobRow.model) == search.model)
    if not search.everything:
        conditions.append(col(JobRow.state).in_(WITH_VIDEO))
        conditions.append(col(JobRow.removed_at).is_(None))
    return tuple(conditions)


def _has_word(word: str) -> ColumnElement[bool]:
    """Return what is true of prompts with this word, in whatever case.

    SQLite knows the case of ASCII's letters alone: others are looked for as they are usually
    written.
    """
    prompt = col(JobRow.parameters)["prompt"].as_string()
    forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    return or_(*(prompt.icontains(form, autoescape=True) for form in sorted(forms)))


async def _found(session: AsyncSession, wanted: _Conditions, search: Search) -> Sequence[JobRow]:
    query = select(JobRow).where(*wanted).limit(PAGE_LENGTH)
    found: Sequence[JobRow] = ()
    if search.at is not None and search.newer:
        found = await _rows(
            session, query.where(col(JobRow.id) > search.at).order_by(col(JobRow.id))
        )
        if len(found) < PAGE_LENGTH:  # it is the newest page, which has room for more
            found = ()
    elif search.at is not None:
        found = await _rows(
            session, query.where(col(JobRow.id) < search.at).order_by(col(JobRow.id).desc())
        )
    if not found:
        found = await _rows(session, query.order_by(col(JobRow.id).desc()))
    return sorted(found, key=lambda row: row.id, reverse=True)


async def _rows(session: AsyncSession, query: Select[JobRow]) -> Sequence[JobRow]:
    return (await session.scalars(query)).all()


async def _counts(session: AsyncSession, wanted: _Conditions, first: int) -> tuple[int, int]:
    """Return how many there are, and how many of them are newer than the job `first`."""
    newer = func.count().filter(col(JobRow.id) > first)
    row = (await session.execute(select(func.count(), newer).where(*wanted))).one()
    return int(row[0]), int(row[1])
