"""Where in its file something stands that the services found wrong with a definition, of which they have no file."""

from __future__ import annotations

from typing import Any

from savant.client.client import Client
from savant.client.project import Project, Resolved
from savant.errors import SavantError, SavantErrors
from savant.schemas.runs import Run, RunCreate


async def start(client: Client, resolved: Resolved, create: RunCreate, *, detach: bool) -> Run:
    """Start a run; what is wrong with its definitions is raised with its place in the project's files."""
    try:
        return await client.runs.start(create, detach=detach)
    except SavantErrors as found:
        raise SavantErrors([placed(error, resolved.project) for error in found.errors]) from None
    except SavantError as error:
        raise placed(error, resolved.project) from None


def placed(error: SavantError, project: Project) -> SavantError:
    """The error with its position, if it is about something in a file of the project."""
    slug, at = error.details.get("workflow"), tuple(error.details.get("at") or ())
    source = project.sources.get(("workflow", slug)) if slug is not None else None
    if error.position is not None or source is None or not at:
        return error
    value, offset = _value(project.bundle.workflows[source.slug], at), error.details.get("offset")
    if isinstance(value, str) and isinstance(offset, int):
        error.position = source.positions.within(at, value, offset)
    else:
        error.position = source.positions.value(at)
    return error


def _value(definition: Any, at: tuple[str | int, ...]) -> Any:
    found: Any = definition
    try:
        for part in at:
            whole: Any = found
            found = whole[part] if isinstance(found, dict | list) else getattr(whole, str(part))
    except (AttributeError, LookupError, TypeError):
        return None
    return found
