"""What is a good answer, per scan; NULL is the default rule"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scan", sa.Column("rule", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("scan", "rule")
