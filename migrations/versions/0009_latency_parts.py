"""Parts of a latency: the wait before the provider began; and whether it came to nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("latency_sample", sa.Column("queue_s", sa.Float(), nullable=True))
    op.add_column(
        "latency_sample",
        sa.Column("failed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    # Before, only videos taught.
    sample = sa.table("latency_sample", sa.column("failed", sa.Boolean))
    op.execute(sample.delete().where(sample.c.failed))
    op.drop_column("latency_sample", "failed")
    op.drop_column("latency_sample", "queue_s")
