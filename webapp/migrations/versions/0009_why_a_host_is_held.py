"""Why the host of a scan in line is asked nothing"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scan", sa.Column("held_why", sa.String(length=24), nullable=True))


def downgrade() -> None:
    op.drop_column("scan", "held_why")
