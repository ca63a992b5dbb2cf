"""`savant.lock`: what a project's agents and workflows rest on, so that a change of it is seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from savant.client.project import Project
from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import canonical, digest
from savant.runtime.engines.catalog import builtin
from savant.runtime.tools.policy import visible
from savant.runtime.tools.toolbox import EngineToolbox, schema_hash
from savant.schemas.agents import AgentDefinition
from savant.schemas.programs import Bundle
from savant.settings import Settings

FORMAT = 1
NAME = "savant.lock"
_NESTED = ("then", "else", "parallel", "steps", "on_error")


def locked(project: Project, settings: Settings) -> dict[str, Any]:
    """Model ids, hashes of prompts, rulesets and tools' schemas, and the date of the price table."""
    from savant.runtime.llm.prices import table_date

    bundle = project.bundle
    date = table_date()
    return {
        "savant": "lock",
        "format": FORMAT,
        "agents": {slug: _agent(agent, bundle, settings) for slug, agent in sorted(bundle.agents.items())},
        "workflows": _hashes(bundle.workflows),
        "personas": _hashes(bundle.personas),
        "rulesets": _hashes(bundle.rulesets),
        "tools": _tools(project, settings),
        "mcp_servers": {},
        "prices": date.isoformat() if date else None,
    }


def dump(lock: dict[str, Any]) -> str:
    """The text of the file, the same byte for byte."""
    return msgspec.json.format(canonical(lock), indent=2).decode() + "\n"


def read(file: Path) -> dict[str, Any]:
    """What the file holds; raises NOT_FOUND or INVALID_DEFINITION."""
    try:
        lock = msgspec.json.decode(file.read_bytes())
    except OSError:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no {file.name} here.", hint="Write it: savant lock") from None
    except msgspec.DecodeError as error:
        raise SavantError(ErrorCode.INVALID_DEFINITION, f"{file.name} cannot be read: {error}.") from None
    if not isinstance(lock, dict) or lock.get("savant") != "lock" or lock.get("format") != FORMAT:
        raise SavantError(ErrorCode.INVALID_DEFINITION, f"{file.name} is no lock of format {FORMAT}.")
    return lock


def drift(then: Any, now: Any, at: str = "") -> list[str]:
    """What differs, one line each: `agents.reviewer.prompt changed`."""
    if isinstance(then, dict) and isinstance(now, dict):
        found: list[str] = []
        for name in sorted({*then, *now}):
            place = f"{at}.{name}" if at else name
            if name not in now:
                found.append(f"{place} is gone")
            elif name not in then:
                found.append(f"{place} is new")
            else:
                found += drift(then[name], now[name], place)
        return found
    if then == now:
        return []
    short = isinstance(then, str | None) and isinstance(now, str | None) and len(f"{then}{now}") < 100
    return [f"{at} changed from {then} to {now}" if short else f"{at} changed"]


def _agent(agent: AgentDefinition, bundle: Bundle, settings: Settings) -> dict[str, Any]:
    persona = bundle.personas.get(agent.persona or "")
    prompt = {
        "persona": persona.instructions if persona else agent.persona,
        "driver": agent.driver_prompt,
        "rulesets": [bundle.rulesets.get(slug, slug) for slug in agent.rulesets],
        "output_schema": agent.output_schema,
    }
    return {
        "model": agent.config.llm_model or settings.model,
        "small_model": agent.config.slm_model or settings.slm_model,
        "prompt": _hash(prompt),
        "tools": _hash(agent.tools),
    }


def _tools(project: Project, settings: Settings) -> dict[str, str]:
    """The schemas of the tools that an agent may be shown or a workflow calls."""
    specs = EngineToolbox(builtin(project.root, project.bundle, shell=settings.shell)).specs()
    wanted = {spec.name for agent in project.bundle.agents.values() for spec in visible(agent.tools, specs)}
    wanted |= {name for workflow in project.bundle.workflows.values() for name in _called(workflow.steps)}
    return {spec.name: schema_hash(spec.input_schema) for spec in specs if spec.name in wanted}


def _called(steps: Any) -> set[str]:
    """The tools that steps name, nested ones included."""
    names: set[str] = set()
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, dict):
            names |= {step["tool"]} if isinstance(step.get("tool"), str) else set()
            names |= {name for key in _NESTED for name in _called(step.get(key))}
    return names


def _hashes(definitions: dict[str, Any]) -> dict[str, str]:
    return {slug: _hash(definition) for slug, definition in sorted(definitions.items())}


def _hash(value: Any) -> str:
    return digest(canonical(value))
