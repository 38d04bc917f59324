"""Scans that wait in line for their host, and a batch's own limits at each"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UNSENT_BEFORE = sa.text("sent_at IS NULL AND due_at IS NOT NULL")
_UNSENT = sa.text("sent_at IS NULL AND due_at IS NOT NULL AND held_since IS NULL")
_IN_LINE = sa.text("held_since IS NOT NULL AND sent_at IS NULL")


def upgrade() -> None:
    op.add_column("batch", sa.Column("host_concurrency", sa.Integer(), nullable=True))
    op.add_column("batch", sa.Column("host_starts_per_second", sa.Float(), nullable=True))
    op.add_column("scan", sa.Column("held_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("scan", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_scan_unsent", "scan")
    op.create_index("ix_scan_unsent", "scan", ["due_at"], sqlite_where=_UNSENT, postgresql_where=_UNSENT)
    columns = ["host", "batch_id", "due_at"]
    op.create_index("ix_scan_in_line", "scan", columns, sqlite_where=_IN_LINE, postgresql_where=_IN_LINE)


def downgrade() -> None:
    op.drop_index("ix_scan_in_line", "scan")
    op.drop_index("ix_scan_unsent", "scan")
    op.create_index("ix_scan_unsent", "scan", ["due_at"], sqlite_where=_UNSENT_BEFORE, postgresql_where=_UNSENT_BEFORE)
    op.drop_column("scan", "held_until")
    op.drop_column("scan", "held_since")
    op.drop_column("batch", "host_starts_per_second")
    op.drop_column("batch", "host_concurrency")
