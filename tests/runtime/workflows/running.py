"""Runs workflows as a run does: a small toolbox with a memory of its own, and a journal that can be opened again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions.load import load
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.journal_store import MemoryStore
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.tools.base import ToolSpec
from savant.runtime.workflows.interpreter import run_workflow
from savant.schemas.programs import Bundle, Program
from savant.schemas.runs import RunConfig
from savant.schemas.steps import Effect

EFFECTS: dict[str, Effect] = {
    "t.echo": "read",
    "t.add": "write",
    "t.boom": "read",
    "t.flaky": "idempotent",
    "t.sleep": "read",
    "t.bug": "read",
}


class World:
    """What tools change and remember: it outlives a run that is cut off, as the real one does."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.failures: Counter[str] = Counter()
        self.running = 0
        self.most_running = 0
        self.cancelled: list[Any] = []
        self.at_call: Callable[[int], None] = lambda number: None

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


class Tools:
    """Six tools on a world, as a Toolbox."""

    def __init__(self, world: World) -> None:
        self.world = world

    def specs(self) -> list[ToolSpec]:
        return [self.spec(name) for name in EFFECTS]

    def spec(self, name: str) -> ToolSpec:
        if name not in EFFECTS:
            raise SavantError(ErrorCode.TOOL_UNKNOWN, f"There is no tool {name}.")
        return ToolSpec(name=name, description=name, input_schema={"type": "object"}, effect=EFFECTS[name])

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        self.world.calls.append((name, arguments))
        self.world.at_call(len(self.world.calls))
        self.world.running += 1
        self.world.most_running = max(self.world.most_running, self.world.running)
        try:
            return await self._call(name, arguments)
        except asyncio.CancelledError:
            self.world.cancelled.append(arguments)
            raise
        finally:
            self.world.running -= 1

    async def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        match name:
            case "t.boom":
                raise SavantError(ErrorCode.TOOL_FAILED, "boom", hint="Mend it.")
            case "t.bug":
                raise RuntimeError("a bug in a tool")
            case "t.sleep":
                await asyncio.sleep(arguments["seconds"])
            case "t.flaky":
                key = str(arguments["key"])
                self.world.failures[key] += 1
                if self.world.failures[key] <= arguments["times"]:
                    raise SavantError(ErrorCode.TOOL_FAILED, f"{key} failed {self.world.failures[key]} times")
            case _:
                pass
        return arguments.get("value", arguments)

    async def aclose(self) -> None: ...


class Cut(Exception):
    """The process died here."""


class CuttingStore(MemoryStore):
    """Dies at a write: `keep` writes are kept, the next is lost."""

    def __init__(self, keep: int | None = None) -> None:
        super().__init__()
        self.keep = keep
        self.writes = 0

    async def write(self, *args: Any, **kwargs: Any) -> None:
        if self.keep is not None and self.writes >= self.keep:
            raise Cut
        self.writes += 1
        await super().write(*args, **kwargs)


class Runner:
    """One run of the first of some workflows (slug -> YAML); `run` again resumes it."""

    def __init__(
        self,
        workflow: str,
        *,
        store: MemoryStore | None = None,
        world: World | None = None,
        config: RunConfig | None = None,
        on_uncertain: Any = "ask",
        bundle: Bundle | None = None,
        models: ModelRegistry | None = None,
        **others: str,
    ) -> None:
        texts = {"w": workflow, **{name.replace("_", "-"): text for name, text in others.items()}}
        workflows: Any = {slug: load("name: W\n" + text, f"{slug}.yaml", "workflow") for slug, text in texts.items()}
        bundle = msgspec.structs.replace(bundle or Bundle(), workflows=workflows)
        self.models = models or ModelRegistry()
        self.program = Program(type="workflow", slug="w", bundle=bundle, savant_version="0")
        self.store = store or MemoryStore()
        self.world = world or World()
        self.config = config or RunConfig()
        self.on_uncertain = on_uncertain

    async def run(self, inputs: dict[str, Any] | None = None, **journal: Any) -> dict[str, Any]:
        opened = await Journal.open(self.store, run_id=7, on_uncertain=self.on_uncertain, **journal)
        execution = Execution(
            program=self.program,
            journal=opened,
            models=self.models,
            toolbox=Tools(self.world),
            config=self.config,
        )
        try:
            return msgspec.json.decode(msgspec.json.encode(await run_workflow(execution, "w", inputs or {})))
        finally:
            with suppress(Cut):
                await opened.aclose()

    def paths(self) -> list[str]:
        return list(dict.fromkeys(step.path for step in self.store.steps.values()))

    def statuses(self) -> dict[str, str]:
        return {step.path: step.status for step in self.store.steps.values()}


async def outputs(text: str, inputs: dict[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    return await Runner(text, **others).run(inputs)


async def failure(runner: Runner, inputs: dict[str, Any] | None = None) -> SavantError:
    with pytest.raises(SavantError) as caught:
        await runner.run(inputs)
    return caught.value
