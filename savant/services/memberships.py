"""What is asked before people are changed: as what somebody is in a team, and who is known by an address."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from sqlalchemy import func, select

from savant import policies
from savant.database.declared import DECLARE, Declared
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.team_member import TeamMember
from savant.schemas.actors import ROLES, Actor, Role


async def role_in(work: Reading, team_id: int, noun: str, verb: str) -> Role:
    """The actor's role in a team; NOT_FOUND for one they are not in, FORBIDDEN if it does not allow the verb."""
    role = await work.session.scalar(
        select(TeamMember.role).where(TeamMember.team_id == team_id, TeamMember.user_id == work.actor.user_id)
    )
    if role is None:
        raise SavantError(
            ErrorCode.NOT_FOUND, f"There is no team {team_id}.", hint="`savant teams list` shows what there is."
        )
    there = msgspec.structs.replace(work.actor, role=role, team_id=team_id)
    policies.permit(there, noun, verb)
    return cast(Role, role)


async def enter(work: Reading, **names: Any) -> None:
    """Go on in the name of another team or workspace, which the actor was found to belong to."""
    who: Declared = work.session.info["declared"]._replace(**names)
    work.session.info["declared"] = who
    if work.database.dialect == "postgresql":
        await (await work.session.connection()).execute(DECLARE, who.parameters())


def refuse_above(actor_role: Role, *roles: str) -> None:
    """Nobody gives, takes or changes a role that is more than their own."""
    for role in roles:
        if ROLES.index(role) > ROLES.index(actor_role):  # pyright: ignore[reportArgumentType]
            message = f"It takes {policies.a(role)} to do that."
            raise SavantError(ErrorCode.FORBIDDEN, message, hint="Ask an owner of the team.")


async def refuse_last_owner(work: UnitOfWork, team_id: int, member: TeamMember) -> None:
    """A team always has an owner."""
    owners = select(func.count()).where(TeamMember.team_id == team_id, TeamMember.role == "owner")
    if member.role == "owner" and await work.session.scalar(owners) == 1:
        message = "A team has at least one owner, and this is the last."
        raise SavantError(ErrorCode.CONFLICT, message, hint="Make somebody else an owner first.")


def is_admin(actor: Actor) -> bool:
    return policies.has_role(actor, "admin")
