"""Definitions of a folder and of a workspace, side by side: what differs, and what an export would write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from savant.client.client import Client
from savant.client.files import Key, definition_of
from savant.client.project import Definition, Project, dump, load_file
from savant.errors import ErrorCode, SavantError
from savant.schemas.base import Schema
from savant.schemas.plans import KINDS, Kind
from savant.schemas.rulesets import Rule, RulesetDefinition


class Difference(Schema):
    """One definition in both places; each text is YAML, None where there is none. `path` is its file's."""

    kind: Kind
    slug: str
    change: Literal["only_in_files", "only_in_workspace", "differs", "equal"]
    path: str | None = None
    file: str | None = None
    stored: str | None = None


class Written(Schema):
    """One file of an export: what is done with it, and the text it gets."""

    kind: Kind
    slug: str
    path: str
    action: Literal["create", "update", "unchanged"]
    text: str


async def differences(client: Client, project: Project, keys: Sequence[Key], *, whole: bool) -> list[Difference]:
    """The files' definitions against the stored ones; with `whole`, also what no file holds."""
    stored = await _stored(client)
    wanted = [*keys, *(key for key in stored if whole and key not in keys)]
    return [_difference(key, project, stored.get(key)) for key in sorted(wanted, key=_order)]


async def planned_export(client: Client, root: Path, kinds: Sequence[Kind]) -> list[Written]:
    """Each stored definition with the file below `root` that holds or would hold it; nothing is written yet."""
    project = _project(root)
    stored = await _stored(client)
    return [_written(key, project, stored[key]) for key in sorted(stored, key=_order) if key[0] in kinds]


def write(root: Path, files: Sequence[Written]) -> None:
    """Write what an export planned; a file whose definition is equal keeps its text, comments and all."""
    for each in files:
        if each.action == "unchanged":
            continue
        path = root / each.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.text, encoding="utf-8")
        load_file(path, name=each.path)


def _project(root: Path) -> Project:
    return Project.at(root) if root.is_dir() else Project(root=root)


async def _stored(client: Client) -> dict[Key, Definition]:
    return {(kind, row.slug): definition_of(kind, row) for kind in KINDS async for row in _rows(client, kind)}


def _rows(client: Client, kind: Kind) -> Any:
    return getattr(client, f"{kind}s").all()


def _difference(key: Key, project: Project, stored: Definition | None) -> Difference:
    kind, slug = key
    source = project.sources.get(key)
    path = source.path if source else None
    definition = _files(project, kind).get(slug)
    change = "only_in_workspace" if definition is None else "only_in_files" if stored is None else "differs"
    if definition is not None and stored is not None and _same(definition, stored):
        change = "equal"
    return Difference(
        kind=kind, slug=slug, change=change, path=path and str(_below(project, path)),
        file=dump(_bare(definition)) if definition else None, stored=dump(_bare(stored)) if stored else None,
    )  # fmt: skip


def _written(key: Key, project: Project, stored: Definition) -> Written:
    kind, slug = key
    definition = _files(project, kind).get(slug)
    source = project.sources.get(key)
    path = source.path if source else project.root / ".savant" / f"{kind}s" / f"{slug}.yaml"
    if source is None and path.exists():
        message = f"{path} is there already, and holds another definition than the {kind} `{slug}`."
        raise SavantError(ErrorCode.CONFLICT, message, hint="Rename one of them.")
    action = "create" if definition is None else "unchanged" if _same(definition, stored) else "update"
    return Written(kind=kind, slug=slug, path=str(_below(project, path)), action=action, text=dump(_bare(stored)))


def _below(project: Project, path: Path) -> Path:
    return path.relative_to(project.root) if path.is_relative_to(project.root) else path


def _files(project: Project, kind: Kind) -> dict[str, Definition]:
    return getattr(project.bundle, f"{kind}s")


def _same(one: Definition, other: Definition) -> bool:
    return msgspec.to_builtins(_bare(one)) == msgspec.to_builtins(_bare(other))


def _bare(definition: Definition) -> Definition:
    """The definition without its slug, which its file's name says, and with a plain rule as the text it is."""
    if isinstance(definition, RulesetDefinition):
        definition = msgspec.structs.replace(definition, rules=[_plainest(rule) for rule in definition.rules])
    return msgspec.structs.replace(definition, slug=None)


def _plainest(rule: Rule | str) -> Rule | str:
    return rule if isinstance(rule, str) or rule != Rule(text=rule.text) else rule.text


def _order(key: Key) -> tuple[int, str]:
    return KINDS.index(key[0]), key[1]


def unequal(found: Sequence[Difference]) -> Iterator[Difference]:
    """Those that are not the same in both places."""
    return (each for each in found if each.change != "equal")
