"""Every workflow shown in the documentation loads, is sound, and the ones without agents run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from savant.runtime.definitions.load import load
from savant.runtime.definitions.yaml import parse
from savant.runtime.engines.catalog import builtin
from savant.runtime.tools.toolbox import EngineToolbox
from savant.runtime.workflows.tokens import FILTERS, TESTS
from savant.runtime.workflows.validate import validate
from savant.schemas.agents import AgentDefinition
from savant.schemas.programs import Bundle
from savant.schemas.workflows import WorkflowDefinition, WorkflowInput
from tests.runtime.workflows.running import Runner

PAGE = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text()
EXAMPLES = re.findall(r"```yaml workflow\n(.*?)```", PAGE, re.DOTALL)
COMMENT = WorkflowDefinition(name="Comment", inputs={"body": WorkflowInput()}, steps=[{"fail": "x"}])


@pytest.mark.parametrize("text", EXAMPLES, ids=[text.partition("\n")[0] for text in EXAMPLES])
def test_an_example_is_sound(text: str, tmp_path: Path) -> None:
    workflow = load(text, "docs.yaml", "workflow")
    assert isinstance(workflow, WorkflowDefinition)
    bundle = Bundle(
        agents={"reviewer": AgentDefinition(name="Reviewer")}, workflows={"example": workflow, "comment": COMMENT}
    )
    tools = EngineToolbox(builtin(tmp_path, bundle)).specs()
    assert [str(error) for error in validate(workflow, bundle, tools, parse(text, "docs.yaml").positions)] == []


async def test_the_expressions_give_what_they_look_like() -> None:
    (text,) = [text for text in EXAMPLES if text.startswith("name: Expressions")]
    assert (await Runner(text.partition("\n")[2]).run())["some"] == {
        "sum": 7, "text": "3 words: one, two, three", "first": "one", "last_two": ["two", "three"], "long": [5],
        "either": "many", "label": "none", "joined": "n3", "known": True, "pair": {"a": 3, "b": [1, 2]},
    }  # fmt: skip


LISTS = [("Filters", FILTERS, {"d"}), ("Tests", TESTS, {"equalto", "greaterthan", "lessthan"})]


@pytest.mark.parametrize(("word", "names", "aliases"), LISTS)
def test_the_lists_of_names_are_complete(word: str, names: frozenset[str], aliases: set[str]) -> None:
    (listed,) = re.findall(rf"- {word}: `([^`]*)`", PAGE)
    assert set(listed.split()) == names - aliases
