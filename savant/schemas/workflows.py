"""A workflow: a YAML program of steps.

The steps stay plain data here (`list[dict]`); `savant.runtime.workflows` parses them into typed steps and
publishes their JSON Schema.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from savant.schemas.base import Input, Json, Name, Schema, Slug, Visibility

InputType = Literal["string", "integer", "number", "boolean", "array", "object", "any"]
WorkflowStatus = Literal["active", "paused", "archived"]


class WorkflowInput(Input):
    """One declared input; without a default it is required unless `required: false`."""

    type: InputType = "any"
    description: str | None = None
    default: Json | msgspec.UnsetType = msgspec.UNSET
    required: bool = True
    enum: list[Json] | None = None


class WorkflowBudget(Input):
    """Limits on a whole run: US dollars, tokens (input plus output), seconds."""

    usd: float | None = None
    tokens: int | None = None
    timeout: float | None = None


class WorkflowDefinition(Input):
    """The YAML of a workflow (`.savant/workflows/review.yaml`)."""

    name: Name
    steps: list[dict[str, Any]]
    slug: Slug | None = None
    description: str | None = None
    inputs: dict[str, WorkflowInput] = {}
    outputs: dict[str, Json] = {}
    budget: WorkflowBudget | None = None
    visibility: Visibility = "private"
    tags: list[str] = []


class WorkflowCreate(WorkflowDefinition):
    """What `workflows.create` takes; the same as the definition."""


class WorkflowUpdate(Input):
    """What `workflows.update` takes; only what is given changes."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    steps: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    inputs: dict[str, WorkflowInput] | msgspec.UnsetType = msgspec.UNSET
    outputs: dict[str, Json] | msgspec.UnsetType = msgspec.UNSET
    budget: WorkflowBudget | msgspec.UnsetType | None = msgspec.UNSET
    status: WorkflowStatus | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET


class Workflow(Schema):
    """A stored workflow; `version` counts saved changes from 1."""

    id: int
    slug: str
    name: str
    description: str | None
    definition: WorkflowDefinition
    graph: Json
    version: int
    status: WorkflowStatus
    visibility: Visibility
    tags: list[str]
    created_at: datetime
    updated_at: datetime
