"""The pipelines in `examples/ci`, carried out by a shell as a runner would over a project of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.cli.conftest import Cli, env, savant  # noqa: F401  # pyright: ignore[reportUnusedImport]  (fixtures)

CI = Path(__file__).parents[2] / "examples" / "ci"
FINDING = {"rule": "no-tea", "level": "warning", "path": "README.md", "line": 1, "message": "There is no tea."}
WORKFLOW = """
name: Review
inputs: {base: {type: string}}
steps:
  - {id: diff, tool: git.diff, with: {base: "${{ inputs.base }}"}}
  - {id: look, agent: reviewer, goal: "Review ${{ steps.diff.output.files | length }} file."}
outputs: {findings: "${{ steps.look.output.output.findings }}"}
"""
FINDINGS = {"type": "object", "properties": {"findings": {"type": "array"}}, "required": ["findings"]}
CHECK = {"name": "Check", "steps": [{"id": "look", "tool": "fs.read", "with": {"path": "README.md"}}]}


@pytest.fixture
def project(savant: Cli) -> Cli:  # noqa: F811
    """A change to a file on a branch, a recorded run, and a reviewer that asks another agent."""
    call = {"name": "agents.run", "arguments": {"agent": "helper", "goal": "Help."}}
    turns = [
        {"when": {"goal": "Review 1 file."}, "tools": [call]},
        {"when": {"goal": "Review 1 file."}, "json": {"findings": [FINDING]}},
        {"when": {"goal": "Help."}, "text": "No tea."},
    ]
    config = {"llm_model": "scripted/script.yaml"}
    for name, made in {
        "script": {"turns": turns},
        ".savant/agents/reviewer": {"name": "R", "config": config, "delegates": ["helper"], "output_schema": FINDINGS},
        ".savant/agents/helper": {"name": "H", "config": config},
        ".savant/workflows/check": CHECK,
    }.items():
        savant.write(f"{name}.yaml", json.dumps(made))
    savant.write(".savant/workflows/review.yaml", WORKFLOW)
    savant.write("README.md", "# Coffee\n")
    _git(savant, "init -q -b main", "add .", "commit -q -m Begin", "update-ref refs/remotes/origin/main HEAD")
    savant.write("README.md", "# Water\n")
    _git(savant, "commit -q -a -m Change")
    assert savant("run", "check").code == 0
    assert savant("runs", "record", "1", "--as", "tests/check.run.yaml").code == 0
    return savant


def _git(cli: Cli, *commands: str) -> None:
    for command in commands:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", *identity, *command.split()], cwd=cli.folder, check=True, env=cli.env)


def carried_out(cli: Cli, script: str, **variables: str) -> str:
    """What a script says, with `savant` on its path; it must succeed."""
    programs = cli.folder.parent / "bin"
    programs.mkdir(exist_ok=True)
    for name, command in (("savant", f"{sys.executable} -m savant"), ("python", sys.executable)):
        (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (programs / name).chmod(0o755)
    environment = {**cli.env, "PATH": f"{programs}{os.pathsep}{cli.env['PATH']}", "CI": "true", **variables}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script], cwd=cli.folder, env=environment, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def reports(cli: Cli, summary: Path) -> None:
    """All that a pipeline leaves speaks of the review as a whole, and not of a part of it."""
    recorded, steps = (ElementTree.parse(cli.folder / name).getroot() for name in ("savant-tests.xml", "savant.xml"))
    assert [case.attrib["name"] for case in recorded.iter("testcase")] == ["tests/check.run.yaml"]
    assert {"review/diff", "review/look"} <= {case.attrib["name"] for case in steps.iter("testcase")}
    results = json.loads((cli.folder / "savant.sarif").read_text())["runs"][0]["results"]
    assert [(each["ruleId"], each["level"]) for each in results] == [("no-tea", "warning")]
    assert summary.read_text().startswith("# ✅ review\n")


def test_github_actions(project: Cli, tmp_path: Path) -> None:
    pipeline: Any = yaml.safe_load((CI / "github-actions.yaml").read_text())
    scripts = [step["run"] for step in pipeline["jobs"]["review"]["steps"] if "run" in step]
    assert scripts[0] == "pip install savant"
    said = [
        carried_out(
            project, script.replace("${{ github.base_ref }}", "main"), GITHUB_STEP_SUMMARY=str(tmp_path / "summary")
        )
        for script in scripts[1:]
    ]
    assert "::warning file=README.md,line=1,title=no-tea::There is no tea." in said[1]
    reports(project, tmp_path / "summary")


def test_gitlab(project: Cli) -> None:
    job: Any = yaml.safe_load((CI / "gitlab-ci.yaml").read_text())["savant"]
    base = subprocess.run(
        ["git", "rev-parse", "origin/main"], cwd=project.folder, check=True, capture_output=True, text=True
    )
    assert job["script"][0] == "pip install savant"
    carried_out(project, "\n".join(job["script"][1:]), CI_MERGE_REQUEST_DIFF_BASE_SHA=base.stdout.strip())
    carried_out(project, "\n".join(job["after_script"]))
    reports(project, project.folder / "savant.md")
