"""An agent: a persona, a driver prompt, rulesets, allowed tools and limits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from savant.schemas.base import Input, Json, Name, Schema, Slug, Visibility

Positive = Annotated[int, msgspec.Meta(ge=1)]
Money = Annotated[float, msgspec.Meta(gt=0)]
AgentStatus = Literal["active", "paused", "archived"]


class AgentConfig(Input):
    """Models and limits. `timeout` is in seconds; `budget_usd` in US dollars; tokens are input plus output."""

    llm_model: str | None = None
    slm_model: str | None = None
    max_steps: Positive = 20
    token_budget: Positive | None = None
    budget_usd: Money | None = None
    timeout: Annotated[float, msgspec.Meta(gt=0)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    max_output_tokens: Positive | None = None
    tool_mode: Literal["auto", "native", "json"] = "auto"


class ToolPolicy(Input):
    """Globs over tool names: deny beats ask beats allow; what none names is denied."""

    allow: list[str] = []
    ask: list[str] = []
    deny: list[str] = []


class AgentDefinition(Input):
    """The YAML of an agent (`.savant/agents/reviewer.yaml`)."""

    name: Name
    slug: Slug | None = None
    description: str | None = None
    persona: str | None = None
    driver_prompt: str | None = None
    rulesets: list[str] = []
    tools: ToolPolicy = msgspec.field(default_factory=ToolPolicy)
    config: AgentConfig = msgspec.field(default_factory=AgentConfig)
    output_schema: dict[str, Json] | None = None
    delegates: list[str] = []
    visibility: Visibility = "private"
    tags: list[str] = []


class AgentCreate(AgentDefinition):
    """What `agents.create` takes; the same as the definition."""


class AgentUpdate(Input):
    """What `agents.update` takes; only what is given changes."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    persona: str | msgspec.UnsetType | None = msgspec.UNSET
    driver_prompt: str | msgspec.UnsetType | None = msgspec.UNSET
    rulesets: list[str] | msgspec.UnsetType = msgspec.UNSET
    tools: ToolPolicy | msgspec.UnsetType = msgspec.UNSET
    config: AgentConfig | msgspec.UnsetType = msgspec.UNSET
    output_schema: dict[str, Json] | msgspec.UnsetType | None = msgspec.UNSET
    delegates: list[str] | msgspec.UnsetType = msgspec.UNSET
    status: AgentStatus | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET


class Agent(Schema):
    """A stored agent; `persona` and `rulesets` are slugs, `version` counts saved changes from 1."""

    id: int
    slug: str
    name: str
    description: str | None
    persona: str | None
    driver_prompt: str | None
    rulesets: list[str]
    tools: ToolPolicy
    config: AgentConfig
    output_schema: dict[str, Json] | None
    delegates: list[str]
    status: AgentStatus
    visibility: Visibility
    tags: list[str]
    version: int
    created_at: datetime
    updated_at: datetime
