"""Whether a step costs the same at the beginning and at the end of a long run, and what the run takes up."""

from __future__ import annotations

import time
from typing import NamedTuple

from bench.places import Place
from bench.programs import ModelStub, agent_program, carry_out
from savant.database.journal import DatabaseJournalStore
from savant.runtime.journal import Journal

LENGTHS = (250, 500, 1000)
WINDOW = 200


class Growth(NamedTuple):
    """Seconds a step in the first and in the last `WINDOW` steps of 1,000, and bytes a step by length of the run."""

    place: str
    first: float
    last: float
    bytes_per_step: dict[int, float]


async def measure(place: Place, rounds: int = 3) -> Growth:
    firsts: list[float] = []
    lasts: list[float] = []
    for number in range(rounds):
        ticks, _ = await _run(place, LENGTHS[-1], f"round {number}")
        turns = WINDOW // 2
        firsts.append((ticks[10 + turns] - ticks[10]) / WINDOW)
        lasts.append((ticks[-1] - ticks[-1 - turns]) / WINDOW)
    sizes = {length: (await _run(place, length, f"length {length}"))[1] / length for length in LENGTHS}
    return Growth(place.name, sorted(firsts)[rounds // 2], sorted(lasts)[rounds // 2], sizes)


async def _run(place: Place, steps: int, goal: str) -> tuple[list[float], int]:
    """When each turn of an agent began, and the bytes the run added; another goal shares no message with others."""
    ticks: list[float] = []
    turns = steps // 2
    before = await place.bytes(0)
    run_id = await place.run()
    store = DatabaseJournalStore(place.database, 1, run_id, attempt=0)
    journal = await Journal.open(store, run_id=run_id)
    try:
        model = ModelStub(turns, lambda turn: ticks.append(time.perf_counter()))
        await carry_out(journal, agent_program(turns), model, goal)
    finally:
        await journal.aclose()
        await store.aclose()
    return ticks, await place.bytes(run_id) - before
