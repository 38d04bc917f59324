"""Headers and bodies are sealed, in the place of columns in the clear"""

import uuid

import sqlalchemy as sa
from alembic import op

from webapp.scans.sealing import Secrets, sealer

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SCAN = sa.table(
    "scan",
    sa.column("id", sa.Uuid()),
    sa.column("headers", sa.JSON()),
    sa.column("body", sa.LargeBinary()),
    sa.column("sealed", sa.LargeBinary()),
)


def upgrade() -> None:
    op.add_column("scan", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    connection = op.get_bind()
    has_secrets = sa.or_(sa.cast(_SCAN.c.headers, sa.Text()) != "{}", _SCAN.c.body.is_not(None))
    for scan_id, headers, body in connection.execute(
        sa.select(_SCAN.c.id, _SCAN.c.headers, _SCAN.c.body).where(has_secrets)
    ).all():
        _set(connection, scan_id, sealed=sealer().seal(scan_id, Secrets(headers, body)))
    op.drop_column("scan", "headers")
    op.drop_column("scan", "body")


def downgrade() -> None:
    op.add_column("scan", sa.Column("headers", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("scan", sa.Column("body", sa.LargeBinary(), nullable=True))
    connection = op.get_bind()
    for scan_id, sealed in connection.execute(
        sa.select(_SCAN.c.id, _SCAN.c.sealed).where(_SCAN.c.sealed.is_not(None))
    ).all():
        secrets = sealer().open(scan_id, sealed)
        _set(connection, scan_id, headers=dict(secrets.headers), body=secrets.body)
    op.drop_column("scan", "sealed")


def _set(connection: sa.Connection, scan_id: uuid.UUID, **values: object) -> None:
    connection.execute(sa.update(_SCAN).where(_SCAN.c.id == scan_id).values(**values))
