"""Runs agents as a run does: a scripted model, real tools on real files, and a journal that can be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import savant
from savant.runtime.engines.fs import Fs
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.journal_store import MemoryStore
from savant.runtime.llm.base import ModelRequest, ModelResponse, OnDelta
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.llm.scripted import Script, ScriptedModel
from savant.runtime.program import run_program
from savant.runtime.tools.engine import Engine, engine_of, tool
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.programs import Bundle, ModelFacts, Program
from savant.schemas.runs import RunConfig
from savant.schemas.steps import Step

MODEL = "scripted/test"
SMALL = "scripted/small"


class Listening(ScriptedModel):
    """A scripted model that remembers what it was asked."""

    def __init__(self, turns: Sequence[Any] | Script, id: str) -> None:
        super().__init__(turns, id)
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
        self.requests.append(request)
        return await super().complete(request, on_delta)


class Harness:
    """One run of one agent over the files in `root`; `run` may be called again, which resumes it."""

    def __init__(
        self,
        root: Path,
        turns: Sequence[Any] | Script,
        *,
        tools: ToolPolicy | None = None,
        engines: Sequence[Engine] = (),
        config: dict[str, Any] | None = None,
        store: MemoryStore | None = None,
        small: Sequence[Any] | Script | None = None,
        **agent: Any,
    ) -> None:
        self.model = Listening(turns, MODEL)
        self.models: Any = ModelRegistry()
        self.models.add(MODEL, self.model)
        self.small = Listening(small or ["unused"], SMALL)
        self.models.add(SMALL, self.small)
        self.toolbox = EngineToolbox([Fs(root), *engines])
        definition = AgentDefinition(
            name="Tester",
            tools=tools or ToolPolicy(allow=["*"]),
            config=AgentConfig(llm_model=MODEL, slm_model=SMALL if small else None, **(config or {})),
            **agent,
        )
        self.bundle = Bundle(agents={"tester": definition})
        self.store = store or MemoryStore()
        self.events: list[Any] = []
        self.facts: dict[str, ModelFacts] = {}

    @property
    def program(self) -> Program:
        return Program(
            type="agent",
            slug="tester",
            bundle=self.bundle,
            savant_version=savant.__version__,
            model_facts=self.facts,
        )

    async def run(self, goal: str = "Do it.", *, options: dict[str, Any] | None = None, **config: Any) -> Any:
        """The run's result; raises what ended it. What was recorded is in `store`."""
        journal = await Journal.open(self.store, listener=self.events.append, **(options or {}))
        execution = Execution(
            program=self.program,
            journal=journal,
            models=self.models,
            toolbox=self.toolbox,
            config=RunConfig(**config),
        )
        try:
            return await run_program(execution, goal, {})
        finally:
            await journal.aclose()

    def steps(self, type: str | None = None) -> list[Step]:
        return [step for _, step in sorted(self.store.steps.items()) if type in (None, step.type)]

    def heard(self, request: int = -1) -> list[str]:
        """The contents of the messages of one request, by default the last."""
        return [message.content for message in self.model.requests[request].messages]


def call(name: str, /, **arguments: Any) -> dict[str, Any]:
    """A turn in which the model calls one tool."""
    return {"tools": [{"name": name, "arguments": arguments}]}


def calls(*turns: dict[str, Any]) -> dict[str, Any]:
    """One turn with the calls of several."""
    return {"tools": [one for turn in turns for one in turn["tools"]]}


def action(name: str, /, **members: Any) -> dict[str, Any]:
    """A turn in which a model without tools answers with a JSON action."""
    return {"json": {"action": name, **members}}


class Letters(msgspec.Struct):
    """What was posted, in order; posting is a write, and reading the box is not."""

    posted: list[str]

    def engine(self) -> Engine:
        @tool(effect="write")
        async def post(*, text: str) -> str:
            """Post a letter."""
            self.posted.append(text)
            return f"posted {text}"

        @tool(effect="read")
        async def count() -> int:
            """Count the letters."""
            return len(self.posted)

        return engine_of("letters", [post, count])
