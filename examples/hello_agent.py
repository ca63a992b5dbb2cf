"""An agent in 20 lines: a scripted model, one tool, a journal in memory; no database, no key, no network."""

import asyncio

import savant
from savant.runtime.agents import run_agent
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.journal_store import MemoryStore
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.llm.scripted import ScriptedModel
from savant.runtime.tools.engine import engine_of, tool
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.programs import Bundle, Program


@tool(effect="read")
async def add(*, a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def main() -> None:
    models = ModelRegistry()
    script = [{"text": "Let me see.", "tools": [{"name": "math.add", "arguments": {"a": 2, "b": 3}}]}, "It is 5."]
    models.add("scripted/hello", ScriptedModel(script))
    config = AgentConfig(llm_model="scripted/hello")
    agent = AgentDefinition(name="Hello", driver_prompt="Be brief.", tools=ToolPolicy(allow=["math.*"]), config=config)
    bundle = Bundle(agents={"hello": agent})
    program = Program(type="agent", slug="hello", bundle=bundle, savant_version=savant.__version__)
    toolbox, store = EngineToolbox([engine_of("math", [add])]), MemoryStore()
    execution = Execution(program=program, journal=Journal(store), models=models, toolbox=toolbox)
    result = await run_agent(execution, "hello", "What is 2 + 3?")
    await execution.journal.aclose()
    print(result["text"], *(f"{step.step_number}. {step.path}" for step in store.steps.values()), sep="\n")


if __name__ == "__main__":
    asyncio.run(main())
