"""`savant runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from savant.cli import rereading
from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.client import Client
    from savant.schemas.runs import Run

app = group()
Id = Annotated[int, typer.Argument(metavar="ID", help="The number of the run.")]
Status = Literal["pending", "running", "waiting", "completed", "failed", "stopped"]


@command(app, "list")
async def list_(
    door: Door,
    status: Annotated[Status | None, typer.Option(help="Only these.")] = None,
    type: Annotated[Literal["agent", "workflow"] | None, typer.Option(help="Only these.")] = None,
    slug: Annotated[str | None, typer.Option(metavar="SLUG", help="Only runs of this definition.")] = None,
    parent: Annotated[int | None, typer.Option(metavar="ID", help="Only runs that this one delegated.")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Without delegated runs.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    cursor: Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on after the page before.")] = None,
) -> None:
    """List runs, the newest first; what a run delegated is a run, too."""
    from savant.cli import tables
    from savant.schemas.runs import RunList

    query = RunList(status=status, type=type, slug=slug, parent=parent, whole=whole, limit=limit, cursor=cursor)
    async with door.connect() as client:
        page = await client.runs.list(query)
    headings = ["ID", "STATUS", "WHAT", "STEPS", "TOOK", "COST", "STARTED", "GOAL"]
    rows = [_row(run) for run in page.items]
    empty = "There are no runs yet. Start one: savant run REF"
    door.out.show(
        {"items": page.items, "next_cursor": page.next_cursor},
        lambda: tables.table(headings, rows) if rows else "",
        lambda: tables.markdown_table(headings, rows),
    )
    if not rows:
        door.say.note(empty if query == RunList(limit=limit) else "No run is like that.")
    if page.next_cursor:
        door.say.note(f"There are more: --cursor {page.next_cursor}")


@command(app)
async def show(
    door: Door,
    id: Annotated[str, typer.Argument(metavar="ID", help="The number of the run; the newest if not given.")] = "last",
    step: Annotated[int | None, typer.Option(metavar="N", help="Show one step with its input and output.")] = None,
) -> None:
    """Show a run and its steps, or one step in full."""
    from savant.cli import following, shown
    from savant.errors import ErrorCode, SavantError

    async with door.connect() as client:
        run = await _find(client, id)
        whole = await shown.Whole.of(client, run)
    steps = whole.steps
    if step is None:
        if door.out.format in ("junit", "sarif", "markdown", "github"):
            following.report(door, run, steps)
            return
        door.out.show(whole.document(), lambda: shown.run(whole))
        return
    found = next((each for each in steps if each.step_number == step), None)
    if found is None:
        hint = f"It has the steps 1 to {len(steps)}." if steps else "It has none yet."
        raise SavantError(ErrorCode.NOT_FOUND, f"Run {run.id} has no step {step}.", hint=hint)
    door.out.show(found, lambda: shown.step(found))


async def _find(client: Client, id: str) -> Run:
    """The run with this number, or the newest."""
    from savant.errors import ErrorCode, SavantError
    from savant.schemas.runs import RunList

    if id.isdigit():
        return await client.runs.get(int(id))
    if id != "last":
        raise SavantError(ErrorCode.USAGE, f"`{id}` is not the number of a run, nor `last`.", hint="savant runs list")
    newest = (await client.runs.list(RunList(limit=1, whole=True))).items
    if not newest:
        raise SavantError(ErrorCode.NOT_FOUND, "There are no runs yet.", hint="Start one: savant run REF")
    return newest[0]


@command(app)
async def steps(door: Door, id: Id) -> None:
    """List the steps of a run in the order they started, with inputs and outputs under --json."""
    from savant.cli import tables

    async with door.connect() as client:
        found = await client.runs.steps(id)
    headings = ["N", "STATUS", "TYPE", "TOOK", "COST", "PATH"]
    rows = [
        [str(each.step_number), tables.status(each.status), each.tool_name or each.type,
         tables.duration(each.duration_ms), tables.money(each.cost_usd), each.path]
        for each in found
    ]  # fmt: skip
    door.out.show({"items": found}, lambda: tables.table(headings, rows), lambda: tables.markdown_table(headings, rows))


@command(app)
async def traces(
    door: Door,
    id: Id,
    after: Annotated[int, typer.Option(metavar="SEQ", help="Only events after this one.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    type: Annotated[str | None, typer.Option(metavar="EVENT", help="Only these, as step.failed.")] = None,
) -> None:
    """List the events of a run."""
    import msgspec

    from savant.cli import tables

    async with door.connect() as client:
        found = await client.runs.traces(id, after, limit, type)
    headings = ["SEQ", "STEP", "EVENT", "WHAT"]
    rows = [
        [str(each.seq), str(each.step_number or ""), each.event_type, msgspec.json.encode(each.payload).decode()]
        for each in found
    ]
    door.out.show({"items": found}, lambda: tables.table(headings, rows), lambda: tables.markdown_table(headings, rows))


@command(app)
async def watch(
    door: Door,
    id: Id,
    after: Annotated[int, typer.Option(metavar="SEQ", help="Begin after this event.")] = 0,
) -> int:
    """Follow a run from another terminal until it ends or waits; the exit code is the run's."""
    from savant.cli import following

    if door.out.format == "jsonl":
        door.out.init(run_id=id)
    door.leaving = f"Run {id} goes on. Follow it again: savant runs watch {id}"
    async with door.connect() as client:
        run = await client.runs.get(id)
        run = await following.follow(door, client, run, after)
        return following.finish(door, run, await following.reported(door, client, run))


