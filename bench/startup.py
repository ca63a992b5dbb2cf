"""How long commands take that do nothing, beside a Python that imports what they cannot do without."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.measure import Row, Time, in_turns

SAVANT = str(Path(sys.executable).with_name("savant"))
PAIRS = [
    ("savant --version", ["--version"], "pass", 2.0),
    ("savant --help", ["--help"], "import typer", 2.0),
    ("savant agents list", ["agents", "list"], "import typer, sqlalchemy.ext.asyncio, aiosqlite", 1.3),
]


async def measure(rounds: int = 15) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as home:
        start = _starter(home)
        for what, arguments, floor, aim in PAIRS:
            times = await in_turns(
                rounds,
                ours=lambda arguments=arguments: start([SAVANT, *arguments]),
                floor=lambda floor=floor: start([sys.executable, "-c", floor]),
            )
            rows.append(Row(what, times["ours"], times["floor"], aim, f'python -c "{floor}"'))
    return rows


def _starter(home: str) -> Callable[..., object]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SAVANT_", "PYTHON"))}
    env = {**kept, "HOME": home, "SAVANT_HOME": home}

    async def start(command: list[str]) -> Time:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=env, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, command
        return Time(time.perf_counter() - began, used.ru_utime + used.ru_stime)

    return start
