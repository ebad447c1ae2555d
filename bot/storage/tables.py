"""The tables. Rows never leave the storage layer and are not validated: fill them with care."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from bot.i18n import DEFAULT_LOCALE

# For statements that change many rows: those that a session holds are read again where needed.
UNSYNCED = {"synchronize_session": False}

# In rows a direct message is guild 0 (Discord's ids never are): unlike NULL it compares
# and is unique like any other guild, so no query needs a special case.
DIRECT_MESSAGES = 0

# SQLite numbers rows by itself only in a column of type INTEGER (64 bits there).
_RowId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in and out, stored in UTC. SQLite keeps no zone, so it is put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert to UTC; ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(SQLModel):
    """Base of all tables: named constraints, so that migrations can change them later."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


_KEPT = text("forgotten_at IS NULL")


class JobRow(Table, table=True):
    """`bot.job.Job`, field by field; only `guild_id` and `interaction_token` read differently.

    A forgotten job is a skeleton, see `bot.storage.skeletons`: it is in the sums and nowhere else.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("price_credits > 0", name="price_positive"),
        Index(None, "guild_id", "state", "user_id"),  # jobs in flight, for the quota
        Index(None, "state", "id"),  # restart, place in the queue
        Index(None, "user_id", "id"),  # /jobs, /history
        Index(None, "channel_id", "id"),  # /history of a channel
        Index(None, "queued_at"),  # the host's month
        Index(None, "ended_at"),  # whose card in the log channel is missing
        Index(None, "parent_id"),  # what was made from a job that is forgotten
        # What is to be forgotten next.
        Index(
            "ix_job_kept_guild_id_ended_at",
            "guild_id",
            "ended_at",
            sqlite_where=_KEPT,
            postgresql_where=_KEPT,
        ),
    )

    id: int = Field(primary_key=True, sa_type=_RowId, sa_column_kwargs={"autoincrement": False})
    guild_id: int = Field(sa_type=BigInteger)
    channel_id: int = Field(sa_type=BigInteger)
    user_id: int = Field(sa_type=BigInteger)
    model: str = Field(sa_type=Text)
    parameters: dict[str, Any] = Field(sa_type=JSON)
    price_credits: int
    interaction_token: str | None = Field(sa_type=Text, repr=False)
    token_expires_at: datetime = Field(sa_type=UtcDateTime)
    upload_limit_bytes: int = Field(sa_type=BigInteger)
    parent_id: int | None = Field(default=None, foreign_key="job.id", sa_type=_RowId)
    state: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    submitting_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    running_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivering_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    request_id: str | None = Field(default=None, unique=True, sa_type=Text)
    status_url: str | None = Field(default=None, sa_type=Text)
    response_url: str | None = Field(default=None, sa_type=Text)
    output_url: str | None = Field(default=None, sa_type=Text)
    cost_usd: float | None = None
    card_message_id: int | None = Field(default=None, sa_type=BigInteger)
    result_channel_id: int | None = Field(default=None, sa_type=BigInteger)
    result_message_id: int | None = Field(default=None, sa_type=BigInteger)
    failure: str | None = Field(default=None, sa_type=Text)
    error_detail: str | None = Field(default=None, sa_type=Text)
    queued_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    approval_reasons: list[str] | None = Field(default=None, sa_type=JSON)
    decided_by: int | None = Field(default=None, sa_type=BigInteger)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decision_reason: str | None = Field(default=None, sa_type=Text)
    log_channel_id: int | None = Field(default=None, sa_type=BigInteger)
    log_message_id: int | None = Field(default=None, sa_type=BigInteger)
    removed_by: int | None = Field(default=None, sa_type=BigInteger)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removal_reason: str | None = Field(default=None, sa_type=Text)
    # The month only, see `bot.privacy.coarse`.
    forgotten_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refunded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    restored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result_direct: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    locale: str = Field(
        default=DEFAULT_LOCALE, sa_type=Text, sa_column_kwargs={"server_default": DEFAULT_LOCALE}
    )
    dropped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bot_absent: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


# In rows the source of credits is a grant's entry or 0, the allowance: 0 is unique like any
# other number, NULL would not be.
ALLOWANCE = 0
_CLOSES = text("kind IN ('settle', 'release')")


class LedgerRow(Table, table=True):
    """One credit entry. Append-only: no row is deleted, and only `bot.storage.names` updates any.

    A price that is drawn from several sources has one row for each, of every kind. A negative
    `user_id` is a pseudonym, 0 is nobody.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("credits > 0", name="credits_positive"),
        CheckConstraint(
            "kind IN ('reserve', 'settle', 'release', 'grant', 'adjust')", name="kind_known"
        ),
        UniqueConstraint("job_id", "kind", "grant_id"),
        # A reservation is either settled or released, and once.
        Index(
            "uq_ledger_entry_closed_once",
            "job_id",
            "grant_id",
            unique=True,
            sqlite_where=_CLOSES,
            postgresql_where=_CLOSES,
        ),
        Index(None, "guild_id", "user_id", "counted_at"),  # what was used in a window
        Index(None, "guild_id", "counted_at"),  # the guild's budget
        Index(None, "user_id", "id"),  # all that is kept about a member
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=_RowId)
    job_id: int | None = Field(foreign_key="job.id", sa_type=_RowId)
    guild_id: int = Field(sa_type=BigInteger)
    user_id: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    credits: int
    actor_id: int | None = Field(default=None, sa_type=BigInteger)
    reason: str | None = Field(default=None, sa_type=Text)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    counted_at: datetime = Field(sa_type=UtcDateTime)
    grant_id: int = Field(default=ALLOWANCE, sa_type=BigInteger)


