"""Drafts of orders, in place of pictures of open forms; last options; presets."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Forms that are open have to be opened again: what they need is more than a picture now.
    op.drop_index(op.f("ix_picture_kept_at"), table_name="picture")
    op.drop_table("picture")
    op.create_table(
        "draft",
        sa.Column("id", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("kept_at", _TIME, nullable=False),
        sa.Column("taken_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_user_id"), "draft", ["user_id"], unique=False)
    op.create_index(op.f("ix_draft_kept_at"), "draft", ["kept_at"], unique=False)
    op.create_table(
        "last_options",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "command", name=op.f("pk_last_options")),
    )
    op.create_table(
        "preset",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("saved_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preset")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_preset_user_id_key")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for name in ("preset", "last_options"):
        op.drop_table(name)
    op.drop_index(op.f("ix_draft_kept_at"), table_name="draft")
    op.drop_index(op.f("ix_draft_user_id"), table_name="draft")
    op.drop_table("draft")
    op.create_table(
        "picture",
        sa.Column("message_id", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("user_id", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kept_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "user_id", name=op.f("pk_picture")),
    )
    op.create_index(op.f("ix_picture_kept_at"), "picture", ["kept_at"], unique=False)
