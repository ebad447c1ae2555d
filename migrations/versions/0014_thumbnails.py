"""Thumbnails of finished videos; the videos of a channel, newest first."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "thumbnail",
        sa.Column(
            "job_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_thumbnail_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_thumbnail")),
    )
    op.create_index(op.f("ix_job_channel_id_id"), "job", ["channel_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_job_channel_id_id"), table_name="job")
    op.drop_table("thumbnail")
