"""What stands in for tools and models in a replay: it knows what they were, and does nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.llm.base import ModelRequest, ModelResponse, OnDelta, Usage
from savant.runtime.tools.base import ToolSpec
from savant.runtime.tools.nearest import did_you_mean
from savant.schemas.programs import ModelFacts, Program
from savant.schemas.records import Record, RecordedTool


class RecordedToolbox:
    """The tools of a record as a `Toolbox` that calls none."""

    def __init__(self, tools: Iterable[RecordedTool]) -> None:
        self._specs = {tool.name: ToolSpec(**msgspec.structs.asdict(tool)) for tool in tools}

    def specs(self) -> list[ToolSpec]:
        return [self._specs[name] for name in sorted(self._specs)]

    def spec(self, name: str) -> ToolSpec:
        if name in self._specs:
            return self._specs[name]
        raise SavantError(
            ErrorCode.TOOL_UNKNOWN, f"There is no tool `{name}`.", hint=did_you_mean(name, list(self._specs))
        )

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        _refuse(f"tool {name}")

    async def aclose(self) -> None: ...


class RecordedModels:
    """Models by id that answer nothing."""

    def __init__(self, program: Program) -> None:
        self._facts = program.model_facts

    def get(self, model_id: str) -> RecordedModel:
        return RecordedModel(model_id, self._facts.get(model_id, ModelFacts()))

    async def aclose(self) -> None: ...


class RecordedModel:
    """A model as the record knows it."""

    def __init__(self, id: str, facts: ModelFacts) -> None:
        self.id = id
        self.native_tools = facts.native_tools
        self.context_window = facts.context_window
        self.max_output_tokens: int | None = None

    def cost(self, usage: Usage) -> float | None:
        return 0.0

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
        _refuse(f"model {self.id}")


def tools_of(specs: Iterable[ToolSpec]) -> list[RecordedTool]:
    """Tools as a record keeps them."""
    return [RecordedTool(**msgspec.structs.asdict(spec)) for spec in specs]


def with_facts(program: Program, record: Record) -> Program:
    """The program with what it does not say of its models: whether they were given tools, then."""
    facts = {**_seen_facts(record), **program.model_facts}
    return msgspec.structs.replace(program, model_facts=facts)


def _seen_facts(record: Record) -> dict[str, ModelFacts]:
    found: dict[str, ModelFacts] = {}
    for step in record.steps:
        input = msgspec.json.decode(step.input) if isinstance(step.input, msgspec.Raw) else step.input
        if step.type == "model" and isinstance(input, dict) and "model" in input:
            native = bool(input.get("tools")) or "response_schema" not in input
            found.setdefault(input["model"], ModelFacts(native_tools=native))
    return found


def _refuse(what: str) -> NoReturn:
    raise SavantError(ErrorCode.UNEXPECTED, f"A replay asked the {what}, which it must never do.")
