"""What somebody calls a run is theirs: colleagues who take the same word learn nothing, and start their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME = "idx_runs_idempotency_key"
THERE = sa.text("idempotency_key IS NOT NULL")


def upgrade() -> None:
    _unique("workspace_id", "user_id", "idempotency_key")


def downgrade() -> None:
    _unique("workspace_id", "idempotency_key")


def _unique(*columns: str) -> None:
    op.drop_index(NAME, table_name="runs")
    op.create_index(NAME, "runs", [*columns], unique=True, postgresql_where=THERE, sqlite_where=THERE)
