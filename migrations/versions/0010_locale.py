"""The member's language: the card and the result speak it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "job", sa.Column("locale", sa.Text(), nullable=False, server_default=sa.text("'en-US'"))
    )


def downgrade() -> None:
    op.drop_column("job", "locale")
