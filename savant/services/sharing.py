"""Which rows an actor reaches: the condition of a list, and the question about one; `policies.may` decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from savant import clock, policies
from savant.database.work import Reading
from savant.errors import ErrorCode, SavantError
from savant.models.base import TenantOrSystem
from savant.models.share import Share
from savant.policies import Access, Permission
from savant.schemas.actors import Actor

_DOING: dict[Access, str] = {"execute": "run", "manage": "share"}
STRENGTH: tuple[Permission, ...] = ("view", "execute", "edit", "admin")
"""From the least to the most; who may edit may look and run as well."""


def readable(actor: Actor | Any, model: type[Any], type: str, now: Any = None) -> ColumnElement[bool]:
    """The rows of a shareable model that the actor may read; the actor's numbers, and `now`, may be parameters."""
    if policies.has_role(actor, "admin"):
        return true()
    shared = model.id.in_(select(Share.shareable_id).where(Share.shareable_type == type, _to(actor, now)))
    if actor.role == "guest":
        return shared if actor.share_id is not None else or_(model.visibility == "public", shared)
    seen = or_(model.visibility != "private", model.created_by_id == actor.user_id, shared)
    return or_(seen, model.workspace_id.is_(None)) if issubclass(model, TenantOrSystem) else seen


def readable_runs(actor: Actor | Any, model: type[Any]) -> ColumnElement[bool]:
    """The runs that the actor may read: their own, and those of what is not private."""
    if policies.has_role(actor, "admin"):
        return true()
    if actor.role == "guest":
        return false()
    return or_(model.visibility != "private", model.user_id == actor.user_id)


async def may(work: Reading, access: Access, row: Any, type: str) -> bool:
    """Whether the actor may do this to a row they can see."""
    actor = work.actor
    own: dict[str, Any] = {"author_id": row.created_by_id, "visibility": row.visibility}
    if policies.may(actor, access, **own):
        return True
    return policies.may(actor, access, **own, shared=await permission(work, type, row.id))


async def permit(work: Reading, access: Access, row: Any, type: str) -> None:
    """FORBIDDEN for a row that the actor can see, and may not treat so."""
    if not await may(work, access, row, type):
        doing = _DOING.get(access, access)
        hint = "Ask its author, or an admin, to do it or to share it."
        raise SavantError(ErrorCode.FORBIDDEN, f"You may not {doing} the {type} `{row.slug}`.", hint=hint)


def permit_run(actor: Actor, row: Any) -> None:
    """FORBIDDEN unless a run that the actor can see is theirs to stop, resume or delete, or they are an admin."""
    if not policies.may(actor, "change", author_id=row.user_id, visibility=row.visibility):
        raise SavantError(ErrorCode.FORBIDDEN, f"Run {row.id} is somebody else's.", hint="Ask them, or an admin.")


async def permission(work: Reading, type: str, id: int) -> Permission | None:
    """The most that shares of one row give the actor."""
    found = await work.session.scalars(
        select(Share.permission).where(Share.shareable_type == type, Share.shareable_id == id, _to(work.actor))
    )
    return max(cast(Sequence[Permission], found.all()), key=STRENGTH.index, default=None)


def _to(actor: Actor | Any, now: Any = None) -> ColumnElement[bool]:
    """The shares that reach an actor, and have not expired."""
    if actor.share_id is not None:
        whom = Share.id == actor.share_id
    else:
        whom = or_(
            and_(Share.shared_with_type == "user", Share.shared_with_id == actor.user_id),
            and_(Share.shared_with_type == "team", Share.shared_with_id == actor.team_id),
            Share.shared_with_type == "public",
        )
    return and_(whom, or_(Share.expires_at.is_(None), Share.expires_at > (clock.now() if now is None else now)))
