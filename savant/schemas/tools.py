"""A tool that a workspace brings itself, or that the system has for every workspace to install."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from savant.schemas.base import Input, Name, Schema, Slug, Visibility

Engine = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
ToolVersion = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]


class ToolCreate(Input):
    """`schema` is the JSON Schema of what it takes, `implementation` its code as text, which nothing runs yet."""

    name: Name
    schema: dict[str, Any]
    slug: Slug | None = None
    description: str | None = None
    engine: Engine = "custom"
    implementation: str | None = None
    version: ToolVersion = "1.0.0"
    visibility: Visibility = "private"
    published: bool = False


class ToolUpdate(Input):
    """What `tools.update` takes; only what is given changes."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    schema: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    engine: Engine | msgspec.UnsetType = msgspec.UNSET
    implementation: str | msgspec.UnsetType | None = msgspec.UNSET
    version: ToolVersion | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    published: bool | msgspec.UnsetType = msgspec.UNSET


class Tool(Schema):
    """A stored tool; one with no `workspace_id` is the system's."""

    id: int
    workspace_id: int | None
    slug: str
    name: str
    description: str | None
    engine: str
    schema: dict[str, Any]
    implementation: str | None
    version: str
    visibility: Visibility
    published: bool
    created_at: datetime
    updated_at: datetime
