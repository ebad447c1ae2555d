"""Policies, allowances, blocks, filter rules, audit events; approval; grants in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_CLOSES = sa.text("kind IN ('settle', 'release')")
_JOB_COLUMNS = (
    ("queued_at", _TIME),
    ("approval_reasons", sa.JSON()),
    ("decided_by", sa.BigInteger()),
    ("decided_at", _TIME),
    ("decision_reason", sa.Text()),
    ("log_channel_id", sa.BigInteger()),
    ("log_message_id", sa.BigInteger()),
    ("removed_by", sa.BigInteger()),
    ("removed_at", _TIME),
    ("removal_reason", sa.Text()),
)


def upgrade() -> None:
    _make_tables()
    for name, kind in _JOB_COLUMNS:
        op.add_column("job", sa.Column(name, kind, nullable=True))
    # Until now every job was queued, and its price reserved, when it was made.
    op.execute("UPDATE job SET queued_at = created_at")
    op.create_index(op.f("ix_job_queued_at"), "job", ["queued_at"])
    # Until now every credit came from the allowance: source 0.
    op.drop_index("uq_ledger_entry_closed_once", "ledger_entry")
    with op.batch_alter_table("ledger_entry") as table:
        table.add_column(sa.Column("grant_id", sa.BigInteger(), server_default="0", nullable=False))
        table.drop_constraint("uq_ledger_entry_job_id_kind", type_="unique")
        table.create_unique_constraint(
            op.f("uq_ledger_entry_job_id_kind_grant_id"), ["job_id", "kind", "grant_id"]
        )
    with op.batch_alter_table("ledger_entry") as table:
        table.alter_column("grant_id", server_default=None)
    op.create_index(
        op.f("ix_ledger_entry_guild_id_counted_at"), "ledger_entry", ["guild_id", "counted_at"]
    )
    _index_closing(["job_id", "grant_id"])


def downgrade() -> None:
    _merge_sources()
    # Version 0001 knows no job without a reservation.
    op.execute(
        "UPDATE job SET parent_id = NULL"
        " WHERE parent_id IN (SELECT id FROM job WHERE queued_at IS NULL)"
    )
    op.execute("DELETE FROM job WHERE queued_at IS NULL")
    op.drop_index("uq_ledger_entry_closed_once", "ledger_entry")
    op.drop_index("ix_ledger_entry_guild_id_counted_at", "ledger_entry")
    with op.batch_alter_table("ledger_entry") as table:
        table.drop_constraint("uq_ledger_entry_job_id_kind_grant_id", type_="unique")
        table.create_unique_constraint(op.f("uq_ledger_entry_job_id_kind"), ["job_id", "kind"])
        table.drop_column("grant_id")
    _index_closing(["job_id"])
    op.drop_index("ix_job_queued_at", "job")
    with op.batch_alter_table("job") as table:
        for name, _ in reversed(_JOB_COLUMNS):
            table.drop_column(name)
    for name in ("audit_event", "filter_rule", "block", "allowance", "guild_policy"):
        op.drop_table(name)


def _index_closing(columns: list[str]) -> None:
    op.create_index(
        "uq_ledger_entry_closed_once",
        "ledger_entry",
        columns,
        unique=True,
        sqlite_where=_CLOSES,
        postgresql_where=_CLOSES,
    )


def _merge_sources() -> None:
    """Leave one entry of each kind for a job, over its whole price, as version 0001 has them."""
    entry = sa.table(
        "ledger_entry",
        sa.column("id", _ROW_ID),
        sa.column("job_id", _ROW_ID),
        sa.column("kind", sa.Text()),
        sa.column("credits", sa.Integer()),
    )
    split = (
        sa.select(
            entry.c.job_id, entry.c.kind, sa.func.min(entry.c.id), sa.func.sum(entry.c.credits)
        )
        .where(entry.c.job_id.is_not(None))
        .group_by(entry.c.job_id, entry.c.kind)
        .having(sa.func.count() > 1)
    )
    connection = op.get_bind()
    for job_id, kind, kept_id, total in connection.execute(split).all():
        same = (entry.c.job_id == job_id) & (entry.c.kind == kind)
        connection.execute(sa.delete(entry).where(same, entry.c.id != kept_id))
        connection.execute(sa.update(entry).where(entry.c.id == kept_id).values(credits=total))


def _make_tables() -> None:
    op.create_table(
        "guild_policy",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guild_policy")),
    )
    op.create_table(
        "allowance",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("daily_credits", sa.Integer(), nullable=True),
        sa.Column("monthly_credits", sa.Integer(), nullable=True),
        sa.CheckConstraint("target IN ('role', 'user')", name=op.f("ck_allowance_target_known")),
        sa.CheckConstraint("daily_credits >= 0", name=op.f("ck_allowance_daily_not_negative")),
        sa.CheckConstraint("monthly_credits >= 0", name=op.f("ck_allowance_monthly_not_negative")),
        sa.PrimaryKeyConstraint("guild_id", "target", "target_id", name=op.f("pk_allowance")),
    )
    op.create_table(
        "block",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("until", _TIME, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("pk_block")),
    )
    op.create_table(
        "filter_rule",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('word', 'phrase', 'regex')", name=op.f("ck_filter_rule_kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filter_rule")),
        sa.UniqueConstraint(
            "guild_id", "kind", "pattern", name=op.f("uq_filter_rule_guild_id_kind_pattern")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_event",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_guild_id_id"), "audit_event", ["guild_id", "id"])
