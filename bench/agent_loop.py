"""`python -m bench.agent_loop`: a persisted step of an agent, beside the same loop by hand."""

from __future__ import annotations

from bench.measure import Row
from bench.places import Place
from bench.report import alone
from bench.steps import agent_case, compare


async def measure(place: Place) -> list[Row]:
    return await compare(place, agent_case())


if __name__ == "__main__":
    alone(measure)
