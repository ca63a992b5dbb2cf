"""The newest past commits of a repository are found without sorting all of them."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEX = "idx_repository_commits_repository_id_id"


def upgrade() -> None:
    op.create_index(INDEX, "repository_commits", ["repository_id", "id"])


def downgrade() -> None:
    op.drop_index(INDEX, "repository_commits")
