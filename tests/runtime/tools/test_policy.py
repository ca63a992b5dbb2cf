"""Policies on tools: deny beats ask beats allow, and what no rule names is denied."""

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools import policy
from savant.runtime.tools.base import ToolSpec
from savant.schemas.agents import ToolPolicy


def decide(tool, arguments=None, **rules):
    return tuple(policy.decide(ToolPolicy(**rules), tool, arguments or {}))


def spec(name):
    return ToolSpec(name=name, description="", input_schema={"type": "object"}, effect="read")


def test_deny_beats_ask_beats_allow_and_the_rule_is_named():
    rules = {"allow": ["*"], "ask": ["shell.*"], "deny": ['shell.run(command="rm *")']}
    assert decide("git.log", **rules) == ("allow", "*")
    assert decide("shell.run", {"command": "ls"}, **rules) == ("ask", "shell.*")
    assert decide("shell.run", {"command": "rm -rf /"}, **rules) == ("deny", 'shell.run(command="rm *")')


def test_what_no_rule_names_is_denied():
    assert decide("git.log") == ("deny", None)
    assert decide("git.log", allow=["fs.*"]) == ("deny", None)
    assert decide("GIT.log", allow=["git.*"]) == ("deny", None)


def test_every_argument_of_a_rule_must_match():
    rules = {"allow": ['shell.run(command="make *", cwd="app")']}
    assert decide("shell.run", {"command": "make test", "cwd": "app"}, **rules)[0] == "allow"
    assert decide("shell.run", {"command": "make test", "cwd": "lib"}, **rules)[0] == "deny"
    assert decide("shell.run", {"command": "make test"}, **rules)[0] == "deny"


@pytest.mark.parametrize(
    ("rule", "arguments"),
    [
        ("t.x(n=3)", {"n": 3}),
        ("t.x(flag=true)", {"flag": True}),
        ('t.x(text="a \\"b\\" *")', {"text": 'a "b" c'}),
        ('t.x( text = "a*" , n = 1 )', {"text": "a\nb", "n": 1}),
        ("t.?", {}),
        ("t.[xy]", {}),
    ],
)
def test_forms_that_a_rule_may_have(rule, arguments):
    assert decide("t.x", arguments, allow=[rule])[0] == "allow"


@pytest.mark.parametrize("path", ["./secrets/key", "a/../secrets/key", "secrets//key", "secrets/./key"])
def test_no_rule_is_walked_around_by_spelling_a_path_otherwise(path):
    rules = {"allow": ["fs.*"], "deny": ['fs.read(path="secrets/*")']}
    assert decide("fs.read", {"path": path}, **rules)[0] == "deny"
    assert decide("fs.read", {"path": "src/../secrets/key"}, allow=['fs.read(path="src/*")'])[0] == "deny"


def test_of_a_list_one_element_is_enough_to_deny_and_all_are_needed_to_allow():
    assert decide("git.diff", {"paths": ["a", "secret"]}, allow=["*"], deny=["git.diff(paths=secret)"])[0] == "deny"
    assert decide("git.diff", {"paths": ["src/a", "b"]}, allow=['git.diff(paths="src/*")'])[0] == "deny"
    assert decide("git.diff", {"paths": ["src/a", "src/b"]}, allow=['git.diff(paths="src/*")'])[0] == "allow"
    assert decide("git.diff", {"paths": []}, allow=['git.diff(paths="src/*")'])[0] == "deny"


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ("", 1),
        ("git.*)", 6),
        ("shell.run(", 11),
        ("shell.run()", 11),
        ('shell.run(command="rm *"', 25),
        ('shell.run(command="rm *" cwd="x")', 26),
        ('shell.run(command="rm *") x', 26),
        ("shell.run(command=)", 11),
        ('shell.run(command="\\q")', 19),
        ("git log", 5),
    ],
)
def test_a_rule_that_cannot_be_read_says_where(rule, column):
    with pytest.raises(SavantError) as caught:
        policy.check(ToolPolicy(deny=[rule]))
    assert caught.value.code == ErrorCode.INVALID_DEFINITION
    assert f"at column {column}." in caught.value.message
    assert rule in caught.value.message


def test_an_agent_sees_what_it_may_call_at_all():
    rules = ToolPolicy(
        allow=["git.*", 'shell.run(command="ls")'], ask=["fs.write"], deny=["git.blame", 'git.log(author="x")']
    )
    specs = [spec(name) for name in ("fs.read", "fs.write", "git.blame", "git.log", "shell.run")]
    assert [seen.name for seen in policy.visible(rules, specs)] == ["fs.write", "git.log", "shell.run"]


def test_rules_that_name_no_tool_can_be_found():
    rules = ToolPolicy(allow=["git.*", "gti.log"], deny=["fs.wirte(path=x)"])
    assert policy.unmatched(rules, [spec("git.log"), spec("fs.write")]) == ["fs.wirte(path=x)", "gti.log"]
