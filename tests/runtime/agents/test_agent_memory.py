"""What an agent remembers: kept with where it is from, found by words, its own or everybody's, and brought to mind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.memory import Memory
from savant.runtime.memory import MemoryList, NewMemory, query_words
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from tests.runtime.agents.running import MODEL, Harness, call

KEEP = call("memory.remember", text="The tests need Postgres 18.", tags=["tests"])


def harness(root: Path, turns: list[Any], memories: MemoryList, slug: str = "tester", **options: Any) -> Harness:
    running = Harness(root, turns, engines=[Memory(memories)], **options)
    running.bundle.agents[slug] = running.bundle.agents["tester"]
    return running


async def test_what_one_run_remembers_the_next_one_is_reminded_of(tmp_path: Path) -> None:
    memories = MemoryList()
    await harness(tmp_path, [KEEP, "Kept."], memories).run("Find out what the tests need.", options={"run_id": 7})
    kept = (await memories.recall("", agent="tester", tags=[], limit=5))[0]
    assert (kept.run_id, kept.path, kept.agent, kept.tags) == (7, "tester/agent/1/tools[0]", "tester", ["tests"])
    later = harness(tmp_path, ["I know."], memories)
    await later.run("Run the tests.")
    assert "- The tests need Postgres 18." in later.heard(0)[0]
    assert [(step.path, step.tool_name) for step in later.steps("tool")] == [("tester/agent/memory", "memory.recall")]


async def test_a_goal_about_something_else_brings_nothing_to_mind(tmp_path: Path) -> None:
    memories = MemoryList()
    await memories.remember(NewMemory(text="The tests need Postgres 18.", agent="tester"))
    running = harness(tmp_path, ["Hello."], memories)
    await running.run("What is the weather in the mountains?")
    assert [message.role for message in running.model.requests[0].messages] == ["user"]


async def test_a_resume_is_reminded_of_what_the_run_began_with(tmp_path: Path) -> None:
    memories = MemoryList()
    turns = [{"error": "model_timeout", "times": 1}, "Done."]
    running = harness(tmp_path, turns, memories)
    with pytest.raises(SavantError):
        await running.run("Run the tests.")
    await memories.remember(NewMemory(text="The tests are slow.", agent="tester"))
    assert (await running.run("Run the tests."))["text"] == "Done."
    assert "slow" not in "".join(running.heard())


@pytest.mark.parametrize("tools", [ToolPolicy(allow=["fs.*"]), ToolPolicy(allow=["*"], deny=["memory.*"])])
async def test_an_agent_that_may_not_recall_is_not_reminded(tmp_path: Path, tools: ToolPolicy) -> None:
    memories = MemoryList()
    await memories.remember(NewMemory(text="The tests need Postgres 18.", agent="tester"))
    running = harness(tmp_path, ["Hello."], memories, tools=tools)
    await running.run("Run the tests.")
    assert "Postgres" not in "".join(running.heard())


async def test_agents_have_their_own_memories_and_those_they_share(tmp_path: Path) -> None:
    memories = MemoryList()
    shared = call("memory.remember", text="Everybody: deploy on Monday.", scope="workspace")
    await harness(tmp_path, [KEEP, shared, "Kept."], memories).run("Begin.")
    config = AgentConfig(llm_model=MODEL)
    other = AgentDefinition(name="Other", tools=ToolPolicy(allow=["memory.*"]), config=config)
    recall = [
        {**call("memory.recall"), "when": {"goal": "Recall."}},
        {"text": "Recalled.", "when": {"goal": "Recall."}},
    ]
    running = Harness(
        tmp_path,
        [call("agents.run", agent="other", goal="Recall."), "Done.", *recall],
        engines=[Memory(memories)],
        delegates=["other"],
    )
    running.bundle.agents["other"] = other
    await running.run("Ask.")
    told = next(request.messages[-1].content for request in running.model.requests if len(request.messages) == 3)
    assert [memory["text"] for memory in msgspec.json.decode(told)] == ["Everybody: deploy on Monday."]


async def test_remembering_the_same_again_keeps_it_once(tmp_path: Path) -> None:
    memories = MemoryList()
    running = harness(tmp_path, [KEEP, KEEP, "Kept."], memories)
    await running.run("Begin.")
    assert len(await memories.recall("", agent="tester", tags=[], limit=5)) == 1
    assert running.toolbox.spec("memory.remember").effect == "idempotent"
    again = NewMemory(text="Said in other words.", agent="tester", run_id=0, path="tester/agent/1/tools[0]")
    assert (await memories.remember(again)).text == "The tests need Postgres 18."


async def remembered(*texts: str) -> MemoryList:
    memories = MemoryList()
    for text in texts:
        await memories.remember(NewMemory(text=text, tags=["even"] if len(text) % 2 == 0 else []))
    return memories


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("postgres", ["Use Postgres for tests.", "Postgres listens on 5433."]),
        ("which port does Postgres listen on", ["Postgres listens on 5433.", "Use Postgres for tests."]),
        ("testing", ["Use Postgres for tests."]),
        ("the of and", ["Deploy from main.", "Postgres listens on 5433.", "Use Postgres for tests."]),
        ("weather", []),
    ],
)
async def test_memories_are_found_by_their_words_the_best_first(query: str, found: list[str]) -> None:
    memories = await remembered("Use Postgres for tests.", "Postgres listens on 5433.", "Deploy from main.")
    got = await memories.recall(query, agent="x", tags=[], limit=5)
    assert sorted(memory.text for memory in got) == sorted(found)
    if len(found) == 2 and "port" in query:
        assert [memory.text for memory in got] == found


async def test_a_recall_keeps_to_tags_and_to_its_limit() -> None:
    memories = await remembered("four", "fives", "sixsix", "sevenses")
    assert [m.text for m in await memories.recall("", agent="x", tags=["even"], limit=2)] == ["sevenses", "sixsix"]
    assert await memories.recall("", agent="x", tags=["even", "odd"], limit=2) == []


def test_a_query_is_about_its_words_and_not_about_those_of_every_text() -> None:
    assert query_words("What do the tests of the parser need?") == ["test", "pars", "need"]


@pytest.mark.parametrize("bad", [{"text": ""}, {"text": "x" * 5000}, {"text": "x", "scope": "world"}, {}])
async def test_what_is_no_memory_is_refused(bad: dict[str, Any]) -> None:
    toolbox = EngineToolbox([Memory(MemoryList())])
    with pytest.raises(SavantError) as caught:
        await toolbox.call("memory.remember", bad)
    assert caught.value.code is ErrorCode.TOOL_BAD_ARGUMENTS


async def test_outside_of_a_run_memories_are_everybodys() -> None:
    toolbox = EngineToolbox([Memory(MemoryList())])
    kept = await toolbox.call("memory.remember", {"text": "Deploy on Monday."})
    assert (kept["scope"], kept["run_id"], kept["step"]) == ("workspace", None, None)
    found = await asyncio.create_task(toolbox.call("memory.recall", {"query": "deploying"}))
    assert [memory["text"] for memory in found] == ["Deploy on Monday."]
