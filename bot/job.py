"""A job, its states and which state may follow which. Pure: storage and workflow rely on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.catalogue import JsonScalar
from bot.i18n import DEFAULT_LOCALE


class JobState(StrEnum):
    """Where a job stands; `SOURCES` says what may follow what."""

    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    UNCERTAIN = "uncertain"
    RUNNING = "running"
    FINISHED = "finished"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DENIED = "denied"
    DROPPED = "dropped"


S = JobState

# Target state -> the states it may be entered from.
SOURCES: Mapping[JobState, frozenset[JobState]] = {
    # back from `submitting` when the POST provably never started (refused connection, 429)
    S.QUEUED: frozenset({S.AWAITING_APPROVAL, S.SUBMITTING}),
    S.DENIED: frozenset({S.AWAITING_APPROVAL}),
    S.CANCELLED: frozenset({S.AWAITING_APPROVAL, S.QUEUED}),
    S.SUBMITTING: frozenset({S.QUEUED}),
    S.UNCERTAIN: frozenset({S.SUBMITTING}),
    S.RUNNING: frozenset({S.SUBMITTING, S.UNCERTAIN}),
    S.FINISHED: frozenset({S.RUNNING}),
    S.DELIVERED: frozenset({S.FINISHED, S.UNDELIVERED}),
    S.UNDELIVERED: frozenset({S.FINISHED}),
    # made and paid, and not posted: its member wanted it no more
    S.DROPPED: frozenset({S.FINISHED}),
    S.FAILED: frozenset({S.QUEUED, S.SUBMITTING, S.UNCERTAIN, S.RUNNING, S.FINISHED}),
}

TERMINAL = frozenset({S.DELIVERED, S.UNDELIVERED, S.FAILED, S.CANCELLED, S.DENIED, S.DROPPED})
# States that hold credits, and a place at the provider or are about to. A job that waits for
# approval holds neither, and no workflow runs for it.
IN_FLIGHT = frozenset(set(JobState) - TERMINAL - {S.AWAITING_APPROVAL})
# While it was not sent.
CANCELLABLE = SOURCES[S.CANCELLED]
# Sent, or about to be: nobody can stop it any more, but its result can be dropped.
DROPPABLE = IN_FLIGHT - CANCELLABLE
# The video is made, and is in front of people or can be.
WITH_VIDEO = frozenset({S.DELIVERED, S.UNDELIVERED})
# Entering one of these settles the reserved credits: the video is made and paid for.
SETTLING = frozenset({S.DELIVERED, S.DROPPED})
# Entering one of these gives them back.
RELEASING = frozenset({S.FAILED, S.CANCELLED, S.DENIED, S.UNDELIVERED})
# Ends that are news to the member; a cancel is their own, or the bot has left their server.
NEWS = TERMINAL - {S.CANCELLED}


class FailureReason(StrEnum):
    """Why a job failed; the face turns it into a member's words."""

    BLOCKED = "blocked"
    INVALID = "invalid"
    HOST_KEY = "host_key"
    HOST_CREDITS = "host_credits"
    HOST_MODEL = "host_model"
    INFERENCE = "inference"
    RATE_LIMITED = "rate_limited"
    PROVIDER_DOWN = "provider_down"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    TOO_SLOW = "too_slow"
    BAD_RESULT = "bad_result"
    DISCORD_DOWN = "discord_down"
    INTERNAL = "internal"


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """An accepted command about to become a job row.

    Attributes:
        id: The Discord interaction's id: a repeated interaction can never make a second job.
        guild_id: None in a direct message.
        interaction_token: Edits the card while it lives. Secret.
        upload_limit_bytes: Discord's hint of what may be attached in that channel.
        parent_id: The job that this one was made from: again, changed, or continued.
        locale: Discord's, of the member: the card and the result speak it.
        bot_absent: Whether the bot is not in that channel: it can be reached by the interaction's
            token alone. The rules of direct messages hold, so that `guild_id` is None.
    """

    id: int
    guild_id: int | None
    channel_id: int
    user_id: int
    model: str
    parameters: Mapping[str, JsonScalar]
    price_credits: int
    interaction_token: str = field(repr=False)
    token_expires_at: datetime
    upload_limit_bytes: int
    parent_id: int | None = None
    locale: str = DEFAULT_LOCALE
    bot_absent: bool = False


