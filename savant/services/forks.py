"""Runs that begin with what another run did: forks and retries."""

from __future__ import annotations

import msgspec

from savant import __version__
from savant.database.work import UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run as Row
from savant.runtime.journal import Divergence
from savant.runtime.replay.prefix import AFTER_ALL, before, find, kept
from savant.runtime.replay.replaying import replay
from savant.runtime.replay.substitutions import Settings, substituted
from savant.runtime.replay.worlds import tools_of
from savant.runtime.tools.toolbox import EngineToolbox
from savant.runtime.workflows.interpreter import coerce_inputs
from savant.runtime.workflows.validate import validate
from savant.schemas.programs import Program
from savant.schemas.records import Record
from savant.schemas.replays import RunFork, RunRetry
from savant.schemas.runs import Run, RunConfig, RunCreate
from savant.schemas.steps import Step
from savant.services import models, recordings, runs, toolboxes, workplaces
from savant.services.app import App


async def fork(app: App, id: int, options: RunFork) -> Run:
    """A pending run that begins with the steps of another before `at`; nothing is written if they do not fit."""
    async with app.read() as work:
        record = await recordings.load(work, id)
    at = find(record.steps, options.at)
    given = Settings(program=record.program, goal=record.goal, inputs=record.inputs, config=record.config)
    settings = substituted(given, options.changes)
    toolbox = _toolbox(app, settings)
    await _ready(app, settings, toolbox)
    await _check_prefix(before(record, at), settings, toolbox, at)
    async with app.work() as work:
        await recordings.keep_blobs(work, record)
        return await _create(work, id, settings, toolbox, kept(record.steps, at), record.run_id)


async def retry(app: App, id: int, options: RunRetry) -> Run:
    """A pending run of the same definition and inputs; with `from_failed` it begins with what was completed."""
    async with app.read() as work:
        row = await runs.find(work, id, whole=True)
        record = await recordings.load(work, id) if options.from_failed else None
        program = record.program if record else await recordings.program_of(work, row)
    if options.from_failed and row.status == "completed":
        raise SavantError(
            ErrorCode.CONFLICT, f"Run {id} is completed; there is nothing to take up.", hint=f"savant runs retry {id}"
        )
    config = msgspec.convert(row.config, RunConfig)
    settings = Settings(program=program, goal=row.goal, inputs=row.inputs, config=config)
    toolbox = _toolbox(app, settings)
    await _ready(app, settings, toolbox)
    steps = kept(record.steps, AFTER_ALL) if record else []
    async with app.work() as work:
        if record:
            await recordings.keep_blobs(work, record)
        return await _create(work, id, settings, toolbox, steps, recordings.number(row))


def _toolbox(app: App, settings: Settings) -> EngineToolbox:
    return toolboxes.build(app, workplaces.expected(app, settings.config), settings.program.bundle)


async def _ready(app: App, settings: Settings, toolbox: EngineToolbox) -> None:
    """Refuse what cannot run: wrong inputs, workflows, tools or models."""
    program = settings.program
    for definition in program.bundle.workflows.values():
        for error in validate(definition, program.bundle, toolbox.specs()):
            raise error
    if program.type == "workflow":
        settings.inputs = coerce_inputs(program.bundle.workflows[program.slug], settings.inputs)
    if settings.config.model is not None:
        program = msgspec.structs.replace(program, models=dict.fromkeys(program.bundle.agents, settings.config.model))
    facts = await models.facts(app.settings, program)
    settings.program = msgspec.structs.replace(program, model_facts=facts)


async def _check_prefix(prefix: Record, settings: Settings, toolbox: EngineToolbox, at: int) -> None:
    """Raise DIVERGENCE if what is kept would not have happened under the new settings."""
    prefix = msgspec.structs.replace(prefix, config=settings.config, tools=tools_of(toolbox.specs()))
    replayed = await replay(prefix, settings.program, goal=settings.goal, inputs=settings.inputs, judging=False)
    if replayed.divergence is not None:
        raise _too_early(replayed.divergence, at)


def _too_early(divergence: Divergence, at: int) -> SavantError:
    details = divergence.details
    number = details.get("step_number")
    place = f"step {number} ({details['path']})" if number else f"`{details['path']}`"
    difference = str(details.get("difference", ""))
    return SavantError(
        ErrorCode.DIVERGENCE,
        f"The change reaches {place}, which is before step {at}; a fork keeps what came before.",
        hint=f"Fork there: --at {number or 1}.",
        details={**details, "at": at, "difference": difference},
    )


async def _create(
    work: UnitOfWork, id: int, settings: Settings, toolbox: EngineToolbox, steps: list[Step], number: int
) -> Run:
    program: Program = msgspec.structs.replace(settings.program, savant_version=__version__)
    program.tools = toolbox.schema_hashes()
    program.toolset = await recordings.keep_tools(work, toolbox)
    config = msgspec.structs.replace(settings.config, number=number if steps else None, pinned=False)
    create = RunCreate(
        type=program.type, slug=program.slug, goal=settings.goal, inputs=settings.inputs, config=config
    )  # fmt: skip
    run = await runs.create(work, create, program)
    row: Row = await runs.find(work, run.id)
    row.forked_from_id = id
    await recordings.keep_steps(work, run.id, steps, program.versions)
    return await runs.get(work, run.id)
