"""Reading jobs, balances and the ledger; nothing here writes."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot import quota
from bot.job import IN_FLIGHT, Job, JobState
from bot.latency import Sample
from bot.pseudonyms import Pseudonyms
from bot.quota import Allowance, Balance, Budget, LedgerEntry
from bot.storage import accounts, books, latencies, ledger, rows
from bot.storage.database import Database
from bot.storage.tables import JobRow, PolicyRow

NO_LIMITS = Budget()
# Rows that are turned into values in one go: some milliseconds.
_BATCH_ROWS = 50
_UNKEYED = Pseudonyms()
_BEYOND_QUEUE = IN_FLIGHT - {JobState.QUEUED}

_THIS = aliased(JobRow)
_SINCE = select(col(_THIS.queued_at)).where(col(_THIS.id) == bindparam("job_id")).scalar_subquery()
# Made once: making it took ten times as long as asking it.
_BEFORE = select(func.count()).where(
    col(JobRow.state) == JobState.QUEUED,
    (col(JobRow.queued_at) < _SINCE)
    | ((col(JobRow.queued_at) == _SINCE) & (col(JobRow.id) < bindparam("job_id"))),
)


class JobReader:
    """The reading half of `JobStore`."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms = _UNKEYED) -> None:
        """Make a store.

        Args:
            database: Where.
            pseudonyms: Under which entries of forgotten members still count.
        """
        self._database = database
        self._pseudonyms = pseudonyms

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None when there is no such job, or none any more."""
        query = select(JobRow).where(*rows.known(job_id))
        return next(iter(await self._jobs(query)), None)

    async def unfinished(self) -> list[Job]:
        """Return every job in flight: let in, and not ended; the longest let in first."""
        query = select(JobRow).where(col(JobRow.state).in_(IN_FLIGHT))
        return await self._many_jobs(query.order_by(col(JobRow.queued_at), col(JobRow.id)))

    async def queued(self) -> list[Job]:
        """Return every job in the queue, the longest let in first."""
        query = select(JobRow).where(col(JobRow.state) == JobState.QUEUED)
        return await self._many_jobs(query.order_by(col(JobRow.queued_at), col(JobRow.id)))

    async def unfinished_ids(self) -> list[int]:
        """Return the ids of `unfinished`, in no order: far cheaper where jobs are many."""
        query = select(col(JobRow.id)).where(col(JobRow.state).in_(IN_FLIGHT))

        async def work(session: AsyncSession) -> list[int]:
            return list(await session.scalars(query))

        return await self._database.read(work)

    async def asked_for_lately(self, *, since: datetime) -> bool:
        """Tell whether the provider was asked about any job since then, or is to be."""
        at_work = col(JobRow.state).in_(_BEYOND_QUEUE)
        ended = and_(col(JobRow.ended_at) >= since, col(JobRow.submitting_at).is_not(None))
        # Sent and told to wait: it is in the queue again.
        back = and_(col(JobRow.state) == JobState.QUEUED, col(JobRow.submitting_at) >= since)
        lately = or_(*(exists().where(jobs) for jobs in (at_work, ended, back)))

        async def work(session: AsyncSession) -> bool:
            return await session.scalar(select(lately)) is True

        return await self._database.read(work)

    async def ended_lately(self, *, since: datetime, limit: int) -> list[Job]:
        """Return jobs that ended since then, the last to end first."""
        query = select(JobRow).where(
            col(JobRow.ended_at) >= since, col(JobRow.forgotten_at).is_(None)
        )
        return await self._jobs(query.order_by(col(JobRow.ended_at).desc()).limit(limit))

    async def awaiting(self) -> list[Job]:
        """Return all jobs that wait for approval, oldest first."""
        query = select(JobRow).where(col(JobRow.state) == JobState.AWAITING_APPROVAL)
        return await self._jobs(query.order_by(col(JobRow.id)))

    async def turned_away(self, *, ended_since: datetime) -> list[Job]:
        """Return jobs that were denied, or cancelled while they waited for approval, since then."""
        query = select(JobRow).where(
            col(JobRow.ended_at) >= ended_since,
            col(JobRow.state).in_((JobState.DENIED, JobState.CANCELLED)),
            col(JobRow.queued_at).is_(None),
            col(JobRow.forgotten_at).is_(None),
        )
        return await self._jobs(query.order_by(col(JobRow.ended_at), col(JobRow.id)))

    async def ended(self, limit: int) -> list[Job]:
        """Return the jobs that ended last, the newest end first."""
        query = select(JobRow).where(
            col(JobRow.ended_at).is_not(None), col(JobRow.forgotten_at).is_(None)
        )
        newest = query.order_by(col(JobRow.ended_at).desc(), col(JobRow.id).desc())
        return await self._jobs(newest.limit(limit))

    async def without_card(self, *, ended_since: datetime) -> list[Job]:
        """Return ended jobs that no card in the log channel tells of, the first to end first.

        Only those of guilds that want cards for their videos now; whether they wanted them
        when the job ended, and for this one, is not asked here.
        """
        wanted = col(PolicyRow.body)["log_videos_since"].as_string().is_not(None)
        query = (
            select(JobRow)
            .join(PolicyRow, col(PolicyRow.guild_id) == col(JobRow.guild_id))
            .where(
                col(JobRow.ended_at) >= ended_since,
                col(JobRow.log_message_id).is_(None),
                col(JobRow.forgotten_at).is_(None),
                wanted,
            )
        )
        return await self._jobs(query.order_by(col(JobRow.ended_at), col(JobRow.id)))

    async def of_member(
        self,
        user_id: int,
        *,
        guild_id: int | None = None,
        limit: int = 25,
        before: int | None = None,
    ) -> list[Job]:
        """Return a member's jobs, newest first.

        Args:
            user_id: The member.
            guild_id: Only those of this guild; None for all, direct messages too.
            limit: At most so many.
            before: Only jobs older than this job id, for paging.
        """
        query = select(JobRow).where(col(JobRow.user_id) == user_id)
        if guild_id is not None:
            query = query.where(col(JobRow.guild_id) == guild_id)
        if before is not None:
            query = query.where(col(JobRow.id) < before)
        return await self._jobs(query.order_by(col(JobRow.id).desc()).limit(limit))

    async def made_from(self, job_id: int, *, limit: int) -> list[Job]:
        """Return the jobs that were made from this one, newest first."""
        query = select(JobRow).where(
            col(JobRow.parent_id) == job_id, col(JobRow.forgotten_at).is_(None)
        )
        return await self._jobs(query.order_by(col(JobRow.id).desc()).limit(limit))

    async def place_in_queue(self, job_id: int) -> int:
        """Return 1 for the next one: how many queued jobs were let in before it, plus one."""

        async def work(session: AsyncSession) -> int:
            return await session.scalar(_BEFORE, {"job_id": job_id}) or 0

        return 1 + await self._database.read(work)

    async def known_request_ids(self, request_ids: Iterable[str]) -> set[str]:
        """Return which of these provider's ids belong to a job already."""
        # One whose job was forgotten is still not another job's.
        asked = {
            kept: request_id
            for request_id in request_ids
            for kept in (request_id, self._pseudonyms.of_request(request_id))
        }
        query = select(col(JobRow.request_id)).where(col(JobRow.request_id).in_(asked))

        async def work(session: AsyncSession) -> set[str]:
            return {asked[kept] for kept in await session.scalars(query) if kept is not None}

        return await self._database.read(work)

    # -- credits and latencies -------------------------------------------------

    async def balance(
        self,
        *,
        guild_id: int | None,
        user_id: int,
        allowance: Allowance,
        zone: ZoneInfo,
        now: datetime,
        budget: Budget = NO_LIMITS,
    ) -> Balance:
        """Return a member's allowance and what counts against it; guild None: direct messages."""
        windows = quota.windows_at(now, zone, budget.host_zone)
        usage = await self._database.read(
            lambda session: accounts.usage(
                session,
                guild_id=guild_id,
                user_ids=self._pseudonyms.both(user_id),
                windows=windows,
                budget=budget,
                now=now,
            )
        )
        return Balance(
            allowance=allowance, usage=usage, day=windows.day, month=windows.month, budget=budget
        )

    async def ledger_of(self, job_id: int) -> list[LedgerEntry]:
        """Return the job's ledger entries, oldest first."""
        return await self._database.read(lambda session: ledger.entries_of(session, job_id))

    async def check_ledger(self) -> list[str]:
        """Return one sentence for each thing in the ledger that does not add up. Reads it all."""
        return await self._database.read(books.problems)

    async def latencies(self, model: str, size_key: str, limit: int = 100) -> list[Sample]:
        """Return how long the newest jobs took, newest first."""
        return await self._database.read(
            lambda session: latencies.newest(session, model, size_key, limit)
        )

    async def _many_jobs(self, query: Select[JobRow]) -> list[Job]:
        """Return jobs a few at a time: of thousands at once the event loop would stand still."""
        in_parts = query.execution_options(yield_per=_BATCH_ROWS)

        async def work(session: AsyncSession) -> list[Job]:
            found = await session.stream_scalars(in_parts)
            return [rows.job_of(row) async for part in found.partitions() for row in part]

        return await self._database.read(work)

    async def _jobs(self, query: Select[JobRow]) -> list[Job]:
        async def work(session: AsyncSession) -> list[Job]:
            return [rows.job_of(row) for row in await session.scalars(query)]

        return await self._database.read(work)
