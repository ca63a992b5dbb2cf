"""The root of the command line: names and one-line help of all commands, loaded when they are called."""

from __future__ import annotations

import difflib
import importlib
import os
from typing import Any

import typer
import typer.main

from savant.cli import failures
from savant.cli.coercion import Group
from savant.cli.door import Door
from savant.errors import ErrorCode, SavantError

COMMANDS = {
    "init": "Set up a project in this folder, with examples.",
    "doctor": "Check that everything Savant needs is there, and say what to do where it is not.",
    "run": "Run an agent or a workflow.",
    "test": "Replay recorded runs offline, and check what they come to.",
    "chat": "Talk with an agent; every turn is a run.",
    "plan": "Show what a run would do, what is missing, and what past runs cost.",
    "validate": "Find what is wrong in definitions, without running anything.",
    "apply": "Bring the workspace in line with the project's files; a plan first.",
    "diff": "Show how the project's files and the workspace differ.",
    "export": "Write the workspace's definitions to files; a plan first.",
    "agents": "Agents: list, show, create, edit, delete, prompt, versions.",
    "workflows": "Workflows: list, show, create, edit, delete, graph, versions.",
    "personas": "Personas: list, show, create, edit, delete.",
    "rulesets": "Rulesets: list, show, create, edit, delete.",
    "runs": "Runs: list, show, watch, stop, resume, retry, fork, replay, diff, record, export, import, delete.",
    "index": "Index a repository, so that it can be searched; only what changed is read again.",
    "search": "Find code by words, names or expressions.",
    "repositories": "Repositories: list, show, add, index, status, remove.",
    "approvals": "What waiting runs ask: list, show, approve, deny.",
    "budget": "What runs may spend in a day or a month: list, show, set, remove.",
    "secrets": "Values that runs may use and nobody is shown: list, set, remove, rotate-key.",
    "models": "Models of language: list, test, choose.",
    "lock": "Write down, or check, what agents and workflows rest on.",
    "login": "Sign in to a server; commands go there from then on.",
    "logout": "Revoke and forget the key to the server in use.",
    "whoami": "Show who you are, where, and as what.",
    "teams": "Teams: list, create, edit, delete.",
    "workspaces": "Workspaces: list, create, use, delete.",
    "members": "Members of the team: list, add, set-role, remove.",
    "invitations": "Invitations: list, create, accept, delete.",
    "keys": "API keys: list, create, delete.",
    "shares": "What is shared: list, create, delete.",
    "audit": "Who changed what: list, export.",
    "profile": "Profiles, names for servers: list, use.",
    "policies": "Print who may do what.",
    "serve": "Serve a team over HTTP; without DATABASE_URL it brings its own Postgres.",
    "worker": "Do the jobs of a server, on any machine.",
    "jobs": "A server's workers, and jobs that failed too often: status, list, retry.",
    "gc": "Make room: delete old runs and what nothing needs.",
    "db": "The database: check, backup, restore.",
    "config": "Settings: show, set, trust.",
    "schema": "Print the JSON Schema of a definition, of the events of a run, or of findings.",
    "completion": "Print the completion script of a shell.",
    "version": "Print the version.",
}


class LazyGroup(Group):
    """A group that knows its commands by name, and imports one only to call it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"savant.cli.commands.{cmd_name}")
        return typer.main.get_command(module.app)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"Did you mean `savant {close[0]}`?" if close else "`savant --help` lists what there is."
            raise SavantError(ErrorCode.USAGE, f"There is no command `{name}`.", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=LazyGroup,
    name="savant",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(ctx: typer.Context, version: bool = typer.Option(False, "--version", "-V", help="Print the version.")) -> None:
    """Run AI agents and workflows over your own repositories; every step is recorded and can be resumed."""
    door: Door = ctx.obj
    if version:
        from savant import __version__

        door.out.text(f"savant {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        door.out.text(ctx.get_help())


def run(arguments: list[str]) -> int:
    """Carry out one command line; the exit code, whatever happens."""
    door = Door(arguments)
    if "_SAVANT_COMPLETE" in os.environ:
        return _complete()
    return failures.guarded(door, lambda: _invoke(door))


def _invoke(door: Door) -> int:
    group = typer.main.get_group(app)
    with group.make_context("savant", list(door.arguments), obj=door) as context:
        code = group.invoke(context)
    return code if isinstance(code, int) else 0


def _complete() -> int:
    """Answer a shell that asks what could come next."""
    from typer.completion import completion_init  # pyright: ignore[reportPrivateImportUsage]

    completion_init()
    return typer.main.get_group(app).main([], prog_name="savant", standalone_mode=False) or 0
