"""Where in a project's files an error stands that was found in the definitions alone."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, cast

import msgspec

from savant.client.project import Project
from savant.errors import Position, SavantError, SavantErrors
from savant.schemas.plans import Kind


@contextlib.contextmanager
def placed(project: Project) -> Generator[None]:
    """Give errors about the project's definitions their file, line and column."""
    try:
        yield
    except SavantErrors as found:
        for error in found.errors:
            _place(error, project)
        raise SavantErrors(found.errors) from found
    except SavantError as error:
        _place(error, project)
        raise


def _place(error: SavantError, project: Project) -> None:
    at, definition = error.details.get("at"), str(error.details.get("definition", ""))
    kind, _, slug = definition.partition("/")
    source = project.sources.get((cast("Kind", kind), slug))
    if error.position is None and source is not None and isinstance(at, list):
        place = cast("tuple[str | int, ...]", tuple(cast("list[Any]", at)))
        error.position = _position(project, source.kind, slug, place, error.details)


def _position(project: Project, kind: Kind, slug: str, at: tuple[str | int, ...], details: dict[str, Any]) -> Position:
    positions = project.sources[kind, slug].positions
    if details.get("key"):
        return positions.key(at)
    if "offset" in details:
        value = _value(project, kind, slug, at)
        return positions.within(at, value, details["offset"]) if isinstance(value, str) else positions.value(at)
    return positions.value(at)


def _value(project: Project, kind: Kind, slug: str, at: tuple[str | int, ...]) -> Any:
    value: Any = msgspec.to_builtins(getattr(project.bundle, f"{kind}s")[slug])
    for part in at:
        value = value[part]
    return value
