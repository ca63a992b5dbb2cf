"""Resolving what a run runs: every definition it can reach, from the caller's files first, then the workspace."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from savant import __version__
from savant.database.work import Reading
from savant.errors import ErrorCode, SavantError, SavantErrors
from savant.runtime.definitions.positions import At
from savant.runtime.engines.git.files import state as repository_state
from savant.runtime.references import references
from savant.runtime.tools.toolbox import EngineToolbox
from savant.runtime.workflows.interpreter import coerce_inputs
from savant.runtime.workflows.validate import validate
from savant.schemas.programs import Bundle, Program, RunnableType
from savant.schemas.runs import RunCreate
from savant.services import agents, personas, rulesets, workflows, workplaces
from savant.services.app import App


async def resolve(work: Reading, create: RunCreate) -> Program:
    """The program of a run, without models and tools; NOT_FOUND for a definition that is nowhere."""
    found = Bundle()
    if create.type == "agent":
        await _agent(work, create.bundle, found, create.slug)
    else:
        await _workflow(work, create.bundle, found, create.slug)
    return Program(type=create.type, slug=create.slug, bundle=found, savant_version=__version__)


async def place(app: App, program: Program, create: RunCreate) -> Path | None:
    """The folder a run works in: the top of the repository around the one it was started in, where there is one."""
    folder = workplaces.expected(app, create.config)
    if folder is None or workplaces.own(app, create.config):
        await workplaces.choose(app, program, create.config)
        return folder
    program.repository = await repository_state(folder)
    if program.repository is not None:
        folder = Path(program.repository.root)
        create.config.root = program.repository.root
    return folder


def complete(program: Program, create: RunCreate, toolbox: EngineToolbox) -> None:
    """Add what is known only now, and refuse a program that cannot run."""
    errors: list[SavantError] = []
    for slug, definition in program.bundle.workflows.items():
        found = validate(definition, program.bundle, toolbox.specs())
        for error in found:
            error.details["definition"] = f"workflow/{slug}"
        errors += found
    if errors:
        raise errors[0] if len(errors) == 1 else SavantErrors(errors)
    if create.type == "workflow":
        create.inputs = coerce_inputs(program.bundle.workflows[create.slug], create.inputs)
    elif not (create.goal or "").strip():
        raise SavantError(
            ErrorCode.VALIDATION, f"Agent `{create.slug}` needs a goal.", hint=f'savant run {create.slug} "what to do"'
        )
    program.tools = toolbox.schema_hashes()


async def _workflow(work: Reading, given: Bundle, found: Bundle, slug: str) -> None:
    if slug in found.workflows:
        return
    definition = given.workflows.get(slug)
    if definition is None:
        definition = await workflows.definition(work, slug)
    found.workflows[slug] = msgspec.structs.replace(definition, slug=slug)
    for type, name, at in references(definition.steps, ("steps",)):
        with _named_in("workflow", slug, at):
            await (_agent if type == "agent" else _workflow)(work, given, found, name)


async def _agent(work: Reading, given: Bundle, found: Bundle, slug: str) -> None:
    if slug in found.agents:
        return
    definition = given.agents.get(slug)
    # Who stored an agent could read its persona and rulesets; who brings one in a file must be able to now, and so must
    # a guest, who takes it along.
    stored = definition is None and work.actor.role != "guest"
    if definition is None:
        definition = await agents.definition(work, slug)
    found.agents[slug] = msgspec.structs.replace(definition, slug=slug)
    if definition.persona is not None:
        with _named_in("agent", slug, ("persona",)):
            await _persona(work, given, found, definition.persona, stored)
    for number, name in enumerate(definition.rulesets):
        with _named_in("agent", slug, ("rulesets", number)):
            await _ruleset(work, given, found, name, stored)
    for number, name in enumerate(definition.delegates):
        with _named_in("agent", slug, ("delegates", number)):
            await _agent(work, given, found, name)


async def _persona(work: Reading, given: Bundle, found: Bundle, slug: str, part: bool) -> None:
    if slug not in found.personas:
        definition = given.personas.get(slug)
        found.personas[slug] = definition or await personas.definition(work, slug, part=part)


async def _ruleset(work: Reading, given: Bundle, found: Bundle, slug: str, part: bool) -> None:
    if slug not in found.rulesets:
        definition = given.rulesets.get(slug)
        found.rulesets[slug] = definition or await rulesets.definition(work, slug, part=part)


@contextmanager
def _named_in(kind: RunnableType, slug: str, at: At) -> Generator[None]:
    """Say of an error where the name stands that it is about: in the innermost definition."""
    try:
        yield
    except SavantError as error:
        error.details.setdefault("definition", f"{kind}/{slug}")
        error.details.setdefault("at", list(at))
        raise
