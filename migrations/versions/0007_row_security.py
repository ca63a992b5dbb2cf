"""Row-level security on every table with rows of a workspace or of people."""

from __future__ import annotations

from alembic import op

from savant.database import row_security
from savant.database.row_security import MY_TEAMS, OF_WORKSPACE, PRESENTED, TEAM, USER, WORKSPACE

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OWN = [
    "agents", "audit_logs", "blobs", "budgets", "conversations", "definition_versions", "memories", "repositories",
    "reservations", "runs", "secrets", "spendings", "webhooks", "workflows",
]  # fmt: skip
OR_SYSTEM = ["personas", "rulesets", "tools"]
PARENTS = {
    "agent_rulesets": ("agent_id", "agents"),
    "agent_tools": ("agent_id", "agents"),
    "approvals": ("run_id", "runs"),
    "conversation_turns": ("conversation_id", "conversations"),
    "steps": ("run_id", "runs"),
    "traces": ("run_id", "runs"),
    "webhook_deliveries": ("webhook_id", "webhooks"),
}
OF_REPOSITORY = ["chunks", "repository_commits", "repository_files"]
PEOPLE = ["users", "teams", "team_members", "workspaces", "api_keys", "login_sessions", "invitations", "shares"]
WORDS = ["chunk_words", "commit_words"]


def upgrade() -> None:
    connection = op.get_bind()
    row_security.of_workspace(connection, *OWN)
    for table in OR_SYSTEM:
        row_security.secure(connection, table, OF_WORKSPACE, also_see="workspace_id IS NULL")
    for table, (key, parent) in PARENTS.items():
        row_security.of_parent(connection, table, key, parent)
    row_security.of_repository(connection, *OF_REPOSITORY)
    _people()
    if connection.dialect.name == "postgresql":
        op.execute("CREATE SCHEMA sealed")
        for table in WORDS:
            _seal(table)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        for table in WORDS:
            op.execute(f"DROP VIEW {table}")
            op.execute(f"ALTER TABLE sealed.{table} DROP COLUMN workspace_id")
            op.execute(f"ALTER TABLE sealed.{table} SET SCHEMA public")
        op.execute("DROP SCHEMA sealed")
    for table in (*OWN, *OR_SYSTEM, *PARENTS, *OF_REPOSITORY, *PEOPLE):
        row_security.expose(connection, table)


def _people() -> None:
    """Rows that are seen by a person or a team, or opened by a secret before it is known who asks."""
    connection = op.get_bind()
    members = f"id IN (SELECT m.user_id FROM team_members m WHERE m.team_id = {TEAM})"
    row_security.secure(
        connection, "users", f"id = {USER}", also_see=f"email = {PRESENTED} OR {members}", insert=f"email = {PRESENTED}"
    )
    row_security.secure(connection, "teams", f"id = {TEAM}", also_see=f"id IN {MY_TEAMS}")
    row_security.secure(connection, "team_members", f"team_id = {TEAM}", also_see=f"user_id = {USER}")
    row_security.secure(connection, "workspaces", f"team_id = {TEAM}", also_see=f"team_id IN {MY_TEAMS}")
    row_security.secure(connection, "api_keys", OF_WORKSPACE, also_see=f"key_hash = {PRESENTED}")
    row_security.secure(connection, "login_sessions", f"user_id = {USER}", also_see=f"token_hash = {PRESENTED}")
    row_security.secure(connection, "invitations", f"team_id = {TEAM}", also_see=f"token_hash = {PRESENTED}")
    row_security.secure(connection, "shares", OF_WORKSPACE, also_see=f"token = {PRESENTED}")


def _seal(table: str) -> None:
    """Put searched words behind a view of the workspace's own, in a schema that nobody else may use.

    A policy would be asked before `@@`, which is not leakproof, and so would keep the planner from its index.
    """
    op.execute(f"ALTER TABLE {table} SET SCHEMA sealed")
    op.execute(f"ALTER TABLE sealed.{table} ADD COLUMN workspace_id BIGINT")
    op.execute(
        f"UPDATE sealed.{table} w SET workspace_id = r.workspace_id FROM repositories r WHERE r.id = w.repository_id"
    )
    op.execute(f"ALTER TABLE sealed.{table} ALTER workspace_id SET NOT NULL")
    op.execute(f"ALTER TABLE sealed.{table} ALTER workspace_id SET DEFAULT {WORKSPACE}")
    op.execute(
        f"CREATE VIEW {table} AS SELECT id, repository_id, length, words FROM sealed.{table}"
        f" WHERE {OF_WORKSPACE} WITH CHECK OPTION"
    )
