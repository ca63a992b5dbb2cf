"""What the commands of a stored noun do: files of the project and rows of the workspace, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from savant.cli import tables
from savant.cli.asking import sure
from savant.cli.door import Door
from savant.cli.editing import assigned, changes, edited
from savant.cli.nouns import Noun
from savant.client import Client
from savant.client.files import definition_of, parse
from savant.client.project import Definition, Project, dump
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentCreate, AgentUpdate
from savant.schemas.base import slugify
from savant.schemas.personas import PersonaCreate, PersonaUpdate
from savant.schemas.rulesets import RulesetCreate, RulesetUpdate
from savant.schemas.workflows import WorkflowCreate, WorkflowUpdate

CREATES: dict[str, type[Any]] = {
    "agent": AgentCreate, "workflow": WorkflowCreate, "persona": PersonaCreate, "ruleset": RulesetCreate,
}  # fmt: skip
UPDATES: dict[str, type[Any]] = {
    "agent": AgentUpdate, "workflow": WorkflowUpdate, "persona": PersonaUpdate, "ruleset": RulesetUpdate,
}  # fmt: skip


async def show_list(door: Door, noun: Noun, q: str | None) -> None:
    """Print files and rows in one list; broken files are an error after what could be listed."""
    broken: SavantError | None = None
    project: Project | None = None
    try:
        project = Project.find(door.cwd)
    except SavantError as error:
        broken = error
    async with door.connect() as client:
        rows = [row async for row in noun.of(client).all(q)]
    items = _merged(noun, project, rows, q, door.cwd)
    headings = ["SLUG", "NAME", "SOURCE", "VERSION", "DESCRIPTION"]
    cells = [
        [item["slug"], item["name"], item["path"] or "workspace", str(item["version"] or ""), item["description"] or ""]
        for item in items
    ]
    door.out.show(
        {"items": items},
        lambda: tables.table(headings, cells) if cells else "",
        lambda: tables.markdown_table(headings, cells),
    )
    if not cells and broken is None:
        door.say.note(f"There are no {noun.plural}. Make one: savant {noun.plural} create NAME, or savant init")
    if broken is not None:
        raise broken


async def show_one(door: Door, noun: Noun, slug: str, *, stored: bool) -> None:
    """Print a definition as YAML: the file's, if the project has one, else the stored one."""
    project = None if stored else Project.find(door.cwd)
    async with door.connect() as client:
        definition, path, row = await _find(client, noun, slug, project)
    source = _short(path, door.cwd) if path else "workspace"
    text = path.read_text(encoding="utf-8") if path else dump(definition)
    shown = {
        "slug": slug, "source": source, "version": getattr(row, "version", None),
        "definition": msgspec.to_builtins(definition),
    }  # fmt: skip
    door.out.show(shown, lambda: text, lambda: f"```yaml\n{text}```")
    door.say.detail(f"From {source}.")


async def create(
    door: Door, noun: Noun, name: str | None, file: Path | None, sets: list[str], fields: dict[str, Any]
) -> None:
    """Store a new definition, from a file or from options."""
    definition = _from_options(noun, name, file, sets, {key: value for key, value in fields.items() if value})
    async with door.connect() as client:
        made = await noun.of(client).create(_as(CREATES[noun.kind], definition))
    door.out.show(made, lambda: made.slug)
    door.say.note(f"Stored {noun.kind} `{made.slug}`.")


async def edit(door: Door, noun: Noun, slug: str, file: Path | None, sets: list[str], *, stored: bool) -> None:
    """Change a definition where it is: a row in the workspace, or the project's own file in an editor."""
    project = None if stored else Project.find(door.cwd)
    async with door.connect() as client:
        definition, path, _ = await _find(client, noun, slug, project)
        if path is not None:
            _edit_file(door, noun, path, file, sets)
            return
        wanted = _changed(door, noun, slug, definition, file, sets)
        update = changes(definition, wanted, UPDATES[noun.kind])
        if update is None:
            door.say.note("Nothing was changed.")
            return
        saved = await noun.of(client).update(slug, update)
    door.out.show(saved, lambda: "")
    version = getattr(saved, "version", None)
    door.say.note(f"Saved {noun.kind} `{slug}`{f' as version {version}' if version else ''}.")


async def delete(door: Door, noun: Noun, slug: str, *, yes: bool) -> None:
    async with door.connect() as client:
        try:
            await noun.of(client).get(slug)
        except SavantError as error:
            raise _only_a_file(door, noun, slug, error) from error
        sure(door, f"Delete {noun.kind} `{slug}` from the workspace?", yes=yes)
        await noun.of(client).delete(slug)
    door.out.show({"deleted": slug}, lambda: "")
    door.say.note(f"Deleted {noun.kind} `{slug}`.")


