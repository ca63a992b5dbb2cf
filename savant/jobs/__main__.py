"""`python -m savant.jobs RUN_ID < settings`: carry out one run in a process of its own, for `savant run --detach`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec

from savant.jobs.execute_run import execute_run
from savant.services.app import App
from savant.settings import Settings


async def main(run_id: int) -> int:
    """The exit code of the run's process; the run's own row says how it ended."""
    app = await App.open(msgspec.json.decode(sys.stdin.buffer.read(), type=Settings, dec_hook=_path))
    try:
        await execute_run(app, run_id)
    finally:
        await app.aclose()
    return 0


def _path(type: type[Any], value: Any) -> Any:
    return Path(value) if issubclass(type, Path) else value


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]))))
