"""Carrying out a run: prepared before it exists, held by a lease while it goes, ended in exactly one status."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select

from savant import clock
from savant.database.journal import DatabaseJournalStore
from savant.database.work import UnitOfWork
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
from savant.schemas.traces import Trace
from savant.services import (
    admission,
    approvals,
    child_runs,
    conversations,
    endings,
    leases,
    models,
    programs,
    purses,
    recordings,
    runs,
    toolboxes,
    vaults,
    workplaces,
)
from savant.services.app import App

Listener = Callable[[Event], None]


class Ending(msgspec.Struct, kw_only=True):
    """How one execution of a run ended."""

    status: str
    result: Any = None
    error: SavantError | None = None
    parked: Parked | None = None


INTERRUPTED = Ending(status="stopped", error=SavantError(ErrorCode.STOPPED, "Interrupted; it can be resumed."))
HANDED_OVER = Ending(status="pending")


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


async def execute(app: App, run_id: int, listener: Listener | None = None, *, handover: bool = False) -> Run:
    """Carry out a run to its end, from wherever its journal stands; one that was stopped meanwhile stays stopped.

    With `handover` a run that is interrupted goes back into the queue instead of being stopped.
    """
    async with app.work() as work:
        row = await runs.find(work, run_id, lock=True, whole=True)
        if row.status not in ("pending", "running"):
            return await runs.get(work, run_id)
        lease = await leases.take(work, row, leases.holder())
        if row.crashes >= leases.MOST_CRASHES:
            await endings.end(work, row, "failed", leases.gave_up(row.crashes))
            return await runs.get(work, run_id)
        decisions = await approvals.decisions(work, run_id)
    store = DatabaseJournalStore(app.database, app.actor.workspace_id, run_id, attempt=lease.attempt)
    try:
        return await _execute(app, row, store, decisions, lease, listener, handover=handover)
    finally:
        await store.aclose()


async def _execute(
    app: App,
    row: Row,
    store: DatabaseJournalStore,
    decisions: dict[str, Answer],
    lease: leases.Lease,
    listener: Listener | None,
    *,
    handover: bool,
) -> Run:
    config = msgspec.convert(row.config, RunConfig)
    try:
        journal = await Journal.open(
            store, run_id=row.id, on_uncertain=config.on_uncertain, decisions=decisions, listener=listener
        )
    except Exception as error:  # noqa: BLE001  (as below)
        return await _finish(app, lease, _unrecorded(error), Journal(store, run_id=row.id))
    journal.trace("run.resumed" if row.attempts > 1 else "run.started", {"attempt": row.attempts})
    interrupted: BaseException | None = None
    try:
        ending = await _guarded(app, row, journal, store, config, lease)
    except asyncio.CancelledError as error:
        interrupted = error
        ending = HANDED_OVER if handover else INTERRUPTED
    ending = await _durable(journal, ending)
    run = await _finish(app, lease, ending, journal)
    if run.status == "completed":
        await workplaces.remove(app, row)
    with contextlib.suppress(Exception):  # the run's row says how it ended, and a broken record was that end
        await journal.aclose()
    if interrupted is not None:
        raise interrupted
    return run


async def _durable(journal: Journal, ending: Ending) -> Ending:
    """The ending, once everything recorded is on disk; where that fails, so did the run, whatever came of it."""
    try:
        if ending.status in ("completed", "failed"):
            journal.leave()
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
    app: App, row: Row, journal: Journal, store: DatabaseJournalStore, config: RunConfig, lease: leases.Lease
) -> Ending:
    """Run while the lease holds and nobody asks to stop."""
    purse = purses.Purse(app, row.id)
    going = asyncio.create_task(_run(app, row, journal, store, config, purse))
    watching = asyncio.create_task(_watch(app, lease, purse))
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


async def _watch(app: App, lease: leases.Lease, purse: purses.Purse) -> SavantError:
    """Return when the run must stop: on request, or because somebody else took it."""
    renewed = clock.monotonic()
    while True:
        await asyncio.sleep(leases.POLL_SECONDS)
        try:
            if clock.monotonic() - renewed > leases.RENEW_SECONDS:
                async with app.work() as work:
                    await leases.renew(work, lease)
                    await purse.look(work)
                renewed = clock.monotonic()
            async with app.read() as work:
                if await leases.stop_requested(work, lease.run_id):
                    return SavantError(ErrorCode.STOPPED, "Stopped on request.")
        except SavantError as error:
            return error


async def _run(
    app: App, row: Row, journal: Journal, store: DatabaseJournalStore, config: RunConfig, purse: purses.Purse
) -> Ending:
    """The program itself; every way it can end is one of the values of `Ending`."""
    try:
        blob = await store.read_blobs([row.program_hash or ""])
        program = msgspec.json.decode(blob[row.program_hash or ""], type=Program)
        store.delegated = child_runs.among(row.id, program.versions, store.read_blobs)
        root = await workplaces.make(app, row, config)
        registry = models.registry(app.settings)
        toolbox, vault = _tools(app, root, program, config.repository)
        await purse.open()
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


def _tools(app: App, root: Path | None, program: Program, repository: str | None) -> tuple[Toolbox, Vault]:
    """The toolbox of a run and its secrets; where it names any, they are hidden in all that tools answer."""
    toolbox = toolboxes.build(app, root, program.bundle, repository)
    if not (names := vaults.named(program.bundle)):
        return toolbox, NoVault()
    vault = vaults.StoredVault(app, names)
    return HidingToolbox(toolbox, vault), vault


def _waiting(parked: Parked) -> SavantError:
    code = ErrorCode.UNCERTAIN_STEP if parked.kind == "uncertain_step" else ErrorCode.APPROVAL_NEEDED
    return SavantError(code, approvals.question(parked.kind, parked.path, parked.details))


async def _finish(app: App, lease: leases.Lease, ending: Ending, journal: Journal) -> Run:
    """Write the end of an execution, unless the lease was lost: then the run is somebody else's."""
    try:
        event = await _write_end(app, lease, ending, journal)
    except Exception as error:  # noqa: BLE001  (as above: what cannot be recorded is no success)
        event = await _write_end(app, lease, _unrecorded(error), None)
    if event is not None:
        journal.tell(event)
    async with app.read() as work:
        return await runs.get(work, lease.run_id)


async def _write_end(app: App, lease: leases.Lease, ending: Ending, journal: Journal | None) -> Trace | None:
    """The run's row and the last event of its record, which is given back; without a journal only the row."""
    async with app.work() as work:
        row = await runs.find(work, lease.run_id, lock=True)
        if (row.attempts, row.status) != (lease.attempt, "running"):
            return None
        await _add_up(work, row)
        if ending is HANDED_OVER:
            await admission.hand_over(work, row)
            return None
        endings.write(row, ending.status, ending.error, ending.result, journal.failed_path if journal else None)
        if ending.parked is not None:
            await approvals.ask(work, row.id, ending.parked)
        event = journal.last_event(f"run.{row.status}", endings.said(row)) if journal else None
        await endings.record(work, row, event)
        return event


async def _add_up(work: UnitOfWork, row: Row) -> None:
    """What all steps cost together, in the run's row."""
    spent = (func.sum(Step.cost_usd), func.sum(Step.input_tokens), func.sum(Step.output_tokens))
    cost, input_tokens, output_tokens = (await work.session.execute(select(*spent).where(Step.run_id == row.id))).one()
    row.cost_usd, row.input_tokens, row.output_tokens = cost, input_tokens or 0, output_tokens or 0
