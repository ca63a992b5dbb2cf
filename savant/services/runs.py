"""Runs: the verbs. Carrying one out is in `executions`."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select

from savant import clock
from savant.database import blobs
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run as Row
from savant.models.step import Step as StepRow
from savant.models.trace import Trace as TraceRow
from savant.runtime.blobs import ReadBlobs, canonical, digest, unpack
from savant.schemas.base import Page, Visibility
from savant.schemas.plans import KINDS
from savant.schemas.programs import Bundle, Program
from savant.schemas.runs import FINISHED, PartLimits, Run, RunConfig, RunCreate, RunList, RunResume
from savant.schemas.steps import Step
from savant.schemas.traces import Trace
from savant.services import (
    admission,
    approvals,
    child_runs,
    conversations,
    endings,
    leases,
    outcomes,
    purses,
    records,
    sharing,
    sorting,
)


async def list(work: Reading, query: RunList) -> Page[Run]:
    records.check_limit(query.limit)
    statement = select(Row).where(sharing.readable_runs(work.actor, Row))
    if query.status is not None:
        statement = statement.where(Row.status == query.status)
    if query.type is not None:
        statement = statement.where(Row.runnable_type == query.type)
    if query.slug is not None:
        statement = statement.where(Row.runnable_slug == query.slug)
    if query.parent is not None:
        statement = statement.where(Row.parent_run_id == query.parent)
    if query.whole:
        statement = statement.where(Row.journal_run_id.is_(None))
    statement = sorting.paged(statement, Row, query.sort, query.cursor)
    rows = (await work.session.scalars(statement.limit(query.limit + 1))).all()
    page, more = records.cut(rows, query.limit)
    cursor = sorting.cursor(query.sort, page[-1]) if more else None
    return Page(items=await _all_shown(work, page), next_cursor=cursor)


async def get(work: Reading, id: int) -> Run:
    return (await _all_shown(work, [await find(work, id)]))[0]


async def create(work: UnitOfWork, create: RunCreate, program: Program) -> Run:
    """Write a pending run with everything that it needs; an idempotency key returns the run it first made."""
    known = await _by_key(work, create.idempotency_key)
    if known is not None:
        return await get(work, known.id)
    version_id = await _keep_versions(work, create.bundle, program)
    row = Row(
        user_id=work.actor.user_id,
        visibility=_visibility(program),
        runnable_type=program.type,
        runnable_slug=program.slug,
        version_id=version_id,
        status="pending",
        goal=create.goal,
        inputs=create.inputs,
        config=msgspec.to_builtins(create.config),
        idempotency_key=create.idempotency_key,
        repository_commit=program.repository.commit if program.repository else None,
    )
    work.session.add(row)
    await work.session.flush()
    raw = canonical(program)
    program_hash = digest(raw)
    row.program_hash = program_hash
    await blobs.keep(work, program_hash, raw)
    if create.conversation_id is not None:
        await conversations.add(work, create.conversation_id, row.id, create.said or create.goal or "")
    await admission.fill(work)
    return shown(row, 0, clock.now())


def _visibility(program: Program) -> Visibility:
    """A run is seen as widely as what it runs."""
    return getattr(program.bundle, f"{program.type}s")[program.slug].visibility


async def _keep_versions(work: UnitOfWork, given: Bundle, program: Program) -> int:
    """Give every definition of the program its version, and return the id of the runnable's own."""
    own = 0
    for kind in KINDS:
        for slug, definition in getattr(program.bundle, f"{kind}s").items():
            source = "file" if slug in getattr(given, f"{kind}s") else "workspace"
            version = await records.keep_version(work, kind, slug, definition, source)
            program.versions[f"{kind}/{slug}"] = version.version
            if (kind, slug) == (program.type, program.slug):
                own = version.id
    return own


async def resume(work: UnitOfWork, id: int, options: RunResume) -> Run:
    """Make a run that stopped, failed, waits or lost its process ready to go on from its journal."""
    row = await find(work, id, lock=True, whole=True)
    sharing.permit_run(work.actor, row)
    if row.status == "completed":
        raise SavantError(ErrorCode.CONFLICT, f"Run {id} is completed; there is nothing to resume.")
    if await leases.going(work, row):
        raise SavantError(
            ErrorCode.CONFLICT,
            f"Run {id} is still running ({row.lease_holder}).",
            hint=f"Follow it: savant runs watch {id}",
        )
    changes = {name: value for name, value in msgspec.structs.asdict(options).items() if value is not None}
    limits = changes.pop("limits")
    if limits:
        changes["limits"] = _raised(msgspec.convert(row.config, RunConfig), limits, await program(work, id))
    await approvals.answer(
        work, id, changes.pop("on_uncertain", None), changes.pop("answer", None), changes.pop("reason", None)
    )
    row.config = {**row.config, **changes}
    outcomes.go_on(row)
    row.crashes = 0
    await admission.fill(work)
    return await get(work, id)


def _raised(config: RunConfig, given: dict[str, PartLimits], program: Program) -> dict[str, Any]:
    """The limits of the run's parts with those that are given now; VALIDATION_ERROR for what is no part of it."""
    bundle = program.bundle
    parts = [*(f"agent/{slug}" for slug in bundle.agents), *(f"workflow/{slug}" for slug in bundle.workflows)]
    raised: dict[str, Any] = msgspec.to_builtins(config.limits)
    for part, limits in given.items():
        if part not in parts:
            hint = f"It has {', '.join(sorted(parts))}."
            raise SavantError(ErrorCode.VALIDATION, f"The run has no part `{part}`.", hint=hint)
        new = {name: value for name, value in msgspec.structs.asdict(limits).items() if value is not None}
        raised[part] = raised.get(part, {}) | new
    return raised


