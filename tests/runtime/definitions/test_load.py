"""Definitions from files, and what a person is told about a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest

from savant.errors import ErrorCode, SavantError, SavantErrors
from savant.runtime.definitions.load import find_project, load, load_file, load_project
from savant.schemas.agents import AgentDefinition
from savant.schemas.workflows import WorkflowDefinition


def findings(text: str, kind) -> list[str]:
    with pytest.raises(SavantError) as caught:
        load(text, "f.yaml", kind)
    errors = caught.value.errors if isinstance(caught.value, SavantErrors) else [caught.value]
    assert {error.code for error in errors} == {ErrorCode.INVALID_DEFINITION}
    return [str(error) for error in errors]


def test_an_agent_with_everything() -> None:
    agent = load(
        """
name: Reviewer
slug: reviewer
persona: engineer
driver_prompt: |
  Read the diff.
rulesets: [house]
tools: {allow: ["git.*"], ask: [fs.write], deny: [shell.run]}
config: {llm_model: ollama/qwen3, max_steps: 5, temperature: 0}
output_schema: {type: object}
delegates: [helper]
visibility: team
tags: [review]
""",
        "f.yaml",
        "agent",
    )
    assert isinstance(agent, AgentDefinition)
    assert agent.tools.ask == ["fs.write"]
    assert agent.config.max_steps == 5
    assert agent.driver_prompt == "Read the diff.\n"


def test_every_problem_is_shown_at_its_place() -> None:
    text = "nam: x\ntools: {alow: [a], deny: b}\nconfig: {max_steps: 0, temperature: hot}\ndelegates: [1]\nslug: A b\n"
    assert findings(text, "agent") == [
        "f.yaml:1:1: Unknown key `nam`. Did you mean `name`?",
        "f.yaml:1:1: `name` is missing. Add `name:`.",
        "f.yaml:2:9: Unknown key `alow` in `tools`. Did you mean `allow`?",
        "f.yaml:2:26: `tools.deny` must be a list, not text.",
        "f.yaml:3:21: `config.max_steps` must be >= 1.",
        "f.yaml:3:37: `config.temperature` must be a number, not text.",
        "f.yaml:4:13: `delegates[0]` must be text, not a whole number. Put it in quotes if it is text.",
        "f.yaml:5:7: `slug` is not a slug. Use lower-case letters, digits and `-` between them.",
    ]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("- 1", "agent", "f.yaml:1:1: A definition of an agent is a mapping"),
        ("name: x\ndriver_promt: y", "agent", "f.yaml:2:1: Unknown key `driver_promt`. Did you mean `driver_prompt`?"),
        ("name: x\nvisibility: teem", "agent", "must be one of private, team, public. Did you mean `team`?"),
        ("name: ''\ninstructions: x", "persona", "f.yaml:1:7: `name` is empty."),
        ("name: x\ninstructions:", "persona", "f.yaml:2:14: `instructions` must be text, not nothing."),
        ("name: x", "persona", "f.yaml:1:1: `instructions` is missing."),
        ("name: x\nrules: [{txt: a}]", "ruleset", "f.yaml:2:10: Unknown key `txt` in `rules[0]`. Did you mean `text`?"),
        ("name: x\nrules: [3]", "ruleset", "f.yaml:2:9: `rules[0]` must be text or a mapping, not a whole number."),
        ("name: x\nsteps: {}", "workflow", "f.yaml:2:8: `steps` must be a list, not a mapping."),
        ("name: x\nsteps: []", "workflow", "f.yaml:2:8: `steps` has no steps."),
        ("name: x\nsteps: [{tol: git.log}]", "workflow", "Did you mean `tool`?"),
        ("name: x\nsteps: [{fail: x}]\ninputs: {a: {type: str}}", "workflow", "f.yaml:3:20: `inputs.a.type` must be"),
        ("name: x\nsteps: [{fail: x}]\nbudget: {usd: lots}", "workflow", "`budget.usd` must be a number, not text."),
    ],
)  # fmt: skip
def test_problems(text: str, kind, expected: str) -> None:
    assert any(expected in found for found in findings(text, kind)), findings(text, kind)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


PERSONA = "name: P\ninstructions: Be kind."


def test_a_project_is_all_of_its_files(tmp_path: Path) -> None:
    write(tmp_path / ".savant/agents/Code Reviewer.yaml", "name: R")
    write(tmp_path / ".savant/agents/second.yml", "name: S\nslug: other")
    write(tmp_path / ".savant/workflows/ship.yaml", "name: W\nsteps: [{fail: x}]")
    write(tmp_path / ".savant/personas/p.yaml", PERSONA)
    write(tmp_path / ".savant/rulesets/r.yaml", "name: R\nrules: [a, {text: b, priority: 2}]")
    write(tmp_path / ".savant/agents/notes.txt", "not YAML: [")
    project = load_project(tmp_path)
    assert sorted(project.bundle.agents) == ["code-reviewer", "other"]
    assert list(project.bundle.workflows) == ["ship"]
    assert list(project.bundle.personas) == ["p"]
    assert list(project.bundle.rulesets) == ["r"]
    source = project.sources["workflow", "ship"]
    assert source.path == tmp_path / ".savant/workflows/ship.yaml"
    assert str(source.positions.value(("steps", 0, "fail"))) == ".savant/workflows/ship.yaml:2:16"


def test_two_files_with_one_slug_are_an_error_that_names_both(tmp_path: Path) -> None:
    write(tmp_path / ".savant/personas/a.yaml", PERSONA)
    write(tmp_path / ".savant/personas/b.yaml", PERSONA + "\nslug: a")
    with pytest.raises(SavantError) as caught:
        load_project(tmp_path)
    assert str(caught.value).startswith(".savant/personas/b.yaml:3:1: The persona `a` is defined twice")
    assert ".savant/personas/a.yaml" in caught.value.message


def test_all_broken_files_of_a_project_are_shown(tmp_path: Path) -> None:
    write(tmp_path / ".savant/agents/a.yaml", "nam: x")
    write(tmp_path / ".savant/workflows/w.yaml", "name: [")
    with pytest.raises(SavantErrors) as caught:
        load_project(tmp_path)
    files = {error.position.file for error in caught.value.errors if error.position}
    assert files == {".savant/agents/a.yaml", ".savant/workflows/w.yaml"}


def test_a_project_without_definitions_is_empty(tmp_path: Path) -> None:
    assert load_project(tmp_path).sources == {}


def test_a_file_alone_says_its_kind_by_its_folder_or_its_keys(tmp_path: Path) -> None:
    for name, text, kind in [
        ("w.yaml", "name: W\nsteps: [{fail: x}]", "workflow"),
        ("p.yaml", PERSONA, "persona"),
        ("r.yaml", "name: R\nrules: [a]", "ruleset"),
        ("a.yaml", "name: A", "agent"),
        ("workflows/x.yaml", "name: W\nsteps: [{fail: x}]", "workflow"),
    ]:
        assert load_file(write(tmp_path / name, text)).source.kind == kind
    loaded = load_file(tmp_path / "w.yaml", name="w.yaml")
    assert isinstance(loaded.definition, WorkflowDefinition)
    assert loaded.source.slug == "w"
    assert loaded.source.positions.file == "w.yaml"


def test_a_project_is_found_from_below(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_project(inner) != tmp_path
    (tmp_path / "savant.toml").touch()
    assert find_project(inner) == tmp_path
    (tmp_path / "a" / ".savant").mkdir()
    assert find_project(inner) == tmp_path / "a"
