"""What counts against a member, a guild and the host at one moment; the check that reserves."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot import quota
from bot.errors import RefusedError
from bot.job import IN_FLIGHT, SETTLING, JobState
from bot.pseudonyms import Pseudonyms
from bot.quota import Allowance, Budget, Part, Usage, Window, Windows
from bot.storage import ledger, names
from bot.storage.tables import DIRECT_MESSAGES, JobRow

# Whoever adds up the spending of all guilds must be alone. Advisory locks of other numbers:
# guilds' and members' ids, which are far larger, and the migrations' 2.
_HOST_LOCK = 3
# Jobs that cost the provider's price even when the real cost is not known (yet): a failed one
# costs nothing.
PAID_STATES = IN_FLIGHT | SETTLING | {JobState.UNDELIVERED}
# Sums of binary fractions are not exact; the provider's smallest unit is far larger.
_USD_STEP = Decimal("0.000001")


def locks(guild_id: int | None, user_id: int, budget: Budget) -> tuple[int, ...]:
    """Return what must be held to check and reserve.

    A member's and a guild's limits are checked against sums: whoever adds them up must be
    alone. Direct messages are counted by member.
    """
    account = guild_id or user_id
    return (account,) if budget.host_monthly_usd is None else (_HOST_LOCK, account)


async def usage(
    session: AsyncSession,
    *,
    guild_id: int | None,
    user_ids: tuple[int, int],
    windows: Windows,
    budget: Budget,
    now: datetime,
) -> Usage:
    """Return what counts against a member's allowance in a guild (None: direct messages).

    `user_ids` are the member's own and their pseudonym, see `Pseudonyms.both`.
    """
    day, month = await ledger.used(
        session, guild_id=guild_id, user_ids=user_ids, windows=(windows.day, windows.month)
    )
    behind_day, behind_month = await ledger.undelivered(
        session, guild_id=guild_id, user_ids=user_ids, windows=(windows.day, windows.month)
    )
    found = replace(
        await _in_flight(session, guild_id=guild_id, user_id=user_ids[0]),
        day_credits=day,
        month_credits=month,
        undelivered_day_credits=behind_day,
        undelivered_month_credits=behind_month,
        grants=await ledger.grants_of(session, guild_id=guild_id, user_ids=user_ids, now=now),
    )
    if budget.guild_monthly_credits is not None:
        spent = await ledger.used_by_guild(
            session, guild_id=guild_id, user_ids=user_ids, window=windows.month
        )
        found = replace(found, guild_month_credits=spent)
    if budget.host_monthly_usd is not None:
        spent = await host_credits(session, windows.host_month, budget)
        found = replace(found, host_month_credits=spent)
    return found


async def _in_flight(session: AsyncSession, *, guild_id: int | None, user_id: int) -> Usage:
    """Return the part of the usage that jobs on their way make."""
    mine = col(JobRow.user_id) == user_id
    waits = col(JobRow.state) == JobState.AWAITING_APPROVAL

    def total(
        condition: ColumnElement[bool], number: SQLColumnExpression[int]
    ) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, number), else_=0)), 0)

    one = literal(1)
    query = select(
        total(and_(mine, ~waits), one),
        total(~waits, one),
        total(and_(mine, ~waits), col(JobRow.price_credits)),
        total(and_(mine, waits), one),
    ).where(
        col(JobRow.guild_id) == (guild_id or DIRECT_MESSAGES),
        col(JobRow.state).in_(IN_FLIGHT | {JobState.AWAITING_APPROVAL}),
    )
    if guild_id is None:  # no community: each member is alone there
        query = query.where(mine)
    member, guild, reserved, waiting = (await session.execute(query)).one()
    return Usage(
        reserved_credits=int(reserved),
        in_flight_member=int(member),
        in_flight_guild=int(guild),
        awaiting_member=int(waiting),
    )


async def host_credits(session: AsyncSession, month: Window, budget: Budget) -> int:
    """Return what the jobs of all guilds, let in in this month, cost: really, or by estimate."""
    real = col(JobRow.cost_usd)
    unknown = real.is_(None) & col(JobRow.state).in_(PAID_STATES)
    query = select(
        func.coalesce(func.sum(real), 0.0),
        func.coalesce(func.sum(case((unknown, col(JobRow.price_credits)), else_=0)), 0),
    ).where(col(JobRow.queued_at) >= month.start, col(JobRow.queued_at) < month.end)
    usd, estimated_credits = (await session.execute(query)).one()
    return budget.credits_of(Decimal(str(usd)).quantize(_USD_STEP)) + int(estimated_credits)


async def reserve(
    session: AsyncSession, job: JobRow, drawn: tuple[Part, ...], *, now: datetime
) -> None:
    """Draw a job's price; grants left nameless are its member's again, who draws on them."""
    grant_ids = [part.grant_id for part in drawn if part.grant_id is not None]
    if grant_ids:
        await names.give_back(session, grant_ids, job.user_id)
    ledger.reserve(session, job, drawn, now=now)


async def draw(
    session: AsyncSession,
    job: JobRow,
    allowance: Allowance,
    zone: ZoneInfo,
    *,
    now: datetime,
    budget: Budget,
    pseudonyms: Pseudonyms,
    approving: bool = False,
) -> tuple[Part, ...]:
    """Return where the price of a job that is about to be let in is drawn from.

    Args:
        session: Whose transaction holds `locks`.
        job: Its row, not yet counted.
        allowance: The member's.
        zone: The guild's.
        now: The time, aware.
        budget: The guild's and the host's.
        pseudonyms: Under which the member may have used credits as well.
        approving: Whether a moderator lets in a job that waits: those that wait hold no place
            against it, and the refusal speaks to the moderator.

    Raises:
        RefusedError: a rule says no.
    """
    windows = quota.windows_at(now, zone, budget.host_zone)
    found = await usage(
        session,
        guild_id=job.guild_id or None,
        user_ids=pseudonyms.both(job.user_id),
        windows=windows,
        budget=budget,
        now=now,
    )
    if approving:
        found = replace(found, awaiting_member=0)
    refusal = quota.check(allowance, found, job.price_credits, windows=windows, budget=budget)
    if refusal is not None:
        text = quota.refusal_text(refusal, to_moderator=approving)
        raise RefusedError(text, rule=refusal.rule.value)
    return quota.parts(allowance, found, job.price_credits)
