"""API keys, login sessions and invitations; shares have a workspace, and runs the visibility of what they run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.models.types import BigId, IpAddress, Moment, Texts

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROLES = "role IN ('owner', 'admin', 'member', 'viewer')"


def upgrade() -> None:
    for column in _sign_in_columns():
        op.add_column("users", column)
    # Spelled out, since SQLite adds a constraint only along with its column.
    op.execute(
        "ALTER TABLE runs ADD COLUMN visibility VARCHAR(50) DEFAULT 'team' NOT NULL"
        " CONSTRAINT ck_runs_visibility CHECK (visibility IN ('private', 'team', 'public'))"
    )
    _api_keys()
    _login_sessions()
    _invitations()
    op.drop_table("shares")  # nothing has ever written to it
    _shares(sa.Column("workspace_id", BigId, nullable=False), *_of("shares", workspace_id="workspaces"))
    op.create_index("idx_shares_workspace_id", "shares", ["workspace_id"])


def downgrade() -> None:
    op.drop_table("shares")
    _shares()
    for table in ("invitations", "login_sessions", "api_keys"):
        op.drop_table(table)
    op.drop_column("runs", "visibility")
    for column in _sign_in_columns():
        op.drop_column("users", column.name)


def _sign_in_columns() -> list[sa.Column]:
    return [
        sa.Column("signed_in_at", Moment(), nullable=True),
        sa.Column("failed_sign_ins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", Moment(), nullable=True),
    ]


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("prefix", sa.String(length=50), nullable=False),
        sa.Column("key_hash", sa.CHAR(length=64), nullable=False),
        sa.Column("scopes", Texts(100), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.Column("last_used_ip", sa.String(length=45), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        *_of("api_keys", workspace_id="workspaces", user_id="users"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("prefix", name="uq_api_keys_prefix"),
        sqlite_autoincrement=True,
    )
    _indexes("api_keys", "workspace_id", "user_id")


def _login_sessions() -> None:
    op.create_table(
        "login_sessions",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("workspace_id", BigId, nullable=True),
        sa.Column("token_hash", sa.CHAR(length=64), nullable=False),
        sa.Column("once", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("ip_address", IpAddress(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        _moment("created_at"),
        *_of("login_sessions", user_id="users"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_login_sessions_workspace_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_login_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_login_sessions_token_hash"),
        sqlite_autoincrement=True,
    )
    _indexes("login_sessions", "user_id", "workspace_id")


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("team_id", BigId, nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("role", sa.String(length=50), server_default=sa.text("'member'"), nullable=False),
        sa.Column("token_hash", sa.CHAR(length=64), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("accepted_at", Moment(), nullable=True),
        sa.Column("accepted_by_id", BigId, nullable=True),
        sa.Column("created_by_id", BigId, nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint(ROLES, name=op.f("ck_invitations_role")),
        *_of("invitations", team_id="teams"),
        *(
            sa.ForeignKeyConstraint([column], ["users.id"], name=f"fk_invitations_{column}", ondelete="SET NULL")
            for column in ("accepted_by_id", "created_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
        sqlite_autoincrement=True,
    )
    _indexes("invitations", "team_id", "accepted_by_id", "created_by_id")


def _shares(*workspace: sa.Column | sa.ForeignKeyConstraint) -> None:
    op.create_table(
        "shares",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        *workspace,
        sa.Column("shareable_type", sa.String(length=50), nullable=False),
        sa.Column("shareable_id", BigId, nullable=False),
        sa.Column("shared_with_type", sa.String(length=50), nullable=True),
        sa.Column("shared_with_id", BigId, nullable=True),
        sa.Column("permission", sa.String(length=50), server_default=sa.text("'view'"), nullable=False),
        sa.Column("token", sa.String(length=255), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("created_by_id", BigId, nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint("permission IN ('view', 'edit', 'execute', 'admin')", name=op.f("ck_shares_permission")),
        sa.CheckConstraint(
            "shareable_type IN ('agent', 'workflow', 'persona', 'ruleset', 'tool', 'repository')",
            name=op.f("ck_shares_shareable_type"),
        ),
        sa.CheckConstraint("shared_with_type IN ('user', 'team', 'public')", name=op.f("ck_shares_shared_with_type")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_shares_created_by_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_shares"),
        sa.UniqueConstraint("token", name="uq_shares_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_shares_created_by_id", "shares", ["created_by_id"])
    op.create_index("idx_shares_shareable", "shares", ["shareable_type", "shareable_id"])
    op.create_index("idx_shares_shared_with", "shares", ["shared_with_type", "shared_with_id"])


def _moment(name: str) -> sa.Column:
    return sa.Column(name, Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False)


def _of(table: str, **parents: str) -> list[sa.ForeignKeyConstraint]:
    """Keys of parents that take their rows with them."""
    return [
        sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")
        for column, parent in parents.items()
    ]


def _indexes(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"idx_{table}_{column}", table, [column])
