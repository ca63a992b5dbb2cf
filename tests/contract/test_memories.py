"""Memories through runs: what one run remembers, a later one recalls, with the step it is from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.client import Client
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.programs import Bundle
from savant.schemas.runs import Run, RunConfig, RunCreate
from savant.schemas.workflows import WorkflowDefinition

pytestmark = pytest.mark.carried_out

FACTS = ["The tests run with make test.", "Releases are tagged on Fridays.", "The parser is in lexer.py."]


async def run(client: Client, create: RunCreate) -> Run:
    started = await client.runs.start(create)
    async for _ in client.runs.follow(started.id):
        pass
    ended = await client.runs.get(started.id)
    assert ended.status == "completed", ended.error_message
    return ended


async def calling(client: Client, *calls: tuple[str, dict[str, Any]]) -> tuple[Run, list[Any]]:
    steps = [{"id": f"s{n}", "tool": tool, "with": arguments} for n, (tool, arguments) in enumerate(calls)]
    definition = WorkflowDefinition(name="W", steps=steps)
    ended = await run(client, RunCreate(type="workflow", slug="w", bundle=Bundle(workflows={"w": definition})))
    return ended, [step.output for step in await client.runs.steps(ended.id)]


async def recalled(client: Client, **arguments: Any) -> list[str]:
    _, [found] = await calling(client, ("memory.recall", arguments))
    return [memory["text"] for memory in found]


async def test_what_was_remembered_is_found_by_its_words_best_first(client: Client) -> None:
    kept, _ = await calling(client, *(("memory.remember", {"text": fact, "scope": "workspace"}) for fact in FACTS))
    assert await recalled(client, query="How do I run the tests?") == FACTS[:1]
    assert await recalled(client, query="tagging a release") == [FACTS[1]]
    assert await recalled(client, query="nothing of the kind whatsoever") == []
    assert await recalled(client, query="") == FACTS[::-1]
    _, [found] = await calling(client, ("memory.recall", {"query": "parser"}))
    assert (found[0]["run_id"], found[0]["step"]) == (kept.id, "w/s2")


async def test_the_same_fact_is_kept_once_and_tags_narrow(client: Client) -> None:
    fact = {"text": FACTS[0], "tags": ["tests", "make"], "scope": "workspace"}
    await calling(client, ("memory.remember", fact), ("memory.remember", fact))
    assert await recalled(client, tags=["tests"]) == [FACTS[0]]
    assert await recalled(client, tags=["tests", "make"]) == [FACTS[0]]
    assert await recalled(client, tags=["other"]) == []


def agent(root: Path, script: str, slug: str) -> RunCreate:
    (root / f"{slug}.yaml").write_text(script)
    definition = AgentDefinition(
        name="A", tools=ToolPolicy(allow=["memory.*"]), config=AgentConfig(llm_model=f"scripted/{root}/{slug}.yaml")
    )
    bundle = Bundle(agents={slug: definition})
    return RunCreate(type="agent", slug=slug, goal="Tell the secret.", bundle=bundle, config=RunConfig(root=str(root)))


async def test_what_one_agent_keeps_for_itself_another_does_not_see(client: Client, root: Path) -> None:
    remember = "turns:\n  - {tools: [{name: memory.remember, arguments: {text: The secret is 42.}}]}\n  - Kept.\n"
    recall = "turns:\n  - {tools: [{name: memory.recall, arguments: {query: secret}}]}\n  - Looked.\n"
    await run(client, agent(root, remember, "keeper"))
    for slug, found in (("keeper", True), ("stranger", False)):
        ended = await run(client, agent(root, recall, slug))
        [step] = [step for step in await client.runs.steps(ended.id) if step.path.endswith("tools[0]")]
        assert ("42" in str(step.output)) is found
    [step] = [step for step in await client.runs.steps(ended.id) if step.path.endswith("/memory")]
    assert step.output == []
