"""On the way: results that are dropped, and members who want to be told by direct message."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("job", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "member_preference",
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("tell_by_dm", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_member_preference")),
    )


def downgrade() -> None:
    """Go back; the old version knows no dropped results: they become plainly delivered ones."""
    op.execute(sa.text("UPDATE job SET state = 'delivered' WHERE state = 'dropped'"))
    op.drop_table("member_preference")
    op.drop_column("job", "told_at")
    op.drop_column("job", "dropped_at")
