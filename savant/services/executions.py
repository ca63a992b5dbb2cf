"""Carrying out a run: prepared before it exists, held by a lease while it goes, ended in exactly one status."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select, update

from savant import clock
from savant.database.journal import DatabaseJournalStore
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run as Row
from savant.models.step import Step
from savant.runtime.execution import Execution
from savant.runtime.journal import Answer, Journal, Parked
from savant.runtime.program import run_program
from savant.runtime.secrets import HidingToolbox, NoVault, Vault
from savant.runtime.tools.base import Toolbox
from savant.schemas.programs import Program
from savant.schemas.runs import Event, Run, RunConfig, RunCreate
from savant.services import (
    approvals,
    child_runs,
    conversations,
    leases,
    models,
    places,
    programs,
    purses,
    recordings,
    runs,
    spendings,
    toolboxes,
    vaults,
)
from savant.services.app import App

Listener = Callable[[Event], None]


class Ending(msgspec.Struct, kw_only=True):
    """How one execution of a run ended."""

    status: str
    result: Any = None
    error: SavantError | None = None
    parked: Parked | None = None


async def prepare(app: App, create: RunCreate) -> Run:
    """Resolve, check and write a pending run; nothing is written if a definition, tool or model is not there."""
    async with app.work() as work:
        program = await programs.resolve(work, create)
        if create.conversation_id is not None:
            program.talk = await conversations.said(work, create.conversation_id)
    root = await programs.place(app, program, create)
    toolbox = toolboxes.build(app, root, program.bundle)
    programs.complete(program, create, toolbox)
    program.models = await models.choose(app.settings, program.bundle, create.config.model)
    program.small_models = models.small(app.settings, program.bundle)
    program.model_facts = await models.facts(app.settings, program)
    async with app.work() as work:
        await vaults.require(work, vaults.named(program.bundle))
        program.toolset = await recordings.keep_tools(work, toolbox)
        return await runs.create(work, create, program)


async def execute(app: App, run_id: int, listener: Listener | None = None) -> Run:
    """Carry out a run to its end, from wherever its journal stands; one that was stopped meanwhile stays stopped."""
    lease_holder = leases.holder()
    async with app.work() as work:
        if not await leases.take(work, run_id, lease_holder):
            return await runs.get(work, run_id)
        row = await runs.find(work, run_id)
        decisions = await approvals.decisions(work, run_id)
    store = DatabaseJournalStore(app.database, app.actor.workspace_id, run_id)
    try:
        return await _execute(app, row, store, decisions, lease_holder, listener)
    finally:
        await store.aclose()


async def _execute(
    app: App,
    row: Row,
    store: DatabaseJournalStore,
    decisions: dict[str, Answer],
    lease_holder: str,
    listener: Listener | None,
) -> Run:
    config = msgspec.convert(row.config, RunConfig)
    try:
        journal = await Journal.open(
            store, run_id=row.id, on_uncertain=config.on_uncertain, decisions=decisions, listener=listener
        )
    except Exception as error:  # noqa: BLE001  (as below)
        return await _finish(app, row.id, _unrecorded(error), lease_holder)
    journal.trace("run.resumed" if row.attempts > 1 else "run.started", {"attempt": row.attempts})
    interrupted: BaseException | None = None
    try:
        ending = await _guarded(app, row, journal, store, config, lease_holder)
    except asyncio.CancelledError as error:
        interrupted = error
        ending = Ending(status="stopped", error=SavantError(ErrorCode.STOPPED, "Interrupted; it can be resumed."))
    ending = await _durable(journal, ending)
    run = await _finish(app, row.id, ending, lease_holder, journal.failed_path)
    journal.trace(f"run.{run.status}", _closing(run))
    with contextlib.suppress(Exception):  # the run's row says how it ended, and a broken record was that end
        await journal.aclose()
    if interrupted is not None:
        raise interrupted
    return run


async def _durable(journal: Journal, ending: Ending) -> Ending:
    """The ending, once everything recorded is on disk; where that fails, so did the run, whatever came of it."""
    try:
        await journal.flush()
    except Exception as error:  # noqa: BLE001  (whatever a driver raises, the run must end, and never as a success)
        return _unrecorded(error)
    return ending


def _unrecorded(error: Exception) -> Ending:
    if not isinstance(error, SavantError):
        message = f"The record could not be kept: {error.__class__.__name__}: {error}"
        error = SavantError(ErrorCode.UNEXPECTED, message)
    return Ending(status="failed", error=error)


async def _guarded(
    app: App, row: Row, journal: Journal, store: DatabaseJournalStore, config: RunConfig, lease_holder: str
) -> Ending:
    """Run while the lease holds and nobody asks to stop."""
    going = asyncio.create_task(_run(app, row, journal, store, config))
    watching = asyncio.create_task(_watch(app, row.id, lease_holder))
    try:
        await asyncio.wait({going, watching}, return_when=asyncio.FIRST_COMPLETED)
        if going.done():
            return going.result()
        await _end(going)
        return Ending(status="stopped", error=watching.result())
    finally:
        await _end(going)
        await _end(watching)


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has really ended."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


async def _watch(app: App, run_id: int, lease_holder: str) -> SavantError:
    """Return when the run must stop: on request, or because somebody else took it."""
    renewed = clock.monotonic()
    while True:
        await asyncio.sleep(leases.POLL_SECONDS)
        try:
            async with app.work() as work:
                if clock.monotonic() - renewed > leases.RENEW_SECONDS:
                    await leases.renew(work, run_id, lease_holder)
                    renewed = clock.monotonic()
                if await leases.stop_requested(work, run_id):
                    return SavantError(ErrorCode.STOPPED, "Stopped on request.")
        except SavantError as error:
            return error


async def _run(app: App, row: Row, journal: Journal, store: DatabaseJournalStore, config: RunConfig) -> Ending:
    """The program itself; every way it can end is one of the values of `Ending`."""
    try:
        blob = await store.read_blobs([row.program_hash or ""])
        program = msgspec.json.decode(blob[row.program_hash or ""], type=Program)
        store.delegated = child_runs.among(row.id, program.versions, store.read_blobs)
        root = places.named(app, config.root)
        registry = models.registry(app.settings)
        toolbox, vault = _tools(app, root, program)
        purse = await purses.Purse.open(app, row.id)
        execution = Execution(
            program=program, journal=journal, models=registry, toolbox=toolbox, config=config, root=root, purse=purse,
            vault=vault,
        )  # fmt: skip
        try:
            return Ending(status="completed", result=await run_program(execution, row.goal, row.inputs))
        finally:
            await toolbox.aclose()
            await registry.aclose()
    except Parked as parked:
        return Ending(status="waiting", parked=parked, error=_waiting(parked))
    except SavantError as error:
        return Ending(status="stopped" if error.code == ErrorCode.STOPPED else "failed", error=error)
    except Exception as error:  # noqa: BLE001  (a fault of ours must end the run as failed, never leave it running)
        message = f"{error.__class__.__name__}: {error}"
        return Ending(status="failed", error=SavantError(ErrorCode.UNEXPECTED, message))


def _tools(app: App, root: Path | None, program: Program) -> tuple[Toolbox, Vault]:
    """The toolbox of a run and its secrets; where it names any, they are hidden in all that tools answer."""
    toolbox = toolboxes.build(app, root, program.bundle)
    if not (names := vaults.named(program.bundle)):
        return toolbox, NoVault()
    vault = vaults.StoredVault(app, names)
    return HidingToolbox(toolbox, vault), vault


def _waiting(parked: Parked) -> SavantError:
    code = ErrorCode.UNCERTAIN_STEP if parked.kind == "uncertain_step" else ErrorCode.APPROVAL_NEEDED
    return SavantError(code, approvals.question(parked.kind, parked.path, parked.details))


async def _finish(app: App, run_id: int, ending: Ending, lease_holder: str, failed_path: str | None = None) -> Run:
    """Write the end of an execution, unless the lease was lost: then the run is somebody else's."""
    now = clock.now()
    outcome = {
        "status": ending.status,
        "error_code": ending.error.code.value if ending.error else None,
        "error_message": str(ending.error) if ending.error else None,
        "completed_at": None if ending.status == "waiting" else now,
    }
    async with app.work() as work:
        row = await runs.find(work, run_id)
        totals = await work.session.execute(
            select(func.sum(Step.cost_usd), func.sum(Step.input_tokens), func.sum(Step.output_tokens)).where(
                Step.run_id == run_id
            )
        )
        cost, input_tokens, output_tokens = totals.one()
        counted = row.cost_usd or 0.0
        ended = await work.session.execute(
            update(Row)
            .where(Row.id == run_id, Row.lease_holder == lease_holder)
            .values(
                **outcome,
                result=ending.result,
                failed_path=failed_path if ending.status == "failed" else None,
                cost_usd=cost,
                input_tokens=input_tokens or 0,
                output_tokens=output_tokens or 0,
                lease_holder=None,
                lease_expires_at=None,
                duration_ms=round((now - (row.started_at or now)).total_seconds() * 1000),
                updated_at=now,
            )
        )
        if ended.rowcount == 1:  # pyright: ignore[reportAttributeAccessIssue]
            await child_runs.settle(work, run_id, **outcome)
            await spendings.add(work, row, (cost or 0.0) - counted)
            if ending.parked is not None:
                await approvals.ask(work, run_id, ending.parked)
    async with app.work() as work:
        return await runs.get(work, run_id)


def _closing(run: Run) -> dict[str, Any]:
    return {
        "status": run.status,
        "error_code": run.error_code,
        "error_message": run.error_message,
        "cost_usd": run.cost_usd,
        "input_tokens": run.input_tokens,
        "output_tokens": run.output_tokens,
        "duration_ms": run.duration_ms,
    }
