"""Every built-in tool, its effect, and the page that lists them."""

from pathlib import Path

import pytest

from savant.errors import SavantError
from savant.runtime.engines.catalog import builtin, reference
from savant.runtime.memory import MemoryList
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.personas import PersonaDefinition
from savant.schemas.programs import Bundle
from savant.schemas.rulesets import Rule, RulesetDefinition

EFFECTS = {
    "context.outline": "read",
    "context.read": "read",
    "context.repositories": "read",
    "context.search": "read",
    "context.status": "read",
    "context.symbols": "read",
    "fs.edit": "write",
    "fs.find": "read",
    "fs.list": "read",
    "fs.read": "read",
    "fs.write": "idempotent",
    "git.blame": "read",
    "git.changed_functions": "read",
    "git.diff": "read",
    "git.file_at": "read",
    "git.log": "read",
    "git.recent": "read",
    "git.show": "read",
    "git.status": "read",
    "memory.recall": "read",
    "memory.remember": "idempotent",
    "personas.get": "read",
    "personas.list": "read",
    "rules.get": "read",
    "rules.list": "read",
    "shell.run": "write",
}
BUNDLE = Bundle(
    personas={"engineer": PersonaDefinition(name="Engineer", instructions="Be exact.")},
    rulesets={"house": RulesetDefinition(name="House", rules=["Late.", Rule(text="First.", priority=9)])},
)


def test_every_tool_has_the_effect_it_must_have(tmp_path):
    toolbox = EngineToolbox(builtin(tmp_path, Bundle(), shell=True, memories=MemoryList()))
    assert {spec.name: spec.effect for spec in toolbox.specs()} == EFFECTS


def test_the_shell_is_off_unless_asked_for_and_files_need_a_root(tmp_path):
    without_shell = {engine.name for engine in builtin(tmp_path, Bundle())}
    assert without_shell == {"context", "fs", "git", "personas", "rules"}
    assert {engine.name for engine in builtin(None, Bundle(), shell=True)} == {"personas", "rules"}


def test_every_argument_that_is_not_plain_is_described(tmp_path):
    for spec in EngineToolbox(builtin(tmp_path, Bundle(), shell=True, memories=MemoryList())).specs():
        assert spec.description.endswith("."), spec.name
        for name, schema in spec.input_schema["properties"].items():
            assert "description" in schema or name in ("limit", "first_line", "commits"), f"{spec.name} {name}"


def test_the_page_is_in_step_with_the_code():
    page = Path(__file__).parents[3] / "docs" / "engines.md"
    assert page.read_text() == reference(), "run: python -m savant.runtime.engines > docs/engines.md"


async def test_personas_and_rules_are_read_from_the_bundle():
    toolbox = EngineToolbox(builtin(None, BUNDLE))
    assert [persona["slug"] for persona in await toolbox.call("personas.list", {})] == ["engineer"]
    assert (await toolbox.call("personas.get", {"slug": "engineer"}))["instructions"] == "Be exact."
    assert (await toolbox.call("rules.list", {}))[0]["count"] == 2
    rules = (await toolbox.call("rules.get", {"slug": "house"}))["rules"]
    assert [rule["text"] for rule in rules] == ["First.", "Late."]
    with pytest.raises(SavantError) as caught:
        await toolbox.call("personas.get", {"slug": "enginer"})
    assert "engineer" in caught.value.hint
