"""A project on this machine: the definitions in its files, and what a REF on the command line means."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import msgspec

from savant.client.client import Client
from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions import dump, find_project, json_schema, load_file, load_project
from savant.schemas.plans import Kind
from savant.schemas.programs import Bundle, RunnableType

dump_definition = dump
definition_schema = json_schema


class Project(msgspec.Struct, kw_only=True):
    """The files of a project: `sources` maps `kind/slug` to the file it is in."""

    root: Path
    bundle: Bundle
    sources: dict[str, str]

    @classmethod
    def find(cls, cwd: Path) -> Project | None:
        """The project that `cwd` is in, with all its definitions; raises INVALID_DEFINITION for broken files."""
        root = find_project(cwd)
        if root is None:
            return None
        bundle, sources = load_project(root)
        return cls(root=root, bundle=bundle, sources=sources)


class Resolved(msgspec.Struct, kw_only=True):
    """What a REF names: a runnable, the definitions that come along, and its file if it is in one."""

    type: RunnableType
    slug: str
    bundle: Bundle
    path: Path | None = None


async def resolve(ref: str, cwd: Path, client: Client) -> Resolved:
    """REF is a path to a YAML file, a slug, or `agent/SLUG` or `workflow/SLUG` where both exist.

    Files of the project come first, then what the workspace has. Raises NOT_FOUND naming the nearest.
    """
    path = cwd / ref
    if path.suffix in (".yaml", ".yml"):
        return _from_file(path)
    project = Project.find(cwd)
    bundle = project.bundle if project else Bundle()
    wanted, slug = _split(ref)
    found: list[RunnableType] = [
        type for type in wanted if slug in _definitions(bundle, type) or await _stored(client, type, slug)
    ]
    if len(found) > 1:
        raise SavantError(
            ErrorCode.USAGE,
            f"`{slug}` is both an agent and a workflow.",
            hint=f"Say `agent/{slug}` or `workflow/{slug}`.",
        )
    if not found:
        raise await _unknown(client, bundle, slug)
    source = project.sources.get(f"{found[0]}/{slug}") if project else None
    return Resolved(type=found[0], slug=slug, bundle=bundle, path=Path(source) if source else None)


def _split(ref: str) -> tuple[list[RunnableType], str]:
    kind, _, slug = ref.rpartition("/")
    match kind.removesuffix("s"):
        case "agent":
            return ["agent"], slug
        case "workflow":
            return ["workflow"], slug
        case _:
            return ["agent", "workflow"], ref


def _from_file(path: Path) -> Resolved:
    kind, slug, definition = load_file(path)
    if kind not in ("agent", "workflow"):
        raise SavantError(
            ErrorCode.USAGE, f"{path} is a {kind}; only agents and workflows run.", hint="Name one that uses it."
        )
    project = Project.find(path.resolve().parent)
    bundle = project.bundle if project else Bundle()
    _definitions(bundle, kind)[slug] = definition
    return Resolved(type=kind, slug=slug, bundle=bundle, path=path)


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
