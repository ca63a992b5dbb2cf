"""The findings of a run, collected from what its steps and the run itself gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from savant.schemas.findings import Finding
from savant.schemas.runs import Run
from savant.schemas.steps import Step

DEEPEST = 4  # levels of an output that are looked into


class Found(NamedTuple):
    """Each finding once, in the order they were made; `unread` says what was called findings and is none."""

    findings: list[Finding]
    unread: list[str]

    @classmethod
    def of(cls, run: Run, steps: Sequence[Step]) -> Found:
        """Of the last attempt at each step, and of the run's result."""
        last = {step.path: step for step in steps}
        outputs = [(step.path, step.output) for step in last.values() if step.status == "completed"]
        findings: dict[bytes, Finding] = {}
        unread: list[str] = []
        for place, output in [*outputs, ("the result", run.result)]:
            for item in _listed(output, DEEPEST):
                try:
                    finding = msgspec.convert(item, Finding)
                except msgspec.ValidationError as error:
                    unread.append(f"{place}: {error}")
                else:
                    findings.setdefault(msgspec.json.encode(finding), finding)
        return cls([*findings.values()], [*dict.fromkeys(unread)])


def _listed(value: Any, depth: int) -> Iterator[Any]:
    """The items of every list under a key `findings`."""
    if depth == 0:
        return
    if isinstance(value, dict):
        for key, member in value.items():
            if key == "findings" and isinstance(member, list):
                yield from member
            else:
                yield from _listed(member, depth - 1)
    elif isinstance(value, list):
        for item in value:
            yield from _listed(item, depth - 1)
