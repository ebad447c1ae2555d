"""The provider's requests that went in the last minute, counted for all processes together."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "request_pace",
        sa.Column("id", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_request_pace_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_pace")),
    )
    op.create_table(
        "request_taken",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submits", sa.Integer(), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.CheckConstraint("submits + polls > 0", name=op.f("ck_request_taken_some")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_taken")),
    )
    op.create_index(op.f("ix_request_taken_taken_at"), "request_taken", ["taken_at"])


def downgrade() -> None:
    op.drop_table("request_taken")
    op.drop_table("request_pace")
