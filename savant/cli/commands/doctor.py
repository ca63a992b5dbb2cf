"""`savant doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.client import Client
    from savant.errors import SavantError
    from savant.schemas.models import Provider

app = group()
OLDEST_PYTHON = (3, 11)


class Check(NamedTuple):
    """One line of the report; `hint` is what to do about it."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    hint: str | None = None


@command(app, configured=False)
async def doctor(door: Door) -> int:
    """Check that everything Savant needs is there, and say what to do where it is not.

    Exits 0 unless something is broken; a missing model is a warning.
    """
    from savant.errors import ExitCode, SavantError

    checks = [_python(), _sqlite(), await _git()]
    try:
        settings = door.settings
    except SavantError as error:
        checks.append(_broken("settings", error))
    else:
        checks.append(Check("settings", "ok", str(settings.config_dir / "config.toml")))
        checks.append(_home(door))
        checks.append(_project(door))
        async with door.connect() as client:
            checks.append(await _runs(door, client))
            checks += await _models(client)
    door.out.show({"ok": _healthy(checks), "checks": [check._asdict() for check in checks]}, lambda: _report(checks))
    return ExitCode.DONE if _healthy(checks) else ExitCode.USAGE


def _healthy(checks: list[Check]) -> bool:
    return all(check.state != "fail" for check in checks)


def _report(checks: list[Check]) -> str:
    from savant.cli import tables

    width = max(len(check.name) for check in checks)
    lines: list[str] = []
    for check in checks:
        state = tables.status(check.state) + " " * (4 - len(check.state))
        lines.append(f"{state}  {check.name:<{width}}  {check.found}")
        if check.hint:
            lines.append(" " * (width + 8) + check.hint)
    return "\n".join(lines)


def _broken(name: str, error: SavantError) -> Check:
    place = f"{error.position}: " if error.position else ""
    return Check(name, "fail", place + error.message, error.hint)


def _python() -> Check:
    import sys

    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST_PYTHON:
        return Check("python", "fail", version, "Savant needs Python 3.11 or newer.")
    return Check("python", "ok", version)


def _sqlite() -> Check:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
    except sqlite3.OperationalError:
        return Check("sqlite", "fail", f"{sqlite3.sqlite_version} without FTS5", "Install an SQLite built with FTS5.")
    finally:
        connection.close()
    return Check("sqlite", "ok", f"{sqlite3.sqlite_version} with FTS5")


async def _git() -> Check:
    import asyncio

    try:
        process = await asyncio.create_subprocess_exec("git", "--version", stdout=asyncio.subprocess.PIPE)
        said = (await process.communicate())[0].decode(errors="replace").strip()
    except OSError:
        return Check("git", "fail", "not found", "Install git; the git engine needs it.")
    return Check("git", "ok", said.removeprefix("git version ")) if process.returncode == 0 else _no_git(said)


def _no_git(said: str) -> Check:
    return Check("git", "fail", f"does not work: {said}", "Mend the installation of git.")


def _home(door: Door) -> Check:
    import tempfile

    home = door.settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        hint = "Set SAVANT_HOME to a folder you can write."
        return Check("home", "fail", f"{home} cannot be written: {error.strerror}", hint)
    return Check("home", "ok", str(home))


def _project(door: Door) -> Check:
    from savant.client.project import Project
    from savant.errors import SavantError

    try:
        project = Project.find(door.cwd)
    except SavantError as error:
        count = len(getattr(error, "errors", [error]))
        found = f"{count} problem{'s' if count != 1 else ''} in its definitions"
        return Check("project", "fail", found, "See them: savant validate")
    if project is None:
        return Check("project", "ok", "none here", "To start one: savant init")
    count = len(project.sources)
    found = f"{project.root}, {count} definition{'s' if count != 1 else ''}"
    if not door.settings.trusted:
        return Check(
            "project", "ok", f"{found}, not trusted", "Its savant.toml may set more after: savant config trust"
        )
    return Check("project", "ok", found)


async def _runs(door: Door, client: Client) -> Check:
    from savant.cli.commands.config import without_password
    from savant.errors import SavantError
    from savant.schemas.runs import RunList

    url = door.settings.url
    name = "server" if url else "database"
    where = url or without_password("database_url", door.settings.database)
    try:
        await client.runs.list(RunList(limit=1))
    except SavantError as error:
        return _broken(name, error)
    except Exception as error:  # noqa: BLE001
        # Whatever keeps the database from answering is what this command is there to report.
        return Check(name, "fail", f"{where}: {error}", "Move the file away, or set database_url to another.")
    return Check(name, "ok", where)


async def _models(client: Client) -> list[Check]:
    from savant.errors import SavantError

    try:
        providers = await client.models.providers()
        first = await client.models.first()
    except SavantError as error:
        return [_broken("models", error)]
    own = [each for each in providers if each.configured and each.wire != "scripted"]
    checks = [_provider(each) for each in own if each.reachable or not _is_local(each)]
    silent = [each.name for each in own if not each.reachable and _is_local(each)]
    missing = [each.name for each in providers if not each.configured]
    notes = [f"not running: {', '.join(silent)}"] * bool(silent) + [f"no key: {', '.join(missing)}"] * bool(missing)
    if notes:
        checks.append(Check("other models", "ok", "; ".join(notes)))
    if first is None:
        hint = "Set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or install savant[local]."
        return [*checks, Check("model", "warn", "none can be used; workflows without agents still run", hint)]
    return [*checks, Check("model", "ok", f"{first} is used unless told otherwise")]


def _provider(provider: Provider) -> Check:
    name = f"model {provider.name}"
    if provider.reachable:
        count = len(provider.models)
        return Check(name, "ok", f"answers, {count} model{'s' if count != 1 else ''}")
    return Check(name, "warn", provider.reason or "does not answer")


def _is_local(provider: Provider) -> bool:
    """Whether it is a server on this machine, which is nothing wrong when it is not started."""
    return "//localhost" in (provider.base_url or "") or "//127.0.0.1" in (provider.base_url or "")
