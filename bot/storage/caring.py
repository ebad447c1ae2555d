"""What a host does by hand: jobs found by what they are, lost ones ended, books that are mended."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot.job import RELEASING, TERMINAL, FailureReason, Job, JobState
from bot.quota import EntryKind
from bot.storage import books, ledger, rows
from bot.storage.database import Database
from bot.storage.tables import DIRECT_MESSAGES, JobRow, LedgerRow

_CLOSING = (EntryKind.SETTLE, EntryKind.RELEASE)
_CLOSING_ROW = aliased(LedgerRow)
_MAYBE_SENT = frozenset({JobState.SUBMITTING, JobState.UNCERTAIN})


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs are meant; what is None or empty does not matter.

    Attributes:
        states: Those in one of these.
        guild_id: 0: those of direct messages.
        user_id: Their member.
        since: Asked for at or after that time.
        before: Asked for before then.
    """

    states: frozenset[JobState] = frozenset()
    guild_id: int | None = None
    user_id: int | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Unclosed:
    """A job that has ended, with its price still reserved; `kind` is the entry that it lacks."""

    job_id: int
    guild_id: int
    state: JobState
    kind: EntryKind
    credits: int


class CareStore:
    """Safe beside a running bot: each change is one guarded transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(self, wanted: JobFilter, *, limit: int) -> list[Job]:
        """Return jobs, the newest first; forgotten ones are in no list."""
        query = select(JobRow).where(col(JobRow.forgotten_at).is_(None), *_conditions(wanted))

        async def work(session: AsyncSession) -> list[Job]:
            newest = query.order_by(col(JobRow.id).desc()).limit(limit)
            return [rows.job_of(row) for row in await session.scalars(newest)]

        return await self._database.read(work)

    async def end_unsent(self, job_id: int, *, sent_at: datetime, now: datetime) -> Job:
        """End a job whose submit never arrived, and give its credits back.

        Args:
            job_id: The job.
            sent_at: Its `submitting_at` as the caller knows it, who has looked for that submit.
            now: The time, aware.

        Raises:
            StaleStateError: somebody has moved it on since; nothing was changed.
            NotFoundError: there is no such job.
        """
        values = {"state": JobState.FAILED, "failure": FailureReason.NOT_FOUND, "ended_at": now}

        async def work(session: AsyncSession) -> Job:
            same = col(JobRow.submitting_at) == sent_at
            row = await rows.moved(session, job_id, values, same, sources=_MAYBE_SENT)
            await ledger.mirror(session, job_id, EntryKind.RELEASE, now=now)
            job = rows.job_of(row)
            rows.forget_useless_token(row, now=now)
            return job

        return await self._database.write(work)

    # -- the books -----------------------------------------------------------------

    async def problems(self) -> list[str]:
        """Return one sentence for each thing in the ledger that does not add up. Reads it all."""
        return await self._database.read(books.problems)

    async def unclosed(self) -> list[Unclosed]:
        """Return the ended jobs that lack the entries that close their reservation."""
        return await self._database.read(_unclosed)

    async def close(self, found: Unclosed, *, now: datetime) -> bool:
        """Add what a job lacks; False when it lacks that no more."""

        async def work(session: AsyncSession) -> bool:
            if found not in await _unclosed(session, col(JobRow.id) == found.job_id):
                return False
            reason = "ledger check --repair"
            await ledger.mirror(session, found.job_id, found.kind, now=now, reason=reason)
            return True

        return await self._database.write(work, locks=(found.guild_id,))


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(col(JobRow.state).in_(wanted.states))
    if wanted.guild_id is not None:
        found.append(col(JobRow.guild_id) == (wanted.guild_id or DIRECT_MESSAGES))
    if wanted.user_id is not None:
        found.append(col(JobRow.user_id) == wanted.user_id)
    if wanted.since is not None:
        found.append(col(JobRow.created_at) >= wanted.since)
    if wanted.before is not None:
        found.append(col(JobRow.created_at) < wanted.before)
    return found


async def _unclosed(session: AsyncSession, *of: ColumnElement[bool]) -> list[Unclosed]:
    closing = (
        select(col(_CLOSING_ROW.id))
        .where(col(_CLOSING_ROW.job_id) == col(JobRow.id), col(_CLOSING_ROW.kind).in_(_CLOSING))
        .exists()
    )
    job = (col(JobRow.id), col(JobRow.guild_id), col(JobRow.state), col(JobRow.price_credits))
    reserved = func.sum(col(LedgerRow.credits))
    query = (
        select(*job)
        .join(LedgerRow, col(LedgerRow.job_id) == col(JobRow.id))
        .where(
            col(JobRow.state).in_(TERMINAL),
            col(LedgerRow.kind) == EntryKind.RESERVE,
            ~closing,
            *of,
        )
        .group_by(*job)
        # Anything else is no mere gap: nobody can say what was meant.
        .having(reserved == col(JobRow.price_credits))
        .order_by(col(JobRow.id))
    )
    return [
        Unclosed(
            job_id=job_id,
            guild_id=guild_id,
            state=JobState(state),
            kind=EntryKind.RELEASE if state in RELEASING else EntryKind.SETTLE,
            credits=int(price),
        )
        for job_id, guild_id, state, price in await session.execute(query)
    ]
