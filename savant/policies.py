"""Who may do what: one table, noun by verb, and the one rule about rows. `savant policies` prints it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import ROLES, Actor, ActorRole
from savant.schemas.base import Visibility

Access = Literal["read", "create", "change", "execute", "manage"]
Permission = Literal["view", "edit", "execute", "admin"]


class Rule(NamedTuple):
    """What a verb does, the least role that may do it at all, and the scope a key needs for it.

    `change` is of one's own rows for a member, and of all for an admin; see `may`. With `guests` those may as well who
    are signed in and in another team: what comes of it is in a workspace of their own.
    """

    access: Access
    role: ActorRole
    scope: str
    guests: bool = False


def _rules(
    noun: str, *, read: str = "", create: str = "", change: str = "", execute: str = "", manage: str = "",
    own: str = "", reader: ActorRole = "viewer",
) -> dict[str, Rule]:  # fmt: skip
    least: dict[Access, tuple[str, ActorRole, str]] = {
        "read": (read, reader, "read"),
        "create": (create, "member", "write"),
        "change": (change, "member", "write"),
        "execute": (execute, "member", "execute"),
        "manage": (manage, "admin", "manage"),
    }
    rules = {
        verb: Rule(access, role, f"{noun.replace('_', '-')}:{scope}")
        for access, (verbs, role, scope) in least.items()
        for verb in verbs.split()
    }
    # What is one's own, whoever one is in the team.
    return rules | {verb: Rule("change", "viewer", f"{noun.replace('_', '-')}:write") for verb in own.split()}


def _definitions(noun: str) -> dict[str, Rule]:
    return _rules(noun, read="list get", create="create", change="update delete", reader="guest")


_RUNS_OF = _rules("runs", read="runs") | {"execute": Rule("execute", "member", "runs:execute", guests=True)}

RULES: dict[str, dict[str, Rule]] = {
    "agents": _definitions("agents") | _RUNS_OF,
    "workflows": _definitions("workflows") | _RUNS_OF,
    "personas": _definitions("personas"),
    "rulesets": _definitions("rulesets"),
    "definitions": _rules("definitions", create="apply"),
    "versions": _rules("definitions", read="list get", change="rollback"),
    "runs": _rules(
        "runs", read="list get steps traces program", execute="start fork retry", change="stop resume delete"
    ),
    "replays": _rules("runs", read="replay diff export", execute="keep"),
    "previews": _rules("runs", read="plan prompt"),
    "approvals": _rules("approvals", read="list get", execute="approve deny"),
    "budgets": _rules("budgets", read="list", manage="set remove"),
    "secrets": _rules("secrets", manage="list set delete"),
    "conversations": _rules("conversations", read="list get", create="create", change="update delete"),
    "tools": _rules("tools", read="list get", create="create install", change="update delete"),
    "repositories": _rules(
        "repositories", read="list get status", create="create locate", change="update delete", execute="index"
    ),
    "search": _rules("search", read="search"),
    "models": _rules("models", read="providers first", execute="test"),
    "jobs": _rules("runs", read="status") | _rules("jobs", manage="list retry"),
    "storage": _rules("storage", manage="gc"),
    "teams": _rules("teams", read="list get", create="create", manage="update delete"),
    "members": _rules("members", read="list", manage="add update remove"),
    "workspaces": _rules("workspaces", read="list get", manage="create update delete"),
    "invitations": _rules("invitations", manage="list create delete"),
    "shares": _rules("shares", read="list", create="create", change="delete"),
    "api_keys": _rules("api_keys", read="list get", own="create delete"),
    "login_sessions": _rules("login_sessions", read="list", own="delete"),
    "me": _rules("me", read="get", own="update"),
    "audit_logs": _rules("audit_logs", manage="list export"),
}


def rule(noun: str, verb: str) -> Rule:
    """The rule of a verb; what has none is nobody's to do."""
    try:
        return RULES[noun][verb]
    except KeyError:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no `{noun}.{verb}`.") from None


def scopes() -> set[str]:
    """Every scope that a key may have."""
    exact = {rule.scope for verbs in RULES.values() for rule in verbs.values()}
    return exact | {f"{scope.partition(':')[0]}:*" for scope in exact}


def permit(actor: Actor, noun: str, verb: str) -> Rule:
    """Raise FORBIDDEN unless the actor's role and scopes allow the verb at all."""
    needed = rule(noun, verb)
    if not has_role(actor, needed.role) and not (needed.guests and actor.home_id is not None):
        message = f"{a(actor.role).capitalize()} may not {verb} {noun.replace('_', ' ')}; it takes {a(needed.role)}."
        raise SavantError(ErrorCode.FORBIDDEN, message, hint="Ask an admin of the team.")
    if not has_scope(actor, needed.scope):
        message = f"This key may not {verb} {noun.replace('_', ' ')}: it lacks the scope `{needed.scope}`."
        raise SavantError(ErrorCode.FORBIDDEN, message, hint="Use a key with that scope.")
    return needed


def a(role: str) -> str:
    """A role with its article."""
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"


def has_role(actor: Actor, role: ActorRole) -> bool:
    """Whether the actor is at least a `role`."""
    return ROLES.index(actor.role) >= ROLES.index(role)


def has_scope(actor: Actor, scope: str) -> bool:
    """Whether the actor's key, if it has scopes, has this one; `agents:*` and `*` hold for all they cover."""
    if actor.scopes is None:
        return True
    noun = scope.partition(":")[0]
    return any(held in (scope, f"{noun}:*", "*") for held in actor.scopes)


def may(
    actor: Actor,
    access: Access,
    *,
    author_id: int | None,
    visibility: Visibility = "team",
    shared: Permission | None = None,
) -> bool:
    """Whether an actor may do this to one row of their workspace; `shared` is the most a share gives them."""
    guest = actor.role == "guest"
    if has_role(actor, "admin") or (author_id is not None and author_id == actor.user_id and not guest):
        return True
    if shared == "admin":
        return True
    open = visibility == "public" if guest else visibility != "private"
    match access:
        case "read":
            return open or shared is not None
        case "execute":
            return open or shared in ("execute", "edit")
        case "change":
            return shared == "edit"
        case _:
            return False
