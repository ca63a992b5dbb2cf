"""Whoever follows a run is told on Postgres that something was written of it; what, they read."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE FUNCTION tell_of_traces() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('savant_runs', run_id::text) FROM (SELECT DISTINCT run_id FROM added) AS runs;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER told AFTER INSERT ON traces REFERENCING NEW TABLE AS added
      FOR EACH STATEMENT EXECUTE FUNCTION tell_of_traces()
    """,
    """
    CREATE FUNCTION tell_of_run() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('savant_runs', NEW.id::text);
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER told AFTER UPDATE OF status ON runs FOR EACH ROW
      WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tell_of_run()
    """,
)
DOWN = (
    "DROP TRIGGER told ON runs",
    "DROP FUNCTION tell_of_run()",
    "DROP TRIGGER told ON traces",
    "DROP FUNCTION tell_of_traces()",
)


def upgrade() -> None:
    _on_postgres(UP)


def downgrade() -> None:
    _on_postgres(DOWN)


def _on_postgres(statements: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in statements:
            op.execute(statement)
