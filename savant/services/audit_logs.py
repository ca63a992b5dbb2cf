"""The audit log: written by `perform` in the unit of work of each change, read by admins."""

from __future__ import annotations

import builtins
from typing import Any

import msgspec
from sqlalchemy import Select, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from savant.database import changes
from savant.database.declared import DECLARE, Declared
from savant.database.work import Reading, UnitOfWork
from savant.models.audit_log import AuditLog as Row
from savant.models.team_member import TeamMember
from savant.models.workspace import Workspace
from savant.schemas.audit import AuditLog, AuditQuery
from savant.schemas.base import Page
from savant.services import records

MOST_EXPORTED = 100_000


async def list(work: Reading, query: AuditQuery) -> Page[AuditLog]:
    """What was changed, the newest first."""
    records.check_limit(query.limit)
    statement = _selected(query)
    if query.cursor is not None:
        statement = statement.where(Row.id < records.number(query.cursor))
    rows = (await work.session.scalars(statement.limit(query.limit + 1))).all()
    page, more = records.cut(rows, query.limit)
    return Page(items=[_shown(row) for row in page], next_cursor=str(page[-1].id) if more else None)


async def export(work: Reading, query: AuditQuery) -> builtins.list[AuditLog]:
    """All of it at once, the newest first; `limit` and `cursor` play no part."""
    return [_shown(row) for row in await work.session.scalars(_selected(query).limit(MOST_EXPORTED))]


async def record(work: UnitOfWork, noun: str, verb: str, **about: Any) -> None:
    """Write down what this unit of work did; it is kept or lost with it."""
    await work.session.flush()
    seen = changes.seen(work.session)
    main = next((change for change in seen if change.table == noun), seen[0] if seen else None)
    actor = work.actor
    details: dict[str, Any] = {"changes": [_told(change) for change in seen]} if seen else {}
    details |= {name: value for name, value in about.items() if value is not None}
    for name in ("request_id", "api_key_id", "share_id"):
        if (value := getattr(actor, name)) is not None:
            details[name] = value
    row = Row(
        user_id=actor.user_id or None, action=f"{noun}.{verb}", details=details,
        resource_type=None if main is None else main.table, resource_id=None if main is None else _id(main),
        ip_address=actor.ip_address, user_agent=actor.user_agent,
    )  # fmt: skip
    work.session.add(row)


async def tell(connection: AsyncConnection, user_id: int, team_id: int | None = None, **about: Any) -> None:
    """Write down what somebody did who is no actor yet, in every workspace of theirs, or of the one team.

    The transaction is declared anew for each workspace, so this comes last in it.
    """
    places = (
        select(Workspace.id, Workspace.team_id)
        .join(TeamMember, TeamMember.team_id == Workspace.team_id)
        .where(TeamMember.user_id == user_id)
    )
    if team_id is not None:
        places = places.where(Workspace.team_id == team_id)
    for workspace, team in (await connection.execute(places)).all():
        if connection.dialect.name == "postgresql":
            await connection.execute(DECLARE, Declared(workspace, team, user_id).parameters())
        await connection.execute(insert(Row).values(workspace_id=workspace, user_id=user_id, **about))


def _told(change: changes.Changed | changes.Many) -> dict[str, Any]:
    if isinstance(change, changes.Many):
        return change._asdict()
    columns = {name: [*values] for name, values in change.columns.items()}
    return {"table": change.table, "id": _id(change), "what": change.what, "columns": columns}


def _id(change: changes.Changed | changes.Many) -> int | None:
    return getattr(change.row, "id", None) if isinstance(change, changes.Changed) else None


def _selected(query: AuditQuery) -> Select[Row]:
    statement = select(Row).order_by(Row.id.desc())
    if query.action is not None:
        of_noun = Row.action.startswith(query.action + ".", autoescape=True)
        statement = statement.where(or_(Row.action == query.action, of_noun))
    for name in ("user_id", "resource_type", "resource_id"):
        if (value := getattr(query, name)) is not None:
            statement = statement.where(getattr(Row, name) == value)
    if query.after is not None:
        statement = statement.where(Row.created_at >= query.after)
    if query.before is not None:
        statement = statement.where(Row.created_at < query.before)
    return statement


def _shown(row: Row) -> AuditLog:
    return msgspec.convert(row, AuditLog, from_attributes=True)
