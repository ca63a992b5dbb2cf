"""`python -m savant.jobs RUN_ID`: carry out one run in a process of its own, for `savant run --detach`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from savant.jobs.execute_run import execute_run
from savant.services.app import App
from savant.settings import load


async def main(run_id: int) -> int:
    """The exit code of the run's process; the run's own row says how it ended."""
    app = await App.open(load(Path.cwd(), os.environ))
    try:
        await execute_run(app, run_id)
    finally:
        await app.aclose()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]))))