class LatencyRow(Table, table=True):
    """How long one job took at the provider; only the newest of each key are kept."""

    __tablename__ = "latency_sample"
    __table_args__ = (
        CheckConstraint("latency_s > 0", name="latency_positive"),
        Index(None, "model", "size_key", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=_RowId)
    model: str = Field(sa_type=Text)
    size_key: str = Field(sa_type=Text)
    latency_s: float
    created_at: datetime = Field(sa_type=UtcDateTime)
    queue_s: float | None = None
    failed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class PolicyRow(Table, table=True):
    """`bot.policy.GuildPolicy` of a guild, as JSON; a guild without a row has the defaults."""

    __tablename__ = "guild_policy"

    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    body: dict[str, Any] = Field(sa_type=JSON)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class AllowanceRow(Table, table=True):
    """`bot.policy.AllowanceOverride` of a guild's role or member."""

    __tablename__ = "allowance"
    __table_args__ = (
        CheckConstraint("target IN ('role', 'user')", name="target_known"),
        CheckConstraint("daily_credits >= 0", name="daily_not_negative"),
        CheckConstraint("monthly_credits >= 0", name="monthly_not_negative"),
    )

    guild_id: int = Field(primary_key=True, sa_type=BigInteger)
    target: str = Field(primary_key=True, sa_type=Text)
    target_id: int = Field(primary_key=True, sa_type=BigInteger)
    daily_credits: int | None
    monthly_credits: int | None


class BlockRow(Table, table=True):
    """`bot.policy.Block` of a guild's member; the newest one only."""

    __tablename__ = "block"

    guild_id: int = Field(primary_key=True, sa_type=BigInteger)
    user_id: int = Field(primary_key=True, sa_type=BigInteger)
    until: datetime | None = Field(sa_type=UtcDateTime)
    reason: str = Field(sa_type=Text)
    actor_id: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)