@dataclass(frozen=True, kw_only=True)
class Job(NewJob):
    """One request on its way to a video; one row of the database, read-only.

    Attributes:
        request_id: The provider's id, once the submit was accepted.
        status_url: Where to poll.
        response_url: Where the result is.
        output_url: The video at the provider, once finished.
        cost_usd: What the provider charged, once known.
        card_message_id: The status card.
        result_channel_id: Where the video was posted: the job's channel, another of the server,
            or direct messages. Of an undelivered job: where it was tried again.
        result_direct: Whether it went to the member alone, though asked for elsewhere.
        result_message_id: The message with the video; None as soon as it is deleted.
        delivering_at: When posting was first tried: from then on look before posting again.
        failure: Why it failed, for FAILED; for UNDELIVERED only when it was Discord's
            trouble, or a fault of the bot; None when nothing took the video.
        error_detail: The provider's words, for the host.
        created_at: UTC, as all times: entered `queued` (or `awaiting_approval`).
        queued_at: When its price was reserved; None for a job that waits for approval or was
            never let in.
        approval_reasons: Why it had to wait for a moderator, one sentence each.
        decided_by: The moderator who approved or denied it; None when its time ran out.
        decided_at: When it was approved, denied, or its time ran out.
        decision_reason: The moderator's words about a denial.
        log_channel_id: Where the moderators' card of it is.
        log_message_id: That card.
        removed_by: The moderator who took the video down, delivered or not; or its own member.
        removed_at: When.
        removal_reason: Their words.
        refunded_at: When a moderator gave the credits of the delivered video back; of a removed
            one that could not be delivered at first: when they came back.
        restored_at: When a backup was restored that had the job on its way. What happened to
            it from the backup until then is not in the database: look before doing anything.
        dropped_at: When its member said, with the job on its way, that they do not want the
            video any more. It is not posted, unless that had begun.
        told_at: When its member was told of its end by direct message, or were to be.
    """

    state: JobState
    created_at: datetime
    queued_at: datetime | None = None
    submitting_at: datetime | None = None
    running_at: datetime | None = None
    finished_at: datetime | None = None
    delivering_at: datetime | None = None
    ended_at: datetime | None = None
    request_id: str | None = None
    status_url: str | None = None
    response_url: str | None = None
    output_url: str | None = None
    cost_usd: float | None = None
    card_message_id: int | None = None
    result_channel_id: int | None = None
    result_message_id: int | None = None
    result_direct: bool = False
    failure: FailureReason | None = None
    error_detail: str | None = None
    approval_reasons: tuple[str, ...] = ()
    decided_by: int | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    log_channel_id: int | None = None
    log_message_id: int | None = None
    removed_by: int | None = None
    removed_at: datetime | None = None
    removal_reason: str | None = None
    refunded_at: datetime | None = None
    restored_at: datetime | None = None
    dropped_at: datetime | None = None
    told_at: datetime | None = None

    @property
    def deleted_by_member(self) -> bool:
        """Whether its own member has deleted the video."""
        return self.removed_at is not None and self.removed_by == self.user_id

    @property
    def seed(self) -> int:
        """The seed that is sent."""
        return int(self.parameters["seed"])

    @property
    def prompt(self) -> str:
        """The member's words."""
        return str(self.parameters["prompt"])

    @property
    def terminal(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in TERMINAL

    @property
    def dropping(self) -> bool:
        """Whether the provider has it (or is about to), and its video will not be posted."""
        return self.dropped_at is not None and self.state in DROPPABLE


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the member of a job wants of it, as it stands now.

    Attributes:
        dropped_at: `Job.dropped_at`.
        tells: Whether they want to be told of ends by direct message.
    """

    dropped_at: datetime | None
    tells: bool
