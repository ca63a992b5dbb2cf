"""`savant approvals`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.client import Client
    from savant.schemas.approvals import Approval

app = group()
Id = Annotated[int, typer.Argument(metavar="ID", help="The number of the approval.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="WHY", help="Why; the model is told.")]
Resume = Annotated[bool, typer.Option("--resume/--no-resume", help="Go on with the run, or only record the answer.")]
Follow = Annotated[bool, typer.Option("--follow/--detach", help="Stay until it ends, or leave it going.")]


@command(app, "list")
async def list_(
    door: Door,
    every: Annotated[bool, typer.Option("--all", help="Answered ones, too.")] = False,
    run: Annotated[int | None, typer.Option(metavar="ID", help="Only those of this run.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    cursor: Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on after the page before.")] = None,
) -> None:
    """List what waiting runs ask, the newest first."""
    from savant.cli import questions, tables
    from savant.schemas.approvals import ApprovalList

    query = ApprovalList(status=None if every else "pending", run_id=run, limit=limit, cursor=cursor)
    async with door.connect() as client:
        page = await client.approvals.list(query)
    headings = ["ID", "STATUS", "RUN", "OF", "ASKED", "WHAT"]
    rows = [
        [str(each.id), tables.status(each.status), str(each.run_id), each.runnable_slug, tables.age(each.created_at),
         questions.brief(each)]
        for each in page.items
    ]  # fmt: skip
    door.out.show(
        {"items": page.items, "next_cursor": page.next_cursor},
        lambda: tables.table(headings, rows) if rows else "",
        lambda: tables.markdown_table(headings, rows),
    )
    if not rows:
        door.say.note("Nothing waits for an answer.")
    if page.next_cursor:
        door.say.note(f"There are more: --cursor {page.next_cursor}")


@command(app)
async def show(door: Door, id: Id) -> None:
    """Show what is asked, and what exactly would be done."""
    from savant.cli import questions

    async with door.connect() as client:
        approval = await client.approvals.get(id)
    door.out.show(approval, lambda: questions.text(approval))
    if hint := questions.next_commands(approval):
        door.say.note(hint)


@command(app)
async def approve(
    door: Door,
    id: Id,
    reason: Reason = None,
    done: Annotated[
        bool, typer.Option("--done", help="Of an interrupted write: it did happen; do not do it again.")
    ] = False,
    resume: Resume = True,
    follow: Follow = True,
) -> int:
    """Say yes, and go on with the run; the exit code is the run's."""
    from savant.schemas.approvals import ApprovalAnswer

    async with door.connect() as client:
        approval = await client.approvals.approve(id, ApprovalAnswer(reason=reason, done=done))
        return await _go_on(door, client, approval, resume=resume, follow=follow)


@command(app)
async def deny(door: Door, id: Id, reason: Reason = None, resume: Resume = True, follow: Follow = True) -> int:
    """Say no, and go on with the run: the model is told, a workflow's step fails; the exit code is the run's."""
    from savant.schemas.approvals import ApprovalAnswer

    async with door.connect() as client:
        approval = await client.approvals.deny(id, ApprovalAnswer(reason=reason))
        return await _go_on(door, client, approval, resume=resume, follow=follow)


async def _go_on(door: Door, client: Client, approval: Approval, *, resume: bool, follow: bool) -> int:
    from savant.cli import following, questions

    if not resume:
        door.out.show(approval, lambda: questions.text(approval))
        how = "by itself" if door.settings.url else f"with: savant runs resume {approval.run_id}"
        door.say.note(f"Run {approval.run_id} goes on {how}")
        return 0
    if door.out.format == "jsonl":
        door.out.init(run_id=approval.run_id)
    run = await following.go_on(door, client, approval.run_id, detach=not follow)
    if not follow:
        following.started(door, run)
        return 0
    return await following.carry_out(door, client, run)
