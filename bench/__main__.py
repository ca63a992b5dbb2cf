"""`make bench`: measure everything, print it, and write it into docs/benchmarks.md."""

from __future__ import annotations

import asyncio

from bench import agent_loop, growth, report, startup, workflow
from bench.places import places


async def main() -> None:
    print("Starting commands ...", flush=True)
    rows = await startup.measure()
    growths: list[growth.Growth] = []
    async with places() as opened:
        for place in opened:
            print(f"Steps on {place.name} ...", flush=True)
            rows += await agent_loop.measure(place)
            rows += await workflow.measure(place)
            growths.append(await growth.measure(place))
    text = "\n\n".join([f"Measured on {report.machine()}", report.table(rows), report.growth_table(growths)])
    print(text)
    report.write(text)


if __name__ == "__main__":
    asyncio.run(main())
