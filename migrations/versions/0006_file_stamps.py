"""What tells without reading whether a file is still the one that was indexed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("repository_files", sa.Column("stamp", sa.String(length=100), nullable=True))


def downgrade() -> None:
    op.drop_column("repository_files", "stamp")
