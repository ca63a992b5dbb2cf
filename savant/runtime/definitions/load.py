"""Definitions from files: one file, or all of a project's `.savant` folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec

from savant.errors import ErrorCode, Position, SavantError, SavantErrors
from savant.runtime.definitions.check import check, problem
from savant.runtime.definitions.positions import Positions
from savant.schemas.agents import AgentDefinition
from savant.schemas.base import slugify
from savant.schemas.personas import PersonaDefinition
from savant.schemas.plans import Kind
from savant.schemas.programs import Bundle
from savant.schemas.rulesets import RulesetDefinition
from savant.schemas.workflows import WorkflowDefinition

if TYPE_CHECKING:
    from savant.runtime.definitions.yaml import Document

Definition = AgentDefinition | WorkflowDefinition | PersonaDefinition | RulesetDefinition

TYPES: dict[Kind, type[Definition]] = {
    "agent": AgentDefinition,
    "workflow": WorkflowDefinition,
    "persona": PersonaDefinition,
    "ruleset": RulesetDefinition,
}
FOLDERS: dict[str, Kind] = {"agents": "agent", "workflows": "workflow", "personas": "persona", "rulesets": "ruleset"}
_SUFFIXES = (".yaml", ".yml")


class Source(NamedTuple):
    """Where a definition came from."""

    kind: Kind
    slug: str
    path: Path
    positions: Positions


class Loaded(NamedTuple):
    """One definition and its source."""

    definition: Definition
    source: Source


class Project(NamedTuple):
    """A project's definitions by slug, and the file of each."""

    bundle: Bundle
    sources: dict[tuple[Kind, str], Source]


def load(text: str | bytes, file: str, kind: Kind) -> Definition:
    """The definition in `text`; raises SavantError(INVALID_DEFINITION), or SavantErrors with all that is wrong."""
    from savant.runtime.definitions.yaml import parse  # where there are no files, YAML is not loaded

    return _definition(parse(text, file), kind)


def load_file(path: Path, kind: Kind | None = None, name: str | None = None) -> Loaded:
    """The definition in a file; its kind, unless given, is told by its folder or its keys."""
    from savant.runtime.definitions.yaml import read

    document = read(path, name)
    kind = kind or FOLDERS.get(path.parent.name) or detect_kind(document.data)
    definition = _definition(document, kind)
    return Loaded(definition, Source(kind, definition.slug or slugify(path.stem), path, document.positions))


def detect_kind(data: Any) -> Kind:
    """What a definition's keys say it is: steps make a workflow, instructions a persona, rules a ruleset."""
    keys: Any = data if isinstance(data, dict) else {}
    if "steps" in keys:
        return "workflow"
    if "instructions" in keys:
        return "persona"
    return "ruleset" if "rules" in keys else "agent"


def load_project(folder: Path) -> Project:
    """All definitions under `folder/.savant`; raises what is wrong with any of them, all at once."""
    project = Project(Bundle(), {})
    errors: list[SavantError] = []
    for name, kind in FOLDERS.items():
        for path in _files(folder / ".savant" / name):
            try:
                _add(project, load_file(path, kind, str(path.relative_to(folder))))
            except SavantErrors as found:
                errors += found.errors
            except SavantError as error:
                errors.append(error)
    raise_all(errors)
    return project


def find_project(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that holds a `.savant` folder or a `savant.toml`."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / ".savant").is_dir() or (folder / "savant.toml").is_file():
            return folder
    return None


def raise_all(errors: list[SavantError]) -> None:
    """Raise the one error, or all of them as SavantErrors, or nothing."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SavantErrors(errors)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in _SUFFIXES and path.is_file())


def _add(project: Project, loaded: Loaded) -> None:
    definition, source = loaded
    key = (source.kind, source.slug)
    other = project.sources.get(key)
    if other is not None:
        raise problem(
            f"The {source.kind} `{source.slug}` is defined twice: here and in {other.positions.file}.",
            source.positions.key(("slug",)),
            "Give one of them another `slug`, or delete it.",
            (),
        )
    project.sources[key] = source
    members: dict[str, Any] = getattr(project.bundle, f"{source.kind}s")
    members[source.slug] = definition


def _definition(document: Document, kind: Kind) -> Definition:
    data, positions = document
    if not isinstance(data, dict):
        _not_a_mapping(positions, kind)
    type = TYPES[kind]
    errors = check(data, type, positions)
    if kind == "workflow" and isinstance(data.get("steps"), list):
        # Imported here because only workflows need the language of steps.
        from savant.runtime.workflows.steps import parse_steps

        errors = [error for error in errors if error.details.get("at", [])[:1] != ["steps"]]
        errors += parse_steps(data["steps"], positions).errors
    raise_all(sorted(errors, key=lambda error: error.position or Position("", 0, 0)))
    try:
        return msgspec.convert(data, type)
    except msgspec.ValidationError as error:
        # Every error should have been found with its place above; what was not is still an error, never a success.
        raise SavantError(ErrorCode.INVALID_DEFINITION, str(error), position=positions.value(())) from error


def _not_a_mapping(positions: Positions, kind: Kind) -> NoReturn:
    message = f"A definition of {'an' if kind == 'agent' else 'a'} {kind} is a mapping of keys to values."
    raise problem(message, positions.value(()), "Begin with `name: ...`.", ())
