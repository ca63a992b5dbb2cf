"""The published JSON Schemas: what an editor needs to complete and check a definition as it is written."""

from __future__ import annotations

from typing import Any

import msgspec

from savant import __version__
from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions.load import TYPES
from savant.runtime.definitions.positions import did_you_mean
from savant.runtime.workflows.grammar import COMMON, KINDS, RETRY, SHAPES, Key
from savant.schemas.runs import Event, Run, RunCreate
from savant.schemas.steps import Step
from savant.schemas.traces import Trace

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OTHERS: dict[str, type[msgspec.Struct]] = {
    "run": Run,
    "run-create": RunCreate,
    "step": Step,
    "trace": Trace,
    "event": Event,
}
_DESCRIPTIONS: dict[str, dict[str, str]] = {
    "AgentDefinition": {
        "name": "A title for people.",
        "slug": "How it is referred to; from the file's name unless given.",
        "description": "What it is for, in a sentence.",
        "persona": "The slug of the persona it takes on.",
        "driver_prompt": "What it does and how, whatever the goal.",
        "rulesets": "Slugs of the rulesets it is given.",
        "tools": "Which tools it may use; deny beats ask beats allow, and what none names is denied.",
        "config": "Models and limits.",
        "output_schema": "A JSON Schema that its final answer must fit.",
        "delegates": "Slugs of agents it may run.",
        "visibility": "Who sees it on a server: you, your team, or every signed-in user.",
        "tags": "Words to find it by.",
    },
    "AgentConfig": {
        "llm_model": "`provider/model`, for example `ollama/qwen3` or `anthropic/claude-sonnet-4-5`.",
        "slm_model": "A small model that is tried first.",
        "max_steps": "The most model calls.",
        "token_budget": "The most tokens, input and output together.",
        "budget_usd": "The most money, in US dollars.",
        "timeout": "The longest it may take, in seconds.",
        "temperature": "0 is steady, 2 is wild.",
        "max_output_tokens": "The longest single answer.",
        "tool_mode": "How the model is given tools: natively, as JSON actions, or whichever it can.",
    },
    "ToolPolicy": {
        "allow": "Globs over tool names, such as `git.*`, that it may call.",
        "ask": "Globs over tools that a person must approve.",
        "deny": "Globs over tools it may never call.",
    },
    "WorkflowDefinition": {
        "name": "A title for people.",
        "slug": "How it is referred to; from the file's name unless given.",
        "description": "What it is for, in a sentence.",
        "inputs": "What it is given, by name: `${{ inputs.NAME }}`.",
        "steps": "What it does, in order.",
        "outputs": "What it gives back, by name.",
        "budget": "Limits on a whole run.",
        "visibility": "Who sees it on a server: you, your team, or every signed-in user.",
        "tags": "Words to find it by.",
    },
    "WorkflowInput": {
        "type": "What the value must be.",
        "description": "What it is for.",
        "default": "The value when none is given.",
        "required": "Whether it must be given when there is no default; true unless set.",
        "enum": "The only values allowed.",
    },
    "WorkflowBudget": {
        "usd": "The most money, in US dollars.",
        "tokens": "The most tokens, input and output together.",
        "timeout": "The longest it may take, in seconds.",
    },
    "PersonaDefinition": {
        "name": "A title for people.",
        "instructions": "Who the model is asked to be.",
        "slug": "How it is referred to; from the file's name unless given.",
        "description": "What it is for, in a sentence.",
        "visibility": "Who sees it on a server: you, your team, or every signed-in user.",
    },
    "RulesetDefinition": {
        "name": "A title for people.",
        "rules": "The rules, each a text or a mapping with `text`.",
        "slug": "How it is referred to; from the file's name unless given.",
        "description": "What it is for, in a sentence.",
        "visibility": "Who sees it on a server: you, your team, or every signed-in user.",
    },
    "Rule": {
        "text": "What the model reads.",
        "id": "A name for the rule.",
        "priority": "Higher comes first.",
        "tags": "Words to find it by.",
    },
}


def schema_names() -> list[str]:
    """What `json_schema` can be asked for."""
    return [*TYPES, *_OTHERS]


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) called `agent`, `workflow`, `persona`, `ruleset`, `run` ...; raises NOT_FOUND."""
    types: dict[str, Any] = {**TYPES, **_OTHERS}
    if name not in types:
        hint = did_you_mean(name, types, among="There are")
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no schema `{name}`.", hint=hint)
    (reference,), definitions = msgspec.json.schema_components([types[name]], ref_template="#/$defs/{name}")
    _describe(definitions)
    if name == "workflow":
        _add_steps(definitions)
    return {"$schema": DIALECT, "title": f"Savant {name}", "$comment": f"Savant {__version__}", **reference} | {
        "$defs": definitions
    }


def _describe(definitions: dict[str, Any]) -> None:
    for name, definition in definitions.items():
        for property, description in _DESCRIPTIONS.get(name, {}).items():
            definition["properties"][property]["description"] = description


def _add_steps(definitions: dict[str, Any]) -> None:
    steps = definitions["WorkflowDefinition"]["properties"]["steps"]
    steps |= {"items": {"$ref": "#/$defs/Step"}, "minItems": 1}
    kinds = {kind: f"{kind.capitalize()}Step" for kind in KINDS}
    definitions["Step"] = {"type": "object", "oneOf": [{"$ref": f"#/$defs/{name}"} for name in kinds.values()]}
    for kind, name in kinds.items():
        definitions[name] = _object(COMMON | KINDS[kind])
    definitions["ConditionStep"]["anyOf"] = [{"required": ["then"]}, {"required": ["else"]}]
    definitions["Retry"] = _object(RETRY)
    definitions["ErrorCode"] = {"enum": [code.value for code in ErrorCode]}


def _object(keys: dict[str, Key]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"description": key.description, **SHAPES[key.shape]} for name, key in keys.items()},
        "required": [name for name, key in keys.items() if key.required],
        "additionalProperties": False,
    }
