"""docs/agents.md says what is so: its examples load, its codes are the real ones, and no field is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode
from savant.runtime.agents.prompt import assemble
from savant.runtime.definitions.load import load
from savant.runtime.tools.policy import check
from savant.runtime.tools.validate import check_schema
from savant.schemas.agents import AgentConfig, AgentDefinition
from savant.schemas.programs import Bundle, Program

PAGE = (Path(__file__).parents[3] / "docs" / "agents.md").read_text(encoding="utf-8")
BLOCKS: dict[str, str] = dict(re.findall(r"```yaml (\w+)\n(.*?)```", PAGE, re.DOTALL))
CODES = re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.MULTILINE)


def loaded(kind: Any) -> Any:
    return load(BLOCKS[kind], f"{kind}.yaml", kind)


def test_the_examples_load_and_make_a_prompt() -> None:
    agent = loaded("agent")
    check(agent.tools)
    check_schema(agent.output_schema)
    bundle = Bundle(personas={"engineer": loaded("persona")}, rulesets={"house": loaded("ruleset")})
    program = Program(type="agent", slug="reviewer", bundle=bundle, savant_version="1")
    parts = dict(assemble(program, agent, "Review HEAD."))
    assert list(parts) == ["persona", "driver", "rules:house", "goal"]
    assert parts["rules:house"].splitlines()[1].startswith("1. Name the file")


@pytest.mark.parametrize(("code", "exit_code"), CODES)
def test_each_error_code_has_the_exit_code_it_is_said_to_have(code: str, exit_code: str) -> None:
    assert ErrorCode(code).exit_code == int(exit_code)


def test_the_table_of_ends_was_found() -> None:
    assert {"bad_output", "stuck", "max_steps", "policy_denied"} <= {code for code, _ in CODES}


def test_every_field_is_on_the_page() -> None:
    named = set(re.findall(r"`([a-z_.]+)`", PAGE))
    assert set(AgentDefinition.__struct_fields__) - {"config"} <= named
    assert {f"config.{field}" for field in AgentConfig.__struct_fields__} <= named
