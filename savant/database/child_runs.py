"""The rows of delegated runs: written with the steps they are made of, in the same transaction, so that they agree.

A delegated run is one step of its caller's journal (an agent that a tool ran) and everything inside it. Its row says
what that step says, so a resume, a fork or an import writes the very same row again.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Table, bindparam, func, literal_column, select

from savant.database.journal_sql import Dialect, dialect_tools
from savant.models.definition_version import DefinitionVersion
from savant.models.run import Run
from savant.models.step import Step as StepRow

INSIDE = "/agent/"
_OF_ROOT = ("workspace_id", "user_id", "visibility", "config", "program_hash", "repository_commit")
_CHANGING = (
    "status", "result", "error_code", "error_message", "attempts", "completed_at", "duration_ms", "updated_at",
)  # fmt: skip
_GIVEN = (*_CHANGING, "goal", "inputs", "started_at", "created_at")
_SUMS = ("cost_usd", "input_tokens", "output_tokens")


class Upsert(NamedTuple):
    """The statement of a dialect's bare driver, and the names of its parameters in order."""

    statement: str
    order: tuple[str, ...]


@cache
def upsert(dialect: Dialect) -> Upsert:
    _, compiler = dialect_tools(dialect)
    compiled: Any = statement(dialect).compile(dialect=compiler)
    return Upsert(str(compiled), tuple(compiled.positiontup))


def statement(dialect: Dialect) -> Any:
    """Write a delegated run, which is known by its path, as a part of the run `root_id`."""
    insert, _ = dialect_tools(dialect)
    runs = cast(Table, Run.__table__)
    root = runs.alias("root")
    columns = _columns(runs, root)
    made = insert(runs).from_select(
        list(columns), select(*columns.values()).where(root.c.id == _root_id()), include_defaults=False
    )
    changes = {name: made.excluded[name] for name in (*_CHANGING, *_SUMS)}
    return made.inline().on_conflict_do_update(index_elements=["journal_run_id", "journal_path"], set_=changes)


def inside(path: Any, prefix: Any) -> ColumnElement[bool]:
    """Whether a step's path begins with this; not LIKE, for a path may have its wildcards."""
    return func.substr(path, literal_column("1"), func.length(prefix)) == prefix


def _columns(runs: Table, root: Any) -> dict[str, Any]:
    def given(name: str, column: Any) -> Any:
        return bindparam(name, type_=column.type)

    slug, path = runs.c.runnable_slug, runs.c.journal_path
    return {
        **{name: root.c[name] for name in _OF_ROOT},
        "runnable_type": literal_column("'agent'"),
        "runnable_slug": given("slug", slug),
        "version_id": _version(root, given("slug", slug), given("version", runs.c.attempts)),
        "parent_run_id": func.coalesce(_caller(runs, given("caller", path)), root.c.id),
        "journal_run_id": root.c.id,
        "journal_path": given("path", path),
        **{name: given(name, runs.c[name]) for name in _GIVEN},
        **_sums(given("inside", path)),
    }


def _version(root: Any, slug: Any, number: Any) -> Any:
    versions = cast(Table, DefinitionVersion.__table__).c
    of_agent = (versions.workspace_id == root.c.workspace_id, versions.kind == literal_column("'agent'"))
    found = select(func.max(versions.id)).where(*of_agent, versions.slug == slug, versions.version == number)
    return found.scalar_subquery()


def _caller(runs: Table, path: Any) -> Any:
    """Who delegated it, if that is a delegated run itself."""
    caller = runs.alias("caller").c
    return select(caller.id).where(caller.journal_run_id == _root_id(), caller.journal_path == path).scalar_subquery()


def _sums(prefix: Any) -> dict[str, Any]:
    """What the model calls inside it used, on every attempt."""
    steps = cast(Table, StepRow.__table__).c
    of_run = (steps.run_id == _root_id(), inside(steps.path, prefix))
    sums = {name: select(func.sum(steps[name])).where(*of_run).scalar_subquery() for name in _SUMS}
    return sums | {name: func.coalesce(sums[name], literal_column("0")) for name in _SUMS[1:]}


def _root_id() -> Any:
    return bindparam("root_id", type_=Run.__table__.c.id.type)
