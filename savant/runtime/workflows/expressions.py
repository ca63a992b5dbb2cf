"""`${{ }}` in the values of a definition: pure, deterministic, bounded, and strict about what does not exist."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import minijinja

from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions.positions import At, did_you_mean, dotted
from savant.runtime.workflows.filters import MAX_TEXT, environment, extend, look_up, text
from savant.runtime.workflows.syntax import Expression, parse_expression
from savant.runtime.workflows.tokens import Fault

MAX_VALUES = 1_000_000
OPEN, CLOSE = "${{", "}}"


class Part(NamedTuple):
    """One `${{ }}` of a text; `offset` is where its expression begins in the whole value."""

    expression: Expression
    offset: int


Template = tuple[str | Part, ...]


class ExpressionError(SavantError):
    """An expression that cannot be evaluated: `at` is the value's path, `offset` the character in it."""

    def __init__(self, message: str, at: At, offset: int, hint: str | None = None) -> None:
        super().__init__(ErrorCode.EXPRESSION, message, hint=hint, details={"at": list(at), "offset": offset})
        self.at = at
        self.offset = offset


class Scope:
    """What expressions can see, and nothing else. `steps` maps an id to its output, status and error."""

    def __init__(self, inputs: dict[str, Any], run: dict[str, Any]) -> None:
        self.inputs = inputs
        self.run = run
        self.steps: dict[str, dict[str, Any]] = {}
        self.vars: dict[str, Any] = {}
        self.locals: dict[str, Any] = {}

    def branch(self, **names: Any) -> Scope:
        """The same scope for something that runs beside others: what it adds stays its own."""
        scope = Scope(self.inputs, self.run)
        scope.steps, scope.vars, scope.locals = dict(self.steps), dict(self.vars), {**self.locals, **names}
        return scope

    def with_secrets(self, secrets: dict[str, str]) -> Scope:
        """The same scope with secrets, or what stands for them, in it."""
        return self.branch(secrets=secrets) if secrets else self

    def names(self) -> dict[str, Any]:
        return {"inputs": self.inputs, "steps": self.steps, "vars": self.vars, "run": self.run, **self.locals}


def evaluate(value: Any, scope: Scope, at: At = ()) -> Any:
    """The value with every `${{ }}` in it replaced; one that is the whole value keeps its type."""
    if isinstance(value, str):
        return _evaluate_text(value, scope, at) if OPEN in value else value
    if isinstance(value, dict):
        return {key: evaluate(member, scope, (*at, key)) for key, member in value.items()}
    if isinstance(value, list):
        return [evaluate(item, scope, (*at, number)) for number, item in enumerate(value)]
    return value


def evaluate_test(value: Any, scope: Scope, at: At) -> bool:
    """Whether a condition holds; text that is not one `${{ }}` is refused, because it would always hold."""
    if isinstance(value, str) and not is_whole(value):
        raise ExpressionError(*always_true(value), at=at, offset=0)
    return bool(evaluate(value, scope, at))


def always_true(value: str) -> tuple[str]:
    return (f"A condition is one `${{{{ }}}}`; the text `{value[:60]}` would always be true.",)


def is_whole(value: str) -> bool:
    """Whether a text is exactly one `${{ }}`; raises Fault for a bad one."""
    template = parse_template(value)
    return len(template) == 1 and isinstance(template[0], Part)


@lru_cache(maxsize=2048)
def parse_template(value: str) -> Template:
    """The literal texts and expressions of a value; raises Fault with the offset in the value."""
    parts: list[str | Part] = []
    begin = 0
    stripped = value.strip()
    if stripped.startswith(OPEN) and _end_of(stripped, len(OPEN)) == len(stripped) - len(CLOSE):
        begin, value = value.index(OPEN), value.rstrip()
    while (opening := value.find(OPEN, begin)) >= 0:
        if opening > begin:
            parts.append(value[begin:opening])
        inner = opening + len(OPEN)
        end = _end_of(value, inner)
        if end < 0:
            raise Fault("`${{` has no `}}`.", opening)
        try:
            parts.append(Part(parse_expression(value[inner:end]), inner))
        except Fault as fault:
            raise Fault(fault.message, inner + fault.offset, fault.hint) from None
        begin = end + len(CLOSE)
    if begin < len(value):
        parts.append(value[begin:])
    return tuple(parts)


def _end_of(value: str, index: int) -> int:
    """Where the `}}` of an expression stands: not in quotes, and not closing a `{` of its own."""
    depth, quote = 0, ""
    while index < len(value):
        character = value[index]
        if quote:
            index += character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif value.startswith(CLOSE, index):
            return index
        index += 1
    return -1


def _evaluate_text(value: str, scope: Scope, at: At) -> Any:
    try:
        template = parse_template(value)
    except Fault as fault:
        raise ExpressionError(f"`{dotted(at)}`: {fault.message}", at, fault.offset, fault.hint) from None
    names = scope.names()
    results = [part if isinstance(part, str) else _evaluate_part(part, names, at) for part in template]
    if len(template) == 1 and isinstance(template[0], Part):
        return results[0]
    rendered = "".join(text(result) for result in results)
    if len(rendered) > MAX_TEXT:
        raise ExpressionError(f"The text of `{dotted(at)}` is longer than {MAX_TEXT:,} characters.", at, 0)
    return rendered


def _evaluate_part(part: Part, names: dict[str, Any], at: At) -> Any:
    try:
        return _compute(part.expression, names)
    except Fault as fault:
        message, offset, hint = fault.message, fault.offset, fault.hint
    except minijinja.TemplateError as error:
        message, offset, hint = _sentence(error), 0, None
    except (ValueError, TypeError, ArithmeticError) as error:
        message, offset, hint = str(error), 0, None
    raise ExpressionError(f"`{dotted(at)}`: {message}", at, part.offset + offset, hint)


def _compute(expression: Expression, names: dict[str, Any]) -> Any:
    for reference in expression.references:
        name = reference.parts[0]
        if name not in names:
            hint = did_you_mean(str(name), names, among="There are")
            raise Fault(f"Nothing is called `{name}` here.", reference.offsets[0], hint)
    if expression.plain:
        return _walk(expression, names)
    return _plain(environment().eval_expr(expression.source, **names), [0])


def _walk(expression: Expression, names: dict[str, Any]) -> Any:
    """A bare reference, exactly as it is: minijinja would make 1.0 of 1, and floats of large integers."""
    (parts, offsets, _) = expression.references[0]
    value, label = names[str(parts[0])], str(parts[0])
    for key, offset in zip(parts[1:], offsets[1:], strict=True):
        try:
            value = look_up(value, key, f"`{label}`")
        except ValueError as error:
            raise Fault(str(error), offset) from None
        label = extend(label, key)
    return value


def _plain(value: Any, count: list[int]) -> Any:
    """A computed value as JSON; raises ValueError for what is none, or too much."""
    count[0] += 1
    if count[0] > MAX_VALUES:
        raise ValueError(f"The value has more than {MAX_VALUES:,} parts.")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueError(f"The text is longer than {MAX_TEXT:,} characters.")
        return str(value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item, count) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(member, count) for key, member in value.items()}
    raise ValueError("The result is not a value that JSON can carry.")


def _sentence(error: minijinja.TemplateError) -> str:
    if error.kind == "OutOfFuel":
        return "The expression takes too long."
    detail = error.detail or error.kind
    return f"{detail[0].upper()}{detail[1:]}."
