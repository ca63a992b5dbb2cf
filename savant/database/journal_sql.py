"""The SQL of the journal's hot path, compiled from the models once a dialect, for the bare drivers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import JSON, Table, Text, bindparam, column, literal_column, select
from sqlalchemy import cast as to_type
from sqlalchemy import func as sql

from savant.database.spendings import upsert as adding
from savant.models.blob import Blob
from savant.models.run import Run
from savant.models.spending import Spending
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
TRACE_ROW = ("run_id", "seq", "of_run", "of_step", "event_type", "payload", "timestamp", "created_at")
JSON_COLUMNS = frozenset({"input", "output", "payload"})
SPENDING = ("workspace_id", "day", "scope", "slug", "usd", "created_at", "updated_at")
BLOB = ("workspace_id", "sha256", "size", "data", "kept_at")
_ONE, _RUNNING = literal_column("1"), literal_column("'running'")
LIMIT = {"sqlite": " LIMIT ?", "postgresql": " LIMIT %s"}  # SQLAlchemy's own brings an OFFSET along


class Statements(NamedTuple):
    """The SQL of one dialect; parameters are positional, in the order of the tuples above.

    On Postgres steps, traces and spendings are written many at a time: their first parameter is a JSON list of
    objects, and the others are those of the fence, which they have in them.
    """

    fence: str
    upsert_step: str
    insert_trace: str
    touch_blob: str
    insert_blob: str
    add_spending: str
    steps: str
    last_seq: str
    blob: str
    traces: str


@cache
def statements(dialect: Dialect) -> Statements:
    insert, compiler = dialect_tools(dialect)
    steps, traces, blobs, runs, spendings = (cast(Table, each.__table__) for each in (Step, Trace, Blob, Run, Spending))

    def text(statement: Any, *order: str) -> str:
        compiled = statement.compile(dialect=compiler)
        assert compiled.positiontup == list(order), compiled.positiontup
        return str(compiled)

    if dialect == "postgresql":
        fence, order = _fence(runs), ("rows", "of_run", "attempt")
        upsert, step_order = insert(steps).from_select(STEP, _given_steps(steps).where(fence)), order
        given = _given_traces(traces, steps).where(fence)
        trace, trace_order = insert(traces).from_select([*TRACE, "step_id"], given), order
        spent, spent_order = insert(spendings).from_select(SPENDING, _given_spendings(spendings).where(fence)), order
    else:
        upsert, step_order = insert(steps).values(_named(steps, STEP)), STEP
        trace, trace_order = (
            insert(traces).values(_named(traces, TRACE) | {"step_id": _step_of_trace(steps)}),
            TRACE_ROW,
        )
        spent, spent_order = insert(spendings).values(_named(spendings, SPENDING)), SPENDING
    upsert = upsert.inline().on_conflict_do_update(
        index_elements=["run_id", "step_number"], set_={name: upsert.excluded[name] for name in CHANGING}
    )
    blob = insert(blobs).values(_named(blobs, BLOB)).inline().on_conflict_do_nothing()
    return Statements(
        fence=text(_held(runs), "of_run", "attempt"),
        upsert_step=text(upsert, *step_order),
        insert_trace=text(trace.inline(), *trace_order),
        touch_blob=text(_touched(blobs), "kept_at", "workspace_id", "sha256", "before"),
        insert_blob=text(blob, *BLOB),
        add_spending=text(adding(spent.inline()), *spent_order),
        steps=text(_all_steps(steps), "of_run"),
        last_seq=text(select(sql.max(traces.c.seq)).where(_of_run(traces)), "of_run"),
        blob=text(_one_blob(blobs), "workspace_id", "sha256"),
        traces=text(_next_traces(traces, steps), "of_run", "after") + LIMIT[dialect],
    )


def _held(runs: Table) -> Any:
    """Finds the run as long as it is carried out by who writes."""
    attempt = runs.c.attempts == bindparam("attempt")
    return select(_ONE).where(runs.c.id == bindparam("of_run"), attempt, runs.c.status == _RUNNING)


def _fence(runs: Table) -> Any:
    """True, or the statement fails: by a division by zero, for a pipeline cannot look before it goes on.

    The lock keeps whoever takes the run over waiting until this is committed.
    """
    there = select(sql.count()).select_from(_held(runs).with_for_update(read=True).subquery("held"))
    return _ONE.op("/")(there.scalar_subquery()) == _ONE


def _named(table: Table, names: Iterable[str]) -> dict[str, Any]:
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


def _of_run(table: Table) -> Any:
    return table.c.run_id == bindparam("of_run")


def _step_of_trace(steps: Table) -> Any:
    return select(steps.c.id).where(_of_run(steps), steps.c.step_number == bindparam("of_step")).scalar_subquery()


def _given_steps(steps: Table) -> Any:
    rows = _given([_given_column(steps, name) for name in STEP])
    return select(*(_as_kept(rows, name) for name in STEP))


def _given_traces(traces: Table, steps: Table) -> Any:
    rows = _given([*(_given_column(traces, name) for name in TRACE), column("of_step", steps.c.step_number.type)])
    of_step = (steps.c.run_id == rows.c.run_id) & (steps.c.step_number == rows.c.of_step)
    # A subquery and no join: it goes by the index, however much the planner believes to be in the table.
    return select(*(_as_kept(rows, name) for name in TRACE), select(steps.c.id).where(of_step).scalar_subquery())


def _given_spendings(spendings: Table) -> Any:
    rows = _given([_given_column(spendings, name) for name in SPENDING])
    return select(*(rows.c[name] for name in SPENDING))


def _as_kept(rows: Any, name: str) -> Any:
    return to_type(rows.c[name], JSON) if name in JSON_COLUMNS else rows.c[name]


def _given(columns: Sequence[Any]) -> Any:
    """The rows of a JSON list as a table: Postgres takes a hundred of them as fast as a few."""
    rows = sql.json_to_recordset(to_type(bindparam("rows", type_=Text), JSON))
    return rows.table_valued(*columns).render_derived(name="given", with_types=True)


def _given_column(table: Table, name: str) -> Any:
    """A column as it is given; JSON as text in the JSON, for that may hold what Postgres cannot take apart."""
    return column(name, Text() if name in JSON_COLUMNS else table.c[name].type)


def _all_steps(steps: Table) -> Any:
    return select(*_raw(steps, STEP)).where(_of_run(steps)).order_by(steps.c.step_number)


def _one_blob(blobs: Table) -> Any:
    key = (blobs.c.workspace_id == bindparam("workspace_id"), blobs.c.sha256 == bindparam("sha256"))
    return select(blobs.c.size, blobs.c.data).where(*key)


def _touched(blobs: Table) -> Any:
    key = (blobs.c.workspace_id == bindparam("workspace_id"), blobs.c.sha256 == bindparam("sha256"))
    old = blobs.c.kept_at < bindparam("before")
    return blobs.update().where(*key, old).values(kept_at=bindparam("kept_at"))


def _next_traces(traces: Table, steps: Table) -> Any:
    columns = _raw(traces, ("seq", "event_type", "payload", "timestamp"))
    wanted = select(*columns, steps.c.step_number).outerjoin_from(traces, steps, steps.c.id == traces.c.step_id)
    after = traces.c.seq > bindparam("after")
    return wanted.where(_of_run(traces), after).order_by(traces.c.seq)


def _raw(table: Table, names: Sequence[str]) -> list[Any]:
    """Columns with JSON as the text it was written as."""
    return [to_type(table.c[name], Text) if name in JSON_COLUMNS else table.c[name] for name in names]


def dialect_tools(dialect: str) -> tuple[Any, Any]:
    """The insert construct and the compiler of a dialect."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import dialect as compiler
        from sqlalchemy.dialects.sqlite import insert

        return insert, compiler(paramstyle="qmark")
    from sqlalchemy.dialects.postgresql import insert
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    return insert, PGDialect_psycopg(paramstyle="format")
