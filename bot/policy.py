"""The rules of one guild, as moderators set them: values only, no I/O.

What is None falls back to the host's setting. A guild's policy never touches another guild's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from bot.quota import Allowance
from bot.wordfilter import FilterRule
from bot.zones import checked_zone

MOST_CREDITS = 10_000_000
Credits = Annotated[int, Field(ge=0, le=MOST_CREDITS)]
# Whose an own allowance is.
Target = Literal["role", "user"]


class ApprovalRules(BaseModel):
    """Which jobs wait for a moderator; every rule that is set counts.

    Attributes:
        everybody: All of them.
        newer_than_days: Of members who joined less than so many days ago.
        without_role_id: Of members who lack this role.
        above_credits: Those that cost more than this.
        expires_h: Hours after which an unanswered job is denied.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    everybody: bool = False
    newer_than_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    without_role_id: int | None = None
    above_credits: Credits | None = None
    expires_h: Annotated[int, Field(ge=1, le=720)] = 24

    @property
    def active(self) -> bool:
        """Whether any job may have to wait."""
        return self.everybody or any(
            rule is not None
            for rule in (self.newer_than_days, self.without_role_id, self.above_credits)
        )


class GuildPolicy(BaseModel):
    """What one guild allows.

    Attributes:
        time_zone: Where days and months begin.
        daily_credits: A member's default allowance; `AllowanceOverride`s come on top.
        monthly_credits: The same for a month.
        jobs_in_flight_member: At once, of one member.
        jobs_in_flight_guild: At once, of all members.
        monthly_budget_credits: Of all members together, in a month.
        max_price_credits: The dearest single job.
        confirm_above_credits: Members say yes first to a job that costs more than this.
        allowed_channel_ids: Empty for all; threads follow their parent.
        models_by_role: Role to the slugs its members may use; a member with at least one listed
            role may use what any of them allows; without one, everything that no list restricts.
        models_by_channel: Channel to the slugs that may be used there.
        age_restricted_only: Only in channels that Discord marks as age-restricted.
        filter_lists: Built-in word lists that are switched on, by name.
        log_channel_id: Where moderators see changes and requests for approval.
        log_videos_since: Since when every video gets a card there; None for none, unless it
            needed approval.
        paused_reason: Nothing new is taken while this is set.
        retention_days: A job is forgotten so many days after its end; None keeps jobs until
            their member deletes them. Where the host sets a limit as well, the shorter one holds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: str | None = None
    daily_credits: Credits | None = None
    monthly_credits: Credits | None = None
    jobs_in_flight_member: Annotated[int, Field(ge=1, le=1000)] | None = None
    jobs_in_flight_guild: Annotated[int, Field(ge=1, le=10_000)] | None = None
    monthly_budget_credits: Credits | None = None
    max_price_credits: Credits | None = None
    confirm_above_credits: Credits | None = None
    allowed_channel_ids: tuple[int, ...] = ()
    models_by_role: Mapping[int, tuple[str, ...]] = Field(default_factory=dict)
    models_by_channel: Mapping[int, tuple[str, ...]] = Field(default_factory=dict)
    age_restricted_only: bool = False
    filter_lists: tuple[str, ...] = ()
    approval: ApprovalRules = ApprovalRules()
    log_channel_id: int | None = None
    log_videos_since: AwareDatetime | None = None
    paused_reason: str | None = None
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return None if value is None else checked_zone(value)


@dataclass(frozen=True, kw_only=True)
class AllowanceOverride:
    """An allowance of a role or of one member; None keeps what would hold otherwise."""

    target: Target
    target_id: int
    daily_credits: int | None
    monthly_credits: int | None


@dataclass(frozen=True, kw_only=True)
class MemberFacts:
    """Who asks.

    Attributes:
        role_ids: Empty in direct messages.
        joined_at: UTC; None when unknown or in direct messages.
    """

    user_id: int
    role_ids: frozenset[int] = frozenset()
    joined_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PlaceFacts:
    """Where they ask.

    Attributes:
        guild_id: None in direct messages.
        parent_id: Of a thread, the channel it belongs to.
        age_restricted: As Discord marks it; a thread has its parent's mark.
    """

    guild_id: int | None
    channel_id: int
    parent_id: int | None = None
    age_restricted: bool = False


@dataclass(frozen=True, kw_only=True)
class Block:
    """A member who may not make videos here for now."""

    user_id: int
    until: datetime | None
    reason: str
    actor_id: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """All that a guild has set and that may concern a member's command, at one moment.

    Attributes:
        block: The member's, unless it has expired.
        rules: The guild's own filter rules, oldest first.
    """

    policy: GuildPolicy
    overrides: tuple[AllowanceOverride, ...]
    block: Block | None
    rules: tuple[FilterRule, ...]


def default_allowance(policy: GuildPolicy, host: Allowance) -> Allowance:
    """Return what members without an override may spend: what is not set falls to the host's."""
    return Allowance(
        daily_credits=_or(policy.daily_credits, host.daily_credits),
        monthly_credits=_or(policy.monthly_credits, host.monthly_credits),
        jobs_in_flight_member=_or(policy.jobs_in_flight_member, host.jobs_in_flight_member),
        jobs_in_flight_guild=_or(policy.jobs_in_flight_guild, host.jobs_in_flight_guild),
    )


def effective_allowance(
    policy: GuildPolicy,
    overrides: Iterable[AllowanceOverride],
    member: MemberFacts,
    host: Allowance,
) -> Allowance:
    """Return what a member may spend: their own override, else the most generous one.

    "Most generous" is chosen for the day and for the month on their own, among the member's
    roles and the guild's default (which falls back to the host's).
    """
    default = default_allowance(policy, host)
    overrides = list(overrides)
    roles = [o for o in overrides if o.target == "role" and o.target_id in member.role_ids]
    own = next((o for o in overrides if o.target == "user" and o.target_id == member.user_id), None)
    daily = max([default.daily_credits, *(_or(o.daily_credits, 0) for o in roles)])
    monthly = max([default.monthly_credits, *(_or(o.monthly_credits, 0) for o in roles)])
    if own is not None:
        daily, monthly = _or(own.daily_credits, daily), _or(own.monthly_credits, monthly)
    return replace(default, daily_credits=daily, monthly_credits=monthly)


def zone_of(policy: GuildPolicy, host: ZoneInfo) -> ZoneInfo:
    """Return where the guild's days and months begin."""
    return ZoneInfo(policy.time_zone) if policy.time_zone else host


def _or(value: int | None, fallback: int) -> int:
    return fallback if value is None else value
