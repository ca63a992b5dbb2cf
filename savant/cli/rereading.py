"""`savant runs replay|diff|fork|retry|record|export|import`: what recorded runs are read again for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.replays import Change
    from savant.schemas.runs import Run

Id = Annotated[int, typer.Argument(metavar="ID", help="The number of the run.")]
Follow = Annotated[bool, typer.Option("--follow/--detach", help="Stay until it ends, or leave it going.")]


async def replay(
    door: Door,
    id: Id,
    changed: Annotated[
        list[Path] | None,
        typer.Option("--from-definition", metavar="FILE", help="Replay against this definition; may be repeated."),
    ] = None,
) -> int:
    """Run a run again from its record, with no model, tool or network; exit 6 at the first step that differs."""
    from savant.cli import differences
    from savant.client.rereading import changes
    from savant.errors import ErrorCode, ExitCode, SavantError

    options = changes(changed or [], door.cwd)
    async with door.connect() as client:
        found = await client.runs.replay(id, options)
    door.out.show(found, lambda: differences.parting(found), lambda: differences.parting_markdown(found))
    if found.divergence is None:
        door.say.note(f"Run {id} replays equal: {found.steps} steps, {found.status}.")
        return ExitCode.DONE
    message = found.divergence.message
    door.say.error(SavantError(ErrorCode.DIVERGENCE, f"Run {id} does not replay equal. {message}"))
    return ExitCode.DIVERGED


async def diff(
    door: Door,
    first: Annotated[int, typer.Argument(metavar="A", help="The number of a run.")],
    second: Annotated[int, typer.Argument(metavar="B", help="The number of another.")],
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 6 if more than cost and time differs.")] = False,
) -> int:
    """Compare two runs step by step: prompts, arguments, outputs, cost and time."""
    from savant.cli import differences
    from savant.errors import ExitCode

    async with door.connect() as client:
        found = await client.runs.diff(first, second)
    door.out.show(found, lambda: differences.side_by_side(found), lambda: differences.markdown(found))
    if found.empty:
        door.say.note(f"Runs {first} and {second} do not differ.")
    return ExitCode.DIVERGED if exit_code and not found.equal else ExitCode.DONE


async def retry(
    door: Door,
    id: Id,
    from_failed: Annotated[bool, typer.Option("--from-failed", help="Keep what was completed.")] = False,
    follow: Follow = True,
) -> int:
    """Start a new run of the same definition and inputs."""
    from savant.cli import following
    from savant.schemas.replays import RunRetry

    if door.out.format == "jsonl":
        door.out.init(run_id=id)
    async with door.connect() as client:
        run = await client.runs.retry(id, RunRetry(from_failed=from_failed), detach=not follow)
        if not follow:
            following.started(door, run)
            return 0
        return await following.carry_out(door, client, run)


async def fork(
    door: Door,
    id: Id,
    at: Annotated[str, typer.Option("--at", metavar="STEP", help="The first step to do anew: its number or path.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="What is different; several values make a matrix."),
    ] = None,
    times: Annotated[int, typer.Option(metavar="N", help="Run each combination so often.")] = 1,
    parallel: Annotated[int, typer.Option(min=1, metavar="N", help="Of a matrix, so many runs at once.")] = 4,
    follow: Follow = True,
) -> int:
    """Start a new run with what another did before a step, and go on live from there; the other stays as it is."""
    from savant.cli import following
    from savant.client.matrices import combinations
    from savant.schemas.replays import RunFork

    chosen = combinations(settings or [], times)
    if len(chosen) * times > 1:
        return await _matrix(door, id, at, chosen * times, parallel if follow else None)
    if door.out.format == "jsonl":
        door.out.init(run_id=id)
    async with door.connect() as client:
        run = await client.runs.fork(id, RunFork(at=at, changes=chosen[0]), detach=not follow)
        if not follow:
            following.started(door, run)
            return 0
        return await following.carry_out(door, client, run)


async def _matrix(door: Door, id: int, at: str, chosen: list[list[Change]], parallel: int | None) -> int:
    from savant.cli import differences
    from savant.client.matrices import carried_out, table
    from savant.errors import ErrorCode, ExitCode, SavantError

    if parallel is None:
        raise SavantError(
            ErrorCode.USAGE, "A matrix is measured, so it cannot be detached.", hint="Leave out --detach."
        )

    def tell(run: Run, changes: Sequence[Change]) -> None:
        told = ", ".join(f"{change.path}={change.value}" for change in changes)
        door.say.note(f"Run {run.id} {run.status}{f' ({told})' if told else ''}.")

    door.leaving = "The runs were interrupted. See: savant runs list"
    async with door.connect() as client:
        runs = await carried_out(client, id, at, chosen, parallel, tell)
    rows = table(runs)
    door.out.show(
        {"items": rows, "runs": runs}, lambda: differences.matrix(rows), lambda: differences.matrix(rows, markdown=True)
    )
    failed = sum(run.status != "completed" for run in runs)
    ended = f"{failed} of them did not complete" if failed else "all completed"
    door.say.note(f"{len(runs)} runs that fork run {id} at {at}; {ended}.")
    return ExitCode.RUN_FAILED if failed == len(runs) else ExitCode.DONE


async def record(
    door: Door,
    id: Id,
    file: Annotated[Path, typer.Option("--as", metavar="FILE", help="Where to: NAME.run.yaml or NAME.run.json.")],
    redact: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Also take this out: EXPRESSION, or 'EXPRESSION => TEXT'."),
    ] = None,
) -> None:
    """Keep a run as a test: secrets, tokens and e-mail addresses are taken out, and `savant test` replays it."""
    from savant.client.recordings import recording, write
    from savant.client.testing import ENDINGS
    from savant.errors import ErrorCode, SavantError

    if not file.name.endswith(ENDINGS):
        raise SavantError(ErrorCode.USAGE, f"{file} would not be found.", hint=f"End it in {' or '.join(ENDINGS)}.")
    async with door.connect() as client:
        found = await recording(client, id, door.cwd / file, door.settings, redact or [])
    write(door.cwd / file, found)
    door.out.show({"run_id": id, "file": str(file), "steps": len(found.record.steps)}, lambda: "")
    door.say.note(f"Run {id} is now {file}. Read it before you commit it; then: savant test {file}")


async def export(door: Door, id: Id) -> None:
    """Print a run as one document that another machine can import; everything in it is as it was, secrets too."""
    from savant.client.recordings import dump, exported

    async with door.connect() as client:
        found = await exported(client, id)
    door.out.text(dump(found, yaml=False))


async def import_(
    door: Door, file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` or `record` wrote.")]
) -> None:
    """Take in a run that was made elsewhere, to show, replay and compare it here."""
    from savant.client.recordings import imported

    async with door.connect() as client:
        run = await imported(client, door.cwd / file, str(file))
    door.out.show(run, lambda: str(run.id))
    door.say.note(f"It is run {run.id} here. See: savant runs show {run.id}")


def register(app: typer.Typer) -> None:
    """Add the commands to `savant runs`."""
    for function in (retry, fork, replay, diff, record, export):
        command(app)(function)
    command(app, "import")(import_)
