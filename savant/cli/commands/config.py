"""`savant config`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.settings import Settings

app = group()
InProject = Annotated[bool, typer.Option("--project", help="The project's savant.toml instead of your own file.")]
KeyName = Annotated[str, typer.Argument(metavar="KEY", help="A setting, such as model or providers.ollama.base_url.")]


@command(app)
def show(
    door: Door,
    resolved: Annotated[bool, typer.Option("--resolved", help="All settings, also those nobody set.")] = False,
    origin: Annotated[bool, typer.Option("--origin", help="Where each value comes from.")] = False,
) -> None:
    """Show the settings in force; secrets are masked."""
    from savant.cli import tables

    values = {key: row for key, row in _values(door.settings).items() if resolved or row["origin"] != "default"}
    headings = ["KEY", "VALUE", "FROM"] if origin else ["KEY", "VALUE"]
    rows = [[key, _text(row["value"]), row["origin"]][: len(headings)] for key, row in values.items()]
    shown = values if origin else {key: row["value"] for key, row in values.items()}
    door.out.show(
        shown, lambda: tables.table(headings, rows) if rows else "", lambda: tables.markdown_table(headings, rows)
    )
    if not rows:
        door.say.note("Nothing is set. `savant config show --resolved` lists every setting.")


@command(app, "set", configured=False)
def set_(
    door: Door,
    key: KeyName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")],
    project: InProject = False,
) -> None:
    """Set one value in your config.toml, or in the project's savant.toml."""
    from savant.settings.edit import write

    file = _file(door, project=project)
    write(file, key, value)
    door.out.show({"file": str(file), "key": key}, lambda: "")
    door.say.note(f"Set `{key}` in {file}.")


@command(app, configured=False)
def unset(door: Door, key: KeyName, project: InProject = False) -> None:
    """Remove one value from your config.toml, or from the project's savant.toml."""
    from savant.settings.edit import write

    file = _file(door, project=project)
    write(file, key, None)
    door.out.show({"file": str(file), "key": key}, lambda: "")
    door.say.note(f"Removed `{key}` from {file}.")


@command(app, configured=False)
def trust(
    door: Door,
    revoke: Annotated[bool, typer.Option("--revoke", help="Trust it no longer.")] = False,
) -> None:
    """Let this project's savant.toml set addresses, keys and approvals, as it is now; a change asks again."""
    from savant.settings.layers import from_file
    from savant.settings.trust import distrust
    from savant.settings.trust import trust as trust_now

    project = _project(door)
    home = door.home
    if revoke:
        distrust(home, project)
        door.say.note(f"{project} is no longer trusted.")
    else:
        sets = _security(from_file(project / "savant.toml"))
        trust_now(home, project)
        door.say.note(f"{project} is trusted. It sets: {', '.join(sets)}." if sets else f"{project} is trusted.")
    door.out.show({"project": str(project), "trusted": not revoke}, lambda: "")


@command(app, configured=False)
def path(door: Door) -> None:
    """Print where settings and data are."""
    from savant.settings import find_project, places, user_file

    found = places(door.environ)
    project = find_project(door.cwd)
    where = {
        "home": str(found.home),
        "user": str(user_file(found.config_dir)),
        "project": str(project / "savant.toml") if project else None,
    }
    door.out.show(where, lambda: "\n".join(f"{name}: {place or 'none'}" for name, place in where.items()))


def _values(settings: Settings) -> dict[str, dict[str, Any]]:
    """Every setting by dotted name, with its value and origin."""
    from savant.settings.edit import split
    from savant.settings.keys import PLAIN, is_secret

    names = [str(key) for key in PLAIN] + ["profile"]
    names += [name for name in settings.origins if name not in names]
    values: dict[str, dict[str, Any]] = {}
    for name in names:
        path = split(name)
        value = _look_up(settings, path)
        shown = "********" if value is not None and is_secret(path) else without_password(name, value)
        values[name] = {"value": shown, "origin": settings.origin(name)}
    return values


def _look_up(settings: Settings, path: tuple[str, ...]) -> Any:
    place: Any = settings.database if path == ("database_url",) else settings
    for part in path if place is settings else ():
        place = place.get(part) if isinstance(place, dict) else getattr(place, part, None)
    return place


def without_password(name: str, value: Any) -> Any:
    """A database's URL without the password in it."""
    if not name.endswith("database_url") or not isinstance(value, str) or "@" not in value:
        return value
    before, _, after = value.rpartition("@")
    scheme, slashes, login = before.partition("://")
    return f"{scheme}{slashes}{login.partition(':')[0]}:********@{after}" if ":" in login else value


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _security(layer: dict[tuple[str, ...], Any]) -> list[str]:
    from savant.settings.keys import dotted, find

    return [dotted(path) for path in layer if (key := find(path)) is not None and key.security]


def _project(door: Door) -> Path:
    from savant.errors import ErrorCode, SavantError
    from savant.settings import find_project

    project = find_project(door.cwd)
    if project is None:
        raise SavantError(
            ErrorCode.USAGE, f"There is no project in {door.cwd} or above.", hint="Start one: savant init"
        )
    return project


def _file(door: Door, *, project: bool) -> Path:
    from savant.settings import places, user_file

    return _project(door) / "savant.toml" if project else user_file(places(door.environ).config_dir)