class FilterRuleRow(Table, table=True):
    """`bot.wordfilter.FilterRule` of a guild. An id is never given again: buttons carry it."""

    __tablename__ = "filter_rule"
    __table_args__ = (
        CheckConstraint("kind IN ('word', 'phrase', 'regex')", name="kind_known"),
        UniqueConstraint("guild_id", "kind", "pattern"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=_RowId)
    guild_id: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    pattern: str = Field(sa_type=Text)


class AuditRow(Table, table=True):
    """`bot.audit.AuditEvent`. Append-only, but for names: 0 is somebody who was forgotten."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "guild_id", "id"),
        Index(None, "target_id"),  # what was done to a member or job
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=_RowId)
    guild_id: int = Field(sa_type=BigInteger)
    actor_id: int | None = Field(sa_type=BigInteger)
    action: str = Field(sa_type=Text)
    target_id: int | None = Field(sa_type=BigInteger)
    detail: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)


class KnownGuildRow(Table, table=True):
    """A guild in which the bot was seen; gone when the guild is purged."""

    __tablename__ = "known_guild"

    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    application_id: int = Field(sa_type=BigInteger)


class DraftRow(Table, table=True):
    """`bot.asking.Draft`; forgotten after a while. Taken by one interaction at most."""

    __tablename__ = "draft"

    id: int = Field(primary_key=True, sa_type=_RowId, sa_column_kwargs={"autoincrement": False})
    user_id: int = Field(index=True, sa_type=BigInteger)
    body: dict[str, Any] = Field(sa_type=JSON, repr=False)
    kept_at: datetime = Field(index=True, sa_type=UtcDateTime)
    taken_by: int | None = Field(default=None, sa_type=BigInteger)


class LastOptionsRow(Table, table=True):
    """What a member chose last for a command: model and options, never words or files."""

    __tablename__ = "last_options"

    user_id: int = Field(primary_key=True, sa_type=BigInteger)
    command: str = Field(primary_key=True, sa_type=Text)
    options: dict[str, Any] = Field(sa_type=JSON)


class PresetRow(Table, table=True):
    """`bot.asking.Preset`. An id is never given again: buttons carry it."""

    __tablename__ = "preset"
    __table_args__ = (UniqueConstraint("user_id", "key"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True, sa_type=_RowId)
    user_id: int = Field(sa_type=BigInteger)
    # What `bot.asking.key_of` makes of the name.
    key: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    model: str = Field(sa_type=Text)
    options: dict[str, Any] = Field(sa_type=JSON)
    saved_at: datetime = Field(sa_type=UtcDateTime)


class ThumbnailRow(Table, table=True):
    """A small picture of a job's video, WebP; gone with the job's words, or with its video."""

    __tablename__ = "thumbnail"

    job_id: int = Field(
        primary_key=True,
        foreign_key="job.id",
        sa_type=_RowId,
        sa_column_kwargs={"autoincrement": False},
    )
    image: bytes = Field(sa_type=LargeBinary, repr=False)
    created_at: datetime = Field(sa_type=UtcDateTime)


class MemberPreferenceRow(Table, table=True):
    """What a member likes, everywhere; one without a row likes the defaults."""

    __tablename__ = "member_preference"

    user_id: int = Field(
        primary_key=True, sa_type=_RowId, sa_column_kwargs={"autoincrement": False}
    )
    tell_by_dm: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # Ends before that are told to nobody.
    changed_at: datetime = Field(sa_type=UtcDateTime)


class RelocationRow(Table, table=True):
    """Where this database is being copied to, or from; none or one row, see `relocation`."""

    __tablename__ = "relocation"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("phase IN ('leaving', 'left', 'arriving', 'arrived')", name="phase_known"),
    )

    id: int = Field(
        default=1, primary_key=True, sa_type=_RowId, sa_column_kwargs={"autoincrement": False}
    )
    phase: str = Field(sa_type=Text)
    move_id: str = Field(sa_type=Text)
    # Without the password.
    peer: str = Field(sa_type=Text)
    # Table to the primary key of the last row that was copied.
    progress: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    changed_at: datetime = Field(sa_type=UtcDateTime)


class RequestPageRow(Table, table=True):
    """`bot.pacing.Page` of the account: the last minute of all processes; none or one row."""

    __tablename__ = "request_page"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: int = Field(
        default=1, primary_key=True, sa_type=_RowId, sa_column_kwargs={"autoincrement": False}
    )
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_poll_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Each with its time, in seconds since 1970, and its numbers of submits and polls.
    taken: list[list[float]] = Field(default_factory=list, sa_type=JSON)
    # Process to its submits, the urgency of its polls, and until when that counts.
    wishes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


# What is over in a minute: no copy needs it.
SHORT_LIVED = frozenset({RequestPageRow.__tablename__})
