"""`python -m bench.workflow`: a persisted step of a workflow, alone and 100 at once, beside the same by hand."""

from __future__ import annotations

from bench.measure import Row
from bench.places import Place
from bench.report import alone
from bench.steps import compare, workflow_cases


async def measure(place: Place) -> list[Row]:
    return [row for case in workflow_cases() for row in await compare(place, case)]


if __name__ == "__main__":
    alone(measure)
