"""A run: one execution of an agent or a workflow."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from savant.schemas.base import Input, Json, Schema, Slug
from savant.schemas.programs import Bundle, RunnableType

RunStatus = Literal["pending", "running", "waiting", "completed", "failed", "stopped"]
OnUncertain = Literal["ask", "fail", "retry"]
OnApproval = Literal["ask", "fail", "deny", "park"]
FINISHED: frozenset[str] = frozenset({"completed", "failed", "stopped"})


class PartLimits(Input):
    """What the caller sets for one agent or workflow, wherever it is in the run; None leaves its own value."""

    max_steps: int | None = None
    token_budget: int | None = None
    budget_usd: float | None = None
    timeout: float | None = None


class RunConfig(Input):
    """What the caller sets for this run alone; None leaves the definition's own value.

    `limits` are those of parts of the run, by `agent/SLUG` or `workflow/SLUG`.
    `allow_unpriced` lets models whose price is not known run under a budget in money, where they count as free.
    It works in `root`, a folder of this machine, or in a checkout of a `repository` of the workspace: at a `commit`,
    at what a `branch` is at when it begins, or else at what was last indexed. On a server there are no folders to
    name, and a run without a repository has an empty one.
    `number` is what `run.id` is in expressions: a fork goes on with that of the run it came from. What is
    `pinned` is never deleted to make room.
    """

    model: str | None = None
    max_steps: int | None = None
    token_budget: int | None = None
    budget_usd: float | None = None
    allow_unpriced: bool = False
    timeout: float | None = None
    on_uncertain: OnUncertain = "ask"
    on_approval: OnApproval = "fail"
    root: str | None = None
    repository: Slug | None = None
    branch: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$", max_length=255)] | None = None
    commit: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{7,64}$")] | None = None
    number: int | None = None
    pinned: bool = False
    limits: dict[str, PartLimits] = msgspec.field(default_factory=dict)


class RunCreate(Input):
    """What `runs.create` takes. `bundle` carries definitions from files; they win over stored ones by slug.

    With `conversation_id` the run is the next turn of a conversation, in which the person said `said` (or the goal).
    """

    type: RunnableType
    slug: str
    goal: str | None = None
    inputs: dict[str, Json] = msgspec.field(default_factory=dict)
    config: RunConfig = msgspec.field(default_factory=RunConfig)
    bundle: Bundle = msgspec.field(default_factory=Bundle)
    idempotency_key: str | None = None
    conversation_id: int | None = None
    said: str | None = None


class RunExecute(Input):
    """What `agents.execute` and `workflows.execute` take: a run of what the address names."""

    goal: str | None = None
    inputs: dict[str, Json] = msgspec.field(default_factory=dict)
    config: RunConfig = msgspec.field(default_factory=RunConfig)
    idempotency_key: str | None = None


class Run(Schema):
    """A stored run. `result` is {"text": ..., "output": ...} for an agent, {"outputs": {...}} for a workflow.

    `alive` says of a running one whether its process still lives, `approval_id` of a waiting one what it asks.
    A delegated run is a part of another: its steps are those of run `journal_run_id` inside `journal_path`, its
    caller is `parent_run_id`, and what it cost is in its caller's cost too.
    """

    id: int
    runnable_type: RunnableType
    runnable_slug: str
    status: RunStatus
    goal: str | None
    inputs: dict[str, Json]
    config: RunConfig
    result: Json
    error_code: str | None
    error_message: str | None
    version_id: int | None
    parent_run_id: int | None
    journal_run_id: int | None
    journal_path: str | None
    forked_from_id: int | None
    repository_commit: str | None
    cost_usd: float | None
    input_tokens: int
    output_tokens: int
    steps_count: int
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None
    created_at: datetime
    updated_at: datetime
    alive: bool | None = None
    approval_id: int | None = None


class Event(Schema):
    """What a follower of a run sees. Stored traces carry `seq`; token deltas are streamed only and have none."""

    type: str
    run_id: int
    payload: dict[str, Any]
    seq: int | None = None
    step_number: int | None = None
    timestamp: datetime | None = None


class RunResume(Input):
    """What `runs.resume` takes. `on_uncertain` decides about writes whose end nobody saw; None keeps the run's own.

    `answer` is the person's word about the tools and questions the run waits for, `reason` why.
    The limits, if given, replace those of the run from here on, and `limits` those of its agents and workflows.
    """

    on_uncertain: Literal["ask", "fail", "retry", "done"] | None = None
    answer: Literal["approve", "deny"] | None = None
    reason: str | None = None
    on_approval: OnApproval | None = None
    max_steps: int | None = None
    token_budget: int | None = None
    budget_usd: float | None = None
    timeout: float | None = None
    limits: dict[str, PartLimits] = msgspec.field(default_factory=dict)


RunSort = Literal["id", "-id", "created_at", "-created_at", "updated_at", "-updated_at"]


class RunList(Input):
    """Filters of `runs.list`, newest first unless sorted otherwise.

    `limit` is at most 1,000, `cursor` is the page before's `next_cursor`; it is good for lists in the same order.

    `parent` is the run whose delegated runs are wanted; with `whole` there are no delegated runs.
    """

    status: RunStatus | None = None
    type: RunnableType | None = None
    slug: str | None = None
    parent: int | None = None
    whole: bool = False
    limit: int = 50
    cursor: str | None = None
    sort: RunSort = "-id"


class RunsOf(Input):
    """Filters of the runs of one agent or workflow, newest first."""

    status: RunStatus | None = None
    limit: int = 50
    cursor: str | None = None
    sort: RunSort = "-id"
