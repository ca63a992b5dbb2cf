"""Every verb that a door may ask for has a service, a rule and a route of its own."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from savant import policies
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor, Role
from savant.schemas.routes import route
from savant.server import v1
from savant.server.endpoints import Endpoint
from savant.services.perform import service_of

CLIENT = Path(policies.__file__).parent / "client"
VERBS = [(noun, verb) for noun, verbs in policies.RULES.items() for verb in verbs]
LOCAL_ONLY = {"databases", "master_keys"}


def called() -> set[tuple[str, str]]:
    """Every noun and verb that the client asks a transport for by name."""
    found: set[tuple[str, str]] = set()
    for file in CLIENT.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "call":
                words = [word.value for word in node.args[:2] if isinstance(word, ast.Constant)]
                if len(words) == 2:
                    found.add((words[0], words[1]))
    return found


def test_every_verb_of_the_client_has_a_rule() -> None:
    assert ("runs", "stop") in called()
    assert {pair for pair in called() if pair[0] not in LOCAL_ONLY} <= set(VERBS)


@pytest.mark.parametrize(("noun", "verb"), VERBS)
def test_every_rule_has_a_service(noun: str, verb: str) -> None:
    assert inspect.iscoroutinefunction(inspect.unwrap(service_of(noun, verb)))


@pytest.mark.parametrize("endpoint", v1.ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_takes_what_its_service_takes(endpoint: Endpoint) -> None:
    parameters = list(inspect.signature(service_of(endpoint.noun, endpoint.verb)).parameters.values())[1:]
    fields = [] if endpoint.input is None or endpoint.wraps else [*endpoint.input.__struct_fields__]
    given = {*endpoint.path, *endpoint.fixed, *fields, *filter(None, [endpoint.wraps])}
    assert given <= {one.name for one in parameters}
    assert {one.name for one in parameters if one.default is one.empty} <= given


def test_every_rule_has_an_endpoint() -> None:
    assert set(VERBS) <= {(endpoint.noun, endpoint.verb) for endpoint in v1.ENDPOINTS}


def test_no_two_verbs_share_a_route() -> None:
    routes = [(found.method, found.path) for found in (route(noun, verb) for noun, verb in VERBS)]
    doubled = {str(found) for found in routes if routes.count(found) > 1}
    assert doubled == set()


@pytest.mark.parametrize(
    ("role", "scopes", "verb", "code"),
    [
        ("viewer", None, "list", None),
        ("viewer", None, "create", ErrorCode.FORBIDDEN),
        ("member", None, "create", None),
        ("owner", ("agents:read",), "list", None),
        ("owner", ("agents:read",), "create", ErrorCode.FORBIDDEN),
        ("owner", ("agents:*",), "create", None),
        ("owner", ("*",), "delete", None),
        ("owner", (), "list", ErrorCode.FORBIDDEN),
        ("owner", None, "abolish", ErrorCode.NOT_FOUND),
    ],
)
def test_a_role_and_a_scope_are_needed(
    role: Role, scopes: tuple[str, ...] | None, verb: str, code: ErrorCode | None
) -> None:
    actor = Actor(user_id=1, workspace_id=1, team_id=1, role=role, scopes=scopes)
    if code is None:
        policies.permit(actor, "agents", verb)
        return
    with pytest.raises(SavantError) as refused:
        policies.permit(actor, "agents", verb)
    assert refused.value.code == code