def _merged(noun: Noun, project: Project | None, rows: list[Any], q: str | None, cwd: Path) -> list[dict[str, Any]]:
    """By slug; a file hides the row of the same slug, as it does when it is run."""
    items = {row.slug: _item(row.slug, row, None, row) for row in rows}
    bundle: dict[str, Definition] = getattr(project.bundle, noun.plural) if project else {}
    for slug, definition in bundle.items():
        if project is None or (q and q.lower() not in f"{slug} {definition.name}".lower()):
            continue
        stored = next((row for row in rows if row.slug == slug), None)
        items[slug] = _item(slug, definition, _short(project.sources[noun.kind, slug].path, cwd), stored)
    return [items[slug] for slug in sorted(items)]


def _item(slug: str, named: Any, path: str | None, row: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": named.name,
        "description": named.description,
        "source": "file" if path else "workspace",
        "path": path,
        "stored": row is not None,
        "version": getattr(row, "version", None),
        "updated_at": getattr(row, "updated_at", None),
    }


async def _find(client: Client, noun: Noun, slug: str, project: Project | None) -> tuple[Definition, Path | None, Any]:
    """A definition, its file if it is in one, else its row; NOT_FOUND names the nearest of both."""
    files: dict[str, Definition] = getattr(project.bundle, noun.plural) if project else {}
    if project is not None and slug in files:
        return files[slug], project.sources[noun.kind, slug].path, None
    try:
        row = await noun.of(client).get(slug)
    except SavantError as error:
        raise _nearest(error, slug, files) from error
    return definition_of(noun.kind, row), None, row


def _nearest(error: SavantError, slug: str, files: dict[str, Definition]) -> SavantError:
    import difflib

    near = difflib.get_close_matches(slug, files, 1)
    if error.code != ErrorCode.NOT_FOUND or not near:
        return error
    return SavantError(error.code, error.message, hint=f"Did you mean `{near[0]}`?")


def _from_options(
    noun: Noun, name: str | None, file: Path | None, sets: list[str], fields: dict[str, Any]
) -> Definition:
    if file is not None:
        if name or fields or sets:
            raise SavantError(ErrorCode.USAGE, "A file says it all; leave out the name and the other options.")
        return _parsed(noun, file)
    if name is None:
        hint = f"savant {noun.plural} create NAME --set KEY=VALUE, or savant {noun.plural} create -f FILE."
        raise SavantError(ErrorCode.USAGE, f"What should the {noun.kind} be called?", hint=hint)
    data = assigned({"name": name}, [*fields.items()], sets)
    return _checked(noun, data)


def _changed(
    door: Door, noun: Noun, slug: str, definition: Definition, file: Path | None, sets: list[str]
) -> Definition:
    if file is not None:
        return _parsed(noun, file)
    if sets:
        return _checked(noun, assigned(msgspec.to_builtins(definition), [], sets))
    text = edited(door, dump(definition), f"{slug}.yaml", lambda text: parse(text, f"{slug}.yaml", noun.kind))
    return parse(text, f"{slug}.yaml", noun.kind)


def _edit_file(door: Door, noun: Noun, path: Path, file: Path | None, sets: list[str]) -> None:
    if file is not None or sets:
        hint = "Change that file, or say --stored to change the stored one."
        raise SavantError(ErrorCode.USAGE, f"This {noun.kind} is in {_short(path, door.cwd)}.", hint=hint)
    before = path.read_text(encoding="utf-8")
    after = edited(door, before, path.name, lambda text: parse(text, str(path), noun.kind))
    if after == before:
        door.say.note("Nothing was changed.")
        return
    path.write_text(after, encoding="utf-8")
    door.say.note(f"Saved {_short(path, door.cwd)}.")


def _parsed(noun: Noun, file: Path) -> Definition:
    from savant.cli.inputs import piped

    try:
        text = piped() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise SavantError(ErrorCode.USAGE, f"Cannot read {file}: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise SavantError(ErrorCode.USAGE, f"{file} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    definition = parse(text, str(file), noun.kind)
    if definition.slug is None and str(file) != "-":
        return msgspec.structs.replace(definition, slug=slugify(file.stem))
    return definition


def _checked(noun: Noun, data: dict[str, Any]) -> Definition:
    """Data from options through the same check as a file; a problem's place is its key, not a line."""
    import msgspec.json

    try:
        return parse(msgspec.json.encode(data).decode(), "options", noun.kind)
    except SavantError as error:
        for each in getattr(error, "errors", None) or [error]:
            each.position = None
        raise


def _as(type: type[Any], definition: Definition) -> Any:
    return msgspec.convert(msgspec.to_builtins(definition), type)


def _only_a_file(door: Door, noun: Noun, slug: str, error: SavantError) -> SavantError:
    project = Project.find(door.cwd)
    source = project.sources.get((noun.kind, slug)) if project else None
    if error.code != ErrorCode.NOT_FOUND or source is None:
        return error
    path = _short(source.path, door.cwd)
    return SavantError(error.code, f"`{slug}` is not stored, it is in {path}.", hint=f"Delete it: rm {path}")


def _short(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
