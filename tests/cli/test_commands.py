"""What each command does, as a person or a program sees it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import SAVANT, Cli

FLOW = "name: Flow\nsteps:\n  - {id: a, set: {x: 1}}\noutputs: {x: '${{ vars.x }}'}\n"


def test_init_makes_a_project_that_validates_and_runs_and_overwrites_nothing(started: Cli) -> None:
    checked = started("validate", "--json")
    assert checked.code == 0
    assert {each["slug"] for each in checked.json["checked"]} == {
        "reviewer", "latest-changes", "review-changes", "engineer", "house-rules",
    }  # fmt: skip
    ran = started("run", "latest-changes")
    assert (ran.code, ran.stdout) == (0, "authors:\nAda\n\nsubjects:\nSecond\nFirst\n")
    mine = started.write(".savant/agents/reviewer.yaml", "name: Mine\n")
    again = started("init", "--json")
    assert again.json["created"] == []
    assert mine.read_text() == "name: Mine\n"


def test_init_trusts_what_it_wrote_and_nothing_else(savant: Cli) -> None:
    savant.write("savant.toml", "shell = true\n")
    assert savant("init", "--json").json["trusted"] is False
    assert "not trusted" in savant("config", "show").stderr
    assert savant("config", "trust").code == 0
    shown = savant("config", "show", "--json")
    assert (shown.json["shell"], shown.stderr) == (True, "")


def test_stdout_is_the_result_alone_in_every_form(started: Cli) -> None:
    plain = started("run", "latest-changes", "-i", "count=1")
    assert plain.stdout == "authors:\nAda\n\nsubjects:\nSecond\n"
    assert "git.log" in plain.stderr
    quiet = started("run", "latest-changes", "-i", "count=1", "-q")
    assert (quiet.stdout, quiet.stderr) == (plain.stdout, "")
    run = started("run", "latest-changes", "--json").json
    assert (run["status"], run["exit_code"], run["result"]["outputs"]["authors"]) == ("completed", 0, "Ada")
    assert started("run", "latest-changes", "--output", "markdown").stdout.startswith(
        "# ✅ latest-changes\n\n## authors\n"
    )


def test_events_begin_with_init_end_with_result_and_fit_their_schema(started: Cli) -> None:
    import jsonschema

    schema = started("schema", "events").json
    events = started("run", "latest-changes", "--output", "jsonl").lines
    assert (events[0]["type"], events[-1]["type"]) == ("init", "result")
    assert events[0]["schema_version"] == 1
    assert [event["type"] for event in events[1:-1]] == [
        "run.started",
        "step.started",
        "step.completed",
        "run.completed",
    ]
    assert [event["seq"] for event in events[1:-1]] == [1, 2, 3, 4]
    for event in events:
        jsonschema.validate(event, schema)
    last = events[-1]
    assert {"status", "error_code", "exit_code", "cost_usd", "usage", "run_id"} <= last.keys()
    assert (last["status"], last["exit_code"], last["run_id"]) == ("completed", 0, 1)
    watched = started("runs", "watch", "1", "--output", "jsonl").lines
    assert [(event["seq"], event["type"]) for event in watched[1:-1]] == [
        (event["seq"], event["type"]) for event in events[1:-1]
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["run", "nothing"], 2, "not_found"),
        (["run"], 2, "usage"),
        (["run", "broken.yaml"], 2, "invalid_definition"),
        (["run", "flow.yaml", "-i", "y=1"], 2, "validation_error"),
        (["run", "flow.yaml", "--no-such-option"], 2, "usage"),
        (["run", "flow.yaml", "--inputs", "nothing.json"], 2, "usage"),
    ],
)
def test_events_end_with_a_result_whatever_is_wrong(savant: Cli, arguments: list[str], code: int, error: str) -> None:
    savant.write("flow.yaml", FLOW)
    savant.write("broken.yaml", "name: Flow\nsteps: [{id: a, tol: x}]\n")
    result = savant(*arguments, "--output", "jsonl")
    assert result.code == code
    assert [line["type"] for line in result.lines] == ["init", "result"]
    last = result.lines[-1]
    assert (last["exit_code"], last["error_code"], last["status"]) == (code, error, "failed")
    assert len(result.stderr.splitlines()) == 1


def test_an_error_is_one_line_or_one_document(savant: Cli) -> None:
    savant.write("broken.yaml", "name: Flow\nsteps:\n  - {id: a, tol: fs.list}\n  - {id: a, tool: fs.lst}\n")
    result = savant("validate", "broken.yaml")
    assert (result.code, result.stdout) == (2, "")
    assert all(re.match(r"error: broken\.yaml:\d+:\d+: ", line) for line in result.stderr.splitlines())
    document = savant("validate", "broken.yaml", "--json").json
    assert document["error"]["code"] == "invalid_definition"
    first = document["error"].get("errors", [document["error"]])[0]
    assert first["position"]["file"] == "broken.yaml"
    assert first["position"]["line"] == 3


def test_a_run_that_cannot_begin_says_where_its_definition_is_wrong(savant: Cli) -> None:
    inner = "name: Inner\nsteps:\n  - {id: a, set: {x: 1}}\noutputs:\n  y: 'It is ${{ steps.b.output.x }}.'\n"
    savant.write(".savant/workflows/inner.yaml", inner)
    savant.write(".savant/workflows/outer.yaml", "name: Outer\nsteps:\n  - {id: in, workflow: inner}\n")
    for arguments in (["run", "inner"], ["run", "outer"], ["validate"]):
        result = savant(*arguments)
        assert result.code == 2
        assert result.stderr == "error: .savant/workflows/inner.yaml:5:23: There is no step `b`. There is: a.\n"


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("tool", "steps:\n  - {id: a, tool: git.lgo}\n", "3:19: There is no tool `git.lgo`."),
        ("key", "steps:\n  - {id: a, tool: git.log, with: {limt: 3}}\n", "3:35: `git.log` has no argument `limt`."),
        ("open", 'steps:\n  - {id: a, set: {v: "${{ 1 +"}}\n', "3:23: `${{` has no `}}`."),
        ("later", 'steps:\n  - {id: a, set: {v: "${{ steps.x }}"}}\n', "3:33: There is no step `x`."),
        (
            "inner",
            "steps:\n  - foreach: [1]\n    as: x\n    steps: [{agent: me, goal: x}]\n",
            "5:21: There is no agent `me`.",
        ),
        ("agent", "persona: nobody\n", "2:10: There is no persona `nobody`."),
        ("rules", "rulesets: [house, nor]\n", "2:12: There is no ruleset `house`."),
    ],
)
def test_a_run_that_cannot_begin_says_where_as_validate_does(savant: Cli, file: str, text: str, line: str) -> None:
    savant.write(f"{file}.yaml", f"name: Flow\n{text}")
    result = savant("run", f"{file}.yaml", "go")
    assert result.code == 2
    assert result.stderr.startswith(f"error: {file}.yaml:{line}")
    assert savant("runs", "list", "--json").json["items"] == []
    if "steps" in text:
        assert savant("validate", f"{file}.yaml").stderr.startswith(f"error: {file}.yaml:{line}")


def test_what_is_not_utf8_is_told_and_is_no_fault(savant: Cli) -> None:
    savant.write("agent.yaml", "name: Agent\n")
    not_text = os.fsdecode(b"caf\xff")
    for arguments in (["run", not_text], ["run", "agent.yaml", not_text], ["runs", "list", "--slug", not_text]):
        result = savant(*arguments)
        assert result.code == 2
        assert "'caf\\udcff' is not UTF-8 text." in result.stderr
    command = [*SAVANT, "run", "agent.yaml", "-"]
    done = subprocess.run(command, cwd=savant.folder, env=savant.env, input=b"caf\xff", capture_output=True)
    assert (done.returncode, done.stderr) == (2, b"error: What came on stdin is not UTF-8 text.\n")


def test_every_finding_is_told_at_once(savant: Cli) -> None:
    savant.write(".savant/agents/a.yaml", "name: A\npersna: x\n")
    savant.write(".savant/agents/b.yaml", "nam: B\n")
    result = savant("validate")
    assert result.code == 2
    assert "a.yaml:2:1" in result.stderr
    assert "Did you mean `persona`?" in result.stderr
    assert "b.yaml:1:1" in result.stderr


def test_a_result_goes_to_a_file_whole_or_not_at_all(savant: Cli) -> None:
    savant.write("flow.yaml", FLOW)
    file = savant.write("out.txt", "old\n")
    assert savant("run", "nothing", "-o", "out.txt").code == 2
    assert file.read_text() == "old\n"
    result = savant("run", "flow.yaml", "-o", "out.txt")
    assert (result.code, result.stdout, file.read_text()) == (0, "", "1\n")
    assert sorted(path.name for path in savant.folder.iterdir()) == ["flow.yaml", "out.txt"]
    refused = savant("run", "flow.yaml", "-o", "no/such/folder/out.txt")
    assert refused.code == 2
    assert "Cannot write" in refused.stderr
    assert savant("version", "-o", "json").code == 2


def test_inputs_take_the_type_they_are_declared_with(savant: Cli) -> None:
    savant.write(
        "flow.yaml",
        "name: Flow\ninputs: {s: {type: string}, n: {type: integer}, b: {type: boolean}, l: {type: array}}\n"
        "steps: [{id: a, set: {x: 1}}]\noutputs: {all: ['${{ inputs.s }}', '${{ inputs.n }}', '${{ inputs.b }}',"
        " '${{ inputs.l }}']}\n",
    )
    given = ["-i", "s=12", "-i", "n=12", "-i", "b=true", "-i", 'l=["x"]']
    assert savant("run", "flow.yaml", "--json", *given).json["result"]["outputs"]["all"] == ["12", 12, True, ["x"]]
    piped = savant("run", "flow.yaml", "--inputs", "-", "--json", input='{"s": "a", "n": 1, "b": false, "l": []}')
    assert piped.json["result"]["outputs"]["all"] == ["a", 1, False, []]
    file = savant.write("in.yaml", "s: a\nn: 1\nb: false\nl: []\n")
    mixed = savant("run", "flow.yaml", "--inputs", file.name, "-i", "n=5", "--json")
    assert mixed.json["result"]["outputs"]["all"] == ["a", 5, False, []]
    assert "takes a value of type integer, not 'x'" in savant("run", "flow.yaml", *given, "-i", "n=x").stderr
    missing = savant("run", "flow.yaml", "--dry-run", "-i", "s=a")
    assert (missing.code, missing.stdout) == (2, "")


def test_a_dry_run_leaves_no_run(savant: Cli) -> None:
    savant.write("flow.yaml", FLOW)
    assert savant("run", "flow.yaml", "--dry-run").code == 0
    assert savant("runs", "list", "--json").json == {"items": [], "next_cursor": None}


def test_a_detached_run_goes_on_and_can_be_watched(savant: Cli) -> None:
    savant.write("flow.yaml", FLOW)
    begun = savant("run", "flow.yaml", "--detach")
    assert (begun.code, begun.stdout) == (0, "1\n")
    watched = savant("runs", "watch", "1")
    assert (watched.code, watched.stdout) == (0, "1\n")


def test_a_run_and_its_steps_are_shown(started: Cli) -> None:
    started("run", "latest-changes")
    shown = started("runs", "show", "1")
    assert "Run 1  completed  workflow latest-changes" in shown.stdout
    assert "latest-changes/log  git.log" in shown.stdout
    document = started("runs", "show", "1", "--json").json
    assert [step["tool_name"] for step in document["steps"]] == ["git.log"]
    step = started("runs", "show", "1", "--step", "1", "--json").json
    assert [commit["subject"] for commit in step["output"]["commits"]] == ["Second", "First"]
    assert "It has the steps 1 to 1." in started("runs", "show", "1", "--step", "2").stderr
    assert started("runs", "show", "9").code == 2
    traces = started("runs", "traces", "1", "--output", "jsonl").lines
    assert traces[0]["event_type"] == "run.started"
    assert started("runs", "delete", "1").code == 2
    assert started("runs", "delete", "1", "--yes").code == 0
    assert started("runs", "list", "--json").json["items"] == []


@pytest.mark.parametrize(
    ("noun", "options", "change"),
    [
        ("agents", ["--prompt", "Do it.", "--allow", "git.*", "--allow", "fs.read"], "config.max_steps=7"),
        ("personas", ["--instructions", "You are kind."], "instructions=You are brief."),
        ("rulesets", ["--rule", "One.", "--rule", "Two."], 'rules=["Three."]'),
    ],
)
def test_a_noun_is_created_changed_listed_and_deleted(savant: Cli, noun: str, options: list[str], change: str) -> None:
    made = savant(noun, "create", "My Thing", *options)
    assert (made.code, made.stdout) == (0, "my-thing\n")
    assert savant(noun, "create", "My Thing", *options).code == 2
    assert savant(noun, "edit", "my-thing", "--set", change).code == 0
    key, _, value = change.partition("=")
    definition = savant(noun, "show", "my-thing", "--json").json["definition"]
    for part in key.split("."):
        definition = definition[part]
    shown = (
        [rule if isinstance(rule, str) else rule["text"] for rule in definition] if noun == "rulesets" else definition
    )
    assert str(shown).replace("'", '"') == value
    yaml = savant.write("copy.yaml", savant(noun, "show", "my-thing").stdout.replace("my-thing", "copied"))
    assert savant(noun, "create", "-f", yaml.name).stdout == "copied\n"
    assert [item["slug"] for item in savant(noun, "list", "--json").json["items"]] == ["copied", "my-thing"]
    assert savant(noun, "delete", "my-thing").code == 2
    assert savant(noun, "delete", "my-thing", "--yes").code == 0
    assert [item["slug"] for item in savant(noun, "list", "--json").json["items"]] == ["copied"]
    gone = savant(noun, "show", "my-thing")
    assert gone.code == 2
    assert "There is no" in gone.stderr


def test_a_workflow_is_stored_run_and_versioned(savant: Cli) -> None:
    savant.write("flow.yaml", FLOW)
    assert savant("workflows", "create", "-f", "flow.yaml").stdout == "flow\n"
    assert savant("run", "flow").stdout == "1\n"
    savant.write("flow.yaml", FLOW.replace("x: 1", "x: 2"))
    assert "version 2" in savant("workflows", "edit", "flow", "-f", "flow.yaml").stderr
    assert savant("run", "flow").stdout == "2\n"


def test_what_options_say_is_checked_as_a_file_is(savant: Cli) -> None:
    result = savant("agents", "create", "X", "--set", "confg.max_steps=3")
    assert result.code == 2
    assert result.stderr == "error: Unknown key `confg`. Did you mean `config`?\n"


def test_files_and_the_workspace_are_one_list_in_which_files_come_first(started: Cli) -> None:
    started("agents", "create", "Stored")
    items = {item["slug"]: item for item in started("agents", "list", "--json").json["items"]}
    assert items["stored"]["source"] == "workspace"
    assert items["reviewer"]["path"] == ".savant/agents/reviewer.yaml"
    assert items["reviewer"]["stored"] is False
    assert started("agents", "delete", "reviewer", "--yes").code == 2
    table = started("agents", "list").stdout.splitlines()
    assert table[0].split() == ["SLUG", "NAME", "SOURCE", "VERSION", "DESCRIPTION"]
    assert len(table) == 3


def test_apply_shows_its_plan_and_deletes_only_when_told(started: Cli) -> None:
    started("agents", "create", "Extra")
    dry = started("apply", "--dry-run", "--json").json
    assert dry["applied"] is False
    assert {change["action"] for change in dry["changes"]} == {"create"}
    assert started("apply").code == 0
    assert {change["action"] for change in started("apply", "--json").json["changes"]} == {"unchanged"}
    refused = started("apply", "--prune")
    assert refused.code == 2
    assert "- agent extra" in refused.stderr
    assert started("apply", "--prune", "--yes").code == 0
    assert [item["slug"] for item in started("agents", "list", "--json").json["items"]] == ["reviewer"]


def test_settings_are_set_shown_and_refused(savant: Cli) -> None:
    assert savant("config", "set", "model", "ollama/x").code == 0
    assert savant("config", "set", "providers.mine.api_key", "very-secret").code == 0
    shown = savant("config", "show", "--origin", "--json")
    file = Path(savant.env["SAVANT_HOME"]) / "config.toml"
    assert shown.json["model"] == {"value": "ollama/x", "origin": f"{file}:1"}
    assert "very-secret" not in shown.stdout
    assert "Did you mean `model`?" in savant("config", "set", "modle", "x").stderr
    file.write_text("modle = 1\n")
    broken = savant("agents", "list", "--json")
    assert (broken.code, broken.json["error"]["code"]) == (2, "invalid_config")
    assert broken.json["error"]["position"] == {"file": str(file), "line": 1, "column": 1}
    assert savant("version").code == 0


def test_doctor_says_what_is_wrong_and_what_to_do(savant: Cli) -> None:
    well = savant("doctor", "--json")
    assert well.code == 0
    checks = {check["name"]: check for check in well.json["checks"]}
    assert {"python", "sqlite", "git", "settings", "home", "project", "database", "model"} <= checks.keys()
    assert all(check["state"] != "fail" for check in checks.values())
    savant.write("savant.toml", 'output = "yaml"\n')
    ill = savant("doctor")
    assert ill.code == 2
    assert re.search(r"^fail +settings +.*savant.toml:1:1: `output` takes one of", ill.stdout, re.MULTILINE)


def test_the_folder_to_work_in_can_be_named(started: Cli, tmp_path: Path) -> None:
    elsewhere = Cli(tmp_path, started.env)
    assert elsewhere("run", "latest-changes").code == 2
    assert elsewhere("run", "latest-changes", "-C", str(started.folder)).code == 0
    assert "Cannot enter" in elsewhere("version", "-C", "nowhere").stderr


@pytest.mark.parametrize("name", ["agent", "workflow", "persona", "ruleset", "run", "events"])
def test_schemas_are_json_schemas(savant: Cli, name: str) -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(json.loads(savant("schema", name).stdout))


def test_an_editor_changes_a_stored_definition_and_a_mistake_is_offered_again(savant: Cli) -> None:
    savant.write("flow.yaml", FLOW)
    savant("workflows", "create", "-f", "flow.yaml")
    well = savant.on_terminal("workflows", "edit", "flow", env={"EDITOR": "sed -i 's/x: 1/x: 5/'"})
    assert (well.code, "version 2" in well.stdout) == (0, True), well.stdout
    assert savant("run", "flow").stdout == "5\n"
    ill = savant.on_terminal(
        "workflows", "edit", "flow", env={"EDITOR": "sed -i 's/set:/sett:/'"}, answers=[("Edit it again?", "n")]
    )
    assert ill.code == 2
    assert "flow.yaml:" in ill.stdout
    [kept] = re.findall(r"Your text is in (\S+\.yaml)", " ".join(ill.stdout.split()))
    assert "sett:" in Path(kept).read_text()
    Path(kept).unlink()
    assert savant("run", "flow").stdout == "5\n"
    without = savant("workflows", "edit", "flow", env={"EDITOR": "true"})
    assert (without.code, "Use --set or --file" in without.stderr) == (2, True)


def test_deleting_asks_on_a_terminal(savant: Cli) -> None:
    savant("agents", "create", "Mine")
    kept = savant.on_terminal("agents", "delete", "mine", answers=[("[y/N]", "n")])
    assert "Nothing was changed." in kept.stdout
    assert savant("agents", "show", "mine").code == 0
    assert savant.on_terminal("agents", "delete", "mine", answers=[("[y/N]", "y")]).code == 0
    assert savant("agents", "show", "mine").code == 2


def test_colours_and_drawing_are_for_terminals_that_want_them(savant: Cli) -> None:
    savant.write("flow.yaml", FLOW)
    assert "\x1b[" in savant.on_terminal("run", "flow.yaml").stdout
    for env in ({"TERM": "dumb"}, {"NO_COLOR": "1", "CI": "1"}):
        plain = savant.on_terminal("run", "flow.yaml", env=env)
        assert (plain.code, "\x1b[" in plain.stdout) == (0, False), plain.stdout
    piped = savant("run", "flow.yaml", "--color")
    assert "\x1b[" not in piped.stdout + piped.stderr


def test_text_of_a_result_cannot_steer_the_terminal(savant: Cli) -> None:
    savant.write(
        "flow.yaml", 'name: F\nsteps: [{id: a, set: {x: "a\\e]0;owned\\ab"}}]\noutputs: {x: "${{ vars.x }}"}\n'
    )
    assert savant("run", "flow.yaml").stdout == "a\x1b]0;owned\x07b\n"
    shown = savant.on_terminal("run", "flow.yaml").stdout
    assert "a]0;ownedb" in shown
    assert "\x1b]0;" not in shown
