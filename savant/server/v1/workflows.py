"""Workflows over HTTP."""

from __future__ import annotations

from savant.schemas.workflows import Workflow, WorkflowCreate, WorkflowUpdate
from savant.server.v1.stored import Stored


class Workflows(Stored[Workflow, WorkflowCreate, WorkflowUpdate]): ...
