"""What a call costs is spent by all it was made for: the workspace, and every agent and workflow above it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from savant.database import row_security
from savant.models.types import BigId, Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NOW = sa.text("CURRENT_TIMESTAMP")
SCOPES = "IN ('workspace', 'agent', 'workflow')"
TYPES = "IN ('agent', 'workflow')"


def upgrade() -> None:
    _keep(
        "SELECT workspace_id, day, runnable_type AS scope, runnable_slug AS slug, usd, created_at, updated_at"
        " FROM spendings UNION ALL SELECT workspace_id, day, 'workspace', '', sum(usd), min(created_at),"
        " max(updated_at) FROM spendings GROUP BY workspace_id, day",
        "SELECT h.workspace_id, h.run_id, h.path, r.runnable_type AS scope, r.runnable_slug AS slug,"
        " sum(h.usd) AS usd, min(h.created_at) AS created_at FROM reservations h JOIN runs r ON r.id = h.run_id"
        " GROUP BY h.workspace_id, h.run_id, h.path, r.runnable_type, r.runnable_slug"
        " UNION ALL SELECT workspace_id, run_id, path, 'workspace', '', sum(usd), min(created_at) FROM reservations"
        " GROUP BY workspace_id, run_id, path",
    )
    _spendings("scope", "slug", SCOPES)
    _reservations(
        sa.Column("scope", sa.String(length=50), server_default=sa.text("'workspace'"), nullable=False),
        sa.Column("slug", sa.String(length=255), server_default=sa.text("''"), nullable=False),
        sa.UniqueConstraint("run_id", "path", "scope", "slug", name="uq_reservations_run_id_path_scope_slug"),
        sa.CheckConstraint(f"scope {SCOPES}", name=op.f("ck_reservations_scope")),
    )
    _bring_back("spendings", "workspace_id, day, scope, slug, usd, created_at, updated_at")
    _bring_back("reservations", "workspace_id, run_id, path, scope, slug, usd, created_at")


def downgrade() -> None:
    _keep(
        "SELECT workspace_id, day, scope AS runnable_type, slug AS runnable_slug, usd, created_at, updated_at"
        " FROM spendings WHERE scope <> 'workspace'",
        "SELECT workspace_id, run_id, path, usd, created_at FROM reservations WHERE scope = 'workspace'",
    )
    _spendings("runnable_type", "runnable_slug", TYPES)
    _reservations()
    _bring_back("spendings", "workspace_id, day, runnable_type, runnable_slug, usd, created_at, updated_at")
    _bring_back("reservations", "workspace_id, run_id, path, usd, created_at")


def _keep(spendings: str, reservations: str) -> None:
    """Put what is in the tables aside, as it shall be, and drop them."""
    for table, rows in (("spendings", spendings), ("reservations", reservations)):
        op.execute(f"CREATE TEMPORARY TABLE kept_{table} AS {rows}")
        op.drop_table(table)


def _bring_back(table: str, columns: str) -> None:
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table}")
    op.execute(f"DROP TABLE kept_{table}")
    op.create_index(f"idx_{table}_workspace_id", table, ["workspace_id"])
    row_security.of_workspace(op.get_bind(), table)


def _spendings(scope: str, slug: str, among: str) -> None:
    op.create_table(
        "spendings",
        *_mine("spendings"),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column(scope, sa.String(length=50), nullable=False),
        sa.Column(slug, sa.String(length=255), nullable=False),
        sa.Column("usd", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", Moment(), server_default=NOW, nullable=False),
        sa.Column("updated_at", Moment(), server_default=NOW, nullable=False),
        sa.CheckConstraint(f"{scope} {among}", name=op.f(f"ck_spendings_{scope}")),
        sa.UniqueConstraint(
            "workspace_id", "day", scope, slug, name=f"uq_spendings_workspace_id_day_{scope}_{slug}"
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip


def _reservations(*whose: sa.Column[Any] | sa.Constraint) -> None:
    op.create_table(
        "reservations",
        *_mine("reservations"),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("usd", sa.Double(), nullable=False),
        sa.Column("created_at", Moment(), server_default=NOW, nullable=False),
        *whose,
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_reservations_run_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_reservations_run_id", "reservations", ["run_id"])


def _mine(table: str) -> list[sa.Column[Any] | sa.Constraint]:
    return [
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=f"fk_{table}_workspace_id", ondelete="CASCADE"
        ),
    ]
