"""What moderating needs from storage, the provider, Discord and the drawer, as Protocols."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.audit import AuditEvent
from bot.job import Job
from bot.jobs.changes import Actor, Change
from bot.jobs.ports import CannotPostError
from bot.policy import AllowanceOverride, Block, GuildPolicy, MemberFacts, Rulebook, Target
from bot.quota import Allowance, Balance, Budget, LedgerEntry, Window
from bot.statistics import Statistics
from bot.wordfilter import FilterRule, RuleKind


class PolicyStore(Protocol):
    """Policies, overrides, blocks and filter rules; every change writes its audit event."""

    async def policy(self, guild_id: int) -> GuildPolicy:
        """Return the guild's policy, the defaults when it has none."""
        ...

    async def rulebook(self, guild_id: int, user_id: int, *, now: datetime) -> Rulebook:
        """Return all that may concern a member's command, as it is at one moment."""
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

    async def add_rules(
        self,
        guild_id: int,
        patterns: Sequence[tuple[RuleKind, str]],
        *,
        actor_id: int,
        now: datetime,
    ) -> list[FilterRule]:
        """Add some dozens of rules in one go."""
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
        budget: Budget,
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


# -- jobs ----------------------------------------------------------------------------


class KnownJobs(Protocol):
    """The jobs, one by one."""

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None; also when it was forgotten."""
        ...


# -- approval ----------------------------------------------------------------------


class ApprovalStore(KnownJobs, Protocol):
    """The jobs that wait; a decision writes its audit event in the same transaction."""

    async def awaiting(self) -> list[Job]:
        """Return all jobs that wait for approval, oldest first."""
        ...

    async def turned_away(self, *, ended_since: datetime) -> list[Job]:
        """Return jobs that were denied, or cancelled while they waited, since then."""
        ...

    async def approve(
        self,
        job_id: int,
        allowance: Allowance,
        zone: ZoneInfo,
        *,
        guild_id: int,
        actor_id: int,
        now: datetime,
        budget: Budget,
    ) -> Job:
        """Check the quota, reserve and queue; RefusedError, StaleStateError or NotFoundError."""
        ...

    async def deny(
        self, job_id: int, *, guild_id: int, actor_id: int | None, reason: str | None, now: datetime
    ) -> Job:
        """End a job that waits; actor None when its time is over."""
        ...


# -- cards in the log channel ----------------------------------------------------------


class BadCardError(CannotPostError):
    """Discord does not take this very card; the channel is not to blame."""


class LogBoard(Protocol):
    """The moderators' cards, on Discord."""

    async def post(self, channel_id: int, job: Job) -> int:
        """Post a job's card, return its message id; CannotPostError or PostLaterError."""
        ...

    async def show(self, job: Job) -> bool:
        """Let the posted card show how the job stands; False: try later. Never raises."""
        ...


class CardStore(KnownJobs, Protocol):
    """Where a job's card is."""

    async def note(self, job_id: int, **fields: Any) -> Job:
        """Write facts that change no state."""
        ...


class VideoLogStore(KnownJobs, Protocol):
    """The jobs that the log channels should know of."""

    async def without_card(self, *, ended_since: datetime) -> list[Job]:
        """Return ended jobs without a card, of guilds that want cards, first ended first."""
        ...


# -- taking videos down ------------------------------------------------------------------


class VideoStore(CardStore, Protocol):
    """The jobs and their credits; what is done writes its audit event in the same transaction."""

    async def take_down(
        self,
        job_id: int,
        *,
        guild_id: int | None,
        actor_id: int,
        reason: str | None,
        refund: bool,
        now: datetime,
    ) -> tuple[Job, int]:
        """Note the removal, once, and give credits back, once; return how many by this call."""
        ...


class Remover(Protocol):
    """Deletes what was posted."""

    async def delete_result(self, job: Job) -> None:
        """Delete the message with the video, if it is there; CannotPostError, PostLaterError."""
        ...


class AuditLog(Protocol):
    """The audit log, for what no change of storage records."""

    async def record(self, event: AuditEvent) -> AuditEvent:
        """Add the event; return it with its id."""
        ...


class ModerationLog(Protocol):
    """A server's log channel."""

    def post(self, channel_id: int, by: Actor, change: Change) -> None:
        """Let a change appear there soon. Never raises: the change is done already."""
        ...


# -- members -----------------------------------------------------------------------------


class Members(Protocol):
    """The members of guilds, as Discord knows them now."""

    async def facts(self, guild_id: int, user_id: int) -> MemberFacts:
        """Return a member's roles; RefusedError when they cannot be known just now."""
        ...


# -- reports -----------------------------------------------------------------------


class Reports(Protocol):
    """What happened in a guild; `page` is awaited with some lines at a time, oldest first."""

    async def statistics(
        self,
        guild_id: int,
        *,
        days: int,
        zone: ZoneInfo,
        usd_per_credit: Decimal,
        now: datetime,
        top: int = 10,
    ) -> Statistics:
        """Count the last so many days of `zone`, today included."""
        ...

    async def ledger(
        self, guild_id: int, span: Window, page: Callable[[Sequence[LedgerEntry]], Awaitable[None]]
    ) -> None:
        """Give the ledger entries that count in a span of time."""
        ...

    async def audit(
        self, guild_id: int, span: Window, page: Callable[[Sequence[AuditEvent]], Awaitable[None]]
    ) -> None:
        """Give the audit events of a span of time."""
        ...


class Charts(Protocol):
    """Draws statistics."""

    async def draw(
        self, statistics: Statistics, *, zone: str, names: Mapping[int, str]
    ) -> tuple[bytes, ...]:
        """Return pictures as PNG; ChartError when they cannot be drawn."""
        ...
