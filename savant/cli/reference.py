"""docs/cli.md, written from the commands themselves: `python -m savant.cli.reference > docs/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
import typer.main

from savant.cli import command, output
from savant.cli.app import COMMANDS, app
from savant.cli.examples import EXAMPLES

HEAD = """\
# The command line

This page is written by `python -m savant.cli.reference > docs/cli.md`; a test fails when it is out of date.
See also [exit codes](exit-codes.md) and [configuration](configuration.md).

## Habits

- **Results on stdout, everything else on stderr.** `savant run review > review.txt` writes the answer alone.
- `--output text|json|jsonl|markdown` chooses the form of the result, `--json` is short for `--output json`, and
  `-o FILE` writes it to a file, whole or not at all. For a run there are `junit` (its steps as test cases), `sarif` and
  `github` (its findings: `savant schema findings`) as well; see `examples/ci/`.
- **One document.** With `--json` exactly one JSON document goes to stdout. If the command failed, it is
  `{"error": {"code", "message", "hint", "position", "details"}}` (a run that failed is the run itself, with `error`
  in it); several findings are in `errors`. The line for people goes to stderr as well.
- **Events.** `savant run`, `runs resume` and `runs watch` with `--output jsonl` print one event a line, as they
  happen. The first is `init` with a `schema_version`, the last is `result` with `status`, `error_code`, `exit_code`,
  `cost_usd`, `usage` and `run_id`: always, also for a broken definition or after Ctrl-C. `savant schema events` is
  their JSON Schema. Other commands print one object for each item.
- **Errors are one line**: `error: FILE:LINE:COLUMN: what is wrong. What to do.` A fault of Savant's own is one line,
  too, and names a log with the details.
- **Nothing blocks without a terminal.** Questions are asked only where stdin and stderr are a terminal; elsewhere
  `delete` and `apply --prune` want `--yes`, and a run that needs an approval fails or is parked (`--on-approval`).
- **Ctrl-C** stops a run cleanly; `savant runs resume ID` goes on from there, and no completed step is done twice.
- `NO_COLOR`, `TERM=dumb` and `CI` turn colours and drawing off. When the reader of a pipe goes away, Savant stops
  quietly.
- A `REF` is the slug of an agent or a workflow, `agent/SLUG` or `workflow/SLUG` where both exist, or the path of a
  YAML file. Files of the project come before what is stored in the workspace.
- `savant completion bash|zsh|fish|powershell` prints a completion script.
"""


def reference() -> str:
    """The whole page."""
    context: Any = typer.main.get_group(app).make_context("savant", [], resilient_parsing=True)
    group: Any = context.command
    sections = [HEAD, "## Options of every command\n\n" + _table(_shared()), "## Commands\n"]
    for name in COMMANDS:
        sections += _sections(group.get_command(context, name), name, context)
    return "\n".join(sections)


def paths() -> Iterator[str]:
    """Every command by its whole name."""
    context: Any = typer.main.get_group(app).make_context("savant", [], resilient_parsing=True)
    group: Any = context.command
    for name in COMMANDS:
        found = group.get_command(context, name)
        subs = getattr(found, "commands", None)
        yield from ([f"{name} {sub}" for sub in subs] if subs else [name])


def _sections(found: Any, name: str, context: Any) -> Iterator[str]:
    subs: dict[str, Any] = getattr(found, "commands", {})
    for sub, each in subs.items():
        yield from _sections(each, f"{name} {sub}", context)
    if subs:
        return
    own = [parameter for parameter in found.params if parameter.name not in command.COMMON_NAMES]
    arguments = [parameter for parameter in own if parameter.param_type_name == "argument"]
    usage = " ".join([f"savant {name}", *(_argument(each) for each in arguments)])
    yield f"### `{usage}`\n\n{found.help}\n"
    if own:
        yield _table(own)
    if examples := EXAMPLES.get(name):
        yield "\n".join(["```", *examples, "```", ""])


def _argument(parameter: Any) -> str:
    word = (parameter.metavar or parameter.name).upper()
    if parameter.nargs == -1:
        word += "..."
    return word if parameter.required else f"[{word}]"


def _shared() -> list[Any]:
    """The options of every command, as any command has them."""
    context: Any = typer.main.get_group(app).make_context("savant", [], resilient_parsing=True)
    group: Any = context.command
    return [each for each in group.get_command(context, "version").params if each.name in command.COMMON_NAMES]


def _table(parameters: list[Any]) -> str:
    lines = ["| | |", "| --- | --- |"]
    for each in parameters:
        lines.append(f"| `{_names(each)}` | {_about(each)} |")
    return "\n".join(lines) + "\n"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return (parameter.metavar or parameter.name).upper().replace("|", "\\|")
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag:
        return names
    choices = parameter.type_descriptor.choices
    return f"{names} {parameter.metavar or ('|'.join(choices) if choices else 'N')}".replace("|", "\\|")


def _about(parameter: Any) -> str:
    choices = parameter.type_descriptor.choices if parameter.param_type_name == "argument" else None
    about = (parameter.help or "").replace("|", "\\|")
    parts = [about, f"One of {', '.join(choices)}." if choices else "", _bounds(parameter)]
    return " ".join(part for part in parts if part)


def _bounds(parameter: Any) -> str:
    """What a value may be, and what it is if none is given."""
    least, most = getattr(parameter, "min", None), getattr(parameter, "max", None)
    parts = [f"{least} to {most}" if most is not None else f"At least {least}" if least is not None else ""]
    given = None if parameter.param_type_name == "argument" or parameter.is_flag else parameter.default
    parts.append(f"`{given}` unless given" if isinstance(given, int | float | str) and given else "")
    text = "; ".join(part for part in parts if part)
    return f"{text}." if text else ""


if __name__ == "__main__":
    output.Output().text(reference())
