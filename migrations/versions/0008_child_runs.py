"""Where the steps of a delegated run are: in the journal of the run it is a part of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.models.types import BigId

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "idx_runs_journal_run_id_journal_path"


def upgrade() -> None:
    op.add_column("runs", sa.Column("journal_run_id", BigId, nullable=True))
    op.add_column("runs", sa.Column("journal_path", sa.Text(), nullable=True))
    op.create_index(INDEX, "runs", ["journal_run_id", "journal_path"], unique=True)


def downgrade() -> None:
    op.drop_index(INDEX, "runs")
    op.drop_column("runs", "journal_path")
    op.drop_column("runs", "journal_run_id")
