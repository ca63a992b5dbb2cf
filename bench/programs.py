"""What is measured: an agent that talks to a model stub and calls a tool, and workflows of one tool."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

import savant
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.llm.base import Message, ModelRequest, ModelResponse, OnDelta, ToolCall, Usage
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.program import run_program
from savant.runtime.tools.engine import engine_of, tool
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.programs import Bundle, Program
from savant.schemas.workflows import WorkflowDefinition, WorkflowInput

TEXT = "What the tool read, some two hundred characters of it, as a small file or a git log would have. " * 2
PROMPT = "You are an engineer who reads before writing."
WIDTH = 100
ITEMS = list(range(WIDTH))


class Reading(msgspec.Struct):
    """What the tool gives."""

    number: int
    text: str


@tool(effect="read")
async def read(*, number: int, text: str = TEXT) -> Reading:
    """Read the next thing."""
    return Reading(number + 1, text)


class ModelStub:
    """Calls the tool `turns` times, then answers; it costs the same at any length of the conversation."""

    id = "stub/model"
    native_tools = True
    context_window = None
    max_output_tokens = None

    def __init__(self, turns: int, on_turn: Callable[[int], None] = lambda turn: None) -> None:
        self._turns = turns
        self._turn = 0
        self._on_turn = on_turn

    def cost(self, usage: Usage) -> float | None:
        return 0.0

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
        self._turn += 1
        self._on_turn(self._turn)
        usage = Usage(input_tokens=100, output_tokens=10)
        if self._turn > self._turns:
            return ModelResponse(text="Done.", usage=usage, cost_usd=0.0, model="model")
        call = ToolCall(id=f"call_{self._turn}", name="bench.read", arguments={"number": self._turn})
        return ModelResponse(
            text="Let me read on.",
            tool_calls=[call],
            usage=usage,
            cost_usd=0.0,
            stop_reason="tool_calls",
            model="model",
        )


def agent_program(turns: int) -> Program:
    config = AgentConfig(llm_model="stub/model", max_steps=turns + 1)
    agent = AgentDefinition(name="A", driver_prompt=PROMPT, tools=ToolPolicy(allow=["bench.*"]), config=config)
    return _program("agent", Bundle(agents={"a": agent}))


def sequential_program(steps: int) -> Program:
    first: dict[str, Any] = {"id": "s1", "tool": "bench.read", "with": {"number": "${{ inputs.start }}"}}
    rest = [
        {"id": f"s{number}", "tool": "bench.read", "with": {"number": f"${{{{ steps.s{number - 1}.output.number }}}}"}}
        for number in range(2, steps + 1)
    ]
    return _workflow([first, *rest])


def wide_program(stages: int) -> Program:
    """`stages` times `WIDTH` steps at once."""
    step = {"id": "one", "tool": "bench.read", "with": {"number": "${{ item }}"}}
    return _workflow(
        [
            {"id": f"stage{stage}", "foreach": ITEMS, "max_parallel": WIDTH, "steps": [step | {"id": f"one{stage}"}]}
            for stage in range(stages)
        ]
    )


def branches_program(stages: int) -> Program:
    """The same as `WIDTH` branches that are written out."""
    step = {"tool": "bench.read", "with": {"number": "${{ inputs.start }}"}}
    return _workflow(
        [
            {"id": f"stage{stage}", "parallel": [step | {"id": f"b{stage}_{n}"} for n in ITEMS]}
            for stage in range(stages)
        ]
    )


async def carry_out(journal: Journal, program: Program, model: ModelStub, goal: str = "Read everything.") -> None:
    """Run a program to its end, with every step durable."""
    models = ModelRegistry()
    models.add("stub/model", model)
    toolbox = EngineToolbox([engine_of("bench", [read])])
    execution = Execution(program=program, journal=journal, models=models, toolbox=toolbox)
    await run_program(execution, goal, {"start": 1} if program.type == "workflow" else {})
    await journal.flush()


async def floor_agent(recorder: Any, model: ModelStub) -> None:
    """The agent's loop by hand: ask, record, call, record, tell."""
    messages = [Message(role="system", content=PROMPT), Message(role="user", content="Read everything.")]
    parent, stored, turn = "", 0, 0
    while True:
        turn += 1
        began = recorder.moment()
        response = await model.complete(ModelRequest(messages=list(messages)))
        while stored < len(messages):
            parent = recorder.blob(msgspec.json.encode({"message": messages[stored], "parent": parent}))
            stored += 1
        asked = {"model": model.id, "messages": {"$chain": parent, "length": stored}}
        used = response.usage
        recorder.step(
            f"a/agent/{turn}/model", "model", None, "a", asked, began, msgspec.to_builtins(response),
            (used.input_tokens, used.output_tokens), response.cost_usd,
        )  # fmt: skip
        await recorder.save()
        messages.append(Message(role="assistant", content=response.text, tool_calls=response.tool_calls))
        if not response.tool_calls:
            return
        for index, call in enumerate(response.tool_calls):
            began = recorder.moment()
            result = msgspec.to_builtins(await read(**call.arguments))
            recorder.step(f"a/agent/{turn}/tools[{index}]", "tool", call.name, "a", call.arguments, began, result)
            await recorder.save()
            content = msgspec.json.encode(result).decode()
            messages.append(Message(role="tool", content=content, tool_call_id=call.id))


async def floor_sequential(recorder: Any, steps: int) -> None:
    number = 1
    for index in range(1, steps + 1):
        began = recorder.moment()
        result = msgspec.to_builtins(await read(number=number))
        recorder.step(f"w/s{index}", "tool", "bench.read", None, {"number": number}, began, result)
        await recorder.save()
        number = result["number"]


async def _one(recorder: Any, path: str, number: int) -> Any:
    began = recorder.moment()
    result = msgspec.to_builtins(await read(number=number))
    recorder.step(path, "tool", "bench.read", None, {"number": number}, began, result)
    return result


async def floor_wide(recorder: Any, stages: int) -> None:
    for stage in range(stages):
        began = recorder.moment()
        results = await asyncio.gather(*(_one(recorder, f"w/stage{stage}[{n}]/one{stage}", n) for n in ITEMS))
        await recorder.save()
        output = {"$blob": recorder.blob(msgspec.json.encode(results))}
        recorder.step(f"w/stage{stage}", "foreach", None, None, {"items": ITEMS}, began, output)
        await recorder.save()


async def floor_branches(recorder: Any, stages: int) -> None:
    for stage in range(stages):
        began = recorder.moment()
        ids = [f"b{stage}_{n}" for n in ITEMS]
        results = await asyncio.gather(*(_one(recorder, f"w/stage{stage}.{id}", 1) for id in ids))
        await recorder.save()
        output = {"$blob": recorder.blob(msgspec.json.encode(dict(zip(ids, results, strict=True))))}
        recorder.step(f"w/stage{stage}", "parallel", None, None, {"branches": ids}, began, output)
        await recorder.save()


def _workflow(steps: list[dict[str, Any]]) -> Program:
    definition = WorkflowDefinition(name="W", inputs={"start": WorkflowInput(type="integer")}, steps=steps)
    return _program("workflow", Bundle(workflows={"a": definition}))


def _program(type: Any, bundle: Bundle) -> Program:
    return Program(type=type, slug="a", bundle=bundle, savant_version=savant.__version__)


Floor = Callable[[Any], Awaitable[None]]
