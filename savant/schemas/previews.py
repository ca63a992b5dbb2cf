"""What a run would do and cost, before it is made."""

from __future__ import annotations

from typing import Literal

import msgspec

from savant.schemas.base import Schema
from savant.schemas.graphs import Graph
from savant.schemas.programs import RunnableType
from savant.schemas.steps import Effect


class PlannedTool(Schema):
    """A tool that may be called, what a call does, and who calls it: steps by path, agents as `agent SLUG`.

    `permission` is `allow`, or `ask` where some agent must ask first.
    """

    name: str
    effect: Effect
    permission: Literal["allow", "ask"]
    used_by: list[str]


class Range(Schema):
    """The least, the median and the most of what `runs` past runs came to."""

    runs: int
    least: float
    median: float
    most: float


class RunPlan(Schema):
    """`problems` are what keeps it from running, `asks` where it will wait for a person.

    Costs are in US dollars and durations in seconds, of the completed runs of the same name; `step_costs` are by path.
    None where there were none, or their costs are not known.
    """

    type: RunnableType
    slug: str
    graph: Graph | None = None
    models: dict[str, str] = msgspec.field(default_factory=dict)
    tools: list[PlannedTool] = msgspec.field(default_factory=list)
    asks: list[str] = msgspec.field(default_factory=list)
    problems: list[str] = msgspec.field(default_factory=list)
    cost_usd: Range | None = None
    seconds: Range | None = None
    step_costs: dict[str, Range] = msgspec.field(default_factory=dict)
    budget_usd: float | None = None
