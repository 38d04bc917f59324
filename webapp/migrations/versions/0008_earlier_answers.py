"""Digests of answers, and the earlier ones that differed from those after them"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("answer_digest", sa.String(length=32), nullable=True))
    op.add_column("answer", sa.Column("digest", sa.String(length=32), server_default="", nullable=False))
    op.create_table(
        "earlier_answer",
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("is_json", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["answer.scan_id"], name="fk_earlier_answer_scan_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scan_id", "attempt", name="pk_earlier_answer"),
    )


def downgrade() -> None:
    op.drop_table("earlier_answer")
    op.drop_column("answer", "digest")
    op.drop_column("attempt", "answer_digest")
