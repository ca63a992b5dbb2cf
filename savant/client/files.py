"""Definitions on their way in: from text, from files named one by one, and checked before anything is made of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from savant.client.client import Client
from savant.client.project import Definition, Project, Resolved, check, load_file
from savant.errors import ErrorCode, SavantError, SavantErrors
from savant.runtime.definitions.load import TYPES, load
from savant.schemas.plans import Kind
from savant.schemas.programs import Bundle
from savant.schemas.runs import RunCreate

Key = tuple[Kind, str]


def parse(text: str, file: str, kind: Kind) -> Definition:
    """The definition in a YAML text; raises INVALID_DEFINITION with every problem and its place."""
    return load(text, file, kind)


def definition_of(kind: Kind, stored: Any) -> Definition:
    """The definition that a stored noun holds."""
    if kind == "workflow":
        return stored.definition
    fields = msgspec.structs.fields(TYPES[kind])
    return TYPES[kind](**{field.name: getattr(stored, field.name) for field in fields})


def definition_from(kind: Kind, data: dict[str, Any]) -> Definition:
    """The definition in plain data, as a stored version holds it."""
    return msgspec.convert(data, TYPES[kind])


def named(paths: Sequence[Path], cwd: Path) -> tuple[Project, list[Key]]:
    """The project with the named files and folders laid over it, and what these hold; all problems at once.

    Without paths it is everything the project has.
    """
    project = _project(cwd)
    if not paths:
        if project is None:
            raise SavantError(
                ErrorCode.USAGE, f"There is no project in {cwd} or above.", hint="Name files, or start one: savant init"
            )
        return project, list(project.sources)
    project = project or Project(root=cwd)
    keys: list[Key] = []
    errors: list[SavantError] = []
    for file in _files(paths, cwd):
        try:
            loaded = load_file(file, name=_short(file, cwd))
            project.add(loaded)
            keys.append((loaded.source.kind, loaded.source.slug))
        except SavantErrors as found:
            errors += found.errors
        except SavantError as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else SavantErrors(errors)
    return project, keys


async def check_run(client: Client, resolved: Resolved, create: RunCreate, *, shell: bool) -> dict[str, Any]:
    """What can be known of a run before it: the definition's problems are raised, its model is returned."""
    check(resolved.project, shell=shell, only=[(resolved.type, resolved.slug)])
    workflow = resolved.project.bundle.workflows.get(resolved.slug) if resolved.type == "workflow" else None
    if workflow is not None:
        _check_inputs(create.inputs, workflow.inputs)
    model = create.config.model or await client.models.first()
    return {"model": model}


def _check_inputs(given: dict[str, Any], declared: dict[str, Any]) -> None:
    for name, input in declared.items():
        if input.default is msgspec.UNSET and input.required and name not in given:
            raise SavantError(ErrorCode.VALIDATION, f"Input `{name}` is missing.", hint=f"Give it: -i {name}=VALUE")
    for name in given:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, 1)
            hint = f"Did you mean `{near[0]}`?" if near else f"It has: {', '.join(declared) or 'none'}."
            raise SavantError(ErrorCode.VALIDATION, f"There is no input `{name}`.", hint=hint)


def _project(cwd: Path) -> Project | None:
    return Project.find(cwd)


def _files(paths: Sequence[Path], cwd: Path) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        place = cwd / path
        if place.is_dir():
            found = sorted(file for file in place.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
            if not found:
                raise SavantError(ErrorCode.NOT_FOUND, f"There are no YAML files in {path}.")
            files += found
        else:
            files.append(place)
    return files


def _short(file: Path, cwd: Path) -> str:
    return str(file.relative_to(cwd)) if file.is_relative_to(cwd) else str(file)


def bundle(project: Project, keys: Sequence[Key]) -> Bundle:
    """Only these definitions of a project."""
    chosen = Bundle()
    for kind, slug in keys:
        getattr(chosen, f"{kind}s")[slug] = getattr(project.bundle, f"{kind}s")[slug]
    return chosen
