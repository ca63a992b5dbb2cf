"""`savant plan`, `agents prompt`, `budget`, `workflows graph` and versions, in real processes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from savant.errors import ExitCode
from tests.cli.conftest import Cli

AGENT = """
name: Worker
driver_prompt: Work well.
tools: {allow: ["fs.read"], ask: ["fs.write"]}
config: {llm_model: scripted/script.yaml, budget_usd: 2}
"""
FLOW = """
name: Flow
steps:
  - {id: list, tool: fs.list}
  - id: each
    foreach: [1, 2]
    steps: [{id: work, agent: worker, goal: "Work on ${{ item }}"}]
  - {id: ok, approval: Publish?}
"""
SCRIPT = "turns:\n  - {text: Done., cost_usd: 0.25, usage: {input_tokens: 5, output_tokens: 5}}\n"


@pytest.fixture
def project(savant: Cli) -> Cli:
    savant.write(".savant/agents/worker.yaml", AGENT)
    savant.write(".savant/workflows/flow.yaml", FLOW)
    savant.write("script.yaml", SCRIPT)
    return savant


def test_a_plan_before_and_after_the_first_run(project: Cli) -> None:
    before = project("plan", "flow", "--json").json
    assert [(tool["name"], tool["effect"], tool["permission"]) for tool in before["tools"]] == [
        ("fs.list", "read", "allow"),
        ("fs.read", "read", "allow"),
        ("fs.write", "idempotent", "ask"),
    ]
    assert before["asks"] == ["flow/ok: Publish?", "agent worker: before it calls fs.write"]
    assert (before["models"], before["problems"], before["cost_usd"]) == ({"worker": "scripted/script.yaml"}, [], None)
    assert [node["id"] for node in before["graph"]["nodes"]] == ["start", "list", "each", "each[]/work", "ok", "end"]

    assert project("run", "flow", "--on-approval", "park").code == ExitCode.APPROVAL_NEEDED
    assert project("approvals", "approve", "1").code == ExitCode.DONE
    after = project("plan", "flow", "--json").json
    assert after["cost_usd"] == {"runs": 1, "least": 0.5, "median": 0.5, "most": 0.5}
    assert after["step_costs"]["flow/each[]/work"]["most"] == 0.5
    shown = project("plan", "flow")
    assert (shown.code, shown.stderr) == (ExitCode.DONE, "")
    assert "cost  $0.50 to $0.50" in shown.stdout
    assert len(project("runs", "list", "--json").json["items"]) == 1, "a plan runs nothing"


def test_a_plan_says_what_is_missing(project: Cli) -> None:
    project.write(".savant/agents/worker.yaml", AGENT.replace('"fs.read"', '"shell.*", "gti.log"'))
    project.write("flow.yaml", FLOW.replace("tool: fs.list", "tool: shell.run"))
    result = project("plan", "flow.yaml")
    assert result.code == ExitCode.USAGE
    assert "There is no tool `shell.run`" in result.stdout
    assert "savant config set shell true" in result.stdout
    assert "the rule `gti.log` names no tool" in result.stdout


def test_the_prompt_with_its_tokens(project: Cli) -> None:
    shown = project("agents", "prompt", "worker", "Tidy up.")
    assert shown.code == ExitCode.DONE, shown.stderr
    assert "Work well." in shown.stdout and "Tidy up." in shown.stdout
    parts = {part["name"]: part for part in project("agents", "prompt", "worker", "--json").json["parts"]}
    assert {"tools", "driver", "goal"} <= set(parts)
    assert all(part["tokens"] > 0 for part in parts.values())
    assert project("agents", "prompt", "nobody").code == ExitCode.USAGE


def test_budgets(project: Cli) -> None:
    assert "There is no budget" in project("budget", "list").stderr
    assert project("budget", "set", "0.1", "--per", "day").code == ExitCode.DONE
    assert project("run", "worker", "Work.").code == ExitCode.DONE
    refused = project("run", "worker", "Work.")
    assert refused.code == ExitCode.LIMIT
    assert "savant budget set USD --per day" in refused.stderr
    assert project("budget", "set", "5", "--per", "day", "--json").json["left_usd"] == 4.75
    assert project("runs", "resume", "2").code == ExitCode.DONE
    assert [row["spent_usd"] for row in project("budget", "list", "--json").json["items"]] == [0.5]
    assert project("budget", "remove", "--per", "day").code == ExitCode.DONE
    assert project("budget", "remove", "--per", "day").code == ExitCode.USAGE


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json", "svg"])
def test_graphs(project: Cli, form: str) -> None:
    drawn = project("workflows", "graph", "flow", "--format", form)
    assert drawn.code == ExitCode.DONE, drawn.stderr
    assert "work" in drawn.stdout
    if form == "svg":
        ElementTree.fromstring(drawn.stdout)
    assert project("workflows", "graph", "worker").code == ExitCode.USAGE


def test_versions(project: Cli) -> None:
    assert project("workflows", "create", "-f", ".savant/workflows/flow.yaml").code == ExitCode.DONE
    assert project("workflows", "edit", "flow", "--stored", "--set", "description=Better").code == ExitCode.DONE
    listed = project("workflows", "versions", "flow", "--json").json["items"]
    assert [(row["version"], row["current"]) for row in listed] == [(2, True), (1, False)]
    assert "description" not in project("workflows", "version", "flow", "1").stdout
    changed = project("workflows", "diff", "flow", "1", "--exit-code")
    assert (changed.code, "+description: Better" in changed.stdout) == (ExitCode.DIVERGED, True)
    assert project("workflows", "rollback", "flow", "1").code == ExitCode.DONE
    assert project("workflows", "diff", "flow", "1", "1", "--exit-code").code == ExitCode.DONE
    assert "stored now" in project("workflows", "versions", "flow").stdout.splitlines()[2]
