"""Forgotten jobs; the guilds in which the bot was seen; finding all that is kept about a member."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEPT = sa.text("forgotten_at IS NULL")


def upgrade() -> None:
    op.add_column("job", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_job_kept_guild_id_ended_at",
        "job",
        ["guild_id", "ended_at"],
        sqlite_where=_KEPT,
        postgresql_where=_KEPT,
    )
    op.create_index(op.f("ix_job_parent_id"), "job", ["parent_id"])
    op.create_index(op.f("ix_ledger_entry_user_id_id"), "ledger_entry", ["user_id", "id"])
    op.create_index(op.f("ix_audit_event_target_id"), "audit_event", ["target_id"])
    op.create_table(
        "known_guild",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_known_guild")),
    )


def downgrade() -> None:
    # Skeletons stay, as jobs of nobody: the books need them.
    op.drop_table("known_guild")
    op.drop_index("ix_audit_event_target_id", "audit_event")
    op.drop_index("ix_ledger_entry_user_id_id", "ledger_entry")
    op.drop_index("ix_job_parent_id", "job")
    op.drop_index("ix_job_kept_guild_id_ended_at", "job")
    with op.batch_alter_table("job") as table:
        table.drop_column("forgotten_at")
