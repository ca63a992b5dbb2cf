"""What is dumped loads back as the same, and reads as if a person had written it."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from savant.runtime.definitions.dump import dump
from savant.runtime.definitions.load import load
from savant.runtime.definitions.yaml import parse
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.personas import PersonaDefinition
from savant.schemas.rulesets import Rule, RulesetDefinition
from savant.schemas.workflows import WorkflowBudget, WorkflowDefinition, WorkflowInput

# What JSON and YAML both can carry: no lone surrogates, no noncharacters.
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
tricky = st.sampled_from(
    ["on", "12:30", "1e3", "0o7", "~", "null", " x ", "a: b", "- a", "# no", "x #y", "<<", "\n", "a\n\n b \n", "\ttab",
     "\u2028", "\x85", "a\rb", "!tag", "&a", "*a", "%x", "@x", "`", "=", "'\"", "{", "]", "\x00", "\ufeff", "\x7f"]
)  # fmt: skip
texts = st.text(characters, max_size=40) | tricky
names = st.text(characters, min_size=1, max_size=20) | st.sampled_from(["on", "12", "true", "a b"])
integers = st.integers(-(2**63), 2**63 - 1)
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
slugs = st.none() | st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
visibility = st.sampled_from(["private", "team", "public"])
lists = st.lists(texts, max_size=3)

agents = st.builds(
    AgentDefinition,
    name=names, slug=slugs, description=st.none() | texts, driver_prompt=st.none() | texts, rulesets=lists,
    tools=st.builds(ToolPolicy, allow=lists, ask=lists, deny=lists),
    config=st.builds(
        AgentConfig, llm_model=st.none() | texts, max_steps=st.integers(1, 99),
        temperature=st.none() | st.floats(0, 2), budget_usd=st.none() | st.floats(0.01, 1e9),
    ),
    output_schema=st.none() | st.dictionaries(names, values, max_size=3), visibility=visibility, tags=lists,
)  # fmt: skip
inputs = st.builds(
    WorkflowInput, type=st.sampled_from(["string", "any", "array"]), description=st.none() | texts,
    default=values | st.just(msgspec.UNSET), required=st.booleans(), enum=st.none() | st.lists(values, max_size=2),
)  # fmt: skip
tool_steps = st.builds(lambda arguments: {"tool": "a.b", "with": arguments}, st.dictionaries(names, values))
steps = st.lists(tool_steps, min_size=1, max_size=3)
workflows = st.builds(
    WorkflowDefinition, name=names, steps=steps, inputs=st.dictionaries(names, inputs, max_size=2),
    outputs=st.dictionaries(names, values, max_size=2),
    budget=st.none() | st.builds(WorkflowBudget, usd=st.floats(0, 9)),
)  # fmt: skip
personas = st.builds(PersonaDefinition, name=names, instructions=texts, description=st.none() | texts)
rules = st.builds(Rule, text=texts, id=st.none() | texts, priority=st.integers(-5, 5), tags=lists)
rulesets = st.builds(RulesetDefinition, name=names, rules=st.lists(rules | texts, max_size=3))
definitions = st.one_of(
    st.tuples(st.just("agent"), agents),
    st.tuples(st.just("workflow"), workflows),
    st.tuples(st.just("persona"), personas),
    st.tuples(st.just("ruleset"), rulesets),
)


@settings(max_examples=150, deadline=None)
@given(definitions)
def test_what_is_dumped_loads_back_as_the_same(pair) -> None:
    kind, definition = pair
    text = dump(definition)
    loaded = load(text, "f.yaml", kind)
    assert loaded == definition
    assert dump(loaded) == text


@settings(max_examples=150, deadline=None)
@given(values)
def test_no_value_changes_its_type(value) -> None:
    workflow = WorkflowDefinition(name="x", steps=[{"set": {"a": value}}])
    back = load(dump(workflow), "f.yaml", "workflow")
    assert isinstance(back, WorkflowDefinition)
    assert repr(back.steps) == repr(workflow.steps)


def test_it_reads_as_if_written_by_hand() -> None:
    text = """\
name: Review
description: What changed
inputs:
  base:
    type: string
    default: main
steps:
  - id: look
    agent: reviewer
    goal: |
      Review this:
      ${{ inputs.base }}
  - fail: 'no: ${{ inputs.base }}'
outputs:
  answer: ${{ steps.look.output }}
"""
    assert dump(load(text, "f.yaml", "workflow")) == text


def test_defaults_are_left_out() -> None:
    assert parse(dump(AgentDefinition(name="A")), "f").data == {"name": "A"}
