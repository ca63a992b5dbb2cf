"""Secrets, sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.models.types import BigId, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOW = sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=NOW, nullable=False),
        sa.Column("updated_at", Moment(), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_secrets_workspace_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_secrets_created_by_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_secrets"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_secrets_workspace_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_secrets_workspace_id", "secrets", ["workspace_id"])
    op.create_index("idx_secrets_created_by_id", "secrets", ["created_by_id"])


def downgrade() -> None:
    op.drop_table("secrets")
