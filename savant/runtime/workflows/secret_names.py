"""Which secrets a workflow names: only in the arguments of tools, by name, and as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from savant.runtime.workflows.expressions import OPEN, Part, parse_template
from savant.runtime.workflows.steps import Step, ToolStep, children, parse_steps
from savant.runtime.workflows.syntax import Expression, Reference
from savant.runtime.workflows.tokens import Fault
from savant.schemas.programs import Bundle

ROOT = "secrets"


def placeholders(names: Iterable[str]) -> dict[str, str]:
    """What stands for secrets in the record of a run."""
    return {name: f"${{{{ {ROOT}.{name} }}}}" for name in names}


def secret_names(value: Any) -> set[str]:
    """The secrets that the expressions of a value name."""
    if isinstance(value, dict):
        return set().union(*map(secret_names, value.values()))
    if isinstance(value, list):
        return set().union(*map(secret_names, value))
    return set(_in_text(value)) if isinstance(value, str) and ROOT in value and OPEN in value else set()


def secrets_of(bundle: Bundle) -> set[str]:
    """The secrets that a program may come to need."""
    steps = (parse_steps(workflow.steps).steps for workflow in bundle.workflows.values())
    return set().union(*(secret_names(step.arguments) for listed in steps for step in _tools(listed)))


def computed_secret(expression: Expression, reference: Reference) -> Fault | None:
    """What is wrong where something is made of a secret: what came of it could be hidden nowhere."""
    if reference.parts[0] != ROOT or expression.plain:
        return None
    hint = "Write `${{ secrets.NAME }}` alone, or within text."
    return Fault("A secret is passed on as it is; nothing can be computed from it.", reference.offsets[0], hint)


def _in_text(text: str) -> Iterator[str]:
    try:
        template = parse_template(text)
    except Fault:
        return  # it is said where it is read
    for part in template:
        if isinstance(part, Part) and part.expression.plain:
            parts = part.expression.references[0].parts
            if parts[0] == ROOT and len(parts) == 2:
                yield str(parts[1])


def _tools(steps: Iterable[Step]) -> Iterator[ToolStep]:
    for step in steps:
        if isinstance(step, ToolStep):
            yield step
        for inner in children(step):
            yield from _tools(inner)
