"""The queue of jobs, on Postgres; what a run needs to be queued, and to be taken from a worker that vanished."""

from __future__ import annotations

from importlib import resources
from typing import Any

import sqlalchemy as sa
from alembic import op

from savant.models.types import Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

QUEUE_TABLES = ["periodic_defers", "events", "jobs", "workers"]
QUEUE_TYPES = ["job_to_defer_v1", "job_event_type", "job_status"]


def upgrade() -> None:
    op.add_column("runs", sa.Column("priority", sa.Integer(), server_default=sa.text("30"), nullable=False))
    op.add_column("runs", sa.Column("admitted_at", Moment(), nullable=True))
    op.add_column("runs", sa.Column("crashes", sa.Integer(), server_default=sa.text("0"), nullable=False))
    if op.get_bind().dialect.name == "postgresql":
        _on_the_driver(resources.files("procrastinate.sql").joinpath("schema.sql").read_text("utf-8"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(f"DROP TABLE {', '.join(f'procrastinate_{name}' for name in QUEUE_TABLES)} CASCADE"))
        _drop_functions()
        op.execute(sa.text(f"DROP TYPE {', '.join(f'procrastinate_{name}' for name in QUEUE_TYPES)} CASCADE"))
    for name in ("crashes", "admitted_at", "priority"):
        op.drop_column("runs", name)


def _drop_functions() -> None:
    named = "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'procrastinate\\_%'"
    for (signature,) in op.get_bind().execute(sa.text(named)).all():
        op.execute(sa.text(f"DROP FUNCTION IF EXISTS {signature} CASCADE"))


def _on_the_driver(script: str) -> None:
    """Many statements at once, which only the bare driver takes, and only without parameters."""
    connection: Any = op.get_bind().connection
    connection.cursor().execute(script)
