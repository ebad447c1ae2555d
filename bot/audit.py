"""What moderators did, as values: who, what, to whom, when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AuditAction(StrEnum):
    """What storage records by itself with a change; others may be recorded as well.

    Attributes:
        POLICY_SET: Target none; detail: each changed value, "before → after".
        ALLOWANCE_SET: Target the role or member.
        ALLOWANCE_CLEAR: Target the role or member.
        GRANT: Target the member.
        BLOCK: Target the member.
        UNBLOCK: Target the member.
        FILTER_ADD: Target the rule.
        FILTER_REMOVE: Target the rule.
        PROMPT_REFUSE: By nobody; target the member, detail: which rule or list, in which field,
            and never the member's words, which must be forgotten when they ask for it.
        JOB_APPROVE: Target the job, as for all that follow.
        JOB_DENY: By nobody when the job's time ran out.
        JOB_TAKE_DOWN: The delivered video was removed.
        JOB_REFUND: Its credits were given back.
    """

    POLICY_SET = "policy.set"
    ALLOWANCE_SET = "allowance.set"
    ALLOWANCE_CLEAR = "allowance.clear"
    GRANT = "grant"
    BLOCK = "block"
    UNBLOCK = "unblock"
    FILTER_ADD = "filter.add"
    FILTER_REMOVE = "filter.remove"
    PROMPT_REFUSE = "prompt.refuse"
    JOB_APPROVE = "job.approve"
    JOB_DENY = "job.deny"
    JOB_TAKE_DOWN = "job.take_down"
    JOB_REFUND = "job.refund"


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One thing that was done in one guild. Append-only.

    Attributes:
        id: Given when it is recorded; 0 before.
        actor_id: The moderator; None when the bot did it by itself, 0 when they were forgotten.
        action: An `AuditAction`, or another word.
        target_id: The member, role, rule or job it was done to; 0 when they were forgotten.
        detail: Its numbers and words.
    """

    id: int = 0
    guild_id: int
    actor_id: int | None
    action: str
    target_id: int | None = None
    detail: Mapping[str, str | int | None]
    created_at: datetime
