"""Where a database was moved to or from; jobs that a restored backup had on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "relocation",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("move_id", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_relocation_only_one")),
        sa.CheckConstraint(
            "phase IN ('leaving', 'left', 'arriving', 'arrived')",
            name=op.f("ck_relocation_phase_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relocation")),
    )


def downgrade() -> None:
    op.drop_table("relocation")
    op.drop_column("job", "restored_at")
