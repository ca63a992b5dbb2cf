"""Wall and CPU time of things measured in turns, so that whatever disturbs the machine disturbs them alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Time(NamedTuple):
    """Seconds on the wall and on the processor, of one unit of work."""

    wall: float
    cpu: float


class Row(NamedTuple):
    """One line of the table: ours beside a floor; `aim` is the ratio of wall times not to be exceeded."""

    what: str
    ours: Time
    floor: Time
    aim: float | None = None
    floor_is: str = ""

    @property
    def ratio(self) -> float:
        return self.ours.wall / self.floor.wall

    @property
    def cpu_ratio(self) -> float:
        return self.ours.cpu / self.floor.cpu


def median(times: list[Time]) -> Time:
    return Time(statistics.median(time.wall for time in times), statistics.median(time.cpu for time in times))


async def timed(work: Callable[[], Awaitable[object]], units: int) -> Time:
    """The time of one unit of `work`."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return Time((time.perf_counter() - wall) / units, (time.process_time() - cpu) / units)


async def in_turns(rounds: int, **competitors: Callable[[], Awaitable[Time]]) -> dict[str, Time]:
    """The median time of each, taking turns; the first round warms up and does not count."""
    times: dict[str, list[Time]] = {name: [] for name in competitors}
    for number in range(rounds + 1):
        for name, compete in competitors.items():
            took = await compete()
            if number:
                times[name].append(took)
    return {name: median(taken) for name, taken in times.items()}
