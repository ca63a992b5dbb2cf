"""What was answered to requests that may come again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.database import row_security
from savant.models.types import BigId, Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = "idempotency_keys"
NOW = sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("etag", sa.String(length=255), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Moment(), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_idempotency_keys_workspace_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_idempotency_keys_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency_keys"),
        sa.UniqueConstraint(
            "workspace_id", "user_id", "key_hash", name="uq_idempotency_keys_workspace_id_user_id_key_hash"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_idempotency_keys_workspace_id", TABLE, ["workspace_id"])
    op.create_index("idx_idempotency_keys_user_id", TABLE, ["user_id"])
    row_security.of_workspace(op.get_bind(), TABLE)


def downgrade() -> None:
    row_security.expose(op.get_bind(), TABLE)
    op.drop_table(TABLE)
