"""Reading what a guild has set: policy, allowances, blocks and filter rules.

Allowances and rules are read as plain values: a large guild has hundreds of each, and mapped
objects of all of them took the event loop 20 ms for every command of its members.
"""

from datetime import datetime
from typing import cast

from pydantic import ValidationError
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.errors import ConfigurationError
from bot.policy import AllowanceOverride, Block, GuildPolicy, Rulebook, Target
from bot.storage.tables import AllowanceRow, BlockRow, FilterRuleRow, PolicyRow
from bot.wordfilter import FilterRule, RuleKind

# Their tables allow no other targets and kinds than there are.
_OVERRIDES = (
    select(
        col(AllowanceRow.target),
        col(AllowanceRow.target_id),
        col(AllowanceRow.daily_credits),
        col(AllowanceRow.monthly_credits),
    )
    .where(col(AllowanceRow.guild_id) == bindparam("guild_id"))
    .order_by(col(AllowanceRow.target), col(AllowanceRow.target_id))
)
_RULES = (
    select(col(FilterRuleRow.id), col(FilterRuleRow.kind), col(FilterRuleRow.pattern))
    .where(col(FilterRuleRow.guild_id) == bindparam("guild_id"))
    .order_by(col(FilterRuleRow.id))
)


async def rulebook(
    session: AsyncSession, guild_id: int, user_id: int, *, now: datetime
) -> Rulebook:
    """Return all that may concern a member's command; ConfigurationError as `policy`."""
    return Rulebook(
        policy=await policy(session, guild_id),
        overrides=tuple(await overrides(session, guild_id)),
        block=await block(session, guild_id, user_id, now=now),
        rules=tuple(await rules(session, guild_id)),
    )


async def overrides(session: AsyncSession, guild_id: int) -> list[AllowanceOverride]:
    """Return the allowances of the guild's roles and members."""
    found = await session.execute(_OVERRIDES, {"guild_id": guild_id})
    return [
        AllowanceOverride(
            target=cast("Target", target),
            target_id=target_id,
            daily_credits=daily,
            monthly_credits=monthly,
        )
        for target, target_id, daily, monthly in found
    ]


async def block(
    session: AsyncSession, guild_id: int, user_id: int, *, now: datetime
) -> Block | None:
    """Return a member's block, unless it has expired."""
    row = await session.get(BlockRow, (guild_id, user_id))
    if row is None or (row.until is not None and row.until <= now):
        return None
    return Block(**row.model_dump(exclude={"guild_id"}))


async def rules(session: AsyncSession, guild_id: int) -> list[FilterRule]:
    """Return the guild's own filter rules, oldest first."""
    found = await session.execute(_RULES, {"guild_id": guild_id})
    return [_rule(number, kind, pattern) for number, kind, pattern in found]


async def policy(session: AsyncSession, guild_id: int) -> GuildPolicy:
    """Return the guild's policy, the defaults when it has none.

    Raises:
        ConfigurationError: what is stored is no policy.
    """
    row = await session.get(PolicyRow, guild_id)
    if row is None:
        return GuildPolicy()
    try:
        return GuildPolicy.model_validate(row.body)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise ConfigurationError(
            f"The policy of guild {guild_id} cannot be read ({fields}). Was it made by a newer "
            "version of the bot? Install that version, or restore a backup."
        ) from error


def rule_of(row: FilterRuleRow) -> FilterRule:
    """Return a row as what it means."""
    return _rule(row.id, row.kind, row.pattern)


def _rule(number: int | None, kind: str, pattern: str) -> FilterRule:
    return FilterRule(id=number or 0, kind=cast("RuleKind", kind), pattern=pattern)