async def stop(work: UnitOfWork, id: int) -> Run:
    row = await find(work, id, lock=True, whole=True)
    sharing.permit_run(work.actor, row)
    if row.status in FINISHED:
        raise SavantError(ErrorCode.CONFLICT, f"Run {id} is already {row.status}.")
    row.stop_requested_at = clock.now()
    if not await leases.going(work, row):
        await endings.end(work, row, "stopped", SavantError(ErrorCode.STOPPED, "Stopped on request."))
    return await get(work, id)


async def delete(work: UnitOfWork, id: int) -> None:
    row = await find(work, id, lock=True, whole=True)
    sharing.permit_run(work.actor, row)
    if await leases.going(work, row):
        raise SavantError(ErrorCode.CONFLICT, f"Run {id} is running.", hint=f"Stop it first: savant runs stop {id}.")
    await purses.count_left(work, id)
    await work.session.delete(row)
    await admission.fill(work)


async def steps(work: Reading, id: int) -> builtins.list[Step]:
    """All steps of a run by number, inputs and outputs in full."""
    row = await find(work, id)
    read = blobs.reader(work)
    own = child_runs.within(row)
    rows = await work.session.scalars(select(StepRow).where(*own).order_by(StepRow.step_number))
    return [await _step(row, read) for row in rows]


async def _step(row: StepRow, read: ReadBlobs) -> Step:
    fields = {name: getattr(row, name) for name in Step.__struct_fields__ if hasattr(row, name)}
    fields["type"] = row.step_type
    fields["input"] = await unpack(row.input, read)
    fields["output"] = await unpack(row.output, read)
    return msgspec.convert(fields, Step)


async def traces(
    work: Reading, id: int, after: int = 0, limit: int = 1000, event_type: str | None = None
) -> builtins.list[Trace]:
    """The run's events with a `seq` above `after`, in order; of a delegated run those of its steps."""
    row = await find(work, id)
    own = [TraceRow.run_id == id] if row.journal_run_id is None else child_runs.within(row)
    if event_type is not None:
        own.append(TraceRow.event_type == event_type)
    rows = await work.session.execute(
        select(TraceRow, StepRow.step_number)
        .outerjoin(StepRow, StepRow.id == TraceRow.step_id)
        .where(*own, TraceRow.seq > after)
        .order_by(TraceRow.seq)
        .limit(limit)
    )
    return [
        Trace(
            seq=row.seq,
            event_type=row.event_type,
            payload=row.payload,
            timestamp=row.timestamp,
            step_number=step_number,
        )
        for row, step_number in rows
    ]


async def last_seq(work: Reading, id: int) -> int:
    """The number of the newest event of a run's journal; 0 if it has none."""
    row = await find(work, id)
    newest = select(func.max(TraceRow.seq)).where(TraceRow.run_id == (row.journal_run_id or id))
    return await work.session.scalar(newest) or 0


async def program(work: Reading, id: int) -> Program:
    """What the run runs: every definition it resolved, with versions, models and the state of the repository."""
    row = await find(work, id)
    stored = await blobs.reader(work)([row.program_hash or ""])
    raw = stored.get(row.program_hash or "")
    if raw is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"What run {id} ran is no longer stored.", hint="It was removed by gc.")
    return msgspec.json.decode(raw, type=Program)


async def find(work: Reading, id: int, *, lock: bool = False, whole: bool = False) -> Row:
    """The run's row; with `lock` nobody else changes it before this work is done (on SQLite nobody ever does).

    With `whole` a delegated run is refused: what has a journal of its own is wanted.
    """
    statement = select(Row).where(Row.id == id, sharing.readable_runs(work.actor, Row))
    row = await work.session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no run {id}.", hint="`savant runs list` shows what there is.")
    if whole:
        child_runs.refuse(row)
    return row


async def _all_shown(work: Reading, rows: Sequence[Row]) -> builtins.list[Run]:
    counts = await _steps_counts(work, [row.id for row in rows if row.journal_run_id is None])
    counts |= await child_runs.counts(work, [row.id for row in rows if row.journal_run_id is not None])
    roots = {**{row.id: row for row in rows}, **await child_runs.roots(work, rows)}
    holders = [roots[row.journal_run_id or row.id] for row in rows]
    questions = await approvals.waiting_for(work, [row.id for row in holders if row.status == "waiting"])
    now = await work.now() if any(row.status == "running" for row in rows) else clock.now()
    return [
        shown(row, counts.get(row.id, 0), now, questions.get(holder.id) if row.status == "waiting" else None, holder)
        for row, holder in zip(rows, holders, strict=True)
    ]


async def _by_key(work: Reading, key: str | None) -> Row | None:
    if key is None:
        return None
    return await work.session.scalar(select(Row).where(Row.idempotency_key == key, Row.user_id == work.actor.user_id))


async def _steps_counts(work: Reading, ids: builtins.list[int]) -> dict[int, int]:
    if not ids:
        return {}
    counted = select(StepRow.run_id, func.count()).where(StepRow.run_id.in_(ids)).group_by(StepRow.run_id)
    return dict((await work.session.execute(counted)).all())


def shown(row: Row, steps_count: int, now: datetime, approval_id: int | None = None, holder: Row | None = None) -> Run:
    """The run as it is told; `holder` is the whole run, whose process carries out its parts too."""
    lease = holder or row
    fields = {name: getattr(row, name) for name in Run.__struct_fields__ if hasattr(row, name)}
    fields["steps_count"] = steps_count
    fields["approval_id"] = approval_id
    fields["alive"] = leases.alive(lease.lease_holder, lease.lease_expires_at, now) if row.status == "running" else None
    return msgspec.convert(fields, Run)
