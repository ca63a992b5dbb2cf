"""The one rule from a noun and a verb to HTTP; the server's routes and the remote transport are both read from it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Method = Literal["GET", "POST", "PATCH", "DELETE"]

BY_SLUG = frozenset({"agents", "workflows", "personas", "rulesets", "repositories", "tools", "secrets"})
"""Nouns whose items are named by `ref`, a slug; all others have an `id`, a number."""
READS = frozenset({"runs", "steps", "traces", "program", "status", "diff", "export", "members", "deliveries"})
"""Verbs under an item that only look."""


class Route(NamedTuple):
    """A path below `/v1`, with the arguments that stand in it in braces.

    What is left of the arguments is the query of a GET or DELETE, and the body of a POST or PATCH. A struct that is
    left alone is not wrapped: its fields are the query or the body.
    """

    method: Method
    path: str


_EXCEPTIONS: dict[tuple[str, str], Route] = {
    ("runs", "start"): Route("POST", "/runs"),
    ("replays", "replay"): Route("POST", "/runs/{id}/replay"),
    ("replays", "diff"): Route("GET", "/runs/{id}/diff"),
    ("replays", "export"): Route("GET", "/runs/{id}/export"),
    ("replays", "keep"): Route("POST", "/runs/import"),
    ("previews", "plan"): Route("POST", "/runs/plan"),
    ("previews", "prompt"): Route("POST", "/runs/prompt"),
    ("definitions", "apply"): Route("POST", "/definitions/apply"),
    ("versions", "list"): Route("GET", "/{kind}s/{slug}/versions"),
    ("versions", "get"): Route("GET", "/{kind}s/{slug}/versions/{version}"),
    ("versions", "rollback"): Route("POST", "/{kind}s/{slug}/versions/{version}/rollback"),
    ("budgets", "set"): Route("POST", "/budgets"),
    ("budgets", "remove"): Route("DELETE", "/budgets"),
    ("secrets", "set"): Route("POST", "/secrets"),
    ("models", "providers"): Route("GET", "/models"),
    ("models", "first"): Route("GET", "/models/first"),
    ("models", "test"): Route("POST", "/models/test"),
    ("repositories", "locate"): Route("POST", "/repositories/locate"),
    ("search", "search"): Route("POST", "/search"),
    ("jobs", "status"): Route("GET", "/jobs/status"),
    ("storage", "gc"): Route("POST", "/storage/gc"),
    ("members", "list"): Route("GET", "/teams/{team_id}/members"),
    ("members", "add"): Route("POST", "/teams/{team_id}/members"),
    ("members", "update"): Route("PATCH", "/teams/{team_id}/members/{user_id}"),
    ("members", "remove"): Route("DELETE", "/teams/{team_id}/members/{user_id}"),
    ("me", "get"): Route("GET", "/me"),
    ("me", "update"): Route("PATCH", "/me"),
    ("audit_logs", "export"): Route("GET", "/audit-logs/export"),
}


def route(noun: str, verb: str) -> Route:
    """Where a verb of a noun is found over HTTP."""
    if (known := _EXCEPTIONS.get((noun, verb))) is not None:
        return known
    collection = "/" + noun.replace("_", "-")
    item = f"{collection}/{{{'ref' if noun in BY_SLUG else 'id'}}}"
    match verb:
        case "list":
            return Route("GET", collection)
        case "create":
            return Route("POST", collection)
        case "get":
            return Route("GET", item)
        case "update":
            return Route("PATCH", item)
        case "delete":
            return Route("DELETE", item)
        case _:
            return Route("GET" if verb in READS else "POST", f"{item}/{verb.replace('_', '-')}")
