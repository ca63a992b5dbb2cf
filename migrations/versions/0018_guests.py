"""A workspace is found by its address, for those who are not in its team and may see what is public there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.database.row_security import MY_TEAMS, PRESENTED, TEAM, WORKSPACE

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NAMED_TEAM = f"slug = split_part({PRESENTED}, '/', 1)"
NAMED = f"slug = split_part({PRESENTED}, '/', 2) AND team_id IN (SELECT t.id FROM teams t WHERE t.{NAMED_TEAM})"
SEEN = {
    "teams": (f"(id = {TEAM}) OR (id IN {MY_TEAMS})", NAMED_TEAM),
    "workspaces": (f"(team_id = {TEAM}) OR (team_id IN {MY_TEAMS}) OR (id = {WORKSPACE})", NAMED),
}


def upgrade() -> None:
    for table, (seen, named) in SEEN.items():
        _see(table, f"{seen} OR ({named})")


def downgrade() -> None:
    for table, (seen, _) in SEEN.items():
        _see(table, seen)


def _see(table: str, rows: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(f"ALTER POLICY seen ON {table} USING ({rows})"))
