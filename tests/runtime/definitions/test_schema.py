"""The published schemas and the loader agree on what a definition may look like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions.load import load
from savant.runtime.definitions.schema import json_schema, schema_names
from savant.runtime.definitions.yaml import parse

BROKEN = sorted((Path(__file__).parent.parent / "workflows" / "broken").glob("*.yaml"))
EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*/.savant/*s/*.yaml"))


def loads(text: str, kind: Any) -> bool:
    try:
        load(text, "f.yaml", kind)
    except SavantError:
        return False
    return True


def fits(text: str, kind: str) -> bool:
    return jsonschema.Draft202012Validator(json_schema(kind)).is_valid(parse(text, "f.yaml").data)


@pytest.mark.parametrize("name", schema_names())
def test_each_is_a_json_schema(name: str) -> None:
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", ["agent", "workflow", "persona", "ruleset"])
def test_every_key_of_a_definition_has_a_description(name: str) -> None:
    for definition, schema in json_schema(name)["$defs"].items():
        for key, property in schema.get("properties", {}).items():
            assert property.get("description"), f"{definition}.{key}"


def test_an_unknown_schema_names_the_nearest() -> None:
    with pytest.raises(SavantError) as caught:
        json_schema("agnet")
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert caught.value.hint == "Did you mean `agent`?"


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_they_agree_on_broken_workflows(path: Path) -> None:
    try:
        parse(path.read_text(), path.name)
    except SavantError:
        return
    assert fits(path.read_text(), "workflow") == loads(path.read_text(), "workflow")


STEPS = [
    ("{tool: a.b}", True),
    ("{tool: a.b, with: {x: 1}, id: a_1, name: A, if: '${{ true }}', timeout: 5}", True),
    ("{tool: a.b, retry: {max_attempts: 2, backoff: 0}}", True),
    ("{tool: a.b, timeout: 1.5h, on_error: continue}", True),
    ("{tool: a.b, on_error: [{fail: x}]}", True),
    ("{tool: a.b, on_error: []}", False),
    ("{tool: a.b, on_error: skip}", False),
    ("{tool: a.b, with: [1]}", False),
    ("{tool: ''}", False),
    ("{tool: 3}", False),
    ("{tool: a.b, id: ''}", False),
    ("{tool: a.b, timeout: -1}", False),
    ("{tool: a.b, timeout: true}", False),
    ("{tool: a.b, timeout: 5 s}", False),
    ("{tool: a.b, retry: {}}", True),
    ("{tool: a.b, retry: {on: []}}", False),
    ("{tool: a.b, retry: {on: [timeout]}}", True),
    ("{tool: a.b, retry: {max_attempts: 101}}", False),
    ("{tool: a.b, retry: {max_attempts: true}}", False),
    ("{agent: a, goal: b, with: {c: d}}", True),
    ("{agent: a, goal: ''}", False),
    ("{workflow: a, with: {}}", True),
    ("{condition: true, then: [{fail: x}]}", True),
    ("{condition: true, else: [{fail: x}]}", True),
    ("{condition: true}", False),
    ("{condition: true, then: [{}]}", False),
    ("{parallel: [{fail: x}], max_parallel: 2}", True),
    ("{parallel: []}", False),
    ("{parallel: [{fail: x}], max_parallel: 1.5}", False),
    ("{foreach: '${{ x }}', as: y, steps: [{fail: x}], max_parallel: 3}", True),
    ("{foreach: {a: 1}, steps: [{fail: x}]}", False),
    ("{foreach: [1], as: a b, steps: [{fail: x}]}", False),
    ("{approval: Go?}", True),
    ("{approval: Go?, with: {}}", False),
    ("{set: {a: [1, {b: c}]}}", True),
    ("{set: {1a: 1}}", False),
    ("{fail: x, tool: y}", False),
    ("{steps: [{fail: x}]}", False),
    ("fail", False),
    ("null", False),
]  # fmt: skip


@pytest.mark.parametrize(("step", "valid"), STEPS, ids=[step for step, _ in STEPS])
def test_they_agree_on_steps(step: str, valid: bool) -> None:
    text = f"name: x\nsteps:\n  - {step}\n"
    assert (fits(text, "workflow"), loads(text, "workflow")) == (valid, valid)


OTHERS = [
    ("agent", "name: A", True),
    ("agent", "name: ''", False),
    ("agent", "name: A\nslug: a-b\nconfig: {max_steps: 3, temperature: 0.5, tool_mode: json}", True),
    ("agent", "name: A\nslug: A", False),
    ("agent", "name: A\nconfig: {temperature: 3}", False),
    ("agent", "name: A\nconfig: {budget_usd: 0}", False),
    ("agent", "name: A\ntools: [git.log]", False),
    ("agent", "name: A\ntools: {allow: ['git.*']}\noutput_schema: {type: object}", True),
    ("agent", "name: A\noutput_schema: text", False),
    ("persona", "name: P\ninstructions: Be kind.", True),
    ("persona", "name: P", False),
    ("ruleset", "name: R\nrules: [a, {text: b, priority: 1}]", True),
    ("ruleset", "name: R\nrules: [{priority: 1}]", False),
    ("workflow", "name: W\nsteps: [{fail: x}]\ninputs: {a: {type: string, default: b, enum: [b]}}", True),
    ("workflow", "name: W\nsteps: [{fail: x}]\ninputs: {a: string}", False),
    ("workflow", "name: W\nsteps: [{fail: x}]\nbudget: {usd: 1, tokens: 2, timeout: 3}\noutputs: {a: 1}", True),
]


@pytest.mark.parametrize(("kind", "text", "valid"), OTHERS)
def test_they_agree_on_other_definitions(kind: str, text: str, valid: bool) -> None:
    assert (fits(text, kind), loads(text, kind)) == (valid, valid)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_shipped_examples_fit(path: Path) -> None:
    kind = path.parent.name.removesuffix("s")
    assert (fits(path.read_text(), kind), loads(path.read_text(), kind)) == (True, True)
