"""Counts that are kept, text that is searched, and an index of when scans ended"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Their triggers are no part of this: webapp/scans/triggers.py creates them after the last revision."""
    ended = sa.text("finished_at IS NOT NULL")
    op.create_index("ix_scan_finished_at", "scan", ["finished_at"], sqlite_where=ended, postgresql_where=ended)
    op.create_table(
        "scan_count",
        sa.Column("scope", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "state", name=op.f("pk_scan_count")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "scan_count_change",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_count_change")),
    )
    _create_search_tables()


def _create_search_tables() -> None:
    segment = op.create_table(
        "search_segment",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_segment")),
    )
    op.bulk_insert(segment, [{"number": 0, "first_id": uuid.UUID(int=0), "size": 0}])
    op.create_table(
        "search_text",
        sa.Column("key", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_search_text_scan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_search_text")),
    )
    op.create_index("ix_search_text_scan_id", "search_text", ["scan_id"], unique=True)
    op.create_table(
        "search_todo",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_todo")),
    )
    op.create_index("ix_search_todo_scan_id", "search_todo", ["scan_id"])


def downgrade() -> None:
    _drop_triggers()
    for name in ("search_todo", "search_text", "search_segment", "scan_count_change", "scan_count"):
        op.drop_table(name)
    op.drop_index("ix_scan_finished_at", "scan")


def _drop_triggers() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("scan_inserted", "scan_moved", "scan_reworded", "scan_deleted"):
            op.execute(f"DROP TRIGGER IF EXISTS {name}")
        op.execute("DROP TABLE IF EXISTS search_fts")
        return
    for name in ("scan_inserted", "scan_changed", "scan_deleted"):
        op.execute(f"DROP FUNCTION IF EXISTS {name} CASCADE")
    op.execute("DROP FUNCTION IF EXISTS search_grams CASCADE")
