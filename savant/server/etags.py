"""A change that holds only for what was seen: ETag on an item, If-Match on what changes or removes it."""

from __future__ import annotations

import hashlib
from typing import Any

from litestar import Request

from savant.database.row_lock import hold
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.server.endpoints import Endpoint
from savant.server.envelope import encode
from savant.services.perform import Check, service_of

SHOWN = frozenset({"get", "create", "update"})
"""Verbs that answer with the item as it now is."""


def tag(item: Any) -> str:
    """The same for the same content."""
    return f'"{hashlib.sha256(encode(item)).hexdigest()[:32]}"'


def condition(endpoint: Endpoint, request: Request[Any, Any, Any], given: dict[str, Any]) -> Check | None:
    """What must hold in the transaction of a change, if the request says anything about it."""
    wanted = request.headers.get("if-match")
    if wanted is None or not endpoint.takes_etag or not endpoint.path:
        return None
    tags = {one.strip() for one in wanted.split(",")}
    place = {name: given[name] for name in endpoint.path}

    async def check(work: Reading) -> None:
        if isinstance(work, UnitOfWork):
            await hold(work, endpoint.noun, place)
        current = tag(await service_of(endpoint.noun, "get")(work, **place))
        if "*" not in tags and current not in tags:
            hint = "Look at it again, and change what is there now."
            raise SavantError(ErrorCode.PRECONDITION, "It has been changed since you looked.", hint=hint)

    return check
