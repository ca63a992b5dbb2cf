"""Inputs as they come from a command line."""

from __future__ import annotations

import pytest

from savant.errors import ErrorCode, SavantError, SavantErrors
from savant.runtime.workflows.inputs import coerce_inputs
from savant.schemas.workflows import WorkflowDefinition, WorkflowInput


def workflow(**inputs: WorkflowInput) -> WorkflowDefinition:
    return WorkflowDefinition(name="w", steps=[{"fail": "x"}], inputs=inputs)


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("string", "12", "12"), ("string", "", ""), ("any", "12", "12"), ("integer", "12", 12), ("integer", "-1", -1),
        ("number", "1.5", 1.5), ("number", "2", 2), ("boolean", "true", True), ("boolean", "false", False),
        ("array", '["a", 1]', ["a", 1]), ("object", '{"a": null}', {"a": None}),
    ],
)  # fmt: skip
def test_text_becomes_the_declared_type(type, text: str, value: object) -> None:
    assert coerce_inputs(workflow(x=WorkflowInput(type=type)), {"x": text}) == {"x": value}


@pytest.mark.parametrize(
    ("type", "given", "message"),
    [
        ("integer", "many", "must be a whole number, not `many`"), ("integer", "1.5", "must be a whole number"),
        ("integer", True, "must be a whole number"), ("number", "true", "must be a number"),
        ("string", 3, "must be text"),
        ("boolean", "yes", "must be true or false, not `yes`"), ("boolean", "1", "must be true or false"),
        ("array", "a,b", "must be a list"), ("array", "{}", "must be a list"), ("object", "[]", "must be a mapping"),
        ("string", None, "must be text"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_an_error(type, given: object, message: str) -> None:
    with pytest.raises(SavantError) as caught:
        coerce_inputs(workflow(x=WorkflowInput(type=type)), {"x": given})
    assert caught.value.code is ErrorCode.VALIDATION
    assert message in caught.value.message


def test_defaults_and_what_is_not_required() -> None:
    declared = workflow(a=WorkflowInput(default=1), b=WorkflowInput(required=False), c=WorkflowInput())
    assert coerce_inputs(declared, {"c": "x"}) == {"a": 1, "b": None, "c": "x"}
    assert coerce_inputs(declared, {"c": "x", "b": None}) == {"a": 1, "b": None, "c": "x"}


def test_all_problems_at_once_with_the_nearest_name() -> None:
    declared = workflow(base=WorkflowInput(), color=WorkflowInput(enum=["red", "green"]))
    with pytest.raises(SavantErrors) as caught:
        coerce_inputs(declared, {"bse": "x", "color": "blue"})
    assert [str(error) for error in caught.value.errors] == [
        "The workflow has no input `bse`. Did you mean `base`?",
        "The input `base` is missing. Give it with `-i base=...`.",
        "The input `color` must be one of red, green.",
    ]
