"""Vectors of chunks that Postgres compares itself, where it has the extension for it."""

from __future__ import annotations

from alembic import op

from savant.database import pgvector

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pgvector.prepare(op.get_bind())


def downgrade() -> None:
    """The extension stays: others in the database may use it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TABLE IF EXISTS {pgvector.TABLE}")
