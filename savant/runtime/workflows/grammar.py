"""The kinds of step and their keys, in one table: the parser and the published JSON Schema both read it."""

from __future__ import annotations

from typing import Any, NamedTuple

ID_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"
MAX_ATTEMPTS = 100


class Key(NamedTuple):
    """One key of a step: the shape of its value, what an editor shows, and whether it must be there."""

    shape: str
    description: str
    required: bool = False


COMMON: dict[str, Key] = {
    "id": Key("identifier", "How other steps refer to this one: `${{ steps.ID.output }}`."),
    "name": Key("text", "A title for people."),
    "if": Key("test", "Skip this step unless the expression is true."),
    "retry": Key("retry", "Try again when the step fails."),
    "timeout": Key("duration", "The longest one attempt may take: seconds, or `30s`, `5m`, `1h`."),
    "on_error": Key("on_error", "`fail` (the default), `continue`, or steps that run instead when this one fails."),
}
RETRY: dict[str, Key] = {
    "max_attempts": Key("attempts", "How often to try in all; 3 unless given."),
    "backoff": Key("wait", "Wait before the second attempt, doubled for each one after; 1s unless given."),
    "on": Key("codes", "Only retry these error codes; without it, whatever may pass by itself."),
}
KINDS: dict[str, dict[str, Key]] = {
    "tool": {
        "tool": Key("text", "Call a tool by its name, `engine.tool`.", required=True),
        "with": Key("mapping", "The tool's arguments."),
    },
    "agent": {
        "agent": Key("text", "Run an agent by its slug.", required=True),
        "goal": Key("text", "What the agent is asked to do.", required=True),
        "with": Key("mapping", "Values the agent is given beside its goal."),
    },
    "workflow": {
        "workflow": Key("text", "Run another workflow by its slug; its outputs are this step's output.", required=True),
        "with": Key("mapping", "The workflow's inputs."),
    },
    "condition": {
        "condition": Key("test", "Decide between `then` and `else`.", required=True),
        "then": Key("steps", "Steps that run when the condition is true."),
        "else": Key("steps", "Steps that run when it is not."),
    },
    "parallel": {
        "parallel": Key("steps", "Steps that run at the same time.", required=True),
        "max_parallel": Key("positive", "How many at once; all of them unless given."),
    },
    "foreach": {
        "foreach": Key("list", "Run `steps` once for each item of this list.", required=True),
        "as": Key("identifier", "The name of the item inside `steps`; `item` unless given."),
        "steps": Key("steps", "Steps that run for each item.", required=True),
        "max_parallel": Key("positive", "How many items at once; one unless given."),
    },
    "approval": {"approval": Key("text", "Ask a person before going on.", required=True)},
    "set": {"set": Key("names", "Values that later steps read as `${{ vars.NAME }}`.", required=True)},
    "fail": {"fail": Key("text", "End the run as failed, with this message.", required=True)},
}
KIND_NAMES = ", ".join(f"`{kind}`" for kind in KINDS)

_TEST = {"type": ["string", "boolean", "number", "array", "object", "null"]}
_DURATION = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}]}
_WAIT = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}]}
_STEPS = {"type": "array", "items": {"$ref": "#/$defs/Step"}, "minItems": 1}
SHAPES: dict[str, dict[str, Any]] = {
    "identifier": {"type": "string", "pattern": ID_PATTERN},
    "text": {"type": "string", "minLength": 1},
    "test": _TEST,
    "retry": {"$ref": "#/$defs/Retry"},
    "duration": _DURATION,
    "wait": _WAIT,
    "on_error": {"anyOf": [{"enum": ["fail", "continue"]}, _STEPS]},
    "attempts": {"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS},
    "codes": {"type": "array", "items": {"$ref": "#/$defs/ErrorCode"}, "minItems": 1},
    "mapping": {"type": "object"},
    "names": {"type": "object", "minProperties": 1, "propertyNames": {"pattern": ID_PATTERN}},
    "steps": _STEPS,
    "positive": {"type": "integer", "minimum": 1},
    "list": {"anyOf": [{"type": "array"}, {"type": "string", "pattern": r"^\s*\$\{\{"}]},
}
