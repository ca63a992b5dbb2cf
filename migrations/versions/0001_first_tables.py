"""First tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.models.types import BigId, EmptyTexts, IpAddress, Json, Moment, Texts, VerbatimJson

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = [
    "users",
    "shares",
    "teams",
    "team_members",
    "workspaces",
    "audit_logs",
    "blobs",
    "definition_versions",
    "personas",
    "repositories",
    "rulesets",
    "tools",
    "webhooks",
    "workflows",
    "agents",
    "runs",
    "webhook_deliveries",
    "agent_rulesets",
    "agent_tools",
    "approvals",
    "steps",
    "traces",
]


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("encrypted_password", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("avatar_url", sa.String(length=500), nullable=True),
        sa.Column("role", sa.String(length=50), server_default=sa.text("'user'"), nullable=False),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("role IN ('user', 'admin', 'superadmin')", name=op.f("ck_users_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lower")),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "shares",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("shareable_type", sa.String(length=50), nullable=False),
        sa.Column("shareable_id", BigId, nullable=False),
        sa.Column("shared_with_type", sa.String(length=50), nullable=True),
        sa.Column("shared_with_id", BigId, nullable=True),
        sa.Column("permission", sa.String(length=50), server_default=sa.text("'view'"), nullable=False),
        sa.Column("token", sa.String(length=255), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
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
    op.create_table(
        "teams",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_teams_created_by_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("slug", name="uq_teams_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_teams_created_by_id", "teams", ["created_by_id"])
    op.create_table(
        "team_members",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("team_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("role", sa.String(length=50), server_default=sa.text("'member'"), nullable=False),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'admin', 'member', 'viewer')", name=op.f("ck_team_members_role")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_team_members_team_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_team_members_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_team_members"),
        sa.UniqueConstraint("team_id", "user_id", name="uq_team_members_team_id_user_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_team_members_user_id", "team_members", ["user_id"])
    op.create_table(
        "workspaces",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("team_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("settings", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_workspaces_team_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
        sa.UniqueConstraint("team_id", "slug", name="uq_workspaces_team_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_workspaces_slug", "workspaces", ["slug"])
    op.create_table(
        "audit_logs",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=True),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("resource_type", sa.String(length=50), nullable=True),
        sa.Column("resource_id", BigId, nullable=True),
        sa.Column("metadata", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("ip_address", IpAddress(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_audit_logs_user_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_audit_logs_workspace_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_logs"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_audit_logs_action", "audit_logs", ["action"])
    _newest_first("idx_audit_logs_created_at", "audit_logs", "created_at")
    op.create_index("idx_audit_logs_resource", "audit_logs", ["resource_type", "resource_id"])
    op.create_index("idx_audit_logs_user_id", "audit_logs", ["user_id"])
    op.create_index("idx_audit_logs_workspace_id", "audit_logs", ["workspace_id"])
    op.create_table(
        "blobs",
        sa.Column("workspace_id", BigId, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.CHAR(length=64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_blobs_workspace_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "sha256", name="pk_blobs"),
    )
    op.create_table(
        "definition_versions",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("definition", VerbatimJson(), nullable=False),
        sa.Column("content_hash", sa.CHAR(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('agent', 'workflow', 'persona', 'ruleset')", name=op.f("ck_definition_versions_kind")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name="fk_definition_versions_created_by_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_definition_versions_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_definition_versions"),
        sa.UniqueConstraint(
            "workspace_id",
            "kind",
            "slug",
            "content_hash",
            name="uq_definition_versions_workspace_id_kind_slug_content_hash",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_definition_versions_created_by_id", "definition_versions", ["created_by_id"])
    op.create_index(
        "idx_definition_versions_latest", "definition_versions", ["workspace_id", "kind", "slug", "version"]
    )
    op.create_index("idx_definition_versions_workspace_id", "definition_versions", ["workspace_id"])
    op.create_table(
        "personas",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("visibility", sa.String(length=50), server_default=sa.text("'private'"), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("visibility IN ('private', 'team', 'public')", name=op.f("ck_personas_visibility")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_personas_created_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_personas_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_personas"),
        sa.UniqueConstraint("workspace_id", "slug", name="uq_personas_workspace_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_personas_created_by_id", "personas", ["created_by_id"])
    op.create_index("idx_personas_slug", "personas", ["slug"])
    op.create_index(
        "idx_personas_system_slug",
        "personas",
        ["slug"],
        unique=True,
        postgresql_where=sa.text("workspace_id IS NULL"),
        sqlite_where=sa.text("workspace_id IS NULL"),
    )
    op.create_index("idx_personas_workspace_id", "personas", ["workspace_id"])
    op.create_table(
        "repositories",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=50), server_default=sa.text("'local'"), nullable=False),
        sa.Column("remote_url", sa.String(length=500), nullable=True),
        sa.Column("local_path", sa.String(length=500), nullable=True),
        sa.Column("branch", sa.String(length=255), server_default=sa.text("'main'"), nullable=False),
        sa.Column("indexed_at", Moment(), nullable=True),
        sa.Column("index_status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("index_config", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint(
            "index_status IN ('pending', 'indexing', 'completed', 'failed')", name=op.f("ck_repositories_index_status")
        ),
        sa.CheckConstraint("source IN ('local', 'git', 'github', 'gitlab')", name=op.f("ck_repositories_source")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name="fk_repositories_created_by_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_repositories_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_repositories"),
        sa.UniqueConstraint("workspace_id", "slug", name="uq_repositories_workspace_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_repositories_created_by_id", "repositories", ["created_by_id"])
    op.create_index("idx_repositories_index_status", "repositories", ["index_status"])
    op.create_index("idx_repositories_workspace_id", "repositories", ["workspace_id"])
    op.create_table(
        "rulesets",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("rules", Json(), nullable=False),
        sa.Column("visibility", sa.String(length=50), server_default=sa.text("'private'"), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("visibility IN ('private', 'team', 'public')", name=op.f("ck_rulesets_visibility")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_rulesets_created_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_rulesets_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rulesets"),
        sa.UniqueConstraint("workspace_id", "slug", name="uq_rulesets_workspace_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_rulesets_created_by_id", "rulesets", ["created_by_id"])
    op.create_index("idx_rulesets_slug", "rulesets", ["slug"])
    op.create_index(
        "idx_rulesets_system_slug",
        "rulesets",
        ["slug"],
        unique=True,
        postgresql_where=sa.text("workspace_id IS NULL"),
        sqlite_where=sa.text("workspace_id IS NULL"),
    )
    op.create_index("idx_rulesets_workspace_id", "rulesets", ["workspace_id"])
    op.create_table(
        "tools",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("engine", sa.String(length=100), server_default=sa.text("'custom'"), nullable=False),
        sa.Column("schema", Json(), nullable=False),
        sa.Column("implementation", sa.Text(), nullable=True),
        sa.Column("version", sa.String(length=50), server_default=sa.text("'1.0.0'"), nullable=False),
        sa.Column("visibility", sa.String(length=50), server_default=sa.text("'private'"), nullable=False),
        sa.Column("published", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("visibility IN ('private', 'team', 'public')", name=op.f("ck_tools_visibility")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_tools_created_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_tools_workspace_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_tools"),
        sa.UniqueConstraint("workspace_id", "slug", name="uq_tools_workspace_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_tools_created_by_id", "tools", ["created_by_id"])
    op.create_index("idx_tools_engine", "tools", ["engine"])
    op.create_index("idx_tools_published", "tools", ["published"])
    op.create_index(
        "idx_tools_system_slug",
        "tools",
        ["slug"],
        unique=True,
        postgresql_where=sa.text("workspace_id IS NULL"),
        sqlite_where=sa.text("workspace_id IS NULL"),
    )
    op.create_index("idx_tools_workspace_id", "tools", ["workspace_id"])
    op.create_table(
        "webhooks",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("events", Texts(100), nullable=False),
        sa.Column("secret", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_webhooks_created_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_webhooks_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_webhooks_active", "webhooks", ["active"])
    op.create_index("idx_webhooks_created_by_id", "webhooks", ["created_by_id"])
    op.create_index("idx_webhooks_workspace_id", "webhooks", ["workspace_id"])
    op.create_table(
        "workflows",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("definition", VerbatimJson(), nullable=False),
        sa.Column("graph", Json(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'active'"), nullable=False),
        sa.Column("visibility", sa.String(length=50), server_default=sa.text("'private'"), nullable=False),
        sa.Column("tags", Texts(255), server_default=EmptyTexts(), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("status IN ('active', 'paused', 'archived')", name=op.f("ck_workflows_status")),
        sa.CheckConstraint("visibility IN ('private', 'team', 'public')", name=op.f("ck_workflows_visibility")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name="fk_workflows_created_by_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_workflows_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_workflows"),
        sa.UniqueConstraint("workspace_id", "slug", name="uq_workflows_workspace_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_workflows_created_by_id", "workflows", ["created_by_id"])
    op.create_index("idx_workflows_status", "workflows", ["status"])
    op.create_index("idx_workflows_tags", "workflows", ["tags"], postgresql_using="gin")
    op.create_index("idx_workflows_workspace_id", "workflows", ["workspace_id"])
    op.create_table(
        "agents",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("persona_id", BigId, nullable=True),
        sa.Column("driver_prompt", sa.Text(), nullable=True),
        sa.Column("config", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("tools", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("output_schema", Json(), nullable=True),
        sa.Column("delegates", Json(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'active'"), nullable=False),
        sa.Column("visibility", sa.String(length=50), server_default=sa.text("'private'"), nullable=False),
        sa.Column("tags", Texts(255), server_default=EmptyTexts(), nullable=False),
        sa.Column("created_by_id", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("status IN ('active', 'paused', 'archived')", name=op.f("ck_agents_status")),
        sa.CheckConstraint("visibility IN ('private', 'team', 'public')", name=op.f("ck_agents_visibility")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_agents_created_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["persona_id"], ["personas.id"], name="fk_agents_persona_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_agents_workspace_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
        sa.UniqueConstraint("workspace_id", "slug", name="uq_agents_workspace_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_agents_created_by_id", "agents", ["created_by_id"])
    op.create_index("idx_agents_persona_id", "agents", ["persona_id"])
    op.create_index("idx_agents_status", "agents", ["status"])
    op.create_index("idx_agents_tags", "agents", ["tags"], postgresql_using="gin")
    op.create_index("idx_agents_workspace_id", "agents", ["workspace_id"])
    op.create_table(
        "runs",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("workspace_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("runnable_type", sa.String(length=50), nullable=False),
        sa.Column("runnable_id", BigId, nullable=True),
        sa.Column("runnable_slug", sa.String(length=255), nullable=False),
        sa.Column("version_id", BigId, nullable=True),
        sa.Column("parent_run_id", BigId, nullable=True),
        sa.Column("forked_from_id", BigId, nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("goal", sa.Text(), nullable=True),
        sa.Column("inputs", VerbatimJson(), nullable=False),
        sa.Column("config", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("program_hash", sa.CHAR(length=64), nullable=True),
        sa.Column("repository_commit", sa.String(length=64), nullable=True),
        sa.Column("result", VerbatimJson(), nullable=True),
        sa.Column("error_code", sa.String(length=50), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("failed_path", sa.Text(), nullable=True),
        sa.Column("cost_usd", sa.Double(), nullable=True),
        sa.Column("input_tokens", BigId, server_default=sa.text("0"), nullable=False),
        sa.Column("output_tokens", BigId, server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_holder", sa.String(length=255), nullable=True),
        sa.Column("lease_expires_at", Moment(), nullable=True),
        sa.Column("stop_requested_at", Moment(), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("completed_at", Moment(), nullable=True),
        sa.Column("duration_ms", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("runnable_type IN ('agent', 'workflow')", name=op.f("ck_runs_runnable_type")),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'waiting', 'completed', 'failed', 'stopped')", name=op.f("ck_runs_status")
        ),
        sa.ForeignKeyConstraint(["forked_from_id"], ["runs.id"], name="fk_runs_forked_from_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["parent_run_id"], ["runs.id"], name="fk_runs_parent_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_runs_user_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["definition_versions.id"], name="fk_runs_version_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_runs_workspace_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sqlite_autoincrement=True,
    )
    _newest_first("idx_runs_created_at", "runs", "created_at")
    op.create_index("idx_runs_forked_from_id", "runs", ["forked_from_id"])
    op.create_index(
        "idx_runs_idempotency_key",
        "runs",
        ["workspace_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index("idx_runs_parent_run_id", "runs", ["parent_run_id"])
    op.create_index("idx_runs_runnable", "runs", ["runnable_type", "runnable_id"])
    op.create_index("idx_runs_status", "runs", ["status"])
    op.create_index("idx_runs_user_id", "runs", ["user_id"])
    op.create_index("idx_runs_version_id", "runs", ["version_id"])
    op.create_index("idx_runs_workspace_id", "runs", ["workspace_id", "id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("webhook_id", BigId, nullable=False),
        sa.Column("event", sa.String(length=100), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("response_code", sa.Integer(), nullable=True),
        sa.Column("response_body", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delivered_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_status")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sqlite_autoincrement=True,
    )
    _newest_first("idx_webhook_deliveries_created_at", "webhook_deliveries", "created_at")
    op.create_index("idx_webhook_deliveries_status", "webhook_deliveries", ["status"])
    op.create_index("idx_webhook_deliveries_webhook_id", "webhook_deliveries", ["webhook_id"])
    op.create_table(
        "agent_rulesets",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("ruleset_id", BigId, nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_agent_rulesets_agent_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.id"], name="fk_agent_rulesets_ruleset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_agent_rulesets"),
        sa.UniqueConstraint("agent_id", "ruleset_id", name="uq_agent_rulesets_agent_id_ruleset_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_agent_rulesets_ruleset_id", "agent_rulesets", ["ruleset_id"])
    op.create_table(
        "agent_tools",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("tool_id", BigId, nullable=False),
        sa.Column("allowed", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_agent_tools_agent_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tool_id"], ["tools.id"], name="fk_agent_tools_tool_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_agent_tools"),
        sa.UniqueConstraint("agent_id", "tool_id", name="uq_agent_tools_agent_id_tool_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_agent_tools_tool_id", "agent_tools", ["tool_id"])
    op.create_table(
        "approvals",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("details", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answered_by_id", BigId, nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("kind IN ('uncertain_step', 'tool', 'approval')", name=op.f("ck_approvals_kind")),
        sa.CheckConstraint("status IN ('pending', 'approved', 'denied')", name=op.f("ck_approvals_status")),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["users.id"], name="fk_approvals_answered_by_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_approvals_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_approvals_answered_by_id", "approvals", ["answered_by_id"])
    op.create_index(
        "idx_approvals_pending",
        "approvals",
        ["run_id", "path"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_index("idx_approvals_run_id", "approvals", ["run_id"])
    op.create_index("idx_approvals_status", "approvals", ["status"])
    op.create_table(
        "steps",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("step_number", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("step_type", sa.String(length=50), nullable=False),
        sa.Column("effect", sa.String(length=50), nullable=False),
        sa.Column("tool_name", sa.String(length=255), nullable=True),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("agent", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("handled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("input_hash", sa.CHAR(length=64), nullable=False),
        sa.Column("input", VerbatimJson(), nullable=True),
        sa.Column("output", VerbatimJson(), nullable=True),
        sa.Column("error_code", sa.String(length=50), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("cost_usd", sa.Double(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("completed_at", Moment(), nullable=True),
        sa.Column("duration_ms", BigId, nullable=True),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.CheckConstraint("effect IN ('read', 'idempotent', 'write')", name=op.f("ck_steps_effect")),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'completed', 'failed', 'interrupted', 'skipped')",
            name=op.f("ck_steps_status"),
        ),
        sa.CheckConstraint(
            "step_type IN ('model', 'tool', 'agent', 'workflow', 'condition', 'parallel', 'foreach', 'set', 'fail', "
            "'approval', 'clock')",
            name=op.f("ck_steps_step_type"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_steps_agent_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_steps_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_steps"),
        sa.UniqueConstraint("run_id", "path", "attempt", name="uq_steps_run_id_path_attempt"),
        sa.UniqueConstraint("run_id", "step_number", name="uq_steps_run_id_step_number"),
    )
    op.create_index("idx_steps_agent_id", "steps", ["agent_id"])
    op.create_index("idx_steps_status", "steps", ["status"])
    op.create_table(
        "traces",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("step_id", BigId, nullable=True),
        sa.Column("event_type", sa.String(length=100), nullable=False),
        sa.Column("payload", VerbatimJson(), nullable=False),
        sa.Column("timestamp", Moment(), nullable=False),
        sa.Column("created_at", Moment(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_traces_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_traces_step_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_traces"),
        sa.UniqueConstraint("run_id", "seq", name="uq_traces_run_id_seq"),
    )
    op.create_index("idx_traces_event_type", "traces", ["event_type"])
    op.create_index("idx_traces_step_id", "traces", ["step_id"])
    _newest_first("idx_traces_timestamp", "traces", "timestamp")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _newest_first(name: str, table: str, column: str) -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    op.create_index(name, table, [sa.text(f"{column} DESC") if postgres else column])
