"""The description of the API, OpenAPI 3.1: made from the same signatures that the handlers are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

import msgspec

from savant import __version__
from savant.schemas.base import Page
from savant.server import csrf
from savant.server.endpoints import Endpoint
from savant.server.envelope import Failure, Meta

REFERENCE = "#/components/schemas/{name}"
SECURITY: dict[str, Any] = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer svt_...`."},
    "keyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "session": {
        "type": "apiKey", "in": "cookie", "name": "savant_session",
        "description": f"A session; what changes something also sends {csrf.HEADER}.",
    },
    "link": {"type": "apiKey", "in": "header", "name": "X-Savant-Share", "description": "The token of a share link."},
}  # fmt: skip
ERRORS = {
    401: "Nobody known asks.",
    403: "Who asks may not do this.",
    404: "It is not there, or not for who asks.",
    409: "It contradicts what is there.",
    412: "It is no longer as If-Match says.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "It cannot be done as it was asked; `details` says what is wrong with which field.",
    429: "Too much was asked in too short a time.",
    500: "A fault of the server.",
    503: "Something the server needs cannot be reached.",
}
BODIES = frozenset({413, 415})
WORKSPACE = {
    "name": "X-Savant-Workspace", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "`team/workspace`; without it, that of the key or session.",
}  # fmt: skip
IF_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The ETag of the item as it was seen; 412 if it has been changed since.",
}  # fmt: skip

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "A random name of this request: sent again with it within 24 hours, it gets its first answer.",
}  # fmt: skip
CSRF_TOKEN = {
    "name": csrf.HEADER, "in": "header", "required": False, "schema": {"type": "string"},
    "description": f"What the cookie {csrf.COOKIE} holds.",
}  # fmt: skip

DESCRIBED = "described"
"""Under this a handler that is no endpoint keeps its own description."""


def document(endpoints: Iterable[Endpoint], aside: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All of it; `aside` are paths that are described elsewhere."""
    known = list(endpoints)
    schemas, components = _schemas(known)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in known:
        operation = _operation(endpoint, schemas)
        paths.setdefault(f"/v1{endpoint.route.path}", {})[endpoint.route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Savant", "version": __version__, "description": "Agents and workflows of a team."},
        "paths": paths | dict(aside or {}),
        "tags": [{"name": noun} for noun in dict.fromkeys(endpoint.noun for endpoint in known)],
        "security": [{name: []} for name in SECURITY],
        "components": {
            "schemas": components,
            "securitySchemes": SECURITY,
            "responses": {str(status): _error(said, schemas) for status, said in ERRORS.items()},
        },
    }


def _schemas(endpoints: list[Endpoint]) -> tuple[Mapping[Any, Any], dict[str, Any]]:
    """The schema of every type that is said, by type, and those with names, by name."""
    types: list[Any] = [Failure, Meta]
    for endpoint in endpoints:
        types += [hint for hint in (endpoint.input, _data(endpoint.returns)) if hint is not None]
        types += endpoint.path.values()
        types += [field.type for field in msgspec.structs.fields(endpoint.input)] if endpoint.input else []
    unique = [one for index, one in enumerate(types) if one not in types[:index]]
    found, components = msgspec.json.schema_components(unique, ref_template=REFERENCE)
    return _ByType(unique, found), components


class _ByType(Mapping[Any, Any]):
    """Types are not all hashable: those that carry a default are not."""

    def __init__(self, types: list[Any], schemas: Iterable[Any]) -> None:
        self._types, self._schemas = types, list(schemas)

    def __getitem__(self, hint: Any) -> Any:
        return self._schemas[self._types.index(hint)]

    def __iter__(self) -> Any:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


def _data(returns: Any) -> Any:
    """What stands under `data`."""
    return list[get_args(returns)[0]] if get_origin(returns) is Page else returns


def _operation(endpoint: Endpoint, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    summary, _, more = endpoint.summary.partition("\n")
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.noun],
        "summary": summary,
        "parameters": [*_parameters(endpoint, schemas), *_headers(endpoint)],
        "responses": {str(endpoint.status): _success(endpoint, schemas), **_failures(endpoint)},
    }
    if endpoint.open:
        operation["security"] = [{"session": []}, {}] if endpoint.input is None else []
    if more.strip():
        operation["description"] = more.strip()
    if endpoint.input is not None and not endpoint.in_query:
        operation["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(endpoint.input)),
            "content": {"application/json": {"schema": schemas[endpoint.input]}},
        }
    return operation


def _parameters(endpoint: Endpoint, schemas: Mapping[Any, Any]) -> Iterable[dict[str, Any]]:
    for name, hint in endpoint.path.items():
        yield {"name": name, "in": "path", "required": True, "schema": schemas[hint]}
    if endpoint.input is not None and endpoint.in_query:
        for field in msgspec.structs.fields(endpoint.input):
            schema = dict(schemas[field.type])
            if field.default is not msgspec.NODEFAULT and field.default is not msgspec.UNSET:
                schema["default"] = field.default
            yield {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}


def _headers(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    if endpoint.open:
        if endpoint.route.method == "DELETE":
            yield CSRF_TOKEN
        return
    yield WORKSPACE
    if endpoint.takes_etag:
        yield IF_MATCH
    if endpoint.route.method == "POST":
        yield IDEMPOTENCY_KEY


def _success(endpoint: Endpoint, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    if endpoint.status == 204:
        return {"description": "It is done."}
    envelope = {
        "type": "object",
        "required": ["data", "meta"],
        "properties": {"data": schemas[_data(endpoint.returns)], "meta": schemas[Meta]},
    }
    return {"description": "It is done.", "content": {"application/json": {"schema": envelope}}}


def _failures(endpoint: Endpoint) -> dict[str, Any]:
    reads = endpoint.route.method == "GET"
    left_out = {409, 412} if reads else set() if endpoint.takes_etag else {412}
    left_out |= BODIES if endpoint.in_query else set()
    left_out |= _never(endpoint) if endpoint.open else set()
    return {str(one): {"$ref": f"#/components/responses/{one}"} for one in ERRORS if one not in left_out}


def _never(endpoint: Endpoint) -> set[int]:
    """What is not answered where nobody need be known."""
    if endpoint.route.method == "DELETE":
        return {401, 404, 409, 412, 422}
    return {403, 412} | (set() if endpoint.verb == "accept" else {404, 409})


def _error(said: str, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    return {"description": said, "content": {"application/json": {"schema": schemas[Failure]}}}
