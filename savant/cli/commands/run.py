"""`savant run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.client import Client
    from savant.client.project import Resolved
    from savant.schemas.runs import RunCreate

app = group()
OnApproval = Literal["ask", "fail", "deny", "park"]
OnUncertain = Literal["ask", "fail", "retry"]
_INPUT = "One input; may be repeated."
_ON_APPROVAL = "What to do when an approval is needed; `ask` on a terminal, else `fail`."


@command(app)
async def run(
    door: Door,
    ref: Annotated[str, typer.Argument(metavar="REF", help="A slug, agent/SLUG, workflow/SLUG, or a YAML file.")],
    goal: Annotated[str | None, typer.Argument(metavar="GOAL", help="What to do; `-` reads it from stdin.")] = None,
    inputs: Annotated[list[str] | None, typer.Option("--input", "-i", metavar="NAME=VALUE", help=_INPUT)] = None,
    inputs_file: Annotated[
        str | None, typer.Option("--inputs", metavar="FILE", help="Inputs in JSON or YAML; `-` reads stdin.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow/--detach", help="Stay until it ends, or leave it going.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, run nothing.")] = False,
    on_approval: Annotated[OnApproval | None, typer.Option(help=_ON_APPROVAL)] = None,
    on_uncertain: Annotated[OnUncertain, typer.Option(help="What to do about a write that may have happened.")] = "ask",
    budget: Annotated[float | None, typer.Option("--budget", metavar="USD", help="Spend no more than this.")] = None,
    token_budget: Annotated[int | None, typer.Option(metavar="N", help="Use no more tokens than this.")] = None,
    max_steps: Annotated[int | None, typer.Option(metavar="N", help="Call the model no more often than this.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="ID", help="The model for all agents.")] = None,
    repository: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Work in a checkout of a stored repository.")
    ] = None,
    branch: Annotated[str | None, typer.Option(metavar="NAME", help="The branch of --repository.")] = None,
    commit: Annotated[str | None, typer.Option(metavar="HASH", help="The commit of --repository.")] = None,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", help="Stop after so many seconds.")] = None,
    key: Annotated[
        str | None, typer.Option("--idempotency-key", metavar="KEY", help="Start only one run with this key.")
    ] = None,
) -> int:
    """Run an agent or a workflow.

    The result goes to stdout, progress to stderr, and the exit code says how it ended (docs/exit-codes.md).
    """
    from savant.cli import following
    from savant.client.placing import placed
    from savant.client.project import resolve

    if door.out.format == "jsonl":
        door.out.init(ref=ref)
    config = {
        "model": model,
        "max_steps": max_steps,
        "token_budget": token_budget,
        "budget_usd": budget,
        "timeout": timeout,
        "on_uncertain": on_uncertain,
        "on_approval": on_approval or door.settings.on_approval or ("ask" if door.say.interactive else "fail"),
        "repository": repository,
        "branch": branch,
        "commit": commit,
        "root": None if repository else door.root,
    }
    async with door.connect() as client:
        resolved = await resolve(ref, door.cwd, client)
        create = await _create(client, resolved, goal, inputs or [], inputs_file, config, key)
        if dry_run:
            return await _check(door, client, resolved, create)
        with placed(resolved.project):
            started = await client.runs.start(create, detach=not follow)
        if not follow:
            following.started(door, started)
            return 0
        return await following.carry_out(door, client, started)


async def _create(
    client: Client,
    resolved: Resolved,
    goal: str | None,
    pairs: list[str],
    file: str | None,
    config: dict[str, Any],
    key: str | None,
) -> RunCreate:
    import msgspec

    from savant.cli import inputs
    from savant.errors import ErrorCode, SavantError
    from savant.schemas.runs import RunConfig, RunCreate

    declared: dict[str, Any] = {}
    if resolved.type == "workflow":
        definition = resolved.project.bundle.workflows.get(resolved.slug)
        declared = (definition or (await client.workflows.get(resolved.slug)).definition).inputs
    if file == "-" and goal == "-":
        raise SavantError(ErrorCode.USAGE, "The goal and the inputs cannot both come from stdin.")
    try:
        limits = msgspec.convert(config, RunConfig)
    except msgspec.ValidationError as error:
        raise SavantError(ErrorCode.USAGE, f"{error}.") from error
    return RunCreate(
        type=resolved.type,
        slug=resolved.slug,
        goal=inputs.goal(goal),
        inputs=inputs.collect(pairs, file, declared),
        config=limits,
        bundle=resolved.project.bundle,
        idempotency_key=key,
    )


async def _check(door: Door, client: Client, resolved: Resolved, create: RunCreate) -> int:
    """Everything that can be known without running; raises what is wrong."""
    from savant.client.files import check_run

    checked = await check_run(client, resolved, create, shell=door.settings.shell)
    shown = {"type": resolved.type, "slug": resolved.slug, "inputs": create.inputs, **checked}
    place = f" ({_relative(resolved.path, door.cwd)})" if resolved.path else ""
    lines = [
        f"{resolved.type} {resolved.slug}{place}",
        *(f"{name}: {value}" for name, value in checked.items() if value),
    ]
    if door.out.format == "jsonl":
        door.out.end(status="checked", error_code=None, exit_code=0, cost_usd=None, usage=None, run_id=None, **shown)
    else:
        door.out.show(shown, lambda: "\n".join(lines))
    door.say.note("Nothing was run.")
    return 0


def _relative(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
