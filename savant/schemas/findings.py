"""Findings: what an agent or a tool found wrong with files. `savant schema findings` prints the JSON Schema.

Whatever returns an object with a list under `findings` reports them: an agent through its `output_schema`, a tool
through its result, a workflow through `set` or its outputs.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from savant.schemas.base import Schema

Level = Literal["error", "warning", "note"]
Line = Annotated[int, msgspec.Meta(ge=1)]


class Finding(Schema):
    """`rule` is what is broken, short and stable; `path` is within the repository; lines and columns begin at 1."""

    rule: Annotated[str, msgspec.Meta(min_length=1)]
    message: Annotated[str, msgspec.Meta(min_length=1)]
    level: Level = "warning"
    path: str | None = None
    line: Line | None = None
    end_line: Line | None = None
    column: Line | None = None


class Findings(Schema):
    """An output that reports findings; it may hold other keys as well."""

    findings: list[Finding]
