"""What a run did inside, shown: runs it delegated, a model that handed over, the versions it ran. Real processes."""

from __future__ import annotations

import pytest

from savant.cli.tables import cut
from savant.errors import ExitCode
from tests.cli.conftest import Cli

DELEGATING = """
turns:
  - {tools: [{name: agents.run, arguments: {agent: helper, goal: Help me.}}], when: {goal: Lead.}}
  - {text: Led., when: {goal: Lead.}}
  - {text: Helped., when: {goal: Help me.}, cost_usd: 0.25, usage: {input_tokens: 10, output_tokens: 5}}
"""
SMALL = "turns: [{tools: [{name: escalate, arguments: {reason: Too hard}}]}]\n"
WHY = "scripted/small.yaml hands over to scripted/large.yaml: it asked for that (Too hard)"


@pytest.fixture
def led(savant: Cli) -> Cli:
    """A project with a run that delegated another."""
    savant.write("script.yaml", DELEGATING)
    for name, more in (("lead", "delegates: [helper]\n"), ("helper", "")):
        definition = f"name: {name.title()}\nconfig: {{llm_model: scripted/script.yaml}}\n{more}"
        savant.write(f".savant/agents/{name}.yaml", definition)
    assert savant("run", "lead", "Lead.").code == ExitCode.DONE
    return savant


def test_a_delegated_run_is_listed_and_shown(led: Cli) -> None:
    listed = led("runs", "list")
    assert "helper (of 1)" in listed.stdout
    assert [each["id"] for each in led("runs", "list", "--parent", "1", "--json").json["items"]] == [2]
    assert [each["id"] for each in led("runs", "list", "--whole", "--json").json["items"]] == [1]
    whole, part = led("runs", "show"), led("runs", "show", "2")
    assert "delegated: run 2 (helper, completed)" in whole.stdout
    assert whole.stdout.startswith("Run 1")
    assert "part of: run 1, at lead/agent/1/tools[0]" in part.stdout
    assert part.stdout.rstrip().endswith("Result\nHelped.")
    shown = led("runs", "show", "2", "--json").json
    assert (shown["goal"], shown["cost_usd"], shown["steps_count"], shown["parent_run_id"]) == ("Help me.", 0.25, 1, 1)
    assert led("runs", "show", "1", "--json").json["delegated"] == [2]


def test_it_is_followed_and_refuses_what_is_done_to_the_whole(led: Cli) -> None:
    watched = led("runs", "watch", "2")
    assert (watched.code, watched.stdout) == (ExitCode.DONE, "Helped.\n")
    refused = led("runs", "resume", "2")
    assert refused.code == ExitCode.USAGE
    assert "Run 2 is a part of run 1" in refused.stderr


@pytest.mark.parametrize("terminal", [False, True])
def test_a_handover_to_the_large_model_is_shown(savant: Cli, terminal: bool) -> None:
    savant.write("small.yaml", SMALL)
    savant.write("large.yaml", "turns: [Done.]\n")
    models = "{llm_model: scripted/large.yaml, slm_model: scripted/small.yaml}"
    savant.write("tester.yaml", f"name: Tester\nconfig: {models}\n")
    run = savant.on_terminal if terminal else savant
    ran = run("run", "tester.yaml", "Do it.", env={"COLUMNS": "200"})
    assert ran.code == ExitCode.DONE
    assert WHY in (ran.stdout if terminal else ran.stderr)
    assert WHY in savant("runs", "show").stdout
    [told] = savant("runs", "show", "--json").json["escalations"]
    assert (told["agent"], told["from"], told["to"]) == ("tester", "scripted/small.yaml", "scripted/large.yaml")
    fork = savant("runs", "fork", "1", "--at", "3", "--json").json
    assert len(savant("runs", "show", str(fork["id"]), "--json").json["escalations"]) == 1


def test_every_definition_it_ran_is_named_with_its_version(savant: Cli) -> None:
    inner = "name: Inner\nsteps: [{id: a, set: {x: NUMBER}}]\noutputs: {x: '${{ vars.x }}'}\n"
    savant.write(".savant/workflows/outer.yaml", "name: Outer\nsteps: [{id: i, workflow: inner}]\n")
    for number in (1, 2):
        savant.write(".savant/workflows/inner.yaml", inner.replace("NUMBER", str(number)))
        assert savant("run", "outer").code == ExitCode.DONE
    for number in (1, 2):
        shown = savant("runs", "show", str(number))
        assert f"versions: workflow/inner {number}, workflow/outer 1" in shown.stdout
        assert savant("runs", "show", str(number), "--json").json["versions"]["workflow/inner"] == number


def test_a_limit_of_a_delegate_is_raised_on_resume(led: Cli) -> None:
    looks = "  - {tools: [{name: fs.list, arguments: {}}], when: {goal: Help me.}, cost_usd: 0.25}\n"
    led.write("script.yaml", DELEGATING.replace("  - {text: Helped.", looks + "  - {text: Helped."))
    config = "{budget_usd: 0.1, llm_model: scripted/script.yaml}"
    led.write(".savant/agents/helper.yaml", f"name: Helper\nconfig: {config}\ntools: {{allow: [fs.list]}}\n")
    failed = led("run", "lead", "Lead.", "--json")
    assert (failed.code, failed.json["error_code"]) == (ExitCode.LIMIT, "budget")
    assert "--limit agent/helper.budget_usd=N" in failed.stderr
    id = str(failed.json["id"])
    for wrong in ("helper", "agent/helper.budget=1", "agent/helper.budget_usd=much", "agent/nobody.max_steps=3"):
        assert led("runs", "resume", id, "--limit", wrong).code == ExitCode.USAGE
    assert led("runs", "resume", id, "--limit", "agent/helper.budget_usd=5").stdout == "Led.\n"


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("as it is", 8, "as it is"),
        ("one too many", 8, "one too…"),
        ("two  lines\nbecome one", 30, "two lines become one"),
        ("日本語です", 6, "日本…"),
        ("e\u0301te\u0301 a\u0300", 5, "e\u0301te\u0301 a\u0300"),
        ("", 8, ""),
        ("word " * 600_000, 10, "word word…"),
    ],
)
def test_a_text_is_cut_to_its_columns_however_long_it_is(text: str, columns: int, shown: str) -> None:
    assert cut(text, columns) == shown
