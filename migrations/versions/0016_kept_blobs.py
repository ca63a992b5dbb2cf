"""When a blob was last asked for, so that nobody removes what somebody is about to refer to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.text("ALTER TABLE blobs RENAME COLUMN created_at TO kept_at"))


def downgrade() -> None:
    op.execute(sa.text("ALTER TABLE blobs RENAME COLUMN kept_at TO created_at"))
