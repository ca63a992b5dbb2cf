"""What is different in a run taken up again: `--set path=value`, and definitions that replace recorded ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions.positions import did_you_mean
from savant.schemas.agents import AgentDefinition
from savant.schemas.programs import Bundle, Program
from savant.schemas.replays import Change
from savant.schemas.runs import RunConfig

T = TypeVar("T")
KINDS = ("agents", "workflows", "personas", "rulesets")
ROOTS = ("goal", "model", "inputs", "config", "agent", "workflow", *KINDS)


class Settings(msgspec.Struct, kw_only=True):
    """What a run is started with."""

    program: Program
    goal: str | None
    inputs: dict[str, Any]
    config: RunConfig


def substituted(settings: Settings, changes: Sequence[Change]) -> Settings:
    """The settings with every change made; raises USAGE for a path that leads nowhere, or a value that does not fit."""
    for change in changes:
        settings = _changed(settings, change)
    return settings


def rebased(program: Program, changed: Bundle, others: Bundle) -> Program:
    """The program with definitions replaced; `others` supply names that it did not have before."""
    bundle = Bundle()
    for kind in KINDS:
        recorded: dict[str, Any] = getattr(program.bundle, kind)
        new = {slug: _with_slug(found, slug) for slug, found in getattr(changed, kind).items()}
        if lost := [slug for slug in new if slug not in recorded]:
            hint = did_you_mean(lost[0], recorded, among="It has")
            raise SavantError(ErrorCode.USAGE, f"The run did not use the {kind[:-1]} `{lost[0]}`.", hint=hint)
        known = {**recorded, **new}
        more = {slug: found for slug, found in getattr(others, kind).items() if slug not in known}
        getattr(bundle, kind).update({**known, **more})
    return _with_models(program, bundle)


def _with_slug(definition: Any, slug: str) -> Any:
    return msgspec.structs.replace(definition, slug=slug) if hasattr(definition, "slug") else definition


def _with_models(program: Program, bundle: Bundle) -> Program:
    """The program with another bundle; the model of an agent follows its definition where that was changed."""
    large, small = dict(program.models), dict(program.small_models)
    for slug, agent in bundle.agents.items():
        before = program.bundle.agents.get(slug, AgentDefinition(name=slug)).config
        for models, old, new in (
            (large, before.llm_model, agent.config.llm_model),
            (small, before.slm_model, agent.config.slm_model),
        ):
            if new != old and new is not None:
                models[slug] = new
            elif new != old:
                models.pop(slug, None)
    return msgspec.structs.replace(program, bundle=bundle, models=large, small_models=small)


def _changed(settings: Settings, change: Change) -> Settings:
    root, *rest = change.path.split(".")
    match root:
        case "goal" if not rest:
            return msgspec.structs.replace(settings, goal=change.value)
        case "model" if not rest:
            return _changed(settings, Change(path="config.model", value=change.value))
        case "inputs" if rest:
            return _input(settings, rest, change)
        case "config" if len(rest) == 1:
            return msgspec.structs.replace(settings, config=_set(settings.config, rest, change))
        case "agent" if rest:
            return _definition(settings, ["agents", _only_agent(settings.program), *rest], change)
        case "workflow" if rest and settings.program.type == "workflow":
            return _definition(settings, ["workflows", settings.program.slug, *rest], change)
        case _ if root in KINDS and len(rest) >= 2:
            return _definition(settings, [root, *rest], change)
        case _:
            hint = f"{did_you_mean(root, ROOTS, among='It begins with one of')}"
            raise SavantError(ErrorCode.USAGE, f"`{change.path}` is nothing that can be set in a run.", hint=hint)


def _input(settings: Settings, rest: list[str], change: Change) -> Settings:
    declared: Any = {}
    if settings.program.type == "workflow":
        declared = settings.program.bundle.workflows[settings.program.slug].inputs
        if rest[0] not in declared:
            hint = did_you_mean(rest[0], declared, among="It has")
            raise SavantError(ErrorCode.USAGE, f"There is no input `{rest[0]}`.", hint=hint)
    text = len(rest) == 1 and rest[0] in declared and declared[rest[0]].type == "string"
    inputs = msgspec.json.decode(msgspec.json.encode(settings.inputs))
    _put(inputs, rest, change.value if text else _json(change.value), change)
    return msgspec.structs.replace(settings, inputs=inputs)


def _definition(settings: Settings, path: list[str], change: Change) -> Settings:
    kind, slug = path[0], path[1]
    known: dict[str, Any] = getattr(settings.program.bundle, kind)
    if slug not in known:
        hint = did_you_mean(slug, known, among="It used")
        raise SavantError(ErrorCode.USAGE, f"The run did not use the {kind[:-1]} `{slug}`.", hint=hint)
    if kind == "agents" and path[-1] in ("llm_model", "slm_model") and settings.config.model is not None:
        hint = "Set `model` instead, or `config.model=null` first."
        message = f"The run names {settings.config.model} for all its agents, which goes before `{change.path}`."
        raise SavantError(ErrorCode.USAGE, message, hint=hint)
    changed = Bundle()
    getattr(changed, kind)[slug] = _set(known[slug], path[2:], change)
    return msgspec.structs.replace(settings, program=rebased(settings.program, changed, Bundle()))


def _only_agent(program: Program) -> str:
    if program.type == "agent":
        return program.slug
    if len(program.bundle.agents) == 1:
        return next(iter(program.bundle.agents))
    hint = f"Say `agents.SLUG`: {', '.join(sorted(program.bundle.agents)) or 'there are none'}."
    raise SavantError(ErrorCode.USAGE, "The run has not exactly one agent.", hint=hint)


def _set(value: T, path: list[str], change: Change) -> T:
    """A struct with one member replaced, read as JSON where that fits, and else as text."""
    problem: msgspec.ValidationError | None = None
    for given in (_json(change.value), change.value):
        data = msgspec.to_builtins(value)
        _put(data, path, given, change)
        try:
            return msgspec.convert(data, type(value))
        except msgspec.ValidationError as error:
            problem = problem or error
    raise SavantError(ErrorCode.USAGE, f"`{change.path}` cannot be {change.value!r}: {problem}.")


def _put(data: Any, path: list[str], value: Any, change: Change) -> None:
    for part in path[:-1]:
        data = data[_key(data, part, change)]
    last = path[-1]
    data[last if isinstance(data, dict) else _key(data, last, change)] = value


def _key(data: Any, part: str, change: Change) -> Any:
    """Where `part` leads: a member's name, the number of an item, or the `id` of a step."""
    if isinstance(data, dict) and part in data:
        return part
    if isinstance(data, list):
        named = [number for number, item in enumerate(data) if isinstance(item, dict) and item.get("id") == part]
        if named:
            return named[0]
        if part.isdigit() and int(part) < len(data):
            return int(part)
    there = list(data) if isinstance(data, dict) else [str(item.get("id")) for item in data if isinstance(item, dict)]
    raise SavantError(
        ErrorCode.USAGE, f"`{change.path}` leads nowhere at `{part}`.", hint=did_you_mean(part, there, among="There is")
    )


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
