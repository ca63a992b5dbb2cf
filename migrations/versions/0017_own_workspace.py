"""Who works in a workspace sees its row: the server's own jobs know the workspace, and no person or team."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.database.row_security import MY_TEAMS, TEAM, WORKSPACE

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OF_TEAM = f"(team_id = {TEAM}) OR (team_id IN {MY_TEAMS})"


def upgrade() -> None:
    _see(f"{OF_TEAM} OR (id = {WORKSPACE})")


def downgrade() -> None:
    _see(OF_TEAM)


def _see(rows: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(f"ALTER POLICY seen ON workspaces USING ({rows})"))
