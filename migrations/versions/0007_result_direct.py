"""Whether a video went to its member alone: it may also be in another channel of the server."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "job",
        sa.Column("result_direct", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    # So far what was not posted where it was asked for was a direct message.
    job = sa.table(
        "job",
        sa.column("guild_id", sa.BigInteger),
        sa.column("channel_id", sa.BigInteger),
        sa.column("result_channel_id", sa.BigInteger),
        sa.column("result_direct", sa.Boolean),
    )
    op.execute(
        job.update()
        .where(job.c.guild_id != 0, job.c.result_channel_id != job.c.channel_id)
        .values(result_direct=sa.true())
    )


def downgrade() -> None:
    op.drop_column("job", "result_direct")
