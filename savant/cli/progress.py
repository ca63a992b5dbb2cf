"""How a run is followed: drawn live on a terminal, one line for each step elsewhere, as events for a program."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from savant.cli import tables, tree
from savant.cli.door import Door
from savant.cli.output import style
from savant.schemas.runs import Event


class Reporter(Protocol):
    """Told every event of a run, between `__enter__` and `__exit__`."""

    def __enter__(self) -> Reporter: ...
    def __exit__(self, *_: object) -> None: ...
    def event(self, event: Event) -> None: ...


def reporter(door: Door) -> Reporter:
    """The one that suits what is at the other end."""
    if door.out.format == "jsonl":
        return Events(door)
    if door.say.quiet:
        return Silent()
    if door.say.live:
        from savant.cli.live import Live

        return Live(door.say.console())
    return Lines(door)


class Silent:
    """Nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def event(self, event: Event) -> None:
        return


class Events(Silent):
    """Every event as one line of JSON on stdout."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def event(self, event: Event) -> None:
        fields: dict[str, Any] = msgspec.to_builtins(event)
        payload: dict[str, Any] = fields.pop("payload")
        if "type" in payload:
            payload = {**payload, "step_type": payload["type"]}
        self._door.out.event({**payload, **fields})


class Lines(Silent):
    """One line on stderr when a step begins slowly or ends; nothing is drawn over."""

    def __init__(self, door: Door) -> None:
        self._say = door.say

    def event(self, event: Event) -> None:
        payload = event.payload
        match event.type:
            case "step.started":
                self._say.detail(f"{tree.mark('running')} {describe(payload)}")
            case "step.completed":
                facts = [tables.duration(payload.get("duration_ms")), tables.money(payload.get("cost_usd"))]
                self._say.note(
                    f"{tree.mark('completed')} {describe(payload)}  {'  '.join(filter(None, facts))}".rstrip()
                )
            case "step.failed":
                self._say.note(f"{tree.mark('failed')} {describe(payload)}  {payload.get('error_message') or ''}")
            case "step.served":
                self._say.detail(f"{tree.mark('completed')} {describe(payload)}  {style('(recorded)', 'dim')}")
            case "agent.escalated":
                self._say.note(f"{style('↑', 'yellow')} {payload['path']}  {tree.escalation(payload)}")
            case _:
                return


def describe(payload: dict[str, Any]) -> str:
    """The path of a step, and what it does."""
    return tree.title(
        str(payload.get("path", "")), str(payload.get("type", "")), payload.get("tool_name"), payload.get("agent")
    )
