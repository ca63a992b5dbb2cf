"""Which definitions name which: the agents and workflows in steps, and all that a program can come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from savant.runtime.definitions.positions import At
from savant.schemas.programs import Bundle, Program, RunnableType

_NESTED = ("then", "else", "parallel", "steps", "on_error")


def references(steps: Any, at: At) -> Iterator[tuple[RunnableType, str, At]]:
    """The agents and workflows that steps name, nested ones included, and where; the steps stand at `at`."""
    if not isinstance(steps, list):
        return
    for number, step in enumerate(steps):
        if not isinstance(step, dict):
            continue
        here = (*at, number)
        if isinstance(step.get("agent"), str):
            yield "agent", step["agent"], (*here, "agent")
        elif isinstance(step.get("workflow"), str):
            yield "workflow", step["workflow"], (*here, "workflow")
        for key in _NESTED:
            yield from references(step.get(key), (*here, key))


def reached(program: Program) -> Bundle:
    """The definitions that the program can come to, and no others that lie beside them."""
    found = Bundle()
    ways: list[tuple[RunnableType, str]] = [(program.type, program.slug)]
    while ways:
        kind, slug = ways.pop()
        if kind == "workflow" and slug in program.bundle.workflows and slug not in found.workflows:
            found.workflows[slug] = program.bundle.workflows[slug]
            ways.extend((type, name) for type, name, _ in references(found.workflows[slug].steps, ()))
        elif kind == "agent" and slug in program.bundle.agents and slug not in found.agents:
            ways.extend(("agent", name) for name in _agent(program.bundle, found, slug))
    return found


def _agent(bundle: Bundle, found: Bundle, slug: str) -> list[str]:
    """Take in an agent with its persona and rulesets; those it delegates to."""
    agent = found.agents[slug] = bundle.agents[slug]
    if agent.persona in bundle.personas:
        found.personas[agent.persona] = bundle.personas[agent.persona]
    found.rulesets |= {name: bundle.rulesets[name] for name in agent.rulesets if name in bundle.rulesets}
    return agent.delegates
