"""A run has an error code where it failed, was stopped or waits, and nowhere else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ENDED = "status IN ('failed', 'stopped', 'waiting')"
CHECK = f"CONSTRAINT ck_runs_error_code CHECK (({ENDED}) = (error_code IS NOT NULL))"
CODE = "CASE status WHEN 'failed' THEN 'unexpected' WHEN 'stopped' THEN 'stopped' ELSE 'approval_needed' END"


def upgrade() -> None:
    op.execute(f"UPDATE runs SET error_code = {CODE} WHERE {ENDED} AND error_code IS NULL")
    op.execute(f"UPDATE runs SET error_code = NULL WHERE NOT ({ENDED}) AND error_code IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE runs ADD {CHECK}")
    else:
        _made_anew(", \n\tCONSTRAINT ck_runs_status", f", \n\t{CHECK}, \n\tCONSTRAINT ck_runs_status")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE runs DROP CONSTRAINT ck_runs_error_code")
    else:
        _made_anew(f", \n\t{CHECK}", "")


def _made_anew(old: str, new: str) -> None:
    """Exchange a part of what SQLite keeps as the table, in the way of its manual: it cannot add a constraint."""
    connection = op.get_bind()
    of_table = "FROM sqlite_master WHERE tbl_name = 'runs' AND sql IS NOT NULL AND type"
    made = connection.scalar(sa.text(f"SELECT sql {of_table} = 'table'"))
    others = connection.scalars(sa.text(f"SELECT sql {of_table} <> 'table'")).all()
    last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'runs'"))
    head, _, rest = made.partition("(")
    assert "runs" in head and old in rest, made
    connection.exec_driver_sql(f"CREATE TABLE runs_anew ({rest.replace(old, new, 1)}")
    connection.exec_driver_sql("INSERT INTO runs_anew SELECT * FROM runs")
    connection.exec_driver_sql("DROP TABLE runs")
    connection.exec_driver_sql("ALTER TABLE runs_anew RENAME TO runs")
    for sql in others:
        connection.exec_driver_sql(sql)
    if last is not None:
        connection.exec_driver_sql(f"UPDATE sqlite_sequence SET seq = {int(last)} WHERE name = 'runs'")
