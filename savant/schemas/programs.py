"""What a run ran: the definitions it resolved, and the state of the world when it did."""

from __future__ import annotations

from typing import Literal

import msgspec

from savant.schemas.agents import AgentDefinition
from savant.schemas.base import Schema
from savant.schemas.personas import PersonaDefinition
from savant.schemas.rulesets import RulesetDefinition
from savant.schemas.workflows import WorkflowDefinition

RunnableType = Literal["agent", "workflow"]


class Bundle(Schema):
    """Definitions by slug: what a project's files hold, or what a run resolved."""

    agents: dict[str, AgentDefinition] = msgspec.field(default_factory=dict)
    workflows: dict[str, WorkflowDefinition] = msgspec.field(default_factory=dict)
    personas: dict[str, PersonaDefinition] = msgspec.field(default_factory=dict)
    rulesets: dict[str, RulesetDefinition] = msgspec.field(default_factory=dict)


class RepositoryState(Schema):
    """The repository a run worked on: its root, the branch and commit checked out, and whether files differed."""

    root: str
    branch: str | None = None
    commit: str | None = None
    dirty: bool = False


class ModelFacts(Schema):
    """What of a model decides how an agent talks to it; kept with the run, so that a replay needs no model."""

    native_tools: bool = True
    context_window: int | None = None


class Said(Schema):
    """One earlier turn of the conversation that a run belongs to: what the person said, and what the agent answered."""

    user: str
    agent: str


class Program(Schema):
    """The resolved definition of a run: everything that is not an effect. It is written once and never changes.

    `talk` is what was said in a conversation before this run. `versions` maps `workflow/SLUG` and the like to the
    version of each definition in the bundle, nested ones included. `tools` maps each tool's name to the SHA-256 of its
    input schema, and `toolset` is the SHA-256 of the blob that has the tools in full. `models` and `small_models` map
    agent slugs to model ids; `model_facts` is by model id.
    """

    type: RunnableType
    slug: str
    bundle: Bundle
    savant_version: str
    repository: RepositoryState | None = None
    tools: dict[str, str] = msgspec.field(default_factory=dict)
    toolset: str | None = None
    talk: list[Said] = msgspec.field(default_factory=list)
    versions: dict[str, int] = msgspec.field(default_factory=dict)
    models: dict[str, str] = msgspec.field(default_factory=dict)
    small_models: dict[str, str] = msgspec.field(default_factory=dict)
    model_facts: dict[str, ModelFacts] = msgspec.field(default_factory=dict)
