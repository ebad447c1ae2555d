"""What moderators set, guild by guild: policy, allowances, blocks, filter rules; the audit log.

Every method is one transaction about one guild; what changes something adds its audit event in
the same transaction, and what changes nothing adds none.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.audit import AuditAction, AuditEvent
from bot.policy import AllowanceOverride, Block, GuildPolicy, Rulebook, Target
from bot.storage import audit_log, rulebooks
from bot.storage.database import Database
from bot.storage.tables import AllowanceRow, BlockRow, FilterRuleRow, PolicyRow
from bot.wordfilter import FilterRule, RuleKind


class PolicyStore:
    """All that moderators set, and the log of who did. Returns frozen values only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- the policy --------------------------------------------------------------

    async def policy(self, guild_id: int) -> GuildPolicy:
        """Return the guild's policy, the defaults when it has none.

        Raises:
            ConfigurationError: what is stored is no policy; better no video than no rules.
        """
        return await self._database.read(lambda session: rulebooks.policy(session, guild_id))

    async def rulebook(self, guild_id: int, user_id: int, *, now: datetime) -> Rulebook:
        """Return all that may concern a member's command, in one transaction.

        Raises:
            ConfigurationError: as `policy`.
        """
        return await self._database.read(
            lambda session: rulebooks.rulebook(session, guild_id, user_id, now=now)
        )

    async def set_policy(
        self, guild_id: int, policy: GuildPolicy, *, actor_id: int, now: datetime
    ) -> None:
        """Replace the guild's policy; the audit event says what changed.

        Raises:
            ValueError: it is not valid (a copy made without validation).
            ConfigurationError: what is stored is no policy.
        """
        policy = GuildPolicy.model_validate(policy.model_dump())

        async def work(session: AsyncSession) -> None:
            changes = _changes(await rulebooks.policy(session, guild_id), policy)
            if not changes:
                return
            body = policy.model_dump(mode="json")
            await session.merge(PolicyRow(guild_id=guild_id, body=body, updated_at=now))
            await audit_log.add(
                session,
                AuditEvent(
                    guild_id=guild_id,
                    actor_id=actor_id,
                    action=AuditAction.POLICY_SET,
                    detail=changes,
                    created_at=now,
                ),
            )

        await self._database.write(work, locks=(guild_id,))

    async def retentions(self) -> dict[int, int]:
        """Return after how many days jobs are forgotten, of every guild that has set it."""
        query = select(col(PolicyRow.guild_id), col(PolicyRow.body))

        async def work(session: AsyncSession) -> dict[int, int]:
            found = {
                guild: body.get("retention_days") for guild, body in await session.execute(query)
            }
            return {guild: days for guild, days in found.items() if isinstance(days, int)}

        return await self._database.read(work)

    # -- allowances ----------------------------------------------------------------

    async def overrides(self, guild_id: int) -> list[AllowanceOverride]:
        """Return the allowances of the guild's roles and members."""
        return await self._database.read(lambda session: rulebooks.overrides(session, guild_id))

    async def set_override(
        self, guild_id: int, override: AllowanceOverride, *, actor_id: int, now: datetime
    ) -> None:
        """Set the allowance of a role or member, in place of the one they had.

        Raises:
            ValueError: it is of something else, or negative.
        """
        numbers = (override.daily_credits, override.monthly_credits)
        if override.target not in ("role", "user") or any((n or 0) < 0 for n in numbers):
            raise ValueError(f"no allowance can be set like this: {override}")
        row = AllowanceRow(
            guild_id=guild_id,
            target=override.target,
            target_id=override.target_id,
            daily_credits=override.daily_credits,
            monthly_credits=override.monthly_credits,
        )
        event = AuditEvent(
            guild_id=guild_id,
            actor_id=actor_id,
            action=AuditAction.ALLOWANCE_SET,
            target_id=override.target_id,
            detail={
                "target": override.target,
                "daily_credits": override.daily_credits,
                "monthly_credits": override.monthly_credits,
            },
            created_at=now,
        )

        async def work(session: AsyncSession) -> None:
            await session.merge(row)
            await audit_log.add(session, event)

        await self._database.write(work, locks=(guild_id,))

    async def clear_override(
        self, guild_id: int, target: Target, target_id: int, *, actor_id: int, now: datetime
    ) -> bool:
        """Remove the allowance of a role or member; return whether there was one."""
        event = AuditEvent(
            guild_id=guild_id,
            actor_id=actor_id,
            action=AuditAction.ALLOWANCE_CLEAR,
            target_id=target_id,
            detail={"target": target},
            created_at=now,
        )

        async def work(session: AsyncSession) -> bool:
            found = await session.scalars(
                delete(AllowanceRow)
                .where(
                    col(AllowanceRow.guild_id) == guild_id,
                    col(AllowanceRow.target) == target,
                    col(AllowanceRow.target_id) == target_id,
                )
                .returning(col(AllowanceRow.target_id))
            )
            return await _recorded(session, event, happened=bool(found.all()))

        return await self._database.write(work)

    # -- blocks ----------------------------------------------------------------------

    async def block(self, guild_id: int, block: Block, *, now: datetime) -> None:
        """Block a member, in place of an earlier block; `block.actor_id` did it."""
        row = BlockRow(
            guild_id=guild_id,
            user_id=block.user_id,
            until=block.until,
            reason=block.reason,
            actor_id=block.actor_id,
            created_at=block.created_at,
        )
        until = block.until.isoformat() if block.until else None
        event = AuditEvent(
            guild_id=guild_id,
            actor_id=block.actor_id,
            action=AuditAction.BLOCK,
            target_id=block.user_id,
            detail={"until": until, "reason": block.reason},
            created_at=now,
        )

        async def work(session: AsyncSession) -> None:
            await session.merge(row)
            await audit_log.add(session, event)

        await self._database.write(work, locks=(guild_id,))

    async def unblock(self, guild_id: int, user_id: int, *, actor_id: int, now: datetime) -> bool:
        """Lift a member's block; return whether there was one that still held."""
        event = AuditEvent(
            guild_id=guild_id,
            actor_id=actor_id,
            action=AuditAction.UNBLOCK,
            target_id=user_id,
            detail={},
            created_at=now,
        )

        async def work(session: AsyncSession) -> bool:
            row = await session.get(BlockRow, (guild_id, user_id), with_for_update=True)
            if row is not None:
                await session.delete(row)
            held = row is not None and (row.until is None or row.until > now)
            return await _recorded(session, event, happened=held)

        return await self._database.write(work, locks=(guild_id,))

    async def block_of(self, guild_id: int, user_id: int, *, now: datetime) -> Block | None:
        """Return a member's block, unless it has expired."""
        return await self._database.read(
            lambda session: rulebooks.block(session, guild_id, user_id, now=now)
        )

    # -- the prompt filter -------------------------------------------------------------

    async def rules(self, guild_id: int) -> list[FilterRule]:
        """Return the guild's own filter rules, oldest first."""
        return await self._database.read(lambda session: rulebooks.rules(session, guild_id))

    async def add_rule(
        self, guild_id: int, kind: RuleKind, pattern: str, *, actor_id: int, now: datetime
    ) -> FilterRule:
        """Add a rule to the guild's filter; one that is there already is returned as it is."""
        (rule,) = await self.add_rules(guild_id, [(kind, pattern)], actor_id=actor_id, now=now)
        return rule

    async def add_rules(
        self,
        guild_id: int,
        patterns: Sequence[tuple[RuleKind, str]],
        *,
        actor_id: int,
        now: datetime,
    ) -> list[FilterRule]:
        """Add rules to the guild's filter, each as `add_rule` does; give no more than some dozens.

        All in one transaction: hundreds of them one by one kept everybody else from writing.
        """

        async def work(session: AsyncSession) -> list[FilterRule]:
            there = await _rules_among(session, guild_id, patterns)
            new = {
                key: FilterRuleRow(guild_id=guild_id, kind=key[0], pattern=key[1])
                for key in patterns
                if key not in there
            }
            session.add_all(new.values())
            await session.flush()
            events = [
                _rule_event(row, AuditAction.FILTER_ADD, actor_id, now) for row in new.values()
            ]
            await audit_log.add_all(session, events)
            known = there | new
            return [rulebooks.rule_of(known[key]) for key in patterns]

        return await self._database.write(work, locks=(guild_id,))

    async def remove_rule(
        self, guild_id: int, rule_id: int, *, actor_id: int, now: datetime
    ) -> bool:
        """Remove a rule of this guild; return whether there was one."""
        removal = (
            delete(FilterRuleRow)
            .where(col(FilterRuleRow.guild_id) == guild_id, col(FilterRuleRow.id) == rule_id)
            .returning(FilterRuleRow)
        )

        async def work(session: AsyncSession) -> bool:
            row = (await session.scalars(removal)).one_or_none()
            if row is None:
                return False
            event = _rule_event(row, AuditAction.FILTER_REMOVE, actor_id, now)
            return await _recorded(session, event, happened=True)

        return await self._database.write(work)

    # -- the audit log -----------------------------------------------------------------

    async def record(self, event: AuditEvent) -> AuditEvent:
        """Add an event of something that no method here did; return it with its id."""
        return await self._database.write(lambda session: audit_log.add(session, event))


