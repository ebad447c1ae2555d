"""Who acts and what came of it, as values: what a log channel is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.job import Job
from bot.moderation import Found
from bot.policy import AllowanceOverride, Block, GuildPolicy, Target
from bot.wordfilter import FilterRule

Actor: TypeAlias = "Moderator | Member"


@dataclass(frozen=True, kw_only=True)
class Moderator:
    """Who acts, and in which guild: all they see and change is that guild's."""

    guild_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member in a guild, where something happened to them without a moderator."""

    guild_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PolicyChanged:
    """The guild's policy, before and after."""

    before: GuildPolicy
    after: GuildPolicy


@dataclass(frozen=True, kw_only=True)
class AllowanceSet:
    """A role or member has an own allowance."""

    override: AllowanceOverride


@dataclass(frozen=True, kw_only=True)
class AllowanceCleared:
    """A role or member has an own allowance no longer."""

    target: Target
    target_id: int


@dataclass(frozen=True, kw_only=True)
class Granted:
    """A member was given credits."""

    user_id: int
    credits: int
    expires_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """A member may not make videos for now."""

    block: Block


@dataclass(frozen=True, kw_only=True)
class Unblocked:
    """A member may make videos again."""

    user_id: int


@dataclass(frozen=True, kw_only=True)
class RulesAdded:
    """The prompt filter has more rules, at least one."""

    rules: tuple[FilterRule, ...]


@dataclass(frozen=True, kw_only=True)
class RuleRemoved:
    """The prompt filter has a rule less."""

    rule: FilterRule


@dataclass(frozen=True, kw_only=True)
class JobApproved:
    """A job that waited was let in."""

    job: Job


@dataclass(frozen=True, kw_only=True)
class JobDenied:
    """A job that waited was turned away; the job has the reason."""

    job: Job


@dataclass(frozen=True, kw_only=True)
class VideoRemoved:
    """A delivered video was taken down; the job has the reason, and whether its message is gone.

    Attributes:
        credits_back: How many credits went back with it; 0 for none.
    """

    job: Job
    credits_back: int


@dataclass(frozen=True, kw_only=True)
class CreditsReturned:
    """The credits of a video that had been taken down before were given back."""

    job: Job
    credits_back: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class PromptRefused:
    """The filter refused a member's prompt.

    Attributes:
        channel_id: Where they asked.
        untold: Earlier refusals of this member that were not told.
        untold_since: Since when those were.
    """

    channel_id: int
    found: Found
    untold: int
    untold_since: datetime


Change: TypeAlias = (
    PolicyChanged
    | AllowanceSet
    | AllowanceCleared
    | Granted
    | Blocked
    | Unblocked
    | RulesAdded
    | RuleRemoved
    | JobApproved
    | JobDenied
    | VideoRemoved
    | CreditsReturned
    | PromptRefused
)
