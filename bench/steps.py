"""What a persisted step costs, beside a floor, of an agent and of workflows, on each database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from bench.floor import Recorder
from bench.measure import Row, Time, in_turns, timed
from bench.places import Place
from bench.programs import (
    WIDTH,
    Floor,
    ModelStub,
    agent_program,
    branches_program,
    carry_out,
    floor_agent,
    floor_branches,
    floor_sequential,
    floor_wide,
    sequential_program,
    wide_program,
)
from savant.database.journal import DatabaseJournalStore
from savant.runtime.journal import Journal
from savant.schemas.programs import Program

TURNS, STEPS, STAGES, ROUNDS = 100, 200, 2, 15


class Case(NamedTuple):
    """A program of Savant's and the same by hand; `units` is how many steps either persists."""

    what: str
    program: Program
    floor: Floor
    units: int
    aim: float


def agent_case() -> Case:
    units = 2 * TURNS + 1
    return Case("agent loop", agent_program(TURNS), lambda to: floor_agent(to, ModelStub(TURNS)), units, 3.0)


def workflow_cases() -> list[Case]:
    wide = STAGES * WIDTH
    return [
        Case("workflow, sequential", sequential_program(STEPS), lambda to: floor_sequential(to, STEPS), STEPS, 1.5),
        Case("workflow, 100 items", wide_program(STAGES), lambda to: floor_wide(to, STAGES), wide, 1.5),
        Case("workflow, 100 branches", branches_program(STAGES), lambda to: floor_branches(to, STAGES), wide, 1.5),
    ]


async def compare(place: Place, case: Case, rounds: int = ROUNDS) -> list[Row]:
    """Ours and the floors in turns; the first floor is the one that the aim is about."""
    floors = await place.floors()
    try:
        competitors: dict[str, Callable[[], Awaitable[Time]]] = {"ours": lambda: ours(place, case)}
        for name, floor in floors.items():
            competitors[name] = lambda floor=floor: _by_hand(place, case, floor)
        times = await in_turns(rounds, **competitors)
    finally:
        for floor in floors.values():
            await floor.close()
    aims = [case.aim, None, None]
    return [
        Row(f"{case.what}, {place.name}", times["ours"], times[name], aim, name)
        for name, aim in zip(floors, aims, strict=False)
    ]


async def ours(place: Place, case: Case) -> Time:
    store = DatabaseJournalStore(place.database, 1, run_id := await place.run(), attempt=0)
    journal = await Journal.open(store, run_id=run_id)
    try:
        return await timed(lambda: carry_out(journal, case.program, ModelStub(TURNS)), case.units)
    finally:
        await journal.aclose()
        await store.aclose()


async def _by_hand(place: Place, case: Case, floor: Any) -> Time:
    recorder = Recorder(floor, await place.run())
    return await timed(lambda: case.floor(recorder), case.units)