@command(app)
async def stop(door: Door, id: Id) -> None:
    """Ask a run to stop; it does so before its next step, and can be resumed."""
    async with door.connect() as client:
        run = await client.runs.stop(id)
    _say(door, run, f"Run {id} is stopped." if run.status == "stopped" else f"Run {id} was asked to stop.")


@command(app)
async def resume(
    door: Door,
    id: Id,
    follow: Annotated[bool, typer.Option("--follow/--detach", help="Stay until it ends, or leave it going.")] = True,
    on_uncertain: Annotated[
        Literal["ask", "fail", "retry", "done"] | None,
        typer.Option(help="What to do about a write that may have happened."),
    ] = None,
    approve: Annotated[
        bool | None, typer.Option("--approve/--deny", help="Answer what the run asks.", show_default=False)
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="WHY", help="Why it is approved or denied; the model is told.")
    ] = None,
    on_approval: Annotated[
        Literal["ask", "fail", "deny", "park"] | None, typer.Option(help="What to do when an approval is needed.")
    ] = None,
    budget: Annotated[float | None, typer.Option("--budget", metavar="USD", help="Another limit of money.")] = None,
    token_budget: Annotated[int | None, typer.Option(metavar="N", help="Another limit of tokens.")] = None,
    max_steps: Annotated[int | None, typer.Option(metavar="N", help="Another limit of model calls.")] = None,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", help="Another limit of time.")] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="PART.NAME=N", help="Another limit of one agent or workflow: agent/helper.budget_usd=2."),
    ] = None,
) -> int:
    """Go on with a run that failed, was stopped, waits or was killed; no completed step is done twice."""
    from savant.cli import following, inputs
    from savant.schemas.runs import RunResume

    if door.out.format == "jsonl":
        door.out.init(run_id=id)
    options = RunResume(
        on_uncertain=on_uncertain,
        answer=None if approve is None else "approve" if approve else "deny",
        reason=reason,
        on_approval=on_approval,
        max_steps=max_steps,
        token_budget=token_budget,
        budget_usd=budget,
        timeout=timeout,
        limits=inputs.limits(limit or ()),
    )
    async with door.connect() as client:
        if on_approval is None and door.say.interactive and (await client.runs.get(id)).config.on_approval == "fail":
            options.on_approval = "ask"  # nobody was there to be asked; now somebody is
        run = await client.runs.resume(id, options, detach=not follow)
        if not follow:
            following.started(door, run)
            return 0
        return await following.carry_out(door, client, run)


@command(app)
async def delete(
    door: Door,
    id: Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a run with its steps and traces."""
    from savant.cli.asking import sure

    async with door.connect() as client:
        run = await client.runs.get(id)
        sure(door, f"Delete run {id} ({run.runnable_slug}, {run.status}, {run.steps_count} steps)?", yes=yes)
        await client.runs.delete(id)
    door.out.show({"deleted": id}, lambda: "")
    door.say.note(f"Run {id} is deleted.")


def _row(run: Run) -> list[str]:
    from savant.cli import tables

    status = "lost" if run.status == "running" and run.alive is False else run.status
    return [
        str(run.id),
        tables.status(status),
        f"{run.runnable_slug} (of {run.parent_run_id})" if run.parent_run_id else run.runnable_slug,
        str(run.steps_count),
        tables.duration(run.duration_ms),
        tables.money(run.cost_usd),
        tables.age(run.started_at or run.created_at),
        tables.cut(run.goal or "", 80),
    ]


def _say(door: Door, run: Run, text: str) -> None:
    from savant.cli import results

    shown: dict[str, Any] = results.document(run)
    door.out.show(shown, lambda: "")
    door.say.note(text)


rereading.register(app)
