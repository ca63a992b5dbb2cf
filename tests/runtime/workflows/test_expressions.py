"""Expressions: values keep their types, what does not exist is an error, and nothing runs away."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from savant.errors import ErrorCode
from savant.runtime.workflows.expressions import ExpressionError, Scope, evaluate, evaluate_test

FILES = [{"path": "a.py", "lines": 2}, {"path": "b.py", "lines": 1}]
INPUTS = {
    "n": 1, "half": 1.0, "big": 2**62 + 1, "yes": True, "none": None, "text": "xy", "empty": "", "list": [1, 2, 3],
    "items": [4], "map": {"k": {"z": 1}},
}  # fmt: skip


def scope() -> Scope:
    made = Scope(copy.deepcopy(INPUTS), {"id": 7})
    made.steps["diff"] = {"output": {"files": copy.deepcopy(FILES), "text": "T"}, "status": "completed", "error": None}
    made.locals = {"file": FILES[0], "loop": {"index": 0, "first": True, "last": True, "length": 1}}
    return made


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("inputs.n", 1), ("inputs.half", 1.0), ("inputs.big", 2**62 + 1), ("inputs.none", None), ("inputs.yes", True),
        ("inputs.items", [4]), ("inputs['map'].k['z']", 1), ("inputs.map[inputs.text[:0] ~ 'k'].z", 1),
        ("steps.diff.output.files | length > 20", False), ("steps.diff.output.files[1].path", "b.py"),
        ("steps.diff.output.files[-1].lines", 1), ("steps.diff.output.files[inputs.n].path", "b.py"),
        ("steps.diff.output.files[1:][0].path", "b.py"), ("(steps.diff.output.files | first).path", "a.py"),
        ("steps.diff.output.files | map(attribute='path') | join(', ')", "a.py, b.py"),
        ("steps.diff.output.files | map(attribute='size', default=0) | list", [0, 0]),
        ("steps.diff.output.files | sort(attribute='lines') | map(attribute='lines') | list", [1, 2]),
        ("steps.diff.output.files | selectattr('lines', 'gt', 1) | list | length", 1),
        ("inputs.never | default(3)", 3), ("inputs.never.at.all | default('x') | upper", "X"),
        ("inputs.none | default(4)", 4), ("inputs.never is defined", False), ("inputs.n is defined", True),
        ("inputs.never if inputs.never is defined else 'no'", "no"), ("[] | first | default('none')", "none"),
        ("inputs.n + 2 * 3", 7), ("7 / 2", 3.5), ("7 // 2", 3), ("2 ** 10", 1024), ("-inputs.n * 3", -3),
        ("inputs.list * 2", [1, 2, 3, 1, 2, 3]), ("'ab' * 2", "abab"), ("1 ~ true ~ none ~ [1] ~ 'x'", "1truenull[1]x"),
        ("inputs.list + inputs.items", [1, 2, 3, 4]), ("{'a': {'b': inputs.list}}", {"a": {"b": [1, 2, 3]}}),
        ("not inputs.empty and inputs.n in inputs.list", True), ("2 is divisibleby 2", True), ("null", None),
        ("inputs.map | items", [["k", {"z": 1}]]), ("inputs.list | tojson", "[1, 2, 3]"), ("'<a>' | tojson", '"<a>"'),
        ("range(3)", [0, 1, 2]), ("'}}' ~ \"{{\"", "}}{{"), ("'a,b' | split(',')", ["a", "b"]), ("loop.index", 0),
        ("'l1\nl2' | indent(2)", "l1\n  l2"), ("inputs.list | map('string') | join('-')", "1-2-3"), ("run.id", 7),
        ("inputs.list | max - inputs.list | min", 2), ("'it\\'s'", "it's"),
        ("steps.diff.output", {"files": FILES, "text": "T"}),
    ],
)  # fmt: skip
def test_a_value_that_is_one_expression_keeps_its_type(expression: str, value: object) -> None:
    result = evaluate("${{ " + expression + " }}", scope())
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n=${{ inputs.n }}!", "n=1!"),
        ("${{ inputs.n }}${{ inputs.n }}", "11"),
        ("is ${{ inputs.yes }}, ${{ inputs.none }}, ${{ inputs.half }}", "is true, null, 1.0"),
        ("see ${{ inputs.map }} ${{ inputs.list }}", 'see {"k": {"z": 1}} [1, 2, 3]'),
        ("{% if x %} {{ y }} {# z #} ${{ '${{' }}", "{% if x %} {{ y }} {# z #} ${{"),
        ("  ${{ inputs.n }}\n", 1),
        ("no expression", "no expression"),
        ("x ${{ {'a': {'b': 1}} }} y", 'x {"a": {"b": 1}} y'),
    ],
)
def test_expressions_inside_text(text: str, value: object) -> None:
    assert evaluate(text, scope()) == value


def test_lists_and_mappings_are_evaluated_inside() -> None:
    value = {"a": ["${{ inputs.n }}", {"b": "<${{ file.path }}>"}], "c": 3, "${{ d }}": None}
    assert evaluate(value, scope()) == {"a": [1, {"b": "<a.py>"}], "c": 3, "${{ d }}": None}


@pytest.mark.parametrize(
    ("text", "at", "message", "hint"),
    [
        ("${{ inputs.nn }}", "nn ", "`inputs` has no `nn`", None),
        ("${{ inptus.n }}", "inptus", "Nothing is called `inptus`", "Did you mean `inputs`?"),
        ("a ${{ steps.diff.output.fils }}", "fils", "`steps.diff.output` has no `fils`. Did you mean `files`?", None),
        ("${{ steps.dif.output }}", "dif", "`steps` has no `dif`. Did you mean `diff`?", None),
        ("${{ [inputs.nope] }}", "nope", "has no `nope`", None),
        ("${{ {'a': inputs.nope} }}", "nope", "has no `nope`", None),
        ("${{ inputs.nope == 1 }}", "nope", "has no `nope`", None),
        ("${{ inputs.list[9] }}", "[9]", "has 3 items", None),
        ("${{ inputs.none.x }}", "x ", "is null", None),
        ("${{ inputs.text.x }}", "x ", "is text", None),
        ("${{ inputs.map[inputs.text] }}", "[inputs", "has no `xy`", None),
        ("${{ (inputs.map | items | first)[5] }}", "[5]", "has 2 items", None),
        ("${{ [] | first }}", " []", "The list is empty", None),
        ("${{ [] | max }}", " []", "The list is empty", None),
        ("${{ steps.diff.output.files | map(attribute='pth') }}", " steps", "An item has no `pth`. Did you mean", None),
        ("${{ env.HOME }}", "env", "Nothing is called `env`", None),
        ("${{ secrets.TOKEN }}", "secrets", "Nothing is called `secrets`", None),
        ("${{ self }}", "self", "Nothing is called `self`", None),
        ("${{ inputs.list.append(4) }}", "(4)", "Methods cannot be called", "filter"),
        ("${{ inputs.text.__class__ }}", "__class__", "is text", None),
        ("${{ inputs.list.__class__.__mro__ }}", "__class__", "is a list", None),
        ("${{ _get('', inputs, 0, 'n') }}", "_get", "no function `_get`", None),
        ("${{ debug() }}", "debug", "no function `debug`", None),
        ("${{ now() }}", "now", "no function `now`", "filters"),
        ("${{ 'x' | uper }}", "uper", "no filter `uper`", "Did you mean `upper`?"),
        ("${{ 'x' | first_or_none }}", "first_or_none", "no filter", None),
        ("${{ 'x' | format(1) }}", "format", "no filter `format`", None),
        ("${{ 1 is od }}", "od ", "no test `od`", "Did you mean `odd`?"),
        ("${{ inputs.n if inputs.yes }}", "}}", "expected `else`", None),
        ("${{ 1 + }}", "}}", "ends too early", None),
        ("${{ inputs.n inputs.n }}", "inputs.n }", "Unexpected `inputs`", None),
        ("${{ }}", "}}", "ends too early", None),
        ("x ${{ inputs.n", "${{", "has no `}}`", None),
        ("${{ 'x }}", "${{", "has no `}}`", None),
        ("${{ 1 ? 2 }}", "? 2", "Unexpected `?`", None),
        ("${{ '2' + 1 }}", " '2'", "unsupported types", None),
        ("${{ 1 / 0 }}", " 1", "Unable to calculate", None),
        ("${{ () }}", ") }", "one value in ( )", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_an_error_at_its_place(text: str, at: str, message: str, hint: str | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate({"with": text}, scope(), ("steps", 0))
    error = caught.value
    assert error.code is ErrorCode.EXPRESSION
    assert message in error.message
    assert (hint or "") in (error.hint or "")
    assert error.at == ("steps", 0, "with")
    assert text[error.offset :].startswith(at), text[error.offset :]


@pytest.mark.parametrize(
    "expression",
    [
        "inputs.text * 1000000000",
        "inputs.list * 1000000000",
        "[0] * 100000 * 100000",
        "range(1000000000)",
        "range(0, 1000000000, 1) | list",
        "('a' * 100000) | replace('a', 'b' * 100000)",
        "('ab' * 50000) | list | join('x' * 100000)",
        "2 ** 100000",
        "9223372036854775807 + 1",
        "9223372036854775807 * 9223372036854775807",
        "1e999",
        "(" * 200 + "1" + ")" * 200,
        "[" * 200 + "1" + "]" * 200,
        "1" + " + 1" * 2000,
        "(range(100000) | map('string') | join) ~ ('x' * 100000) | indent(80)"
        " | replace('x', 'y' * 1000)",
    ],
)  # fmt: skip
def test_nothing_grows_without_bound(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate("${{ " + expression + " }}", scope())


def test_evaluating_changes_nothing() -> None:
    made = scope()
    before = copy.deepcopy(made.names())
    evaluate("${{ inputs.list | sort | reverse | list }} ${{ inputs.list + [9] }} ${{ inputs.map | items }}", made)
    assert made.names() == before


@pytest.mark.parametrize(
    ("value", "holds"),
    [("${{ inputs.n > 0 }}", True), ("${{ inputs.empty }}", False), ("${{ inputs.list }}", True),
     (True, True), (False, False), (None, False)],
)  # fmt: skip
def test_conditions(value: object, holds: bool) -> None:
    assert evaluate_test(value, scope(), ("if",)) is holds


@pytest.mark.parametrize("text", ["inputs.n", "false", "${{ inputs.n }} == 2", ""])
def test_text_is_no_condition(text: str) -> None:
    with pytest.raises(ExpressionError, match="would always be true"):
        evaluate_test(text, scope(), ("if",))


texts = st.text(st.characters(codec="utf-8"), max_size=30) | st.text("${}'\"\\ .|[]()~inputsaX0+*,:", max_size=40)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_any_text_is_a_value_or_an_error_with_a_place(text: str) -> None:
    try:
        evaluate("${{ " + text, scope(), ("x",))
        evaluate(text, scope(), ("x",))
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text) + 4


numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_a_reference_gives_exactly_the_value(value: object) -> None:
    made = Scope({"value": value}, {})
    assert repr(evaluate("${{ inputs.value }}", made)) == repr(value)
    # Values are data, never templates: what looks like an expression in one is not evaluated.
    assert evaluate("${{ [inputs.value][0] == inputs.value }}", made) is True
