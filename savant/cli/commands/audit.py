"""`savant audit`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()
Action = Annotated[str | None, typer.Option("--action", metavar="NOUN[.VERB]", help="Only this, as agents.update.")]
User = Annotated[int | None, typer.Option("--user", metavar="ID", help="Only what this person did.")]


@command(app, "list")
async def list_(
    door: Door,
    action: Action = None,
    user: User = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    cursor: Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on after the page before.")] = None,
) -> None:
    """List who changed what, from where, the newest first."""
    from savant.cli import listing
    from savant.schemas.audit import AuditQuery

    async with door.connect() as client:
        page = await client.audit_logs.list(AuditQuery(action=action, user_id=user, limit=limit, cursor=cursor))
    listing.show(
        door,
        page.items,
        ["WHEN", "WHO", "FROM", "DID", "TO"],
        lambda each: [
            f"{each.created_at:%Y-%m-%d %H:%M:%S}", str(each.user_id or "-"), each.ip_address or "-", each.action,
            f"{each.resource_type or '-'} {each.resource_id or ''}",
        ],
        none="Nothing was changed.",
        next_cursor=page.next_cursor,
    )  # fmt: skip


@command(app)
async def export(door: Door, action: Action = None, user: User = None) -> None:
    """Print the whole audit log as JSON, one line an entry with --output jsonl."""
    import msgspec

    from savant.schemas.audit import AuditQuery

    async with door.connect() as client:
        found = await client.audit_logs.export(AuditQuery(action=action, user_id=user))
    door.out.show(found, lambda: "\n".join(msgspec.json.encode(each, enc_hook=str).decode() for each in found))
