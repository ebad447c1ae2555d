"""When a taken-down video's credits came back; jobs found by the time they ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE job SET refunded_at = (SELECT MIN(entry.created_at) FROM ledger_entry AS entry "
        "WHERE entry.job_id = job.id AND entry.kind = 'adjust')"
    )
    op.create_index(op.f("ix_job_ended_at"), "job", ["ended_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_job_ended_at"), "job")
    op.drop_column("job", "refunded_at")
