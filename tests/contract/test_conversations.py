"""Conversations: every turn is a run, and the model is told what was said before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.client import Client, connect
from savant.errors import SavantError
from savant.schemas.agents import AgentConfig, AgentDefinition
from savant.schemas.conversations import Conversation, ConversationCreate, ConversationList, ConversationUpdate
from savant.schemas.programs import Bundle
from savant.schemas.runs import Run, RunConfig, RunCreate
from savant.settings import Settings

pytestmark = pytest.mark.carried_out

SCRIPT = "turns:\n  - Hello Ada.\n  - {when: who am I, text: You are Ada.}\n  - Yes?\n  - You said so.\n"


async def turn(client: Client, root: Path, conversation: Conversation, goal: str, **more: Any) -> Run:
    (root / "script.yaml").write_text(SCRIPT)
    agent = AgentDefinition(
        name="A", driver_prompt="You chat.", config=AgentConfig(llm_model=f"scripted/{root}/script.yaml")
    )
    create = RunCreate(
        type="agent", slug="a", goal=goal, bundle=Bundle(agents={"a": agent}), config=RunConfig(root=str(root)),
        conversation_id=conversation.id, **more,
    )  # fmt: skip
    run = await client.runs.start(create)
    async for _ in client.runs.follow(run.id):
        pass
    return await client.runs.get(run.id)


async def asked(client: Client, run: Run) -> list[tuple[str, str]]:
    """What the model of a run's first call read, after the system message."""
    [step] = [step for step in await client.runs.steps(run.id) if step.type == "model"]
    return [(message["role"], message["content"]) for message in step.input["messages"]][1:]


async def test_what_was_said_before_is_told_to_the_model(client: Client, settings: Settings, root: Path) -> None:
    conversation = await client.conversations.create(ConversationCreate(agent="a"))
    first = await turn(client, root, conversation, "I am Ada.")
    async with connect(settings) as later:
        second = await turn(later, root, conversation, "And who am I?\n\nThe file x.", said="And who am I?")
        third = await turn(later, root, conversation, "How do you know?")
        assert await asked(later, third) == [
            ("user", "I am Ada."),
            ("assistant", "Hello Ada."),
            ("user", "And who am I?\n\nThe file x."),
            ("assistant", "You are Ada."),
            ("user", "How do you know?"),
        ]
        whole = await later.conversations.get(conversation.id)
    assert [(each.run_id, each.said, each.answer) for each in whole.turns] == [
        (first.id, "I am Ada.", "Hello Ada."),
        (second.id, "And who am I?", "You are Ada."),
        (third.id, "How do you know?", "You said so."),
    ]
    assert whole.title == "I am Ada."
    replayed = await client.runs.replay(third.id)
    assert replayed.equal, "what was said is part of the run's own record"


async def test_conversations_are_apart(client: Client, root: Path) -> None:
    one, other = [await client.conversations.create(ConversationCreate(agent="a")) for _ in range(2)]
    await turn(client, root, one, "I am Ada.")
    assert await asked(client, await turn(client, root, other, "Hello.")) == [("user", "Hello.")]


async def test_the_last_one_spoken_in_is_first(client: Client, root: Path) -> None:
    one, other = [await client.conversations.create(ConversationCreate(agent="a")) for _ in range(2)]
    await client.conversations.create(ConversationCreate(agent="b"))
    await turn(client, root, one, "I am Ada.")
    found = await client.conversations.list(ConversationList(agent="a"))
    assert [each.id for each in found.items] == [one.id, other.id]


async def test_the_model_is_switched_and_a_conversation_forgotten(client: Client, root: Path) -> None:
    conversation = await client.conversations.create(ConversationCreate(agent="a"))
    changed = await client.conversations.update(conversation.id, ConversationUpdate(model="scripted/x"))
    assert changed.model == "scripted/x"
    run = await turn(client, root, conversation, "I am Ada.")
    await client.conversations.delete(conversation.id)
    assert (await client.runs.get(run.id)).status == "completed"
    with pytest.raises(SavantError, match=f"no conversation {conversation.id}"):
        await turn(client, root, conversation, "Hello?")
