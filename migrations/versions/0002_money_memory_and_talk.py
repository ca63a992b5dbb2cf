"""Budgets and what was spent, memories, conversations, and the decision of an approval apart from its reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.models.types import BigId, EmptyTexts, Moment, Texts

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ["budgets", "spendings", "reservations", "memories", "conversations", "conversation_turns"]


def upgrade() -> None:
    op.add_column("approvals", sa.Column("decision", sa.String(length=50), nullable=True))
    op.execute("UPDATE approvals SET decision = reason, reason = NULL WHERE status <> 'pending'")
    _money()
    op.create_table(
        "memories",
        _id(),
        _workspace_id(),
        sa.Column("agent", sa.String(length=255), server_default=sa.text("''"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("tags", Texts(255), server_default=EmptyTexts(), nullable=False),
        sa.Column("run_id", BigId, nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        *_made_by("memories", updated=False),
        *_keys("memories"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_memories_run_id", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_memories_agent", "memories", ["workspace_id", "agent", "id"])
    _indexes("memories", "workspace_id", "created_by_id", "run_id")
    _talk()


def _money() -> None:
    op.create_table(
        "budgets",
        _id(),
        _workspace_id(),
        sa.Column("scope", sa.String(length=50), server_default=sa.text("'workspace'"), nullable=False),
        sa.Column("slug", sa.String(length=255), server_default=sa.text("''"), nullable=False),
        sa.Column("period", sa.String(length=50), nullable=False),
        sa.Column("usd", sa.Double(), nullable=False),
        *_made_by("budgets"),
        *_keys("budgets"),
        sa.CheckConstraint("scope IN ('workspace', 'agent', 'workflow')", name=op.f("ck_budgets_scope")),
        sa.CheckConstraint("period IN ('day', 'month')", name=op.f("ck_budgets_period")),
        sa.CheckConstraint("usd >= 0", name=op.f("ck_budgets_usd_not_negative")),
        sa.UniqueConstraint(
            "workspace_id", "scope", "slug", "period", name="uq_budgets_workspace_id_scope_slug_period"
        ),
        sqlite_autoincrement=True,
    )
    _indexes("budgets", "workspace_id", "created_by_id")
    op.create_table(
        "spendings",
        _id(),
        _workspace_id(),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("runnable_type", sa.String(length=50), nullable=False),
        sa.Column("runnable_slug", sa.String(length=255), nullable=False),
        sa.Column("usd", sa.Double(), server_default=sa.text("0"), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        *_keys("spendings"),
        sa.CheckConstraint("runnable_type IN ('agent', 'workflow')", name=op.f("ck_spendings_runnable_type")),
        sa.UniqueConstraint(
            "workspace_id", "day", "runnable_type", "runnable_slug",
            name="uq_spendings_workspace_id_day_runnable_type_runnable_slug",
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    _indexes("spendings", "workspace_id")
    op.create_table(
        "reservations",
        _id(),
        _workspace_id(),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("usd", sa.Double(), nullable=False),
        _moment("created_at"),
        *_keys("reservations"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_reservations_run_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    _indexes("reservations", "workspace_id", "run_id")


def _talk() -> None:
    op.create_table(
        "conversations",
        _id(),
        _workspace_id(),
        sa.Column("agent", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=255), server_default=sa.text("''"), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=True),
        *_made_by("conversations"),
        *_keys("conversations"),
        sqlite_autoincrement=True,
    )
    _indexes("conversations", "workspace_id", "created_by_id", "agent")
    op.create_table(
        "conversation_turns",
        _id(),
        sa.Column("conversation_id", BigId, nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_conversation_turns_conversation_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_conversation_turns_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_conversation_turns"),
        sqlite_autoincrement=True,
    )
    _indexes("conversation_turns", "conversation_id", "run_id")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("UPDATE approvals SET reason = decision WHERE decision IS NOT NULL")
    op.drop_column("approvals", "decision")


def _id() -> sa.Column[int]:
    return sa.Column("id", BigId, sa.Identity(), nullable=False)


def _workspace_id() -> sa.Column[int]:
    return sa.Column("workspace_id", BigId, nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False)


def _made_by(table: str, *, updated: bool = True) -> list[object]:
    columns: list[object] = [
        sa.Column("created_by_id", BigId, nullable=True),
        _moment("created_at"),
        *([_moment("updated_at")] if updated else []),
    ]
    key = f"fk_{table}_created_by_id"
    return [*columns, sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=key, ondelete="SET NULL")]


def _keys(table: str) -> list[object]:
    return [
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=f"fk_{table}_workspace_id", ondelete="CASCADE"
        ),
    ]


def _indexes(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"idx_{table}_{column}", table, [column])
