"""The prompt: what is in it, in which order, and that its beginning stays the same."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents import preview
from savant.runtime.agents.prompt import Part, assemble, conversation
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.llm.base import ToolSchema
from savant.schemas.agents import AgentDefinition, ToolPolicy
from savant.schemas.personas import PersonaDefinition
from savant.schemas.programs import Bundle, Program, RepositoryState
from savant.schemas.rulesets import Rule, RulesetDefinition
from tests.runtime.agents.running import MODEL, SMALL, Harness

AGENT = AgentDefinition(
    name="Reviewer", persona="engineer", driver_prompt="Review the change.\n", rulesets=["style", "safety"]
)
BUNDLE = Bundle(
    agents={"reviewer": AGENT},
    personas={"engineer": PersonaDefinition(name="Engineer", instructions="You are a careful engineer.")},
    rulesets={
        "style": RulesetDefinition(name="Style", rules=["Be brief.", Rule(text="No jargon.", priority=5)]),
        "safety": RulesetDefinition(name="Safety", rules=[Rule(text="Never guess.", priority=10), "Cite lines."]),
    },
)
REPOSITORY = RepositoryState(root="/home/me/shop", branch="main", commit="0123456789abcdef" * 2, dirty=True)


def program(repository: RepositoryState | None = REPOSITORY) -> Program:
    return Program(type="agent", slug="reviewer", bundle=BUNDLE, savant_version="1", repository=repository)


def test_the_parts_come_in_the_fixed_order() -> None:
    parts = assemble(program(), AGENT, "Look at HEAD.", {"base": "main"}, [Part("tools", "Tools: ...")])
    assert parts == [
        ("persona", "You are a careful engineer."),
        ("driver", "Review the change."),
        ("rules:safety", "Rules (Safety), the most important first:\n1. Never guess.\n2. Cite lines."),
        ("rules:style", "Rules (Style), the most important first:\n1. No jargon.\n2. Be brief."),
        ("tools", "Tools: ..."),
        (
            "repository",
            "You work on the repository `shop`, on branch main, at commit 0123456789ab. "
            "The working tree has changes that are not committed.",
        ),
        ("inputs", 'Inputs:\n{"base":"main"}'),
        ("goal", "Look at HEAD."),
    ]


def test_the_user_says_inputs_and_goal_and_the_system_the_rest() -> None:
    talk = conversation(assemble(program(), AGENT, "Look at HEAD.", {"base": "main"}))
    assert [message.role for message in talk.messages] == ["system", "user"]
    assert talk.messages[0].content.startswith("You are a careful engineer.\n\nReview the change.")
    assert talk.messages[1].content == 'Inputs:\n{"base":"main"}\n\nLook at HEAD.'


def test_what_is_not_given_leaves_no_trace() -> None:
    bare = AgentDefinition(name="Bare")
    talk = conversation(assemble(program(None), bare, "Hello."))
    assert [(message.role, message.content) for message in talk.messages] == [("user", "Hello.")]


@pytest.mark.parametrize("goal", ["One.", "Another goal."])
def test_the_beginning_is_the_same_for_every_goal_and_commit(goal: str) -> None:
    here = RepositoryState(root="/elsewhere/shop", commit="f" * 40)
    first = conversation(assemble(program(), AGENT, "First.")).messages[0].content
    other = conversation(assemble(program(here), AGENT, goal)).messages[0].content
    start = first.partition("You work on")[0]
    assert other.startswith(start)
    assert "No jargon." in start


def test_the_repository_is_named_and_its_place_on_the_machine_is_not() -> None:
    assert "/home/me" not in "".join(part.text for part in assemble(program(), AGENT, "Go."))


@pytest.mark.parametrize("missing", [{"persona": "poet"}, {"rulesets": ["style", "poet"]}])
def test_a_persona_or_ruleset_that_is_not_there_is_named(missing: dict[str, Any]) -> None:
    agent = AgentDefinition(name="Lost", **missing)
    with pytest.raises(SavantError, match="`poet`") as caught:
        assemble(program(), agent, "Go.")
    assert caught.value.code is ErrorCode.INVALID_DEFINITION
    assert caught.value.hint in ("There are: engineer.", "There are: safety, style.")


def prepared(root: Any, **agent: Any) -> tuple[Harness, Execution]:
    answer = {"json": {"action": "final", "text": "Hello."}}
    harness = Harness(root, [answer], driver_prompt="Review the change.", **agent)
    execution = Execution(
        program=harness.program, journal=Journal(harness.store), models=harness.models, toolbox=harness.toolbox
    )
    return harness, execution


@pytest.mark.parametrize("mode", ["native", "json"])
async def test_a_preview_is_what_the_model_then_sees(tmp_path: Any, mode: str) -> None:
    harness, execution = prepared(tmp_path, tools=ToolPolicy(allow=["fs.read"]), config={"tool_mode": mode})
    prompt = await preview(execution, "tester", "Look at HEAD.")
    assert harness.model.requests == []
    await execution.journal.aclose()
    await harness.run("Look at HEAD.")
    asked = harness.model.requests[0]
    for role, message in (("system", asked.messages[0]), ("user", asked.messages[1])):
        assert message.content == "\n\n".join(part.text for part in prompt.parts if part.role == role)
    given = [part for part in prompt.parts if part.role == "tools"]
    assert [msgspec.json.decode(part.text, type=list[ToolSchema]) for part in given] == [asked.tools] * (
        mode == "native"
    )
    assert [part.name for part in prompt.parts if part.name == "tools"] == ["tools"]
    assert prompt.tokens == sum(part.tokens for part in prompt.parts)
    assert all(part.tokens > 0 for part in prompt.parts)
    assert prompt.model == MODEL


async def test_a_preview_is_of_the_model_that_is_asked_first(tmp_path: Any) -> None:
    _, execution = prepared(tmp_path, small=["unused"])
    assert (await preview(execution, "tester", "Go.")).model == SMALL
    with pytest.raises(SavantError) as caught:
        await preview(execution, "nobody", "Go.")
    assert caught.value.code is ErrorCode.NOT_FOUND
