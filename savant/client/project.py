"""A project on this machine: the definitions in its files, and what a REF on the command line means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from savant.client.client import Client
from savant.errors import ErrorCode, SavantError, SavantErrors
from savant.runtime.definitions.load import Definition, Loaded, Source, find_project, load_file, load_project
from savant.runtime.definitions.schema import json_schema
from savant.schemas.plans import Kind
from savant.schemas.programs import Bundle, RunnableType

__all__ = ["Definition", "Project", "Resolved", "check", "dump", "json_schema", "load_file", "resolve"]


class Project(msgspec.Struct, kw_only=True):
    """The files of a project; `sources` maps kind and slug to the file and the positions in it."""

    root: Path
    bundle: Bundle = msgspec.field(default_factory=Bundle)
    sources: dict[tuple[Kind, str], Source] = msgspec.field(default_factory=dict)

    @classmethod
    def find(cls, cwd: Path) -> Project | None:
        """The project that `cwd` is in, with all its definitions; raises INVALID_DEFINITION for broken files."""
        root = find_project(cwd)
        return None if root is None else cls.at(root)

    @classmethod
    def at(cls, root: Path) -> Project:
        found = load_project(root)
        return cls(root=root, bundle=found.bundle, sources=found.sources)

    def add(self, loaded: Loaded) -> None:
        """Lay one more file over the project's own."""
        definition, source = loaded
        _definitions(self.bundle, source.kind)[source.slug] = definition
        self.sources[source.kind, source.slug] = source

    def names(self) -> dict[str, str]:
        """`kind/slug` to the path of its file."""
        return {f"{kind}/{slug}": str(source.path) for (kind, slug), source in self.sources.items()}


class Resolved(msgspec.Struct, kw_only=True):
    """What a REF names: a runnable, the definitions that come along, and its file if it is in one."""

    type: RunnableType
    slug: str
    project: Project
    path: Path | None = None


def dump(definition: Definition) -> str:
    """The YAML of a definition, as a person would have written it."""
    from savant.runtime.definitions import dump as yaml

    return yaml.dump(definition)


async def resolve(ref: str, cwd: Path, client: Client) -> Resolved:
    """REF is a path to a YAML file, a slug, or `agent/SLUG` or `workflow/SLUG` where both exist.

    Files of the project come first, then what the workspace has. Raises NOT_FOUND naming the nearest.
    """
    if ref.endswith((".yaml", ".yml")):
        return _from_file(cwd / ref, ref)
    project = Project.find(cwd) or Project(root=cwd)
    wanted, slug = _split(ref)
    found: list[RunnableType] = [
        type for type in wanted if slug in _definitions(project.bundle, type) or await _stored(client, type, slug)
    ]
    if len(found) > 1:
        raise SavantError(
            ErrorCode.USAGE,
            f"`{slug}` is both an agent and a workflow.",
            hint=f"Say `agent/{slug}` or `workflow/{slug}`.",
        )
    if not found:
        raise await _unknown(client, project.bundle, slug)
    source = project.sources.get((found[0], slug))
    return Resolved(type=found[0], slug=slug, project=project, path=source.path if source else None)


def check(project: Project, *, shell: bool, only: Iterable[tuple[Kind, str]] | None = None) -> None:
    """Check a project's workflows, or some, against the tools and definitions there are; raises all that is wrong.

    Names that no file has may still be in the workspace, so a run checks again with what it resolved.
    """
    # Only a check needs the engines and the expressions; lists of definitions come up faster without them.
    from savant.runtime.engines.catalog import builtin
    from savant.runtime.memory import MemoryList
    from savant.runtime.tools.toolbox import EngineToolbox
    from savant.runtime.workflows.validate import validate

    toolbox = EngineToolbox(builtin(project.root, project.bundle, shell=shell, memories=MemoryList()))
    errors: list[SavantError] = []
    for kind, slug in only if only is not None else list(project.sources):
        source = project.sources.get((kind, slug))
        if kind == "workflow" and source is not None:
            definition = project.bundle.workflows[slug]
            errors += validate(definition, project.bundle, toolbox.specs(), source.positions)
    if errors:
        raise errors[0] if len(errors) == 1 else SavantErrors(errors)


def _split(ref: str) -> tuple[list[RunnableType], str]:
    kind, _, slug = ref.rpartition("/")
    match kind.removesuffix("s"):
        case "agent":
            return ["agent"], slug
        case "workflow":
            return ["workflow"], slug
        case _:
            return ["agent", "workflow"], ref


def _from_file(path: Path, name: str) -> Resolved:
    loaded = load_file(path, name=name)
    kind = loaded.source.kind
    if kind not in ("agent", "workflow"):
        raise SavantError(
            ErrorCode.USAGE, f"{name} is a {kind}; only agents and workflows run.", hint="Name one that uses it."
        )
    project = Project.find(path.resolve().parent) or Project(root=path.resolve().parent)
    project.add(loaded)
    return Resolved(type=kind, slug=loaded.source.slug, project=project, path=path)


def _definitions(bundle: Bundle, kind: Kind) -> dict[str, Any]:
    return getattr(bundle, f"{kind}s")


async def _stored(client: Client, type: RunnableType, slug: str) -> bool:
    try:
        await (client.agents if type == "agent" else client.workflows).get(slug)
    except SavantError as error:
        if error.code != ErrorCode.NOT_FOUND:
            raise
        return False
    return True


async def _unknown(client: Client, bundle: Bundle, slug: str) -> SavantError:
    names = {*bundle.agents, *bundle.workflows}
    names |= {agent.slug for agent in (await client.agents.list()).items}
    names |= {workflow.slug for workflow in (await client.workflows.list()).items}
    near = difflib.get_close_matches(slug, names, 1)
    hint = f"Did you mean `{near[0]}`?" if near else "See `savant agents list` and `savant workflows list`."
    return SavantError(ErrorCode.NOT_FOUND, f"There is no agent or workflow `{slug}`.", hint=hint)
