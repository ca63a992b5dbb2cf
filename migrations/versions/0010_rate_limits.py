"""How often somebody came; on Postgres not worth a log, since it is gone in a minute."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unlogged = "UNLOGGED " if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(
        f"CREATE {unlogged}TABLE rate_limits ("
        "name varchar(255) PRIMARY KEY, hits integer NOT NULL, ends_at double precision NOT NULL)"
    )


def downgrade() -> None:
    op.drop_table("rate_limits")
