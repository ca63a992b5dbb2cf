"""Delegated runs: parts of other runs, with rows of their own over the steps of one journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, update

from savant import clock
from savant.database import blobs, child_runs
from savant.database.journal import Delegated
from savant.database.tenancy import across_workspaces
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run as Row
from savant.models.step import Step as StepRow
from savant.runtime.blobs import ReadBlobs, unpack
from savant.schemas.steps import Step
from savant.services import outcomes

_INTERRUPTED = "Interrupted."


def refuse(row: Row) -> None:
    """Raise CONFLICT for a delegated run: it has no journal of its own to go on from, and ends with its caller's."""
    if row.journal_run_id is not None:
        raise SavantError(
            ErrorCode.CONFLICT,
            f"Run {row.id} is a part of run {row.journal_run_id}, which delegated it at {row.journal_path}.",
            hint=f"Do this with the whole: run {row.journal_run_id}.",
        )


def within(row: Row) -> list[ColumnElement[bool]]:
    """What is true of the steps of a run, and of no others."""
    if row.journal_run_id is None:
        return [StepRow.run_id == row.id]
    prefix = f"{row.journal_path}{child_runs.INSIDE}"
    return [StepRow.run_id == row.journal_run_id, child_runs.inside(StepRow.path, literal(prefix))]


async def counts(work: Reading, ids: Sequence[int]) -> dict[int, int]:
    """How many steps these delegated runs have."""
    if not ids:
        return {}
    mine = child_runs.inside(StepRow.path, Row.journal_path + child_runs.INSIDE)
    found = select(Row.id, func.count(StepRow.id)).join(StepRow, (StepRow.run_id == Row.journal_run_id) & mine)
    return dict((await work.session.execute(found.where(Row.id.in_(ids)).group_by(Row.id))).all())


async def roots(work: Reading, rows: Sequence[Row]) -> dict[int, Row]:
    """The whole runs that these are parts of, by id."""
    ids = {row.journal_run_id for row in rows} - {None}
    found = await work.session.scalars(select(Row).where(Row.id.in_(ids))) if ids else ()
    return {row.id: row for row in found}


def among(root_id: int, versions: Mapping[str, int], stored: ReadBlobs) -> Delegated:
    """What finds the delegated runs among steps of a run; `versions` is its program's, `stored` reads its blobs."""

    async def delegated(steps: Sequence[Step], blobs: Mapping[str, bytes]) -> list[dict[str, Any]]:
        async def read(keys: Sequence[str]) -> dict[str, bytes]:
            return {key: blobs[key] for key in keys if key in blobs} or await stored(keys)

        parts = [step for step in steps if step.type == "agent" and step.tool_name is not None]
        return [_place(step, root_id, versions) | await _told(step, read) for step in parts]

    return delegated


def _place(step: Step, root_id: int, versions: Mapping[str, int]) -> dict[str, Any]:
    return {
        "root_id": root_id,
        "path": step.path,
        "inside": step.path + child_runs.INSIDE,
        "caller": step.path.rpartition(child_runs.INSIDE)[0],
        "slug": step.agent,
        "version": versions.get(f"agent/{step.agent}"),
    }


async def _told(step: Step, read: ReadBlobs) -> dict[str, Any]:
    """What the step says of its run."""
    asked, now = await unpack(step.input, read), clock.now()
    interrupted = step.status == "interrupted"
    status = "stopped" if interrupted else step.status
    return {
        "status": status,
        "goal": asked["goal"],
        "inputs": asked["inputs"],
        "result": await unpack(step.output, read),
        "error_code": outcomes.error_code(status, step.error_code),
        "error_message": _INTERRUPTED if interrupted else step.error_message,
        "attempts": step.attempt,
        "started_at": step.started_at,
        "completed_at": step.completed_at,
        "duration_ms": step.duration_ms,
        "created_at": now,
        "updated_at": now,
    }


async def keep(work: UnitOfWork, root_id: int, steps: Sequence[Step], versions: Mapping[str, int]) -> None:
    """Write the rows of the runs that these steps of a run are."""
    # The statement takes the workspace from the run it is told of, which this session has just written.
    upsert = across_workspaces(child_runs.statement(work.database.dialect))
    for child in await among(root_id, versions, blobs.reader(work))(steps, {}):
        await work.session.execute(upsert, child)


async def settle(work: UnitOfWork, root_id: int, **ending: Any) -> None:
    """End what a run had under way the way the run itself ended; a part of one that failed or is done was stopped."""
    if ending["status"] not in ("waiting", "stopped"):
        ending |= {"status": "stopped", "error_code": ErrorCode.STOPPED.value, "error_message": _INTERRUPTED}
    under_way = (Row.journal_run_id == root_id, Row.status.in_(["running", "waiting"]))
    await work.session.execute(update(Row).where(*under_way).values(updated_at=clock.now(), **ending))
