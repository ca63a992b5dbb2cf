"""Workflows over HTTP."""

from __future__ import annotations

from savant.schemas.workflows import Workflow, WorkflowCreate, WorkflowUpdate
from savant.server.v1.stored import Runnable


class Workflows(Runnable[Workflow, WorkflowCreate, WorkflowUpdate]): ...