async def _rules_among(
    session: AsyncSession, guild_id: int, patterns: Sequence[tuple[RuleKind, str]]
) -> dict[tuple[str, str], FilterRuleRow]:
    """Return which of these the guild has already, by kind and pattern."""
    same = select(FilterRuleRow).where(
        col(FilterRuleRow.guild_id) == guild_id,
        col(FilterRuleRow.pattern).in_([pattern for _, pattern in patterns]),
    )
    return {(row.kind, row.pattern): row for row in await session.scalars(same)}


async def _recorded(session: AsyncSession, event: AuditEvent, *, happened: bool) -> bool:
    if happened:
        await audit_log.add(session, event)
    return happened


def _rule_event(
    row: FilterRuleRow, action: AuditAction, actor_id: int, now: datetime
) -> AuditEvent:
    return AuditEvent(
        guild_id=row.guild_id,
        actor_id=actor_id,
        action=action,
        target_id=row.id,
        detail={"kind": row.kind, "pattern": row.pattern},
        created_at=now,
    )


# -- what changed ----------------------------------------------------------------------


def _changes(before: GuildPolicy, after: GuildPolicy) -> dict[str, str | int | None]:
    """Return each value that differs, as words: "before → after"."""
    old, new = dict(_values(before)), dict(_values(after))
    return {name: f"{old[name]} → {new[name]}" for name in new if old[name] != new[name]}


def _values(policy: GuildPolicy) -> Iterator[tuple[str, str]]:
    body: Mapping[str, Any] = policy.model_dump(mode="json")
    for name, value in body.items():
        if name == "approval":
            yield from ((f"approval.{rule}", _words(setting)) for rule, setting in value.items())
        else:
            yield name, _words(value)


def _words(value: Any) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
