"""What moderating needs from storage, as Protocols."""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.job import Job
from bot.jobs.changes import Target
from bot.policy import AllowanceOverride, Block, GuildPolicy
from bot.quota import Allowance, Balance
from bot.wordfilter import FilterRule, RuleKind


class PolicyStore(Protocol):
    """Policies, overrides, blocks and filter rules; every change writes its audit event."""

    async def policy(self, guild_id: int) -> GuildPolicy:
        """Return the guild's policy, the defaults when it has none."""
        ...

    async def set_policy(
        self, guild_id: int, policy: GuildPolicy, *, actor_id: int, now: datetime
    ) -> None:
        """Replace the guild's policy."""
        ...

    async def overrides(self, guild_id: int) -> list[AllowanceOverride]:
        """Return the allowances of roles and members."""
        ...

    async def set_override(
        self, guild_id: int, override: AllowanceOverride, *, actor_id: int, now: datetime
    ) -> None:
        """Set the allowance of a role or member."""
        ...

    async def clear_override(
        self, guild_id: int, target: Target, target_id: int, *, actor_id: int, now: datetime
    ) -> bool:
        """Remove an allowance; return whether there was one."""
        ...

    async def block(self, guild_id: int, block: Block, *, now: datetime) -> None:
        """Block a member; a newer block replaces an older one."""
        ...

    async def unblock(self, guild_id: int, user_id: int, *, actor_id: int, now: datetime) -> bool:
        """Lift a block; return whether there was one."""
        ...

    async def block_of(self, guild_id: int, user_id: int, *, now: datetime) -> Block | None:
        """Return a member's block, unless it has expired."""
        ...

    async def rules(self, guild_id: int) -> list[FilterRule]:
        """Return the guild's own filter rules."""
        ...

    async def add_rule(
        self, guild_id: int, kind: RuleKind, pattern: str, *, actor_id: int, now: datetime
    ) -> FilterRule:
        """Add a rule to the filter."""
        ...

    async def remove_rule(
        self, guild_id: int, rule_id: int, *, actor_id: int, now: datetime
    ) -> bool:
        """Remove a rule of this guild; return whether there was one."""
        ...


class Accounts(Protocol):
    """The members' credits and jobs."""

    async def balance(
        self,
        *,
        guild_id: int | None,
        user_id: int,
        allowance: Allowance,
        zone: ZoneInfo,
        now: datetime,
    ) -> Balance:
        """Return what a member has used, reserved and left."""
        ...

    async def of_member(
        self, user_id: int, *, guild_id: int | None = None, limit: int = 25
    ) -> list[Job]:
        """Return a member's jobs, newest first."""
        ...

    async def grant(
        self,
        guild_id: int,
        user_id: int,
        credits: int,  # noqa: A002 - the unit, as everywhere
        *,
        expires_at: datetime | None,
        reason: str,
        actor_id: int,
        now: datetime,
    ) -> None:
        """Give a member credits until a time."""
        ...


class ProviderAccount(Protocol):
    """The host's account at the video service."""

    async def balance_usd(self) -> float:
        """Return what is left; a `ProviderError` when it cannot be asked."""
        ...
