"""The SQL of the journal's hot path, compiled from the models once a dialect, for the bare drivers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import Table, Text, bindparam, select
from sqlalchemy import cast as to_text
from sqlalchemy import func as sql

from savant.models.blob import Blob
from savant.models.step import Step
from savant.models.trace import Trace

Dialect = Literal["sqlite", "postgresql"]

STEP = (
    "run_id", "step_number", "path", "attempt", "step_type", "effect", "tool_name", "agent", "status", "handled",
    "input_hash", "input", "output", "error_code", "error_message", "cost_usd", "input_tokens", "output_tokens",
    "started_at", "completed_at", "duration_ms", "created_at",
)  # fmt: skip
CHANGING = (
    "attempt", "status", "handled", "output", "error_code", "error_message", "cost_usd", "input_tokens",
    "output_tokens", "started_at", "completed_at", "duration_ms",
)  # fmt: skip
TRACE = ("run_id", "seq", "event_type", "payload", "timestamp", "created_at")
BLOB = ("workspace_id", "sha256", "size", "data", "created_at")
LIMIT = {"sqlite": " LIMIT ?", "postgresql": " LIMIT %s"}  # SQLAlchemy's own brings an OFFSET along


class Statements(NamedTuple):
    """The SQL of one dialect; parameters are positional, in the order of the tuples above.

    `insert_trace` takes the run and the number of its step (or None) after `seq`.
    """

    upsert_step: str
    insert_trace: str
    insert_blob: str
    steps: str
    last_seq: str
    blob: str
    traces: str


@cache
def statements(dialect: Dialect) -> Statements:
    insert, compiler = dialect_tools(dialect)
    steps, traces, blobs = (cast(Table, model.__table__) for model in (Step, Trace, Blob))

    def text(statement: Any, *order: str) -> str:
        compiled = statement.compile(dialect=compiler)
        assert compiled.positiontup == list(order), compiled.positiontup
        return str(compiled)

    upsert = insert(steps).values(_named(steps, STEP)).inline()
    upsert = upsert.on_conflict_do_update(
        index_elements=["run_id", "step_number"], set_={name: upsert.excluded[name] for name in CHANGING}
    )
    trace = insert(traces).values({**_named(traces, TRACE), "step_id": _step_of_trace(steps)}).inline()
    blob = insert(blobs).values(_named(blobs, BLOB)).inline().on_conflict_do_nothing()
    return Statements(
        upsert_step=text(upsert, *STEP),
        insert_trace=text(trace, "run_id", "seq", "of_run", "of_step", *TRACE[2:]),
        insert_blob=text(blob, *BLOB),
        steps=text(_all_steps(steps), "of_run"),
        last_seq=text(select(sql.max(traces.c.seq)).where(_of_run(traces)), "of_run"),
        blob=text(_one_blob(blobs), "workspace_id", "sha256"),
        traces=text(_next_traces(traces, steps), "of_run", "after") + LIMIT[dialect],
    )


def _named(table: Table, names: Iterable[str]) -> dict[str, Any]:
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


def _of_run(table: Table) -> Any:
    return table.c.run_id == bindparam("of_run")


def _step_of_trace(steps: Table) -> Any:
    return select(steps.c.id).where(_of_run(steps), steps.c.step_number == bindparam("of_step")).scalar_subquery()


def _all_steps(steps: Table) -> Any:
    return select(*_raw(steps, STEP)).where(_of_run(steps)).order_by(steps.c.step_number)


def _one_blob(blobs: Table) -> Any:
    key = (blobs.c.workspace_id == bindparam("workspace_id"), blobs.c.sha256 == bindparam("sha256"))
    return select(blobs.c.size, blobs.c.data).where(*key)


def _next_traces(traces: Table, steps: Table) -> Any:
    columns = _raw(traces, ("seq", "event_type", "payload", "timestamp"))
    wanted = select(*columns, steps.c.step_number).outerjoin_from(traces, steps, steps.c.id == traces.c.step_id)
    after = traces.c.seq > bindparam("after")
    return wanted.where(_of_run(traces), after).order_by(traces.c.seq)


def _raw(table: Table, names: Sequence[str]) -> list[Any]:
    """Columns with JSON as the text it was written as."""
    return [to_text(table.c[name], Text) if name in ("input", "output", "payload") else table.c[name] for name in names]


def dialect_tools(dialect: str) -> tuple[Any, Any]:
    """The insert construct and the compiler of a dialect."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import dialect as compiler
        from sqlalchemy.dialects.sqlite import insert

        return insert, compiler(paramstyle="qmark")
    from sqlalchemy.dialects.postgresql import insert
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    return insert, PGDialect_psycopg(paramstyle="format")
