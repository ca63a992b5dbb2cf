"""Replays, differences and forks in real processes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

SCRIPT = """
turns:
  - {tools: [{name: fs.read, arguments: {path: notes.txt}}]}
  - The notes say hello.
"""
AGENT = """
name: Reader
driver_prompt: Read with care.
tools: {allow: ["fs.*"]}
config: {llm_model: scripted/script.yaml}
"""
WORKFLOW = """
name: Look
inputs: {who: {type: string, default: Ada}}
steps:
  - {id: list, tool: fs.list}
  - {id: look, agent: reader, goal: "Read the notes, ${{ inputs.who }}."}
outputs: {text: "${{ steps.look.output.text }}"}
"""


@pytest.fixture
def project(savant: Cli) -> Cli:
    """A project with one run of a workflow, number 1."""
    for name, text in {
        "savant.toml": "",
        "script.yaml": SCRIPT,
        "notes.txt": "hello",
        ".savant/agents/reader.yaml": AGENT,
        ".savant/workflows/look.yaml": WORKFLOW,
    }.items():
        savant.write(name, text)
    done = savant("run", "look")
    assert done.code == 0, done.stderr
    return savant


def test_an_equal_replay_exits_0_without_the_model(project: Cli) -> None:
    Path(project.folder, "script.yaml").unlink()
    Path(project.folder, "notes.txt").unlink()
    done = project("runs", "replay", "1")
    assert (done.code, done.stdout) == (0, "")
    assert re.fullmatch(r"Run 1 replays equal: \d+ steps, completed\.\n", done.stderr)
    shown = project("runs", "replay", "1", "--json")
    assert (shown.code, shown.json["equal"], shown.json["divergence"]) == (0, True, None)


def test_a_replay_against_a_changed_prompt_exits_6_and_shows_the_change(project: Cli) -> None:
    changed = project.write("changed/reader.yaml", AGENT.replace("care", "love") + "slug: reader\n")
    done = project("runs", "replay", "1", "--from-definition", str(changed))
    assert done.code == 6
    assert {"-Read with care.", "+Read with love."} <= set(done.stdout.splitlines())
    assert "error: Run 1 does not replay equal. Step 3 (look/look/agent/1/model) now has another input" in done.stderr
    shown = project("runs", "replay", "1", "--from-definition", str(changed), "--json")
    assert (shown.code, shown.json["divergence"]["path"]) == (6, "look/look/agent/1/model")
    assert shown.json["divergence"]["current"]["messages"][0]["content"].startswith("Read with love.")


def test_a_fork_takes_a_run_up_and_diff_shows_what_became_different(project: Cli) -> None:
    project.write("other.yaml", SCRIPT.replace("hello", "goodbye"))
    fork = project("runs", "fork", "1", "--at", "look/look", "--set", "agent.config.llm_model=scripted/other.yaml")
    assert (fork.code, fork.stdout) == (0, "The notes say goodbye.\n"), fork.stderr
    diff = project("runs", "diff", "1", "2", "--exit-code")
    assert diff.code == 6
    assert "look/look/agent/2/model" in diff.stdout
    assert "look/list" not in diff.stdout
    assert project("runs", "diff", "1", "2").code == 0
    same = project("runs", "diff", "1", "1", "--exit-code")
    assert (same.code, same.stdout) == (0, "")
    markdown = project("runs", "diff", "1", "2", "--output", "markdown").stdout
    assert markdown.startswith("# Runs 1 and 2\n")
    assert "```diff" in markdown
    paths = [step["path"] for step in project("runs", "diff", "1", "2", "--json").json["steps"]]
    assert "look/list" not in paths


def test_a_change_before_the_fork_exits_6_and_says_where(project: Cli) -> None:
    fork = project("runs", "fork", "1", "--at", "4", "--set", "inputs.who=Bob")
    assert fork.code == 6
    assert "reaches step 2 (look/look), which is before step 4" in fork.stderr
    assert "--at 2" in fork.stderr
    assert len(project("runs", "list", "--json").json["items"]) == 1


def test_a_matrix_of_models_is_a_table_with_spread(project: Cli) -> None:
    project.write("other.yaml", SCRIPT.replace("hello", "goodbye"))
    project.write("down.yaml", "turns: [{error: model_unavailable, message: down}]")
    models = "scripted/script.yaml,scripted/other.yaml,scripted/down.yaml"
    done = project("runs", "fork", "1", "--at", "look/look", "--set", f"model={models}", "--times", "2", "--json")
    assert done.code == 0, done.stderr
    rows = done.json["items"]
    assert [row["settings"]["model"] for row in rows] == models.split(",")
    assert [row["outcomes"] for row in rows] == [{"completed": 2}, {"completed": 2}, {"model_unavailable": 2}]
    assert rows[0]["steps"] == {"least": 4.0, "most": 4.0, "mean": 4.0, "deviation": 0.0}
    table = project("runs", "fork", "1", "--at", "look/look", "--set", "inputs.who=Bo", "--set", "inputs.who=Cy").stdout
    assert re.search(r"^INPUTS.WHO +RUNS +OUTCOME", table)
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["Bo", "Cy"]


def test_a_matrix_runs_side_by_side_and_no_more_at_once_than_it_is_told(project: Cli) -> None:
    project.write("slow.yaml", "turns: [{text: Slow., delay: 0.4, usage: {output_tokens: 5}, cost_usd: 0.01}]")
    fork = ("runs", "fork", "1", "--at", "look/look", "--set", "model=scripted/slow.yaml", "--times", "6", "--json")
    for most, parallel in ((4, ()), (1, ("--parallel", "1", "--times", "2"))):
        done = project(*fork, *parallel)
        assert done.code == 0, done.stderr
        runs = [project("runs", "show", str(run["run_id"]), "--json").json for run in done.json["runs"]]
        spans = [(run["started_at"], run["completed_at"]) for run in runs]
        beside = max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)
        assert beside == most
    row = done.json["items"][0]
    assert (row["runs"], row["outcomes"], row["cost_usd"]["mean"]) == (2, {"completed": 2}, 0.01)
    assert row["duration_ms"]["least"] >= 400


def test_a_retry_is_another_run(project: Cli) -> None:
    done = project("runs", "retry", "1")
    assert (done.code, done.stdout) == (0, "The notes say hello.\n")
    assert [run["id"] for run in project("runs", "list", "--json").json["items"]] == [2, 1]


def test_a_diff_stands_side_by_side_on_a_wide_terminal(project: Cli) -> None:
    project.write("other.yaml", SCRIPT.replace("hello", "goodbye"))
    project("runs", "fork", "1", "--at", "look/look", "--set", "model=scripted/other.yaml")
    shown = project.on_terminal("runs", "diff", "1", "2", env={"COLUMNS": "140", "NO_COLOR": "1"}).stdout
    assert re.search(r"The notes say hello\.\s+\| .*The notes say goodbye\.", shown)
